"""What matters most: the share of an outcome's variance that each cause explains by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Importance", "variance_shares"]

Floats = NDArray[np.float64]
CLASSES = 20
"""A cause with more values than this is cut into as many classes of equal size."""


class Importance(NamedTuple):
    """A cause and its share of the variance, 0 to 1."""

    cause: str
    share: float


def variance_shares(outcome: Floats, causes: Mapping[str, Floats]) -> list[Importance]:
    """First-order shares, the largest first: the variance between a cause's classes, less what chance puts there, over all variance."""
    total = float(((outcome - outcome.mean()) ** 2).sum())
    if total <= 0:
        return []
    shares = [Importance(name, _share(outcome, values, total)) for name, values in causes.items() if np.ptp(values) > 0]
    return sorted(shares, key=lambda found: -found.share)


def _share(outcome: Floats, values: Floats, total: float) -> float:
    """Epsilon squared: eta squared, corrected for the number of classes."""
    _, classes = np.unique(_cut(values), return_inverse=True)
    counts = np.bincount(classes)
    means = np.bincount(classes, outcome) / counts
    within = float(((outcome - means[classes]) ** 2).sum())
    degrees = len(outcome) - len(counts)
    return max(0.0, 1 - within / total * (len(outcome) - 1) / degrees) if degrees > 0 else 0.0


def _cut(values: Floats) -> NDArray[np.int64]:
    distinct = np.unique(values)
    if len(distinct) <= CLASSES:
        return np.searchsorted(distinct, values)
    edges = np.unique(np.quantile(values, np.linspace(0, 1, CLASSES + 1)[1:-1]))
    return np.searchsorted(edges, values, side="right")
