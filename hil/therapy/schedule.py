"""What several lines of a therapy file say together: steps tile the day, every weekday is in one group, a step has one strength."""

from __future__ import annotations

from collections.abc import Iterator

from hil.errors import Problem
from hil.therapy.arithmetic import MINUTES_PER_DAY
from hil.therapy.days import ALL_DAYS, DAYS, days_name
from hil.therapy.model import FlexFile, GroupFile, StepFile, TherapyFile
from hil.therapy.source import Place, Tree
from hil.wording.quantity import minute_of_day

__all__ = ["schedule_problems"]


def schedule_problems(file: TherapyFile, tree: Tree) -> list[Problem]:
    """Find all of them, with the line of each."""
    if not isinstance(file, FlexFile):
        return []
    problems = list(_weekday_problems(file, tree))
    for position, group in enumerate(file.groups):
        problems += _group_problems(group, ("groups", position), tree)
    return problems


def _weekday_problems(file: FlexFile, tree: Tree) -> Iterator[Problem]:
    seen = 0
    for position, group in enumerate(file.groups):
        twice = group.days & seen
        seen |= group.days
        if twice:
            line = tree.line(("groups", position, "days"))
            yield Problem(line, f"{days_name(twice)} is in an earlier group too", "put every weekday in one group")
    if seen != ALL_DAYS:
        missing = ", ".join(name for day, name in enumerate(DAYS) if not seen >> day & 1)
        yield Problem(tree.line(("groups",)), f"no group has {missing}", "put every weekday in one group")


def _group_problems(group: GroupFile, place: Place, tree: Tree) -> Iterator[Problem]:
    """Walk the steps in the file's order; each should begin where the one before ended."""
    expected = 0
    for position, step in enumerate(group.steps):
        here: Place = (*place, "steps", position)
        yield from _step_problems(step, here, tree)
        if step.start != expected:
            word = "leaves a gap after" if step.start > expected else "overlaps the step that ends at"
            say = f"the step from {minute_of_day(step.start)} {word} {minute_of_day(expected)}"
            yield Problem(tree.line((*here, "from")), say, f"begin it at {minute_of_day(expected)}, or change the step before")
        expected = step.end if step.end > step.start else MINUTES_PER_DAY
    if expected != MINUTES_PER_DAY:
        say = f"the day ends at {minute_of_day(expected)}" if group.steps else "the group has no steps"
        yield Problem(tree.line((*place, "steps", max(len(group.steps) - 1, 0), "to")), say, "let the steps run from 00:00 to 24:00")


def _step_problems(step: StepFile, here: Place, tree: Tree) -> Iterator[Problem]:
    if step.end <= step.start:
        span = f"the step from {minute_of_day(step.start)} to {minute_of_day(step.end)}"
        empty = step.end == step.start
        say, do = ("has no length", "take it away") if empty else ("crosses midnight", "end it at 24:00 and begin another at 00:00")
        yield Problem(tree.line((*here, "to")), f"{span} {say}", do)
    if (step.dose is None) == (step.rate is None):
        say = "a step has both a dose and a rate" if step.dose is not None else "a step has no dose"
        yield Problem(tree.line(here), say, "write `dose: 30 mcg` (the drug given in that step), or a `rate`, and not both")
