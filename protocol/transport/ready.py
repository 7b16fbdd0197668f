"""Reading and writing a descriptor that tells when it is ready: the base of ptys, serial lines and sockets."""

from __future__ import annotations

import os
import select

from protocol.errors import LinkLost

__all__ = ["ReadyTransport"]

_READ_BYTES = 4096
_WRITE_PATIENCE_S = 2.0
"""A line that takes nothing for this long is lost."""


class ReadyTransport:
    """Owns a non-blocking descriptor. Reads what is waiting in one call; a frame is one write."""

    def __init__(self, descriptor: int, name: str, default_reply_timeout_s: float) -> None:
        self.name = name
        self.default_reply_timeout_s = default_reply_timeout_s
        self._descriptor = descriptor
        self._ready = _readiness(descriptor)

    def write(self, data: bytes) -> None:
        """Send all of it. Raises LinkLost."""
        try:
            sent = self._send(data)
            while sent < len(data):
                sent += self._send_when_ready(data[sent:])
        except OSError as error:
            raise self._lost(error) from None

    def read(self, timeout_s: float) -> bytes:
        """What is waiting, or what comes first within the timeout. Raises LinkLost."""
        if not self._ready(timeout_s):
            return b""
        try:
            data = self._receive()
        except BlockingIOError:
            return b""
        except OSError as error:
            raise self._lost(error) from None
        if not data:
            raise LinkLost(f"{self.name}: the other end closed the line; start the pump again, then connect again")
        return data

    def close(self) -> None:
        """Let go; may be called again."""
        if self._descriptor >= 0:
            self._release()
            self._descriptor = -1

    def _release(self) -> None:
        os.close(self._descriptor)

    def _receive(self) -> bytes:
        return os.read(self._descriptor, _READ_BYTES)

    def _put(self, data: bytes) -> int:
        return os.write(self._descriptor, data)

    def _send(self, data: bytes) -> int:
        try:
            return self._put(data)
        except BlockingIOError:
            return 0

    def _send_when_ready(self, data: bytes) -> int:
        _, writable, _ = select.select([], [self._descriptor], [], _WRITE_PATIENCE_S)
        if not writable:
            raise LinkLost(f"{self.name}: the line takes no bytes; is anybody at the other end?")
        return self._send(data)

    def _lost(self, error: OSError) -> LinkLost:
        return LinkLost(f"{self.name}: the line is gone ({error.strerror}); start the pump again, then connect again")


class _Poll:
    """Readiness by poll(2), registered once."""

    def __init__(self, descriptor: int) -> None:
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)

    def __call__(self, timeout_s: float) -> bool:
        return bool(self._poll.poll(timeout_s * 1000))


class _Select:
    """Readiness where there is no poll (Windows, sockets only)."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __call__(self, timeout_s: float) -> bool:
        return bool(select.select([self._descriptor], [], [], timeout_s)[0])


def _readiness(descriptor: int) -> _Poll | _Select:
    return _Poll(descriptor) if hasattr(select, "poll") else _Select(descriptor)
