"""What hypothesis draws for a pump: therapies, boluses, spans of time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import strategies as st

from firmware_sim.firmware.prescription import Group, Prescription, Step
from tests.support.therapies import MINUTES_PER_DAY, US_PER_H, group_of, minimum, prescription_of, simple, steps_of

WEAK = 50_000
"""A concentration so low that the volume limits bind long before the dose limits do (50 mcg/mL)."""
WHOLE_NL = 20
"""Nanolitres of it that hold one nanogram."""


def rates(highest: int) -> st.SearchStrategy[int]:
    """A rate in range up to `highest`, or exactly the minimum rate."""
    return st.one_of(st.just(250), st.integers(2_000, highest), st.integers(2_000, 30_000))


@st.composite
def day_steps(draw: st.DrawFn, highest: int) -> tuple[Step, ...]:
    """One to thirteen steps that tile a day."""
    cuts = sorted(draw(st.sets(st.integers(1, MINUTES_PER_DAY - 1), max_size=12)))
    starts = [0, *cuts]
    return steps_of([draw(rates(highest)) for _ in starts], starts)


@st.composite
def week_groups(draw: st.DrawFn, highest: int) -> tuple[Group, ...]:
    """Groups with every weekday in exactly one of them."""
    colours = draw(st.lists(st.integers(0, 2), min_size=7, max_size=7))
    masks = [sum(1 << day for day, colour in enumerate(colours) if colour == wanted) for wanted in sorted(set(colours))]
    return tuple(group_of(draw(day_steps(highest)), mask, WEAK) for mask in masks)


@st.composite
def prescriptions(draw: st.DrawFn, highest: int = 60_000) -> Prescription:
    """A simple, flex or minimum-rate therapy of weak baclofen."""
    mode = draw(st.sampled_from(("simple", "flex", "flex", "minimum_rate")))
    if mode == "simple":
        return simple(draw(rates(highest)), concentration=WEAK)
    if mode == "minimum_rate":
        return minimum()._replace(concentration_ng_per_ml=WEAK)
    return prescription_of("flex", draw(week_groups(highest)), concentration=WEAK)


def boluses() -> st.SearchStrategy[tuple[int, int]]:
    """(volume nL, duration s) within the device's range; the total rate may be too high."""
    return st.tuples(volumes(200_000), st.integers(60, 10_800))


def big_boluses() -> st.SearchStrategy[tuple[int, int]]:
    """Boluses near the maximum rate, so that a step or two more is too much."""
    return st.integers(120, 7_200).map(lambda seconds: (seconds * 270 // WHOLE_NL * WHOLE_NL, seconds))


def volumes(highest_nl: int) -> st.SearchStrategy[int]:
    """A bolus volume of weak drug that is a whole number of nanograms."""
    return st.integers(250 // WHOLE_NL + 1, highest_nl // WHOLE_NL).map(lambda number: number * WHOLE_NL)


def spans(longest_h: int = 14) -> st.SearchStrategy[int]:
    """Microseconds to let pass: a few, or hours."""
    return st.one_of(st.integers(0, 1_000), st.integers(0, US_PER_H), st.integers(0, longest_h * US_PER_H))


def pieces(total_us: int, shares: Sequence[int]) -> list[int]:
    """A span cut into pieces in proportion to `shares`; they add up to it exactly."""
    cuts = [total_us * sum(shares[:place]) // sum(shares) for place in range(len(shares) + 1)]
    return [end - start for start, end in pairwise(cuts)]
