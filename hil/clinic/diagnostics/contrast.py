"""The contrast study, as a CT myelogram through the side port.

Aspirate first: contrast pushes what stands in the catheter into the patient, at once. A dry tap ends the study before anything is pushed;
who does not aspirate at all is not stopped, and is told what he did.
"""

from __future__ import annotations

from typing import NamedTuple

from hil.clinic.diagnostics.bedside import Bedside
from hil.clinic.diagnostics.draws import Draws
from hil.clinic.diagnostics.lesion import Lesion, conditions, lesions
from hil.clinic.diagnostics.numbers import number
from hil.clinic.diagnostics.side_port import Sample, catheter_nl, is_dry, sample_of, syringe

__all__ = ["ContrastStudy", "contrast"]

NORMAL = "contrast runs freely to the tip and into the CSF"
NOT_ASPIRATED = "not aspirated first: what stood in the catheter has been pushed into the patient at once; watch for an overdose"
ASPIRATED_LITTLE = "less was aspirated than the catheter holds: the rest of its drug has been pushed into the patient at once"
CONTRAST_LEFT = "the catheter now holds contrast and no drug: prime it, or count the gap until drug is back at the tip"

_SHOWS = {
    "occlusion": "contrast stops in the catheter",
    "kink": "contrast narrows at a bend of the catheter",
    "granuloma": "a filling defect at the tip",
    "dislodgement": "contrast leaves at the tip, which is not where it was placed",
    "leak": "contrast leaves the catheter on its way",
    "fracture": "contrast leaves the catheter on its way",
    "disconnection": "contrast collects at the pump",
}
_FALSE = ("contrast narrows at a bend of the catheter", "contrast leaves the catheter on its way", "contrast stops in the catheter")


class ContrastStudy(NamedTuple):
    """What the pictures show, if the study was `made`; and the tap before it, if there was one."""

    made: bool
    abnormal: bool
    aspirated_nl: int
    sample: Sample | None
    injected_nl: int
    warnings: tuple[str, ...]
    says: str


def contrast(bedside: Bedside, aspirate_nl: int = 0, contrast_nl: int | None = None, draw: int | None = None) -> ContrastStudy:
    """Aspirate so much (0: do not), then push contrast and look. Raises BenchRefused, and then nothing has changed."""
    pump = bedside.pump
    pushed_nl = number("contrast", "usual_nl") if contrast_nl is None else contrast_nl
    if aspirate_nl and is_dry(pump, Draws(pump, "side_port", draw)):
        return ContrastStudy(False, False, 0, None, 0, (), "dry tap: contrast was not given")
    draws = Draws(pump, "contrast", draw)
    blocked = conditions(pump).blocked
    done = bedside.side_port(aspirate_nl=aspirate_nl, inject_nl=pushed_nl)
    if blocked:
        return ContrastStudy(True, True, 0, None, 0, (), "contrast cannot be pushed: the catheter is blocked")
    shown = _shown(draws, lesions(pump))
    sample = sample_of(draws, done.aspirated_nl, done.aspirated_ng)
    warnings = _warnings(done.aspirated_nl, catheter_nl(pump))
    return ContrastStudy(True, bool(shown), syringe(done.aspirated_nl), sample, pushed_nl, warnings, shown or NORMAL)


def _shown(draws: Draws, found: tuple[Lesion, ...]) -> str:
    """What is seen to be wrong; empty when nothing is."""
    if found:
        return _SHOWS[found[0].kind] if draws.happens("seen", number("contrast", "sensitivity_ppm")) else ""
    if draws.happens("passed", number("contrast", "specificity_ppm")):
        return ""
    return _FALSE[draws.below("false", len(_FALSE))]


def _warnings(aspirated_nl: int, holds_nl: int) -> tuple[str, ...]:
    if not aspirated_nl:
        return NOT_ASPIRATED, CONTRAST_LEFT
    return (ASPIRATED_LITTLE, CONTRAST_LEFT) if aspirated_nl < holds_nl else (CONTRAST_LEFT,)
