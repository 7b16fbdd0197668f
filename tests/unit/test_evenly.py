"""Columns that are worked out at once are what working each number out gives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.evenly import divided

STEPS = st.integers(-(10**12), 10**12).filter(bool)


@given(start=st.integers(-(10**15), 10**15), step=STEPS, count=st.integers(0, 400), divisor=st.integers(1, 10**11))
def test_even_numbers_divided_are_each_divided_and_rounded_down(start: int, step: int, count: int, divisor: int) -> None:
    """Rising or falling, by more or less than the divisor, from below zero too."""
    numbers = range(start, start + count * step, step)
    assert list(divided(numbers, divisor)) == [number // divisor for number in numbers]


@given(part=st.integers(1, 10**6), extra=st.integers(-3, 3), count=st.integers(1, 2_000))
def test_numbers_that_hardly_carry_or_nearly_always_do(part: int, extra: int, count: int) -> None:
    """A remainder next to nothing, or next to the divisor, carries at distances that differ by one at most."""
    divisor = 10 * part + 7
    step = max(1, divisor + extra)
    numbers = range(3, 3 + count * step, step)
    assert list(divided(numbers, divisor)) == [number // divisor for number in numbers]
