"""Percentages, exact."""

from __future__ import annotations

from fractions import Fraction

from hil.clinic.limits import PERCENT
from hil.wording.quantity import number

__all__ = ["percent_text", "rise_percent"]

HUNDREDTHS = PERCENT


def rise_percent(old: int, new: int) -> Fraction:
    """How much more than old new is, in percent of old; negative when it is less. Raises ZeroDivisionError for an old of nothing."""
    return Fraction(new - old, old) * PERCENT


def percent_text(percent: Fraction) -> str:
    """A percentage with two decimals, rounded up, so that what is above a limit never reads like the limit."""
    return f"{number(-(-percent * HUNDREDTHS // 1), 2)} %"
