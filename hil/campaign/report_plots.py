"""The plots of a campaign's report: survival, time until somebody knew, distributions, each as plain SVG.

The axes are those of `hil/pages/svg_plot.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hil.campaign.outcomes import Outcomes, Point
from hil.pages.svg_plot import Curve, Panel, draw
from hil.pages.ticks import ticks_within

__all__ = ["Plot", "distributions", "spans", "survivals"]

Floats = NDArray[np.float64]
PLACES = 241
TOGETHER = 4
"""Curves that can be told apart in one drawing."""
DAYS_PER_YEAR = 365.25
PLOT_HEIGHT = 190
STEPS = 7
"""Of the axis of time, about."""


class Plot(NamedTuple):
    """A drawing and the line below it."""

    svg: str
    caption: str


def survivals(outcomes: Outcomes) -> Iterator[Plot]:
    """Share free of each event over the years, of events that came at all."""
    for event in outcomes.events:
        if not (outcomes.numbers[event] > 0).any():
            continue
        last = float(outcomes.numbers[f"{event}_day"].max())
        days = np.linspace(0, last, PLACES)
        for points in _groups(outcomes.points):
            curves = [Curve(point.short, _free(outcomes, event, point, days)) for point in points]
            low = min(min(curve.values) for curve in curves)
            caption = f"Kaplan-Meier, lives censored at the end of their watch; n = {int(points[0].rows.sum()):,} at each point."
            yield Plot(
                _drawn(f"Free of {_words(event)}", "years", days / DAYS_PER_YEAR, [_share_panel("share free", low, curves)]),
                caption,
            )


def spans(outcomes: Outcomes) -> Iterator[Plot]:
    """Of events that were found, the share found by each hour."""
    for name in outcomes.spans:
        yield from _shares(outcomes, name, f"Until somebody knew: {_words(name.removesuffix('found_h')) or 'found'}", "hours", 0.0)


def distributions(outcomes: Outcomes, columns: Sequence[str]) -> Iterator[Plot]:
    """Cumulative distributions of other columns."""
    for name in columns:
        yield from _shares(outcomes, name, _words(name), "%" if name.endswith("percent") else "hours", None)


def _shares(outcomes: Outcomes, name: str, title: str, unit: str, first: float | None) -> Iterator[Plot]:
    everything = outcomes.numbers[name][~np.isnan(outcomes.numbers[name])]
    low, high = np.quantile(everything, [0.002, 0.99])
    low = float(low) if first is None else first
    if high <= low:
        return
    at = np.linspace(low, float(high), PLACES)
    for points in _groups([point for point in outcomes.points if len(outcomes.known(name, point))]):
        curves = [Curve(point.short, _below(outcomes.known(name, point), at)) for point in points]
        counts = ", ".join(f"{len(outcomes.known(name, point)):,}" for point in points)
        caption = f"Cumulative share; n = {counts}; drawn to the 99th percentile of all points."
        yield Plot(_drawn(title, unit, at, [_share_panel("share at or below", 0.0, curves)]), caption)


def _free(outcomes: Outcomes, event: str, point: Point, days: Floats) -> list[float]:
    curve = outcomes.survival(event, point)
    places = np.searchsorted(curve.times, days, side="right")
    return [float(value) for value in np.concatenate(([1.0], curve.share))[places]]


def _below(values: Floats, at: Floats) -> list[float]:
    found = np.searchsorted(np.sort(values), at, side="right") / len(values)
    return [float(share) for share in found]


def _share_panel(title: str, low: float, curves: Sequence[Curve]) -> Panel:
    span = 1 - low
    step = next((step for step in (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1) if span / step <= 6), 0.2)
    begin = np.floor(low / step) * step if low > 0 else 0.0
    ticks = [float(tick) for tick in np.round(np.arange(begin, 1 + step / 2, step), 6) if tick <= 1]
    return Panel(title, "", float(begin), 1.0, ticks, curves, PLOT_HEIGHT)


def _drawn(title: str, unit: str, at: Floats, panels: Sequence[Panel]) -> str:
    return draw(title, unit, [float(value) for value in at], panels, ticks_within(float(at[0]), float(at[-1]), steps=STEPS))


def _groups(points: Sequence[Point]) -> list[list[Point]]:
    return [list(group) for group in (points[first : first + TOGETHER] for first in range(0, len(points), TOGETHER))]


def _words(column: str) -> str:
    return column.replace("_", " ").removesuffix(" percent").removesuffix(" h").strip()
