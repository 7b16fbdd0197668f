"""What a client asks of a way to the pump, whatever it is made of."""

from __future__ import annotations

from typing import Protocol

__all__ = ["REPLY_TIMEOUT_S", "SERIAL_REPLY_TIMEOUT_S", "Transport"]

REPLY_TIMEOUT_S = 2.0
"""A simulator may share a busy machine: two seconds of wall time."""

SERIAL_REPLY_TIMEOUT_S = 0.25
"""A pump on a real line answers at once or not at all."""


class Transport(Protocol):
    """Bytes out, bytes in. All methods raise LinkLost when the other end is gone."""

    @property
    def name(self) -> str:
        """For messages to people."""

    @property
    def default_reply_timeout_s(self) -> float:
        """How long an answer may take here if nobody says otherwise."""

    def write(self, data: bytes) -> None:
        """Send all of it."""

    def read(self, timeout_s: float, /) -> bytes:
        """What is waiting, or what comes first within the timeout; empty if nothing does."""

    def close(self) -> None:
        """Let go; may be called again."""
