"""A transport joined to a function: what is written is answered at once. For tests and pumps in the same process."""

from __future__ import annotations

from collections.abc import Callable

from protocol.errors import LinkLost
from protocol.transport.base import REPLY_TIMEOUT_S

__all__ = ["MemoryTransport"]


class MemoryTransport:
    """Joined to a peer that takes bytes and returns bytes, `DeviceRole.receive` for one. No time passes in a read."""

    def __init__(self, peer: Callable[[bytes], bytes], name: str = "memory") -> None:
        self.name = name
        self.default_reply_timeout_s = REPLY_TIMEOUT_S
        self._peer: Callable[[bytes], bytes] | None = peer
        self._waiting = b""

    def write(self, data: bytes) -> None:
        """Hand it to the peer. Raises LinkLost once closed."""
        if self._peer is None:
            raise LinkLost(f"{self.name}: closed; open it again")
        self._waiting += self._peer(data)

    def read(self, _timeout_s: float, /) -> bytes:
        """What the peer has answered. Raises LinkLost once closed."""
        if self._peer is None:
            raise LinkLost(f"{self.name}: closed; open it again")
        data, self._waiting = self._waiting, b""
        return data

    def close(self) -> None:
        """Let go of the peer."""
        self._peer = None
