"""Dose, rate and volume of a therapy: exact fractions, and one rounding, always down, where a dose becomes a rate.

rate = daily dose / concentration (DEVICE.md, Arithmetic). Doses are ng, concentrations ng/mL, volumes nL, rates nL/h.
"""

from __future__ import annotations

from fractions import Fraction

from firmware_sim.units import H_PER_DAY, MIN_PER_DAY, NL_PER_ML
from protocol.therapy import Group, Therapy

__all__ = [
    "MINUTES_PER_DAY",
    "day_dose_ng",
    "day_volume_nl",
    "dose_ng",
    "exact_rate_nl_per_h",
    "peak_rate",
    "rate_for",
    "step_dose_ng",
    "volume_nl",
]

MINUTES_PER_DAY = MIN_PER_DAY
MINUTES_PER_H = MIN_PER_DAY // H_PER_DAY


def exact_rate_nl_per_h(dose_ng: int, minutes: int, concentration_ng_per_ml: int) -> Fraction:
    """The rate that gives exactly `dose_ng` in `minutes`: dose / (concentration x time). Raises ZeroDivisionError without drug."""
    return Fraction(dose_ng * NL_PER_ML * MINUTES_PER_H, concentration_ng_per_ml * minutes)


def rate_for(dose_ng: int, minutes: int, concentration_ng_per_ml: int) -> int:
    """The whole nL/h that gives at most `dose_ng` in `minutes`; 0 of a fluid without drug, which has rates but no doses."""
    return int(exact_rate_nl_per_h(dose_ng, minutes, concentration_ng_per_ml)) if concentration_ng_per_ml else 0


def step_dose_ng(rate_nl_per_h: int, minutes: int, concentration_ng_per_ml: int) -> Fraction:
    """The drug that a rate gives in some minutes."""
    return Fraction(rate_nl_per_h * minutes * concentration_ng_per_ml, MINUTES_PER_H * NL_PER_ML)


def volume_nl(dose_ng: int, concentration_ng_per_ml: int) -> Fraction:
    """The volume that holds a dose: dose / concentration. Raises ZeroDivisionError without drug."""
    return Fraction(dose_ng * NL_PER_ML, concentration_ng_per_ml)


def dose_ng(volume_nl: int | Fraction, concentration_ng_per_ml: int) -> Fraction:
    """The drug in a volume: volume x concentration."""
    return Fraction(volume_nl) * concentration_ng_per_ml / NL_PER_ML


def day_dose_ng(group: Group, concentration_ng_per_ml: int) -> Fraction:
    """The drug that a group gives in a day."""
    return dose_ng(day_volume_nl(group), concentration_ng_per_ml)


def day_volume_nl(group: Group) -> Fraction:
    """The volume that a group gives in a day."""
    return Fraction(sum(step.rate_nl_per_h * (step.end_minute - step.start_minute) for step in group.steps), MINUTES_PER_H)


def peak_rate(therapy: Therapy, minimum_rate_nl_per_h: int) -> int:
    """The highest rate of a therapy in nL/h; one without groups runs at the pump's minimum rate."""
    return max((step.rate_nl_per_h for group in therapy.groups for step in group.steps), default=minimum_rate_nl_per_h)
