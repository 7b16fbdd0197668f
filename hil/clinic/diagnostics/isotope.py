"""The isotope study: a trace of activity in the reservoir, and pictures a day or two later that show how far it has come.

The amount is too small to move or dilute anything, and the pictures are one look here: make it when the tracer would have had its time.
"""

from __future__ import annotations

from typing import NamedTuple

from hil.clinic.diagnostics.bedside import Bedside
from hil.clinic.diagnostics.draws import Draws
from hil.clinic.diagnostics.lesion import lesions
from hil.clinic.diagnostics.numbers import number

__all__ = ["IsotopeStudy", "isotope"]


class IsotopeStudy(NamedTuple):
    """Whether activity was seen to come into the CSF as it should."""

    abnormal: bool
    says: str


def isotope(bedside: Bedside, draw: int | None = None) -> IsotopeStudy:
    """Look for the tracer. A rotor that stands shows like a catheter that is closed. No side effect."""
    pump = bedside.pump
    draws = Draws(pump, "isotope", draw)
    wrong = bool(lesions(pump)) or not pump.truth().moving
    abnormal = draws.happens("seen", number("isotope", "sensitivity_ppm"))
    if not wrong:
        abnormal = not draws.happens("passed", number("isotope", "specificity_ppm"))
    return IsotopeStudy(abnormal, "activity does not come into the CSF as it should" if abnormal else "activity ascends in the CSF")
