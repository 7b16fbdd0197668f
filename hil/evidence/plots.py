"""Curves that tests recorded, as plain SVG: a panel for each, on an axis of round numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hil.pages.svg_plot import Curve, Panel, draw
from hil.pages.ticks import ticks_around, ticks_within

__all__ = ["picture"]

HEIGHT = 220


def picture(curve: Mapping[str, Any]) -> str:
    """One curve; a curve of one point is drawn as a line through it."""
    xs, ys = list(curve["xs"]), list(curve["ys"])
    if len(xs) == 1 or min(xs) == max(xs):
        xs, ys = [xs[0], xs[0] + 1], [ys[0], ys[-1]]
    ticks = ticks_around(min(ys), max(ys))
    panel = Panel("", curve["y_unit"], ticks[0], ticks[-1], ticks, (Curve("measured", ys),), HEIGHT)
    return draw(curve["name"], curve["x_unit"], xs, [panel], ticks_within(xs[0], xs[-1]))
