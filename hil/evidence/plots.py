"""Curves that tests recorded, as plain SVG: a panel for each, on an axis of round numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import floor, log10
from typing import Any

from hil.svg_plot import Curve, Panel, draw

__all__ = ["picture"]

HEIGHT = 220
STEPS = 5
SPAN_MIN = 1e-9
NICE = (1, 2, 5, 10)


def picture(curve: Mapping[str, Any]) -> str:
    """One curve; a curve of one point is drawn as a line through it."""
    xs, ys = list(curve["xs"]), list(curve["ys"])
    if len(xs) == 1 or min(xs) == max(xs):
        xs, ys = [xs[0], xs[0] + 1], [ys[0], ys[-1]]
    ticks = _round_numbers(min(ys), max(ys))
    panel = Panel("", curve["y_unit"], ticks[0], ticks[-1], ticks, (Curve("measured", ys),), HEIGHT)
    below = [tick for tick in _round_numbers(xs[0], xs[-1]) if xs[0] <= tick <= xs[-1]]
    return draw(curve["name"], curve["x_unit"], xs, [panel], below)


def _round_numbers(low: float, high: float) -> Sequence[float]:
    """Evenly spaced and round, from at most the lowest value to at least the highest."""
    rough = max(high - low, abs(high) * SPAN_MIN, SPAN_MIN) / STEPS
    ten = 10.0 ** floor(log10(rough))
    step = next(ten * nice for nice in NICE if ten * nice >= rough * (1 - SPAN_MIN))
    first = floor(low / step + SPAN_MIN)
    count = max(1, -floor(-(high / step - first) + SPAN_MIN))
    return [round((first + place) * step, 12) for place in range(count + 1)]
