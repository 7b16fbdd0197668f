"""The battery as the firmware knows it: what it measures, and when replacement (ERI), end of service (EOS) and a bad supply are due.

Readings are made all the time, `readings` of them in each sample period of device time, and the value at each is the mean of the last so
many, rounded down: one bad reading does not alarm, and what stays is acted on within one period. Nothing ticks. The reading number that
crosses a level is solved for: as things stand voltage only falls, so the readings after the last disturbance are in order, and the
few means that still look back on what was before it are tried one by one. Readings before a boot were never made.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from firmware_sim.firmware.belief import Belief
from firmware_sim.firmware.dosing import Dosing
from firmware_sim.hal import Hal
from firmware_sim.profile import Profile
from firmware_sim.units import DAYS_PER_WEEK, NC_PER_MC, PPM, S_PER_DAY, US_PER_DAY, US_PER_S, US_PER_WEEK, US_PER_YEAR

__all__ = ["battery_state", "eos_due_us", "eri_due_us", "life_left_days", "measured_mv", "replace_by_us", "supply_due_us"]

T = TypeVar("T")
_Key = tuple[object, ...]

_plan_of = attrgetter(*(field.name for field in fields(Dosing)))
"""Everything that tells one plan of dosing from another."""
_answers: WeakKeyDictionary[Hal, dict[str, tuple[_Key, Any]]] = WeakKeyDictionary()
"""The last answer to each question for each board, and what it was the answer for: a cache, which no answer depends on."""


def eri_due_us(belief: Belief, hal: Hal, profile: Profile, horizon_us: int | None = None) -> int | None:
    """Device time at which replacement is due under the present plan: by the battery, or by age if that is earlier. None once it came.

    With a horizon it may be None too when it is surely later than that, which costs less to say than when; asked by whole years, one answer
    serves many horizons.
    """
    if belief.eri_us >= 0:
        return None
    key = (hal.supply_changes, belief.booted_us, belief.implanted_us, *_plan_of(belief.dosing))
    if horizon_us is not None:
        until_us = -(-horizon_us // US_PER_YEAR) * US_PER_YEAR
        if _remembered(hal, "lasts", (until_us, *key), lambda: _lasts_until(belief, hal, profile, until_us)):
            return None
    return _remembered(hal, "eri", key, lambda: _solve_eri(belief, hal, profile))


def eos_due_us(belief: Belief, profile: Profile) -> int | None:
    """Device time of the end of service, whether past or to come; None on a pump that has neither an age nor a replacement indicator."""
    numbers, ends = profile.battery, []
    if belief.eri_us >= 0:
        ends.append(belief.eri_us + numbers.eri_days * US_PER_DAY)
    if belief.implanted_us >= 0:
        ends.append(belief.implanted_us + numbers.age_days_max * US_PER_DAY)
    return min(ends, default=None)


def supply_due_us(belief: Belief, hal: Hal, profile: Profile) -> int | None:
    """Device time at which the supply is next measured out of its range, or back in it while that alarm is active; None for never."""
    numbers = profile.battery
    sound = numbers.supply_mv_min <= numbers.empty_mv and numbers.full_mv <= numbers.supply_mv_max
    if sound and hal.supply_disturbed_us is None:
        return None
    out = belief.alarms.is_active("supply_range")
    key = (hal.supply_changes, belief.booted_us, belief.supply_us, out, *_plan_of(belief.dosing))
    return _remembered(hal, "supply", key, lambda: _solve_supply(belief, hal, profile, out))


def measured_mv(belief: Belief, hal: Hal, profile: Profile, now_us: int) -> int:
    """The value at the last reading by `now_us`: a mean of fewer while a boot is young, and of one made at once before the first is due."""
    key = (now_us, hal.supply_changes, belief.booted_us, *_plan_of(belief.dosing))
    return _remembered(hal, "measured", key, lambda: _measure(belief, hal, profile, now_us))


def _measure(belief: Belief, hal: Hal, profile: Profile, now_us: int) -> int:
    """Work it out; a status asks for it more than once at the same instant."""
    samples = _samples(belief, hal, profile)
    last = samples.last_at(now_us)
    return samples.mean(last) if last >= samples.oldest else hal.supply_mv(now_us, belief.dosing.steps_at(now_us))


def battery_state(belief: Belief, profile: Profile, now_us: int) -> str:
    """`good`, `eri` or `eos`."""
    end_us = eos_due_us(belief, profile)
    if end_us is not None and end_us <= now_us:
        return "eos"
    return "eri" if belief.eri_us >= 0 else "good"


def replace_by_us(belief: Belief, hal: Hal, profile: Profile, now_us: int) -> int:
    """Device time at which service will end, as far as can be told: from the measured voltage, what the present plan draws, and age; once
    ERI is there, it is the end of service itself.
    """
    numbers, end_us = profile.battery, eos_due_us(belief, profile)
    if belief.eri_us >= 0 and end_us is not None:
        return end_us
    above_mv = max(0, measured_mv(belief, hal, profile, now_us) - numbers.eri_mv)
    capacity_nc = numbers.capacity_mc * numbers.life_scale_ppm // PPM * NC_PER_MC
    left_us = above_mv * capacity_nc * US_PER_WEEK // ((numbers.full_mv - numbers.empty_mv) * _weekly_nc(belief.dosing, profile))
    battery_us = now_us + left_us + numbers.eri_days * US_PER_DAY
    return battery_us if end_us is None else min(end_us, battery_us)


def life_left_days(belief: Belief, hal: Hal, profile: Profile, now_us: int) -> int:
    """Whole days of service left, as far as can be told."""
    return max(0, replace_by_us(belief, hal, profile, now_us) - now_us) // US_PER_DAY


def _weekly_nc(dosing: Dosing, profile: Profile) -> int:
    """What current and steps of the plan draw in a week."""
    steps = dosing.week.total_units // dosing.step_units if dosing.week else 0
    return max(1, profile.battery.quiescent_na * DAYS_PER_WEEK * S_PER_DAY + steps * profile.battery.step_nc)


def _remembered(hal: Hal, question: str, key: _Key, work: Callable[[], T]) -> T:
    """The answer for this key: the last one if it was for the same, else worked out."""
    known = _answers.get(hal)
    if known is None:
        known = _answers[hal] = {}
    last = known.get(question)
    if last is None or last[0] != key:
        last = known[question] = (key, work())
    answer: T = last[1]
    return answer


def _lasts_until(belief: Belief, hal: Hal, profile: Profile, until_us: int) -> bool:
    """Whether replacement is surely not due by a device time: what would be read then is above its level, and voltage only falls."""
    age_us = _age_us(belief, profile)
    if hal.supply_disturbed_us is not None or (age_us is not None and age_us <= until_us):
        return False
    at_us = max(until_us, belief.dosing.anchor_us)
    return hal.supply_mv(at_us, belief.dosing.steps_at(at_us)) > profile.battery.eri_mv


def _age_us(belief: Belief, profile: Profile) -> int | None:
    """Device time at which replacement is due by age."""
    numbers = profile.battery
    return None if belief.implanted_us < 0 else belief.implanted_us + max(0, numbers.age_days_max - numbers.eri_days) * US_PER_DAY


def _solve_eri(belief: Belief, hal: Hal, profile: Profile) -> int | None:
    numbers, age_us = profile.battery, _age_us(belief, profile)
    samples = _samples(belief, hal, profile)
    last = samples.last_at(profile.clock.clock_us_max if age_us is None else age_us)
    found = next((number for number, mean_mv in samples.means(samples.first, samples.ordered) if mean_mv <= numbers.eri_mv), None)
    if found is None:
        found = samples.falls_to(numbers.eri_mv, max(samples.first, samples.ordered), last)
    by_battery_us = None if found is None else samples.at_us(found)
    return min((at_us for at_us in (by_battery_us, age_us) if at_us is not None), default=None)


def _solve_supply(belief: Belief, hal: Hal, profile: Profile, out: bool) -> int | None:
    low_mv, high_mv = profile.battery.supply_mv_min, profile.battery.supply_mv_max
    samples = _samples(belief, hal, profile)
    first = max(samples.first, samples.last_at(belief.supply_us) + 1)
    for number, mean_mv in samples.means(first, samples.ordered):
        if (low_mv <= mean_mv <= high_mv) == out:
            return samples.at_us(number)
    first = max(first, samples.ordered)
    mean_mv = samples.mean(first)
    if (low_mv <= mean_mv <= high_mv) == out:
        return samples.at_us(first)
    if out and mean_mv < low_mv:
        return None
    found = samples.falls_to(high_mv if out else low_mv - 1, first, samples.last_at(profile.clock.clock_us_max))
    return None if found is None else samples.at_us(found)


@dataclass(frozen=True, slots=True)
class _Samples:
    """The readings as a function of their number, counted from device time 0.

    `oldest` is the first one this boot makes, `first` the first whose mean may still be judged, `ordered` the first whose mean looks back
    on nothing before the last disturbance.
    """

    dosing: Dosing
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
        return self.hal.supply_mv(at_us, self.dosing.steps_at(max(at_us, self.dosing.anchor_us)))

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


def _samples(belief: Belief, hal: Hal, profile: Profile) -> _Samples:
    numbers, dosing, disturbed_us = profile.battery, belief.dosing, hal.supply_disturbed_us
    period_us = numbers.sample_period_s * US_PER_S
    oldest = ((belief.booted_us + 1) * numbers.readings - 1) // period_us + 1
    whole = oldest + numbers.readings - 1
    planned = -(-dosing.anchor_us * numbers.readings // period_us)
    if disturbed_us is None:
        return _Samples(dosing, hal, numbers.readings, period_us, oldest, max(whole, planned), whole)
    disturbed = -(-disturbed_us * numbers.readings // period_us)
    ordered = max(whole, disturbed + numbers.readings - 1)
    return _Samples(dosing, hal, numbers.readings, period_us, oldest, max(whole, planned, disturbed), ordered)
