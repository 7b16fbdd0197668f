"""The plain film: it shows where the catheter parts, bends sharply or has gone, and nothing of what it carries."""

from __future__ import annotations

from typing import NamedTuple

from hil.clinic.diagnostics.bedside import Bedside
from hil.clinic.diagnostics.draws import Draws
from hil.clinic.diagnostics.lesion import Lesion, lesions
from hil.clinic.diagnostics.numbers import number

__all__ = ["SHOWN", "Film", "Sight", "xray"]

SHOWN = ("disconnection", "fracture", "dislodgement", "kink")
"""What a film can show; leaks, occlusions and granulomas are silent on it."""


class Sight(NamedTuple):
    """One thing on the film: what it looks like, about where (from the pump; -1: not told), the level of the tip ("": in place)."""

    kind: str
    at_mm: int
    level: str


class Film(NamedTuple):
    """What somebody who reads it sees."""

    seen: tuple[Sight, ...]
    says: str

    @property
    def abnormal(self) -> bool:
        """Whether it is read as abnormal."""
        return bool(self.seen)


def xray(bedside: Bedside, draw: int | None = None) -> Film:
    """Take a film and read it. No side effect."""
    pump = bedside.pump
    draws = Draws(pump, "xray", draw)
    shown = [lesion for lesion in lesions(pump) if lesion.kind in SHOWN]
    seen = [_sight(draws, place, lesion) for place, lesion in enumerate(shown) if _is_seen(draws, place, lesion)]
    if not seen and draws.happens("false", number("xray", "false_ppm")):
        seen = [Sight("kink", draws.below("where", pump.profile.catheter.length_mm), "")]
    return Film(tuple(seen), "; ".join(map(_said, seen)) or "catheter continuous, tip where it was placed")


def _is_seen(draws: Draws, place: int, lesion: Lesion) -> bool:
    return draws.happens(f"{lesion.kind} {place}", number("xray", f"{lesion.kind}_seen_ppm"))


def _sight(draws: Draws, place: int, lesion: Lesion) -> Sight:
    if lesion.at_mm <= 0:
        return Sight(lesion.kind, lesion.at_mm, lesion.level)
    off_mm = draws.off_by(f"place {place}", number("xray", "place_sd_mm"), number("xray", "place_off_mm_max"))
    return Sight(lesion.kind, max(0, lesion.at_mm + off_mm), lesion.level)


def _said(sight: Sight) -> str:
    if sight.level:
        return f"tip at {sight.level}"
    where = {-1: "along the catheter", 0: "at the pump"}.get(sight.at_mm, f"about {sight.at_mm} mm from the pump")
    return f"{sight.kind} {where}"
