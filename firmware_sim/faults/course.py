"""How a lasting fault goes on in time: the few courses there are, each as the end of the phase in force.

A slope is cut into equal slices, each as strong as the slope is at its middle; so every factor is piecewise constant and all that follows
from it stays exact.
"""

from __future__ import annotations

from firmware_sim.faults.spec import ActiveFault, Course, Turn
from firmware_sim.limits import RAMP_SLICES

__all__ = ["alternating", "ramp", "ramped", "span"]


def span(parameter: str, unit_us: int) -> Course:
    """A fault that is over after the time one parameter tells."""

    def course(fault: ActiveFault) -> Turn | None:
        return Turn(fault.since_us + fault.value(parameter) * unit_us, last=True)

    return course


def ramp(parameter: str, unit_us: int) -> Course:
    """A fault that grows for the time one parameter tells, and then stays."""

    def course(fault: ActiveFault) -> Turn | None:
        over_us = fault.value(parameter) * unit_us
        if not over_us or fault.phase >= RAMP_SLICES:
            return None
        return Turn(fault.since_us + over_us * (fault.phase + 1) // RAMP_SLICES)

    return course


def ramped(full: int, fault: ActiveFault, parameter: str) -> int:
    """How strong a growing fault is in its present slice; at once when it takes no time to grow."""
    if not fault.value(parameter) or fault.phase >= RAMP_SLICES:
        return full
    return full * (2 * fault.phase + 1) // (2 * RAMP_SLICES)


def alternating(on: str, off: str, unit_us: int) -> Course:
    """A fault that comes and goes: there in even phases, away in odd ones."""

    def course(fault: ActiveFault) -> Turn | None:
        on_us, off_us = fault.value(on) * unit_us, fault.value(off) * unit_us
        rounds, away = divmod(fault.phase, 2)
        return Turn(fault.since_us + rounds * (on_us + off_us) + on_us + away * off_us)

    return course
