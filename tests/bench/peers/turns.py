"""Takes turns with work that is done once in a round, each time with another seed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

__all__ = ["once_each"]


def once_each(calls: Mapping[str, Callable[[int], object]], *, rounds: int = 5) -> dict[str, list[float]]:
    """Seconds of each call in each round; a call is given the number of the round."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(rounds):
        for name, call in calls.items():
            begun = time.perf_counter()
            call(number)
            times[name].append(time.perf_counter() - begun)
    return times
