"""The sliding 24-hour window: how much any day around now holds, at most, if one more bolus is given.

Basal counts as programmed, also over stops. Before the last change of plan it counts at the old plan's highest rate, which is never too
little. The sum over a window is a chain of straight lines, so its greatest value lies where a rate changes at one of its ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from firmware_sim.firmware.lockouts import Happening
from firmware_sim.firmware.week import Week
from firmware_sim.units import US_PER_DAY

__all__ = ["Bound", "Day", "highest_window_units"]


class Bound(NamedTuple):
    """Until this device time basal ran at this rate (nL/h) at most."""

    until_us: int
    rate_nl_per_h: int


class Day(NamedTuple):
    """What is known of the days around now: basal bounds of the past in order, the plan since the last of them, and doses with
    the units each delivered or may deliver.
    """

    now_us: int
    bounds: tuple[Bound, ...]
    week: Week
    clock_offset_us: int
    doses: tuple[tuple[Happening, int], ...]

    def units_between(self, from_us: int, to_us: int) -> int:
        """Units in (from, to], at most."""
        return self._basal_between(from_us, to_us) + sum(dose.units_between(from_us, to_us, units) for dose, units in self.doses)

    def _basal_between(self, from_us: int, to_us: int) -> int:
        total, at_us = 0, from_us
        for bound in self.bounds:
            if at_us < bound.until_us:
                end_us = min(bound.until_us, to_us)
                total += bound.rate_nl_per_h * max(0, end_us - at_us)
                at_us = max(at_us, end_us)
        if at_us < to_us:
            offset_us = self.clock_offset_us
            total += self.week.units_until(to_us + offset_us) - self.week.units_until(at_us + offset_us)
        return total

    def turns(self) -> Iterator[int]:
        """Device times in the day before and after now at which the rate of delivery changes."""
        yield self.now_us
        yield from (bound.until_us for bound in self.bounds)
        for dose, _ in self.doses:
            yield dose.start_us
            yield dose.end_us
        at_us, end_us = self.now_us - US_PER_DAY, self.now_us + US_PER_DAY
        while at_us < end_us:
            _, next_clock_us = self.week.stretch(at_us + self.clock_offset_us)
            at_us = next_clock_us - self.clock_offset_us
            yield at_us


def highest_window_units(day: Day) -> int:
    """The greatest sum of any window (t - 24 h, t] that ends within the next 24 hours."""
    last_us = day.now_us + US_PER_DAY
    ends = {last_us}
    for turn_us in day.turns():
        ends.update(end_us for end_us in (turn_us, turn_us + US_PER_DAY) if day.now_us <= end_us <= last_us)
    return max(day.units_between(end_us - US_PER_DAY, end_us) for end_us in ends)
