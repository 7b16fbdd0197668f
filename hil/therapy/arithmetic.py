"""Dose, rate and volume of a therapy: exact fractions, and one rounding, always down, where a dose becomes a rate."""

from __future__ import annotations

from fractions import Fraction

from protocol.therapy import Group, Therapy

__all__ = ["MINUTES_PER_DAY", "day_dose_ng", "day_volume_nl", "peak_rate", "rate_for", "step_dose_ng"]

MINUTES_PER_DAY = 1440
MINUTES_PER_H = 60
NL_PER_ML = 1_000_000


def rate_for(dose_ng: int, minutes: int, concentration_ng_per_ml: int) -> int:
    """The whole nL/h that gives at most `dose_ng` in `minutes`; 0 of a fluid without drug, which has rates but no doses."""
    if not concentration_ng_per_ml:
        return 0
    return dose_ng * NL_PER_ML * MINUTES_PER_H // (concentration_ng_per_ml * minutes)


def step_dose_ng(rate_nl_per_h: int, minutes: int, concentration_ng_per_ml: int) -> Fraction:
    """The drug that a rate gives in some minutes."""
    return Fraction(rate_nl_per_h * minutes * concentration_ng_per_ml, MINUTES_PER_H * NL_PER_ML)


def day_dose_ng(group: Group, concentration_ng_per_ml: int) -> Fraction:
    """The drug that a group gives in a day."""
    return day_volume_nl(group) * Fraction(concentration_ng_per_ml, NL_PER_ML)


def day_volume_nl(group: Group) -> Fraction:
    """The volume that a group gives in a day."""
    return Fraction(sum(step.rate_nl_per_h * (step.end_minute - step.start_minute) for step in group.steps), MINUTES_PER_H)


def peak_rate(therapy: Therapy, minimum_rate_nl_per_h: int) -> int:
    """The highest rate of a therapy in nL/h; one without groups runs at the pump's minimum rate."""
    return max((step.rate_nl_per_h for group in therapy.groups for step in group.steps), default=minimum_rate_nl_per_h)
