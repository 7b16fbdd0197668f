"""Fitting a bolus under the maximum rate, judged against the highest basal step it spans."""

from __future__ import annotations

from firmware_sim.errors import Refused
from firmware_sim.firmware.dosing import BolusRun, Dosing
from firmware_sim.firmware.prescription import BolusOrder, BolusPlan
from firmware_sim.profile import Profile
from firmware_sim.units import UNITS_PER_NL, US_PER_S

__all__ = ["plan_bolus"]


def plan_bolus(order: BolusOrder, dosing: Dosing, now_us: int, profile: Profile) -> BolusPlan:
    """How the bolus would run from now on; longer than asked only if it may be. Raises Refused RATE_LIMIT with the least duration."""
    week, shift_us, longest_s = dosing.week, dosing.clock_offset_us, profile.bolus.bolus_s_max
    assert week is not None, "a bolus is judged only while a mode runs"
    duration_s = order.duration_s
    while True:
        end_us = now_us + duration_s * US_PER_S
        room = profile.rate.rate_nl_per_h_max - week.highest_rate(now_us + shift_us, end_us + shift_us)
        fits = BolusRun(0, now_us, end_us, order.volume_nl).rate_nl_per_h() <= room
        if fits and (order.may_lengthen or duration_s == order.duration_s):
            return BolusPlan(duration_s, end_us)
        if fits or duration_s >= longest_s:
            raise Refused("RATE_LIMIT", "DURATION", order.duration_s, duration_s, "S")
        least_s = -(-order.volume_nl * UNITS_PER_NL // (room * US_PER_S)) if room > 0 else longest_s
        duration_s = min(longest_s, max(least_s, duration_s + 1))
