"""Compares calls that do the same work in several ways, taking turns, so that a busy moment of the machine hits them all."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

__all__ = ["BURST", "Burst", "burst_of", "in_turns", "placed", "rounds_of", "share"]

BURST = 20
"""Calls of one kind before the next has its turn."""

Burst = Callable[[], list[float]]
"""Does a handful of calls; returns the seconds that each took, what it did before and after them not counted."""


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


def burst_of(call: Callable[[], object]) -> Burst:
    """A burst of one call."""

    def burst() -> list[float]:
        times = []
        for _ in range(BURST):
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
        return times

    return burst


def rounds_of(bursts: Mapping[str, Burst], *, rounds: int = 100) -> dict[str, list[float]]:
    """Each burst's median seconds, round by round, the bursts taking turns; a first round is not counted."""
    medians: dict[str, list[float]] = {name: [] for name in bursts}
    for number in range(rounds + 1):
        for name, burst in bursts.items():
            taken = statistics.median(burst())
            if number:
                medians[name].append(taken)
    return medians


def share(floor: Iterable[float], taken: Iterable[float]) -> float:
    """The floor as a share of something, worked out round by round, the median of that.

    To wake a sleeping process up costs three times as much in one second as in the next, and most of a floor is that: a ratio of two
    medians over all rounds may compare a quick second with a slow one.
    """
    return statistics.median(low / high for low, high in zip(floor, taken, strict=True))


@contextmanager
def placed(how: str, servers: Iterable[int]) -> Iterator[None]:
    """Have this process and its servers run `anywhere`, all on `one` processor, or this one and they on `two`."""
    every = os.sched_getaffinity(0)
    ours, theirs = {min(every)}, {max(every)} if how == "two" else {min(every)}
    places = {0: every if how == "anywhere" else ours} | dict.fromkeys(servers, every if how == "anywhere" else theirs)
    for pid, processors in places.items():
        os.sched_setaffinity(pid, processors)
    try:
        yield
    finally:
        for pid in places:
            os.sched_setaffinity(pid, every)
