"""What the firmware reads of its supply: the readings of the A/D converter as a function of their number, and their means."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from firmware_sim.firmware.belief import Belief
from firmware_sim.firmware.dosing import Course
from firmware_sim.hal import Hal
from firmware_sim.limits import READING_PERIODS
from firmware_sim.profile import Profile
from firmware_sim.units import US_PER_S

__all__ = ["Readings", "readings_of"]


@dataclass(frozen=True, slots=True)
class Readings:
    """The readings as a function of their number, counted from device time 0.

    `oldest` is the first one this boot makes, `first` the first whose mean may still be judged, `ordered` the first whose mean looks back
    on nothing before the last disturbance.
    """

    course: Course
    anchor_us: int
    hal: Hal
    readings: int
    period_us: int
    oldest: int
    first: int
    ordered: int

    def at_us(self, number: int) -> int:
        """Device time of a reading."""
        return number * self.period_us // self.readings

    def last_at(self, device_us: int) -> int:
        """The last reading by a device time."""
        return ((device_us + 1) * self.readings - 1) // self.period_us

    def reading(self, number: int) -> int:
        """One reading. Those from before the plan count with the steps it began with, which is a thousandth of a millivolt."""
        at_us = self.at_us(number)
        return self.hal.supply_mv(at_us, self.course.steps_at(max(at_us, self.anchor_us)))

    def measured_mv(self, now_us: int) -> int:
        """The value at the last reading by `now_us`: a mean of fewer while a boot is young, one reading made at once before the first."""
        last = self.last_at(now_us)
        return self.mean(last) if last >= self.oldest else self.hal.supply_mv(now_us, self.course.steps_at(now_us))

    def measured_gently_mv(self, now_us: int) -> int:
        """The same of readings that fall gently: rounded down, their mean is the last of them."""
        last = ((now_us + 1) * self.readings - 1) // self.period_us
        if last < self.ordered:
            return self.measured_mv(now_us)
        at_us = last * self.period_us // self.readings
        return self.hal.supply_mv(at_us, self.course.steps_at(max(at_us, self.anchor_us)))

    def fall_gently(self, now_us: int, empty_mv: int) -> bool:
        """Whether from now on they fall by no more than a millivolt while one mean is made. An undisturbed cell falls evenly with time and
        steps until it is empty, so what some periods of the highest rate do to it tells.
        """
        steps = self.course.steps_at(now_us)
        most = READING_PERIODS * (1 + self.period_us * self.course.rate_max() // self.course.step_units)
        end_mv = self.hal.supply_mv(now_us + READING_PERIODS * self.period_us, steps + most)
        fallen_mv = self.hal.supply_mv(now_us, steps) - end_mv
        return self.hal.supply_disturbed_us is None and end_mv > empty_mv and 2 * (fallen_mv + 1) < READING_PERIODS

    def mean(self, number: int) -> int:
        """The value at a reading, in whole millivolts. In order, readings between two that are equal are the same."""
        begin = max(self.oldest, number - self.readings + 1)
        earliest, latest = self.reading(begin), self.reading(number)
        if earliest == latest and number >= self.ordered:
            return latest
        total = earliest + sum(self.reading(between) for between in range(begin + 1, number)) + latest
        return total // (number - begin + 1) if number > begin else latest

    def means(self, first: int, end: int) -> Iterator[tuple[int, int]]:
        """(number, mean) of the readings from `first` to before `end`."""
        if first >= end:
            return
        window = deque((self.reading(number) for number in range(first - self.readings + 1, first)), self.readings)
        for number in range(first, end):
            window.append(self.reading(number))
            yield number, sum(window) // self.readings

    def falls_to(self, level_mv: int, first: int, last: int) -> int | None:
        """The first number in [first, last], all in order, whose mean is at or below a level; None if there is none."""
        if first > last or self.reading(last) > level_mv:
            return None
        low = first + bisect_left(range(first, last), True, key=lambda number: self.reading(number) <= level_mv)
        end = min(last, low + self.readings - 1) + 1
        return next((number for number, mean_mv in self.means(low, end) if mean_mv <= level_mv), None)


def readings_of(belief: Belief, hal: Hal, profile: Profile) -> Readings:
    """The readings of a board, as things stand."""
    numbers, dosing, disturbed_us = profile.battery, belief.dosing, hal.supply_disturbed_us
    course, period_us = dosing.course(), numbers.sample_period_s * US_PER_S
    oldest = ((belief.booted_us + 1) * numbers.readings - 1) // period_us + 1
    whole = oldest + numbers.readings - 1
    planned = -(-dosing.anchor_us * numbers.readings // period_us)
    if disturbed_us is None:
        return Readings(course, dosing.anchor_us, hal, numbers.readings, period_us, oldest, max(whole, planned), whole)
    disturbed = -(-disturbed_us * numbers.readings // period_us)
    ordered = max(whole, disturbed + numbers.readings - 1)
    return Readings(course, dosing.anchor_us, hal, numbers.readings, period_us, oldest, max(whole, planned, disturbed), ordered)
