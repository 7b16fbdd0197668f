"""How a blocking client waits for its answer: by the wall clock, or by a bench that owns time.

The one place of this package that reads the wall clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from protocol.errors import LinkLost
from protocol.transport.base import Transport

__all__ = ["Bench", "BenchWaiter", "Waiter", "WallWaiter", "wall_clock"]

_BENCH_READ_S = 10.0
"""Bytes that the bench says were sent are on their way; a busy machine may hold them up this long."""


def wall_clock() -> Callable[[], int]:
    """A clock of microseconds since 1970 that never goes back, however the system's own is set meanwhile."""
    ahead_ns = time.time_ns() - time.monotonic_ns()
    return lambda: (time.monotonic_ns() + ahead_ns) // 1_000


class Waiter(Protocol):
    """Waits for bytes after a request."""

    def wait(self, transport: Transport, sent_total: int, got_total: int, timeout_s: float, /) -> bytes:
        """Some bytes, or none when the reply timer ran out.

        Totals count bytes since the client connected; the timer starts anew whenever `sent_total` has risen.
        """

    def pause(self, seconds: float, /) -> None:
        """Let time pass between two requests."""

    def now_us(self) -> int:
        """The time that this waiter waits by, in microseconds; it never goes back."""


class WallWaiter:
    """The reply timer of the wall clock: bytes that keep coming do not put it off."""

    def __init__(self) -> None:
        self._sent_total = -1
        self._deadline_s = 0.0

    def wait(self, transport: Transport, sent_total: int, _got_total: int, timeout_s: float, /) -> bytes:
        now_s = time.monotonic()
        if sent_total != self._sent_total:
            self._sent_total = sent_total
            self._deadline_s = now_s + timeout_s
        return transport.read(max(0.0, self._deadline_s - now_s))

    def pause(self, seconds: float, /) -> None:
        time.sleep(seconds)

    def now_us(self) -> int:
        return int(time.monotonic() * 1_000_000)


class Bench(Protocol):
    """What a bench offers to a client that waits in virtual time."""

    def settle(self, sent_bytes: int) -> int:
        """Have the pump take all of `sent_bytes` (a total); returns the total of bytes it has sent."""

    def advance_us(self, us: int) -> None:
        """Let virtual time pass."""

    def now_us(self) -> int:
        """True virtual time."""


class BenchWaiter:
    """Waits in virtual time: an answer is either there now, or the reply timeout passes on the bench."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def wait(self, transport: Transport, sent_total: int, got_total: int, timeout_s: float, /) -> bytes:
        emitted = self._bench.settle(sent_total)
        if emitted <= got_total:
            self._bench.advance_us(round(timeout_s * 1_000_000))
            emitted = self._bench.settle(sent_total)
        if emitted <= got_total:
            return b""
        data = transport.read(_BENCH_READ_S)
        if not data:
            raise LinkLost(f"{transport.name}: the bench says that {emitted - got_total} bytes were sent, none came")
        return data

    def pause(self, seconds: float, /) -> None:
        self._bench.advance_us(round(seconds * 1_000_000))

    def now_us(self) -> int:
        return self._bench.now_us()
