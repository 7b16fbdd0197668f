"""The programmer for everyday use: blocking, on a transport, with its file of what it must not forget."""

from __future__ import annotations

from protocol.client.client import Interrogation, Options, Programmer

__all__ = ["Interrogation", "Options", "Programmer"]
