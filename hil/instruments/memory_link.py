"""A client's line to a unit in the same process: a transport for the programmer, and what its bench waiter settles with."""

from __future__ import annotations

from hil.bench.bench import Bench
from hil.errors import BenchError
from protocol.errors import LinkLost
from protocol.transport.base import REPLY_TIMEOUT_S

__all__ = ["MemoryLink"]


class MemoryLink:
    """A `protocol.transport.Transport` and a `protocol.waiting.Bench` in one, with counts of its own.

    Bytes that the line lets out later come to the client that attached last, as on a wire of one plug.
    """

    def __init__(self, bench: Bench) -> None:
        self.name = "memory"
        self.default_reply_timeout_s = REPLY_TIMEOUT_S
        self._bench = bench
        self._sent = 0
        self._emitted = 0
        self._waiting = b""
        self._open = True
        bench.unit.on_emit = self._take

    def write(self, data: bytes) -> None:
        """Hand it to the line. Raises LinkLost once closed."""
        self._must_be_open()
        self._bench.catch_up()
        self._sent += len(data)
        self._take(self._bench.unit.receive(data))

    def read(self, _timeout_s: float, /) -> bytes:
        """What has come. Raises LinkLost once closed."""
        self._must_be_open()
        data, self._waiting = self._waiting, b""
        return data

    def close(self) -> None:
        """Let go of the line; may be called again."""
        self._open = False

    def settle(self, sent_bytes: int) -> int:
        """How many bytes have come, all of `sent_bytes` handled. Raises BenchError if others were sent."""
        if self._sent != sent_bytes:
            raise BenchError(f"{self._sent} of {sent_bytes} bytes have arrived", where="settle", do="write through this link only")
        return self._emitted

    def advance_us(self, us: int) -> None:
        """Let virtual time pass."""
        self._bench.call("advance", {"us": us})

    def now_us(self) -> int:
        """True virtual time."""
        return self._bench.unit.now_us

    def _take(self, data: bytes) -> None:
        self._emitted += len(data)
        self._waiting += data

    def _must_be_open(self) -> None:
        if not self._open:
            raise LinkLost(f"{self.name}: closed; open it again")
