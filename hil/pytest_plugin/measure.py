"""Measurements with limits: recorded whether they hold or not, and asserted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import isfinite
from typing import Any

import pytest

from hil.evidence.properties import CURVE, MEASUREMENT

__all__ = ["Measure"]

POINTS_MAX = 10_000
"""Points of one curve; a plot has fewer pixels than that."""


class Measure:
    """`measure("flow error", value, unit="%", low=-14.5, high=14.5)` records the value, then asserts that it is within its limits.

    Records travel in the properties of the test's reports as JSON: through pytest-xdist, and into JUnit XML.
    """

    def __init__(self, item: pytest.Item) -> None:
        self._item = item

    def __call__(self, name: str, value: float, *, unit: str = "", low: float | None = None, high: float | None = None) -> float:
        """Record and assert; `low` and `high` are still good. Without limits it is recorded only. Returns the value."""
        __tracebackhide__ = True
        value = float(value)
        assert isfinite(value), f"{name} is {value:g}, and that is no figure"
        good = (low is None or value >= low) and (high is None or value <= high)
        self._note(MEASUREMENT, {"name": name, "value": value, "unit": unit, "low": _plain(low), "high": _plain(high)})
        said = f"{name} is {value:g}{_unit(unit)}, and should be {_limits(low, high)}{_unit(unit)}"
        assert good, said
        return value

    def curve(self, name: str, xs: Sequence[float], ys: Sequence[float], *, x_unit: str = "", y_unit: str = "") -> None:
        """Record a curve to be plotted in the report."""
        if len(xs) != len(ys) or len(xs) > POINTS_MAX:
            raise ValueError(f"{name}: {len(xs)} and {len(ys)} values; as many of each, and {POINTS_MAX:,} at most")
        if not all(map(isfinite, (*xs, *ys))):
            raise ValueError(f"{name}: a point of it is no figure")
        self._note(CURVE, {"name": name, "xs": list(map(float, xs)), "ys": list(map(float, ys)), "x_unit": x_unit, "y_unit": y_unit})

    def _note(self, kind: str, record: dict[str, Any]) -> None:
        self._item.user_properties.append((kind, json.dumps(record)))


def _plain(limit: float | None) -> float | None:
    return None if limit is None else float(limit)


def _unit(unit: str) -> str:
    return f" {unit}" if unit else ""


def _limits(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f"from {low:g} to {high:g}"
    return f"{low:g} or more" if low is not None else f"{high:g} or less" if high is not None else "anything"
