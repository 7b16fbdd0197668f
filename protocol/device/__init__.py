"""The pump's end of the wire, sans-IO: sessions, keys, command ids and staged updates, and what each request does."""

from __future__ import annotations

from protocol.device.role import DeviceRole

__all__ = ["DeviceRole"]
