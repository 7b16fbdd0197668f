"""Aspirating through the side port: CSF that flows freely says that the catheter is open; a dry tap may say that it is not.

A quarter of published taps were dry without a fault named. What comes out holds drug; how much, a laboratory tells a day later.
"""

from __future__ import annotations

from typing import NamedTuple

from firmware_sim.pump import Pump
from firmware_sim.units import NL_PER_ML, PPM
from hil.clinic.diagnostics.bedside import Bedside
from hil.clinic.diagnostics.draws import Draws
from hil.clinic.diagnostics.lesion import conditions, outside
from hil.clinic.diagnostics.numbers import number

__all__ = ["Sample", "Tap", "aspirate", "catheter_nl", "is_dry", "sample_of", "syringe"]

DRUG_FREE = "the catheter now holds CSF and no drug: prime it, or count the gap until drug is back at the tip"
OLD_DRUG = "less was drawn than the catheter holds: drug is left in it"


class Sample(NamedTuple):
    """What was drawn, sent to a laboratory: its volume, the concentration that is told, and how much later."""

    volume_nl: int
    laboratory_ng_per_ml: int
    told_after_s: int


class Tap(NamedTuple):
    """An attempt to aspirate, as the syringe shows it."""

    dry: bool
    aspirated_nl: int
    sample: Sample | None
    warnings: tuple[str, ...]
    says: str


def aspirate(bedside: Bedside, aspirate_nl: int | None = None, draw: int | None = None) -> Tap:
    """Try to draw so much (as is usual, when not told) out of the catheter. A dry tap draws nothing and changes nothing."""
    wanted_nl = number("side_port", "usual_nl") if aspirate_nl is None else aspirate_nl
    draws = Draws(bedside.pump, "side_port", draw)
    if is_dry(bedside.pump, draws):
        return Tap(True, 0, None, (), "dry tap: nothing can be drawn")
    done = bedside.side_port(aspirate_nl=wanted_nl)
    holds_nl = catheter_nl(bedside.pump)
    warnings = (DRUG_FREE,) if done.aspirated_nl >= holds_nl else (OLD_DRUG,)
    read_nl = syringe(done.aspirated_nl)
    return Tap(False, read_nl, sample_of(draws, done.aspirated_nl, done.aspirated_ng), warnings, "clear fluid flows freely")


def is_dry(pump: Pump, draws: Draws) -> bool:
    """Whether nothing can be drawn: always when nothing can pass, mostly when the catheter opens into tissue, at times for no reason."""
    now = conditions(pump)
    if now.blocked:
        return True
    chance_ppm = number("side_port", "dry_without_fault_ppm")
    if now.leak_ppm >= PPM:
        chance_ppm = max(chance_ppm, number("side_port", "dry_when_broken_ppm"))
    if outside(now.tip_level):
        chance_ppm = max(chance_ppm, number("side_port", "dry_when_outside_ppm"))
    return draws.happens("dry", chance_ppm)


def catheter_nl(pump: Pump) -> int:
    """What the catheter holds from the side port to the tip, by its length as it was implanted."""
    return pump.profile.catheter.path_nl - pump.profile.catheter.tubing_nl


def sample_of(draws: Draws, volume_nl: int, drug_ng: int) -> Sample | None:
    """What a laboratory makes of a syringe; None for an empty one."""
    if not volume_nl:
        return None
    off_ppm = draws.off_by("laboratory", number("laboratory", "reading_sd_ppm"), number("laboratory", "reading_off_ppm_max"))
    told_ng_per_ml = drug_ng * NL_PER_ML * (PPM + off_ppm) // (volume_nl * PPM)
    return Sample(syringe(volume_nl), told_ng_per_ml, number("laboratory", "after_s"))


def syringe(volume_nl: int) -> int:
    """A volume as it is read off a syringe: to the nearest mark."""
    mark_nl = number("side_port", "graduation_nl")
    return (2 * volume_nl + mark_nl) // (2 * mark_nl) * mark_nl
