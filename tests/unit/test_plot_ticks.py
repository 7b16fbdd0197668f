"""Round numbers on the axes of plots."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.pages.ticks import ticks_around, ticks_within

VALUES = st.floats(-1e6, 1e6)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 10, [0, 2, 4, 6, 8, 10]),
        (-1.2, 3.4, [-2, -1, 0, 1, 2, 3, 4]),
        (0.11, 0.13, [0.11, 0.115, 0.12, 0.125, 0.13]),
        (19.9, 20.1, [19.9, 19.95, 20.0, 20.05, 20.1]),
    ],
)
def test_axis_has_round_numbers(low: float, high: float, ticks: list[float]) -> None:
    """Steps are one, two or five times a power of ten, and the ends are round too."""
    assert ticks_around(low, high) == pytest.approx(ticks)


@given(one=VALUES, other=VALUES)
def test_axis_holds_all_values(one: float, other: float) -> None:
    """From at most the lowest to at least the highest, evenly, with a handful of steps."""
    low, high = sorted((one, other))
    ticks = ticks_around(low, high)
    room = 1e-6 * max(1.0, abs(low), abs(high))
    steps = [after - before for before, after in pairwise(ticks)]

    assert ticks[0] - room <= low <= high <= ticks[-1] + room
    assert 1 <= len(steps) <= 8
    assert max(steps) - min(steps) <= room


def test_axis_spans_no_less_than_it_should() -> None:
    """What lies closer together than the least span is one value and its rounding."""
    assert ticks_around(5.0, 5.0 + 1e-7, least=1.0) == pytest.approx([5.0, 5.2])


def test_ticks_within_stay_on_the_axis() -> None:
    """Below a plot stand only the numbers between its ends."""
    assert ticks_within(0.5, 7.3) == [2.0, 4.0, 6.0]
    assert ticks_within(0.0, 7.0, steps=7) == [float(tick) for tick in range(8)]
