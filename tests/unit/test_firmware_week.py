"""A week of rates as prefix sums, against adding up microsecond stretches the plain way."""

from __future__ import annotations

import random

import pytest

from firmware_sim.firmware.week import week_of
from tests.support.therapies import US_PER_DAY, US_PER_H, US_PER_MIN, flex, group_of, minimum, prescription_of, simple, steps_of

SATURDAY = 0
"""Clock zero, 2000-01-01 00:00, is a Saturday; Monday comes two days later."""
MONDAY_US = 2 * US_PER_DAY
WEEK_US = 7 * US_PER_DAY
WEEKEND = 0b110_0000
MIXED = prescription_of(
    "flex", (group_of(steps_of((8_000, 20_000), (0, 600)), 0b001_1111), group_of(steps_of((250, 4_000, 9_000)), WEEKEND))
)


def plain_rate(clock_us: int) -> int:
    """The rate of MIXED, spelled out."""
    minute, weekday = clock_us // US_PER_MIN % 1_440, (clock_us // US_PER_DAY + 5) % 7
    if weekday < 5:
        return 8_000 if minute < 600 else 20_000
    return (250, 4_000, 9_000)[minute // 480]


def plain_sum(from_us: int, to_us: int) -> int:
    """Units from one clock time to another, minute by minute."""
    total, at_us = 0, from_us
    while at_us < to_us:
        next_us = min(to_us, (at_us // US_PER_MIN + 1) * US_PER_MIN)
        total += plain_rate(at_us) * (next_us - at_us)
        at_us = next_us
    return total


def test_prefix_sums_add_up_minutes(seed: int) -> None:
    """Between any two clock times, also over week ends and before the epoch, the sum is that of the minutes."""
    week, draws = week_of(MIXED, 250), random.Random(seed)
    for _ in range(20):
        from_us = draws.randrange(-2 * WEEK_US, 40 * WEEK_US)
        to_us = from_us + draws.randrange(0, 9 * US_PER_DAY)

        assert week.units_until(to_us) - week.units_until(from_us) == plain_sum(from_us, to_us)


def test_inverse_is_the_first_time_that_reaches_the_sum(seed: int) -> None:
    """`clock_when` gives the least clock time at which so many units have been commanded."""
    week, draws = week_of(MIXED, 250), random.Random(seed)
    for _ in range(500):
        units = draws.randrange(-3 * week.total_units, 50 * week.total_units)
        at_us = week.clock_when(units)

        assert week.units_until(at_us) >= units > week.units_until(at_us - 1)


def test_inverse_at_the_corners() -> None:
    """At the sums of every corner of the week, and one unit past, the inverse is exact."""
    week = week_of(MIXED, 250)
    for before in (*week.before_units, week.total_units):
        for units in (before, before + 1, before - 1):
            at_us = week.clock_when(units)
            assert week.units_until(at_us) >= units > week.units_until(at_us - 1)


def test_rate_changes_at_the_minute() -> None:
    """The last microsecond of a step has its rate, the next one the next step's; the end of the stretch is told."""
    week = week_of(MIXED, 250)
    turn_us = MONDAY_US + 600 * US_PER_MIN

    assert week.stretch(turn_us - 1) == (8_000, turn_us)
    assert week.stretch(turn_us) == (20_000, MONDAY_US + US_PER_DAY)
    assert week.stretch(MONDAY_US - 1) == (9_000, MONDAY_US)
    assert week.stretch(SATURDAY) == (250, 8 * US_PER_H)


@pytest.mark.parametrize(
    ("from_h", "to_h", "highest"),
    [(0, 8, 250), (0, 9, 4_000), (8, 16, 4_000), (47, 48, 9_000), (47, 58, 9_000), (47, 59, 20_000), (0, 168, 20_000), (59, 60, 20_000)],
    ids=["one step", "into the next", "exactly one", "sunday night", "to the turn", "past the turn", "a week", "one hour"],
)
def test_highest_rate_of_a_span(from_h: int, to_h: int, highest: int) -> None:
    """The highest rate of [from, to) counts every step that the span touches and none that it only meets."""
    assert week_of(MIXED, 250).highest_rate(from_h * US_PER_H, to_h * US_PER_H) == highest


def test_constant_rate_is_a_week_of_one_stretch() -> None:
    """Simple and minimum rate are weeks too."""
    assert week_of(simple(10_000), 250).rates_nl_per_h == (10_000,)
    assert week_of(minimum(), 250).rates_nl_per_h == (250,)
    assert week_of(simple(10_000), 250).total_units == 10_000 * WEEK_US


def test_equal_neighbours_are_one_stretch() -> None:
    """Steps of one rate side by side, also across midnight, make no corner."""
    week = week_of(flex((8_000, 8_000, 9_000, 8_000)), 250)

    assert len(week.starts_us) == 2 * 7 + 1
    assert week.total_units == sum(rate * 6 * US_PER_H for rate in (8_000, 8_000, 9_000, 8_000)) * 7
