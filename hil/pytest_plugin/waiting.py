"""Waiting in a test: on a bench hours pass at once, without one only as long as somebody is willing to wait."""

from __future__ import annotations

import pytest

from hil.bench.calls import BenchCalls
from protocol.waiting import WallWaiter

__all__ = ["Wait"]

SECONDS = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": 86_400}


class Wait:
    """`wait(minutes=5)`; spans add up. `bench` None: by the wall clock, `wall_s_max` at most, beyond it the test is skipped."""

    def __init__(self, bench: BenchCalls | None, wall_s_max: float) -> None:
        self._bench = bench
        self._wall_s_max = wall_s_max

    def __call__(self, **span: int) -> None:
        """Let so much time pass."""
        if self._bench is not None:
            self._bench.advance(**span)
            return
        unknown = span.keys() - SECONDS
        if unknown:
            raise TypeError(f"no span {min(unknown)!r}: {', '.join(SECONDS)}")
        seconds = sum(count * SECONDS[name] for name, count in span.items())
        if seconds > self._wall_s_max:
            pytest.skip(f"needs bench.time: {seconds:g} s of the wall clock, at most {self._wall_s_max:g} s (--pump-wait-max)")
        WallWaiter().pause(seconds)
