"""The pass mark of a class by borderline regression: checklist share against global rating, read off at the borderline rating."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["BORDERLINE", "RATINGS", "Cut", "borderline_cut"]

RATINGS: dict[int, str] = {1: "clear fail", 2: "borderline", 3: "clear pass", 4: "good", 5: "excellent"}
"""The global rating."""
BORDERLINE = 2
LEARNERS_MIN = 3
"""Fewer points make no line."""
LEARNERS_STEADY = 30
"""Below this the mark moves much with each learner, and is told with that warning."""


class Cut(NamedTuple):
    """The mark as a share from 0 to 1, the line behind it, and a warning if it rests on few learners."""

    share: float
    slope: float
    intercept: float
    r_squared: float
    learners: int
    warning: str


def borderline_cut(points: Sequence[tuple[int, float]]) -> Cut | str:
    """Points are (global rating, checklist share). Returns why there is none, in words, where no rising line can be drawn."""
    count = len(points)
    if count < LEARNERS_MIN:
        return f"no pass mark: {count} rated learner{'' if count == 1 else 's'}, at least {LEARNERS_MIN} are needed"
    mean_x = sum(rating for rating, _ in points) / count
    mean_y = sum(share for _, share in points) / count
    sxx = sum((rating - mean_x) ** 2 for rating, _ in points)
    sxy = sum((rating - mean_x) * (share - mean_y) for rating, share in points)
    syy = sum((share - mean_y) ** 2 for _, share in points)
    if not sxx:
        return "no pass mark: all learners have the same rating"
    slope = sxy / sxx
    if slope <= 0:
        return "no pass mark: checklist shares do not rise with the ratings"
    intercept = mean_y - slope * mean_x
    share = min(max(intercept + slope * BORDERLINE, 0.0), 1.0)
    warning = f"rests on {count} learners; below {LEARNERS_STEADY} it moves much with each" if count < LEARNERS_STEADY else ""
    return Cut(share, slope, intercept, sxy * sxy / (sxx * syy), count, warning)
