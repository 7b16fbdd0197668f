"""What a needle should find, and what it means when it finds something else.

expected residual = fill - integral of the programmed rate - boluses. A warning belongs to a difference of more than 20 % of it (settable):
the pump has no sensor, so this is where over- and under-delivery shows.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from hil.clinic.limits import PERCENT
from hil.clinic.percent import percent_text
from hil.numbers.practice import practice
from hil.therapy.forecast import given_nl
from hil.wording.quantity import VOLUME
from protocol.messages import Limits
from protocol.therapy import Therapy

__all__ = ["Discrepancy", "discrepancy", "expected_nl"]


class Discrepancy(NamedTuple):
    """Withdrawn against expected. `percent` is of the expected volume; None where nothing was expected. `what` and `do` are for people."""

    expected_nl: int
    withdrawn_nl: int
    difference_nl: int
    percent: Fraction | None
    warns: bool
    what: str
    do: str


def expected_nl(therapy: Therapy, limits: Limits, fill_nl: int, span_us: tuple[int, int], bolus_nl: int = 0) -> Fraction:
    """What is left above the residual of a fill after a span of device clock; never below nothing."""
    return max(fill_nl - given_nl(therapy, limits, *span_us) - bolus_nl, Fraction(0))


def discrepancy(expected_nl: int, withdrawn_nl: int, percent_max: int | None = None) -> Discrepancy:
    """Judge what the needle found. Raises ValueError for a volume below nothing."""
    if min(expected_nl, withdrawn_nl) < 0:
        raise ValueError("a volume is not below nothing")
    difference = withdrawn_nl - expected_nl
    percent = Fraction(abs(difference) * PERCENT, expected_nl) if expected_nl else None
    most = practice("discrepancy_percent") if percent_max is None else percent_max
    warns = percent > most if percent is not None else difference > 0
    return Discrepancy(expected_nl, withdrawn_nl, difference, percent, warns, *_words(expected_nl, withdrawn_nl, percent, warns))


def _words(expected_nl: int, withdrawn_nl: int, percent: Fraction | None, warns: bool) -> tuple[str, str]:
    share = f", {percent_text(percent)} of what was expected" if percent is not None else ""
    more = withdrawn_nl > expected_nl
    said = f"{VOLUME.text(abs(withdrawn_nl - expected_nl))} {'more' if more else 'less'} than expected{share}"
    if not warns:
        return (said if withdrawn_nl != expected_nl else "as expected"), ""
    if more:
        return said, "it gave too little: look for a stall, a stop, or a blocked catheter, before the dose is raised"
    return said, "it gave too much, or fluid went beside the reservoir: watch for overdose, look for a pocket fill and over-infusion"
