"""What is wrong with a catheter, as far as an examination could see it: read from the faults in force, and from nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from firmware_sim.faults import FAULTS
from firmware_sim.faults.course import ramped
from firmware_sim.faults.imposed import conditions_of
from firmware_sim.faults.spec import ActiveFault
from firmware_sim.plant.conditions import Conditions
from firmware_sim.pump import Pump
from firmware_sim.units import PPM
from hil.clinic.diagnostics.numbers import number
from hil.faults.registry import parameters_of

__all__ = ["Lesion", "conditions", "lesions", "outside"]


class Lesion(NamedTuple):
    """One of them: its kind, its place (distance from the pump's end, -1: none to tell), the level of a tip that moved, and how grave."""

    kind: str
    at_mm: int
    level: str
    share_ppm: int


def lesions(pump: Pump) -> tuple[Lesion, ...]:
    """Those that are there now and grave enough to be seen."""
    found = (_lesion(fault) for fault in pump.faults() if fault.name in _SHARES)
    return tuple(lesion for lesion in found if lesion.share_ppm >= number("lesion", "seen_from_ppm"))


def conditions(pump: Pump) -> Conditions:
    """What all faults in force impose on the pump now."""
    return conditions_of(pump.faults(), FAULTS, pump.profile)


def outside(level: str) -> bool:
    """Whether a tip there lies outside the sac, so that no CSF reaches it."""
    return bool(level) and not level[1:].isdigit()


def _lesion(fault: ActiveFault) -> Lesion:
    values = parameters_of(fault)
    kind = fault.name.partition(".")[2]
    at_mm = 0 if kind == "disconnection" else int(values.get("at_mm", -1))
    return Lesion(_SAID.get(kind, kind), at_mm, str(values.get("level", "")), _SHARES[fault.name](fault))


def _all(_fault: ActiveFault) -> int:
    return PPM


def _share(parameter: str) -> Callable[[ActiveFault], int]:
    return lambda fault: fault.value(parameter)


def _grown(parameter: str) -> Callable[[ActiveFault], int]:
    return lambda fault: ramped(fault.value(parameter), fault, "over_days")


def _bent(fault: ActiveFault) -> int:
    """A kink comes and goes; it is bent in even phases."""
    return 0 if fault.phase % 2 else fault.value("fraction_ppm")


def _grown_in(fault: ActiveFault) -> int:
    return max(_grown("fraction_ppm")(fault), _grown("astray_ppm")(fault))


_SAID = {"slow_occlusion": "occlusion", "unapproved_drug": "occlusion"}
"""Kinds that look like another one."""
_SHARES: dict[str, Callable[[ActiveFault], int]] = {
    "catheter.occlusion": _share("fraction_ppm"),
    "catheter.slow_occlusion": _grown("fraction_ppm"),
    "reservoir.unapproved_drug": _grown("precipitate_ppm"),
    "catheter.kink": _bent,
    "catheter.leak": _share("share_ppm"),
    "catheter.disconnection": _all,
    "catheter.fracture": _all,
    "catheter.dislodgement": _all,
    "catheter.granuloma": _grown_in,
}
"""The faults that are lesions, and how grave each is in its present phase."""
