"""What is drawn for a pump: therapies, boluses, spans of time; as strategies of hypothesis, and therapies from any source of draws."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import strategies as st

from firmware_sim.firmware.prescription import Group, Prescription, Step
from tests.support.draws import Draws, strategy_of
from tests.support.therapies import MINUTES_PER_DAY, US_PER_H, group_of, prescription_of, simple, steps_of

WEAK = 50_000
"""A concentration so low that the volume limits bind long before the dose limits do (50 mcg/mL)."""
WHOLE_NL = 20
"""Nanolitres of it that hold one nanogram."""
MINIMUM_NL_PER_H = 250
LEAST_NL_PER_H = 2_000
STEPS_MAX = 13
COLOURS = 3


def drawn_rate(draws: Draws, highest: int) -> int:
    """A rate in range up to `highest`, or exactly the minimum rate."""
    most = draws.pick((0, 30_000, highest))
    return draws.whole(LEAST_NL_PER_H, min(most, highest)) if most else MINIMUM_NL_PER_H


def drawn_steps(draws: Draws, highest: int) -> tuple[Step, ...]:
    """One to thirteen steps that tile a day."""
    cuts = {draws.whole(1, MINUTES_PER_DAY - 1) for _ in range(draws.whole(0, STEPS_MAX - 1))}
    starts = [0, *sorted(cuts)]
    return steps_of([drawn_rate(draws, highest) for _ in starts], starts)


def drawn_groups(draws: Draws, highest: int, concentration: int = WEAK) -> tuple[Group, ...]:
    """Groups with every weekday in exactly one of them."""
    colours = [draws.whole(0, COLOURS - 1) for _ in range(7)]
    masks = [sum(1 << day for day, colour in enumerate(colours) if colour == wanted) for wanted in sorted(set(colours))]
    return tuple(group_of(drawn_steps(draws, highest), mask, concentration) for mask in masks)


def drawn_therapy(draws: Draws, highest: int = 60_000, concentration: int = WEAK) -> Prescription:
    """A simple, flex or minimum-rate therapy; saline when the concentration is 0."""
    mode = draws.pick(("simple", "flex", "flex", "minimum_rate"))
    if mode == "simple":
        return simple(drawn_rate(draws, highest), concentration=concentration)
    if mode == "minimum_rate":
        return prescription_of(mode, (), concentration=concentration)
    return prescription_of(mode, drawn_groups(draws, highest, concentration), concentration=concentration)


def prescriptions(highest: int = 60_000) -> st.SearchStrategy[Prescription]:
    """A therapy of weak baclofen."""
    return strategy_of(lambda draws: drawn_therapy(draws, highest))


def boluses() -> st.SearchStrategy[tuple[int, int]]:
    """(volume nL, duration s) within the device's range; the total rate may be too high."""
    return st.tuples(volumes(200_000), st.integers(60, 10_800))


def big_boluses() -> st.SearchStrategy[tuple[int, int]]:
    """Boluses near the maximum rate, so that a step or two more is too much."""
    return st.integers(120, 7_200).map(big_bolus)


def big_bolus(seconds: int) -> tuple[int, int]:
    """A bolus near the maximum rate."""
    return seconds * 270 // WHOLE_NL * WHOLE_NL, seconds


def volumes(highest_nl: int) -> st.SearchStrategy[int]:
    """A bolus volume of weak drug that is a whole number of nanograms."""
    return st.integers(MINIMUM_NL_PER_H // WHOLE_NL + 1, highest_nl // WHOLE_NL).map(lambda number: number * WHOLE_NL)


def spans(longest_h: int = 14) -> st.SearchStrategy[int]:
    """Microseconds to let pass: a few, or hours."""
    return st.one_of(st.integers(0, 1_000), st.integers(0, US_PER_H), st.integers(0, longest_h * US_PER_H))


def pieces(total_us: int, shares: Sequence[int]) -> list[int]:
    """A span cut into pieces in proportion to `shares`; they add up to it exactly."""
    cuts = [total_us * sum(shares[:place]) // sum(shares) for place in range(len(shares) + 1)]
    return [end - start for start, end in pairwise(cuts)]
