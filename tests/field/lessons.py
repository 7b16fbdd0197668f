"""The lessons that happened, by title. Each is a scenario that ships (`hil/library/scenarios`), and is played here through the two doors.

A scenario's expectations are formulas of rate, strength and volumes, never figures copied from a run: the direction and the size of the
error in the dose. Its slips are human.* faults, which rewrite what the programmer is told.
"""

from __future__ import annotations

from hil.scenario.result import Run

__all__ = ["LESSONS", "failures"]

LESSONS = (
    "Minutes typed for hours in a bolus interval",
    "Once a morning programmed as every hour",
    "Concentration raised without a bridge bolus",
    "Concentration lowered without a bridge bolus",
    "Pocket fill",
    "Refill into the side port",
    "Side-port flush without aspirating",
    "Update abandoned",
    "MRI with the telemetry trap",
    "Laptop or phone magnet",
    "Over-infusing pump runs dry without alarm",
    "19 mL left at two visits",
    "Three short stalls before a permanent one",
    "Stop of 48 h during a revision",
    "Restart at full dose after a holiday",
    "ERI missed, EOS stop",
    "Low-reservoir alarm at 2 mL too late",
    "Slow occlusion by precipitate",
    "Deep dive and pressure chamber",
)


def failures(runs: list[Run]) -> list[str]:
    """What was expected and not found, a line each."""
    return [f"{check.where} {run.variant}: expected {check.expected}; found {check.found}" for run in runs for check in run.broken]
