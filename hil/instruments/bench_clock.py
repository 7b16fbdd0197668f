"""What instruments of a simulated pump take from its bench: time to wait by, and what the pump has delivered."""

from __future__ import annotations

from hil.bench.calls import BenchCalls
from hil.instruments.simulated_balance import Delivered

__all__ = ["BenchClock", "delivered_of"]


class BenchClock:
    """Waiting is virtual time that the bench lets pass."""

    def __init__(self, bench: BenchCalls) -> None:
        self._bench = bench

    def pause(self, seconds: float, /) -> None:
        self._bench.advance_us(round(seconds * 1_000_000))

    def now_us(self) -> int:
        return self._bench.now_us()


def delivered_of(bench: BenchCalls) -> Delivered:
    """What has left the catheter's tip by now."""
    truth = bench.truth()
    return Delivered(int(truth["now_us"]), int(truth["delivered_nl"]))
