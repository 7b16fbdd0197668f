"""The weaning plan: from a dose to nothing in equal steps over two to four weeks (R-046), never faster than one step a day."""

from __future__ import annotations

from typing import NamedTuple

from firmware_sim.units import DAYS_PER_WEEK
from hil.clinic.rules.table import RuleSet
from hil.errors import CheckFailed
from hil.wording.measures import measure

__all__ = ["WeaningStep", "weaning_plan"]


class WeaningStep(NamedTuple):
    """From this day on (0 is the first), this dose; the last dose is nothing."""

    day: int
    dose_ng_per_day: int


def weaning_plan(rules: RuleSet, dose_ng_per_day: int, weeks: int) -> tuple[WeaningStep, ...]:
    """Taper a dose to nothing: dose x (1 - k/n) at step k of n, rounded down. Raises CheckFailed for too few or too many weeks."""
    rule = rules.rules["R-046"]
    low, high = rule.one("weeks_min"), rule.one("weeks_max")
    if not low <= weeks <= high:
        raise CheckFailed(
            f"a taper over {measure('weeks', weeks)}", where=rule.id, do=f"take {measure('weeks', low)} to {measure('weeks', high)}"
        )
    if dose_ng_per_day <= 0:
        raise ValueError("there is no dose to wean from")
    every = rule.one("step_days")
    count = weeks * DAYS_PER_WEEK // every
    return tuple(WeaningStep(step * every - every, dose_ng_per_day * (count - step) // count) for step in range(1, count + 1))
