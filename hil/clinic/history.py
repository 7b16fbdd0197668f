"""Whether a person's file still tells what the pump has: a history that was not kept up judges the wrong dose."""

from __future__ import annotations

from hil.clinic.person import Person
from hil.clinic.plan import Plan
from hil.errors import UsageError
from hil.wording.quantity import DAILY_DOSE

__all__ = ["check_break", "check_history"]


def check_history(plan: Plan, person: Person | None, where: str) -> None:
    """Compare the last dose of the file with the therapy before. Raises UsageError where they differ."""
    old = plan.old
    if old is None or person is None or person.doses is None:
        return
    if old.stops:
        check_break(person, where, "the pump runs at minimum rate")
        return
    known = {*old.day_doses_ng, round(old.mean_ng_per_day)}
    last = person.doses[-1].dose_ng_per_day if person.doses else 0
    if last not in known:
        told = f"its last dose is {DAILY_DOSE.text(last)}" if last else "it tells of no dose"
        before = DAILY_DOSE.text(old.highest_ng_per_day)
        raise UsageError(f"{told}, and the therapy before gives {before}", where=where, do="bring `doses` up to date")


def check_break(person: Person | None, where: str, why: str) -> None:
    """A pump that does not infuse is a break in the history of somebody who was infused. Raises UsageError where none is told."""
    if person is not None and person.doses and not (person.breaks and person.breaks[-1].until_us is None):
        raise UsageError(f"{why}, and no break is told that still lasts", where=where, do="add it: breaks: [{since: ...}]")
