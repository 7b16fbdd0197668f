"""A week of rates as prefix sums: volume commanded between two clock times, and the inverse, without stepping through days.

A constant rate is a week with one stretch, so every running mode has one form. Rates are never zero, which makes the sum
strictly rising and the inverse unique.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import lru_cache
from typing import NamedTuple

from firmware_sim.firmware.prescription import Group, Prescription
from firmware_sim.limits import CACHE_ENTRIES_MAX
from firmware_sim.units import DAYS_PER_WEEK, EPOCH_WEEKDAY, US_PER_DAY, US_PER_MIN, US_PER_WEEK

__all__ = ["Week", "constant_week", "week_of"]

_EPOCH_INTO_WEEK_US = EPOCH_WEEKDAY * US_PER_DAY


class Week(NamedTuple):
    """Stretches of a week from Monday 00:00: start times, rates (nL/h), units commanded before each, and the week's sum."""

    starts_us: tuple[int, ...]
    rates_nl_per_h: tuple[int, ...]
    before_units: tuple[int, ...]
    total_units: int

    def at(self, clock_us: int) -> tuple[int, int]:
        """Units commanded from the clock's Monday zero to `clock_us`, and the rate (nL/h) there."""
        starts_us, rates_nl_per_h, before_units, total_units = self
        since_us = clock_us + _EPOCH_INTO_WEEK_US
        weeks = since_us // US_PER_WEEK
        into_us = since_us - weeks * US_PER_WEEK
        place = bisect_right(starts_us, into_us) - 1
        rate = rates_nl_per_h[place]
        return weeks * total_units + before_units[place] + rate * (into_us - starts_us[place]), rate

    def units_until(self, clock_us: int) -> int:
        """Units commanded from the clock's Monday zero to `clock_us`."""
        return self.at(clock_us)[0]

    def clock_when(self, units: int) -> int:
        """The first clock time at which `units_until` is at least `units`."""
        weeks, rest = divmod(units - 1, self.total_units)
        rest += 1
        place = bisect_left(self.before_units, rest) - 1
        into_us = self.starts_us[place] - -(rest - self.before_units[place]) // self.rates_nl_per_h[place]
        return weeks * US_PER_WEEK + into_us - _EPOCH_INTO_WEEK_US

    def stretch(self, clock_us: int) -> tuple[int, int]:
        """(rate in nL/h, clock time at which the next stretch begins) at `clock_us`."""
        shifted_us = clock_us + _EPOCH_INTO_WEEK_US
        into_us = shifted_us % US_PER_WEEK
        place = bisect_right(self.starts_us, into_us)
        next_us = self.starts_us[place] if place < len(self.starts_us) else US_PER_WEEK
        return self.rates_nl_per_h[place - 1], clock_us + next_us - into_us

    def highest_rate(self, from_clock_us: int, to_clock_us: int) -> int:
        """Highest rate of any stretch that overlaps [from, to)."""
        if to_clock_us - from_clock_us >= US_PER_WEEK:
            return max(self.rates_nl_per_h)
        rate, at_us = self.stretch(from_clock_us)
        while at_us < to_clock_us:
            next_rate, at_us = self.stretch(at_us)
            rate = max(rate, next_rate)
        return rate


@lru_cache(maxsize=CACHE_ENTRIES_MAX)
def week_of(prescription: Prescription, minimum_rate_nl_per_h: int) -> Week:
    """The week a prescription asks for; minimum-rate mode is a week of the minimum rate."""
    if not prescription.groups:
        return constant_week(minimum_rate_nl_per_h)
    stretches: list[tuple[int, int]] = []
    for weekday in range(DAYS_PER_WEEK):
        group = _group_of(prescription.groups, weekday)
        for step in group.steps:
            start_us = weekday * US_PER_DAY + step.start_minute * US_PER_MIN
            if not stretches or stretches[-1][1] != step.rate_nl_per_h:
                stretches.append((start_us, step.rate_nl_per_h))
    return _build(stretches)


@lru_cache(maxsize=CACHE_ENTRIES_MAX)
def constant_week(rate_nl_per_h: int) -> Week:
    """A week of one rate."""
    return _build([(0, rate_nl_per_h)])


def _group_of(groups: tuple[Group, ...], weekday: int) -> Group:
    return next(group for group in groups if group.weekdays >> weekday & 1)


def _build(stretches: list[tuple[int, int]]) -> Week:
    starts = tuple(start_us for start_us, _ in stretches)
    rates = tuple(rate for _, rate in stretches)
    ends = (*starts[1:], US_PER_WEEK)
    before, total = [], 0
    for start_us, end_us, rate in zip(starts, ends, rates, strict=True):
        before.append(total)
        total += rate * (end_us - start_us)
    return Week(starts, rates, tuple(before), total)
