"""The rotor study: two images with a programmed small bolus between them; a rotor that stands shows no turn.

An image tells the rotor's angle within a turn. A bolus of several turns, or much basal between the images, cannot be told from less.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from hil.clinic.diagnostics.bedside import Bedside
from hil.clinic.diagnostics.draws import Draws
from hil.clinic.diagnostics.limits import FULL_TURN_MDEG, MDEG_PER_DEGREE
from hil.clinic.diagnostics.numbers import number

__all__ = ["CheckBolus", "RotorImage", "RotorStudy", "check_bolus", "rotor_image", "rotor_study", "turned"]


class RotorImage(NamedTuple):
    """One image: the rotor's angle as it is read (thousandths of a degree)."""

    angle_mdeg: int
    says: str


class RotorStudy(NamedTuple):
    """Two images compared: how far the rotor turned between them, and how far the check bolus turns it."""

    turned_mdeg: int
    expected_mdeg: int
    turns: bool
    says: str


class CheckBolus(NamedTuple):
    """The bolus of a rotor study."""

    volume_nl: int
    duration_s: int


def check_bolus() -> CheckBolus:
    """What to programme between the images."""
    return CheckBolus(number("rotor", "check_bolus_nl"), number("rotor", "check_bolus_s"))


def rotor_image(bedside: Bedside, draw: int | None = None) -> RotorImage:
    """Take one image and read the angle. No side effect."""
    pump = bedside.pump
    draws = Draws(pump, "rotor", draw)
    at_rest_mdeg = Draws(pump, "rotor at rest", 0).below("angle", FULL_TURN_MDEG)
    turned_mdeg = pump.truth().steps_moved * pump.profile.motor.step_nl * number("rotor", "turn_mdeg") // number("rotor", "check_bolus_nl")
    off_mdeg = draws.off_by("reading", number("rotor", "reading_sd_mdeg"), number("rotor", "reading_off_mdeg_max"))
    angle_mdeg = (at_rest_mdeg + turned_mdeg + off_mdeg) % FULL_TURN_MDEG
    return RotorImage(angle_mdeg, f"rotor at {_degrees(angle_mdeg)}")


def turned(before_mdeg: int, after_mdeg: int) -> RotorStudy:
    """Compare two angles."""
    expected_mdeg = number("rotor", "turn_mdeg")
    least_mdeg = expected_mdeg // 2
    turned_mdeg = (after_mdeg - before_mdeg + least_mdeg) % FULL_TURN_MDEG - least_mdeg
    turns = turned_mdeg >= least_mdeg
    said = f"turned by {_degrees(turned_mdeg)}" if turns else "did not turn"
    return RotorStudy(turned_mdeg, expected_mdeg, turns, f"rotor {said}; a check bolus turns it by {_degrees(expected_mdeg)}")


def rotor_study(image: Callable[[], RotorImage], bolus: Callable[[], object]) -> RotorStudy:
    """An image, then `bolus`, which programmes the check bolus and waits for its end, then another image."""
    before = image()
    bolus()
    return turned(before.angle_mdeg, image().angle_mdeg)


def _degrees(mdeg: int) -> str:
    return f"{round(mdeg / MDEG_PER_DEGREE)} degrees"
