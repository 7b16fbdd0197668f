"""Interference with the telemetry that reaches the pump itself; what happens to bytes on the line is no fault of the pump."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware_sim.faults.course import span
from firmware_sim.faults.spec import ActiveFault, FaultSpec, Parameter
from firmware_sim.limits import FAULT_MINUTES_MAX
from firmware_sim.units import US_PER_MIN

if TYPE_CHECKING:
    from firmware_sim.plant.conditions import Conditions
    from firmware_sim.profile import Profile

__all__ = ["TELEMETRY_FAULTS"]


def _interfere(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
    conditions.field = True


TELEMETRY_FAULTS = (
    FaultSpec(
        "link.telemetry_trap",
        (Parameter("minutes", "how long the interference lasts", 1, FAULT_MINUTES_MAX),),
        "nothing",
        "that it has gone into telemetry mode, as it does when an unsilenced alarm sounds while the interference begins: it believes it "
        "infuses, the computed reservoir stands, and 48 h and stall timers with it; the alarm sounds on",
        "the rotor is free; in telemetry mode no step is commanded until somebody interrogates the pump, long after the interference is "
        "over; without an alarm delivery goes on",
        "maker's MRI guidance: interference while an alarm sounds, and no infusion until the next interrogation",
        _interfere,
        span("minutes", US_PER_MIN),
    ),
)
