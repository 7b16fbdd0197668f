"""Survival with censoring: Kaplan and Meier's estimate, with Greenwood's variance and intervals on the log(-log) scale."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Survival", "kaplan_meier"]

Floats = NDArray[np.float64]
Z95 = 1.959963984540054


class Survival(NamedTuple):
    """A step curve: after each of `times` the share that is free of the event, its 95 % interval, and who was watched just before."""

    times: Floats
    share: Floats
    low: Floats
    high: Floats
    at_risk: NDArray[np.int64]

    def at(self, time: float) -> tuple[float, float, float]:
        """Share free of the event at a time, and its interval; (1, 1, 1) before the first event."""
        place = int(np.searchsorted(self.times, time, side="right")) - 1
        return (1.0, 1.0, 1.0) if place < 0 else (float(self.share[place]), float(self.low[place]), float(self.high[place]))


def kaplan_meier(times: Floats, happened: NDArray[np.bool_]) -> Survival:
    """Estimate from one time for each life: of its event where it happened, else of the end of the watch.

    A life that is censored at the very time of an event still counts as watched at that event.
    """
    order = np.lexsort((~happened, times))
    times, happened = times[order], happened[order]
    moments, counts = np.unique(times[happened], return_counts=True)
    at_risk = len(times) - np.searchsorted(times, moments, side="left")
    share = np.asarray(np.cumprod(1 - counts / at_risk), np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(counts / (at_risk * (at_risk - counts).astype(np.float64)))
        deviation = np.asarray(Z95 * np.sqrt(greenwood) / np.log(share), np.float64)
        low, high = share ** np.exp(-deviation), share ** np.exp(deviation)
    gone = share == 0
    return Survival(moments, share, np.where(gone, 0.0, low), np.where(gone, 0.0, high), at_risk.astype(np.int64))
