"""The battery as the firmware knows it: what it measures, and when replacement (ERI), end of service (EOS) and a bad supply are due.

Readings are made all the time, `readings` of them in each sample period of device time, and the value at each is the mean of the last so
many, rounded down: one bad reading does not alarm, and what stays is acted on within one period. Nothing ticks. The reading number that
crosses a level is solved for: as things stand voltage only falls, so the readings after the last disturbance are in order, and the
few means that still look back on what was before it are tried one by one. Readings before a boot were never made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

from firmware_sim.firmware.belief import Belief
from firmware_sim.firmware.dosing import PLAN, Dosing
from firmware_sim.firmware.readings import readings_of
from firmware_sim.hal import Hal
from firmware_sim.profile import Profile
from firmware_sim.units import DAYS_PER_WEEK, NC_PER_MC, PPM, S_PER_DAY, US_PER_DAY, US_PER_WEEK, US_PER_YEAR

__all__ = ["Outlook", "battery_state", "eos_due_us", "eri_due_us", "life_left_days", "measured_mv", "outlook_of", "supply_due_us"]

T = TypeVar("T")
_Key = tuple[object, ...]

_answers: WeakKeyDictionary[Hal, dict[str, tuple[_Key, Any]]] = WeakKeyDictionary()
"""The last answer to each question for each board, and what it was the answer for: a cache, which no answer depends on."""


def eri_due_us(belief: Belief, hal: Hal, profile: Profile, horizon_us: int | None = None) -> int | None:
    """Device time at which replacement is due under the present plan: by the battery, or by age if that is earlier. None once it came.

    With a horizon it may be None too when it is surely later than that, which costs less to say than when; asked by whole years, one answer
    serves many horizons.
    """
    if belief.eri_us >= 0:
        return None
    key = (hal.supply_changes, belief.booted_us, belief.implanted_us, *PLAN(belief.dosing))
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
    key = (hal.supply_changes, belief.booted_us, belief.supply_us, out, *PLAN(belief.dosing))
    return _remembered(hal, "supply", key, lambda: _solve_supply(belief, hal, profile, out))


def measured_mv(belief: Belief, hal: Hal, profile: Profile, now_us: int) -> int:
    """The value at the last reading by `now_us`."""
    return readings_of(belief, hal, profile).measured_mv(now_us)


class Outlook(NamedTuple):
    """What tells the battery's state and when service will end, time and measured voltage aside; good until something changes."""

    warned: bool
    end_us: int | None
    eri_mv: int
    eri_us: int
    charge: int
    draw: int

    def state(self, now_us: int) -> str:
        """`good`, `eri` or `eos`."""
        if self.end_us is not None and self.end_us <= now_us:
            return "eos"
        return "eri" if self.warned else "good"

    def replace_by_us(self, now_us: int, supply_mv: int) -> int:
        """Device time at which service will end, as far as can be told: from the measured voltage, what the present plan draws, and age.

        Once ERI is there, it is the end of service itself.
        """
        if self.warned and self.end_us is not None:
            return self.end_us
        battery_us = now_us + max(0, supply_mv - self.eri_mv) * self.charge // self.draw + self.eri_us
        return battery_us if self.end_us is None else min(self.end_us, battery_us)


def outlook_of(belief: Belief, profile: Profile) -> Outlook:
    """As things stand."""
    numbers = profile.battery
    charge = numbers.capacity_mc * numbers.life_scale_ppm // PPM * NC_PER_MC * US_PER_WEEK
    draw = (numbers.full_mv - numbers.empty_mv) * _weekly_nc(belief.dosing, profile)
    return Outlook(belief.eri_us >= 0, eos_due_us(belief, profile), numbers.eri_mv, numbers.eri_days * US_PER_DAY, charge, draw)


def battery_state(belief: Belief, profile: Profile, now_us: int) -> str:
    """`good`, `eri` or `eos`."""
    return outlook_of(belief, profile).state(now_us)


def life_left_days(belief: Belief, hal: Hal, profile: Profile, now_us: int) -> int:
    """Whole days of service left, as far as can be told."""
    supply_mv = measured_mv(belief, hal, profile, now_us)
    return max(0, outlook_of(belief, profile).replace_by_us(now_us, supply_mv) - now_us) // US_PER_DAY


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
    samples = readings_of(belief, hal, profile)
    last = samples.last_at(profile.clock.clock_us_max if age_us is None else age_us)
    found = next((number for number, mean_mv in samples.means(samples.first, samples.ordered) if mean_mv <= numbers.eri_mv), None)
    if found is None:
        found = samples.falls_to(numbers.eri_mv, max(samples.first, samples.ordered), last)
    by_battery_us = None if found is None else samples.at_us(found)
    return min((at_us for at_us in (by_battery_us, age_us) if at_us is not None), default=None)


def _solve_supply(belief: Belief, hal: Hal, profile: Profile, out: bool) -> int | None:
    low_mv, high_mv = profile.battery.supply_mv_min, profile.battery.supply_mv_max
    samples = readings_of(belief, hal, profile)
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
