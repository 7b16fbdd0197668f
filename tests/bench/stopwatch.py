"""Compares calls that do the same work in several ways, taking turns, so that a busy moment of the machine hits them all."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

__all__ = ["in_turns"]

BURST = 20
"""Calls of one kind before the next has its turn."""


def in_turns(calls: Mapping[str, Callable[[], object]], *, rounds: int = 50, repeat: int = 1) -> dict[str, float]:
    """Median seconds of one call. Each is timed alone, or `repeat` at once where a clock reading would weigh too much."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            for _ in range(BURST):
                start = time.perf_counter()
                for _ in range(repeat):
                    call()
                times[name].append((time.perf_counter() - start) / repeat)
    return {name: statistics.median(taken) for name, taken in times.items()}
