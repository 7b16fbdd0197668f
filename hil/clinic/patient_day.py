"""What a person can get in any 24 hours who asks for every bolus that the therapy allows.

Boluses that begin in 24 hours are at most `most-per-day`, and at most one for each lockout begun. Deliveries that overlap the ends of a
day never make it more: the n-th bolus after one begins 24 hours later at the earliest, so what the first has left of the day the other
lacks. The window limit binds boluses only: basal above it goes on.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from firmware_sim.units import S_PER_DAY
from hil.therapy.arithmetic import dose_ng
from hil.therapy.forecast import most_in_a_day_nl
from protocol.messages import Limits
from protocol.therapy import PatientRule, Therapy

__all__ = ["PatientDay", "boluses_in_a_day", "patient_day"]


class PatientDay(NamedTuple):
    """The most of any 24 hours. `bound` is what ends the boluses first: most-per-day, lockout or daily-limit; empty without boluses."""

    boluses: int
    bolus_nl: int
    basal_nl: Fraction
    total_nl: Fraction
    total_ng: Fraction
    bound: str


def boluses_in_a_day(rule: PatientRule) -> int:
    """How many may begin in any 24 hours by count and lockout: min(most, ceil(24 h / lockout))."""
    return min(rule.most_per_day, -(-S_PER_DAY // rule.lockout_s))


def patient_day(therapy: Therapy, limits: Limits) -> PatientDay:
    """The most that a therapy gives in any 24 hours."""
    basal = most_in_a_day_nl(therapy, limits)
    if not therapy.patient:
        return PatientDay(0, 0, basal, basal, dose_ng(basal, therapy.concentration_ng_per_ml), "")
    rule = therapy.patient[0]
    count = boluses_in_a_day(rule)
    wanted = basal + count * rule.volume_nl
    bound = "daily-limit" if wanted > rule.window_nl else "most-per-day" if count == rule.most_per_day else "lockout"
    total = max(basal, min(wanted, Fraction(rule.window_nl)))
    return PatientDay(count, rule.volume_nl, basal, total, dose_ng(total, therapy.concentration_ng_per_ml), bound)
