"""The draws of many cases at once: `hil.fleet.draws.word` in arrays, and what is made of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hil.fleet.draws import GOLDEN, MASK, SPREAD, salt_of

__all__ = ["Drawn"]

_UNIT_BITS = 53
"""Bits of a float's fraction."""
_QUARTER_BITS, _QUARTERS = 16, 4
_QUARTER_MAX = 2**_QUARTER_BITS - 1
_BELL_SD_TWICE = 75_674
"""Twice the standard deviation of the sum of four even draws from 0 to 65,535."""


class Drawn:
    """What each of many cases draws. `name` says what for, `k` which of several."""

    def __init__(self, seeds: NDArray[np.uint64]) -> None:
        self.seeds = seeds

    def words(self, name: str, k: int = 0) -> NDArray[np.uint64]:
        """64 bits for each case."""
        return _finish(_finish(self.seeds ^ np.uint64(salt_of(name))) + np.uint64((k + 1) * GOLDEN & MASK))

    def uniform(self, name: str, k: int = 0) -> NDArray[np.float64]:
        """Evenly between 0 and 1, neither included."""
        high = (self.words(name, k) >> np.uint64(64 - _UNIT_BITS)).astype(np.float64)
        return np.asarray((high + 0.5) / 2**_UNIT_BITS)

    def exponential(self, name: str, k: int = 0) -> NDArray[np.float64]:
        """Of mean 1: an event of constant hazard h comes after this much divided by h."""
        return np.asarray(-np.log(self.uniform(name, k)))

    def bell(self, name: str, deviation: NDArray[np.int64], k: int = 0) -> NDArray[np.int64]:
        """Bell-shaped (the sum of four even draws), mean 0, within 3.46 deviations; in integers throughout."""
        word = self.words(name, k)
        total = np.zeros(len(word), np.int64)
        for quarter in range(_QUARTERS):
            total += (word >> np.uint64(quarter * _QUARTER_BITS) & np.uint64(_QUARTER_MAX)).astype(np.int64)
        return np.asarray((2 * total - _QUARTERS * _QUARTER_MAX) * deviation // _BELL_SD_TWICE)

    def take(self, places: NDArray[np.int64]) -> Drawn:
        """The draws of some of the cases."""
        return Drawn(self.seeds[places])


def _finish(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    for shift, factor in SPREAD:
        state = state ^ state >> np.uint64(shift)
        if factor != 1:
            state = state * np.uint64(factor)
    return state
