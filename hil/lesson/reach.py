"""Conditions whose every name is right and that still can never be met: values that no act takes or shows, acts that the lesson shuts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from hil.errors import Problem, QuantityError
from hil.lesson.condition import Figure, Wanted, figure_of
from hil.lesson.doors import DOORS, is_open
from hil.lesson.facts import FACTS
from hil.lesson.shown import NO_FIGURE, VALUES, shown_by
from hil.lesson.vocabulary import acts_named
from hil.scenario.amount import PLAIN
from hil.scenario.parts import meant

if TYPE_CHECKING:
    from hil.lesson.acts.asked import Argument
    from hil.lesson.condition import Condition
    from hil.lesson.head import LessonHead
    from hil.scenario.script import Scenario
    from hil.therapy.source import Place

__all__ = ["reach_problems", "value_problem"]

ORDERED = "therapy-not-intended"
"""The fact that is never so where no therapy was ordered."""


def reach_problems(scenario: Scenario) -> Iterator[Problem]:
    """All conditions of a lesson."""
    head = cast("LessonHead", scenario.head)
    allowed = frozenset(head.allowed) if all(map(acts_named, head.allowed)) and head.allowed else None
    for place, condition in _conditions(head):
        for within, what, do in (*_values(condition), *_facts(condition, head)):
            yield Problem(scenario.line((*place, *within)), what, do)
        if place[0] == "checklist" and allowed is not None:
            for within, what, do in _shut(condition, allowed):
                yield Problem(scenario.line((*place, *within)), what, do)


Found = tuple["Place", str, str]
"""Where in the condition, what, and what to do."""


def _conditions(head: LessonHead) -> Iterator[tuple[Place, Condition]]:
    yield from ((("checklist", position), item) for position, item in enumerate(head.checklist))
    yield from ((("critical", position), error) for position, error in enumerate(head.critical) if error.missed is None)
    yield from ((("then", position, "when"), handler.when) for position, handler in enumerate(head.then) if handler.when is not None)
    if head.ends.when is not None:
        yield ("ends", "when"), head.ends.when


# ---------------------------------------------------------------- what acts take and show


def _values(condition: Condition) -> Iterator[Found]:
    acts = [act for name in condition.names for act in acts_named(name)] if condition.kind == "did" else []
    if acts:
        yield from _taken(condition, acts)
        yield from _shown(condition, acts)


def _taken(condition: Condition, acts: list[str]) -> Iterator[Found]:
    for key, wanted in (condition.with_ or {}).items():
        arguments = [argument for act in acts for argument in DOORS[act].arguments if argument.name == key]
        alike = len({each.choices for each in arguments}) == 1
        found = _not_taken(arguments[0], wanted, acts) if alike else None
        if found is not None:
            yield ("with", key), *found


def _shown(condition: Condition, acts: list[str]) -> Iterator[Found]:
    known = list(dict.fromkeys(shown for act in acts for shown in shown_by(act)))
    for key, wanted in (condition.found or {}).items():
        if key.split(".", maxsplit=1)[0] not in known:
            do = meant(key, known) if known else "take it away"
            yield ("found", key), f"found: {' and '.join(condition.names)} shows no {key!r}", do
        elif acts == ["measure"] and key == "value":
            found = _not_measured(wanted, (condition.with_ or {}).get("what"))
            if found is not None:
                yield ("found", key), *found


def _not_taken(argument: Argument, wanted: Wanted, acts: list[str]) -> tuple[str, str] | None:
    """Why no value that is typed there can fit."""
    for word in wanted.words if argument.choices else ():
        if word not in argument.choices:
            return f"{argument.name}: there is no {word!r} to choose", meant(word, argument.choices)
    if argument.choices and not wanted.words:
        return f"{argument.name}: {wanted.text!r} is no choice", f"it is one of: {', '.join(argument.choices)}"
    if not argument.choices and acts != ["treat"]:
        return _unitless(argument.name, wanted, argument.example)
    return None


def _not_measured(wanted: Wanted, what: Wanted | None) -> tuple[str, str] | None:
    """Why no value that is measured can fit; the first of several things is asked."""
    kinds = what.words if what is not None else ()
    if len(kinds) != 1 or kinds[0] not in VALUES:
        return None
    if wanted.low is None and wanted.high is None:
        return None
    if kinds[0] in NO_FIGURE:
        do = f"it is written like {VALUES[kinds[0]]!r}; ask for `measure` alone, or for another sign"
        return (f"value: {kinds[0]} is not one figure, and nothing is {wanted.text!r}", do) if not wanted.words else None
    bound = wanted.low or cast("Figure", wanted.high)
    shown = figure_of(VALUES[kinds[0]])
    if bound.unit == shown.unit:
        return None
    return f"value: {wanted.text!r} is never what {kinds[0]} shows", f"it is written like {VALUES[kinds[0]]}"


def _unitless(name: str, wanted: Wanted, example: str) -> tuple[str, str] | None:
    """A bare number where an amount is typed."""
    bound = wanted.low or wanted.high
    try:
        unit = figure_of(example).unit
    except QuantityError:
        return None
    if bound is None or bound.unit != PLAIN or unit == PLAIN:
        return None
    return f"{name}: {wanted.text!r} has no unit", f"write it like {example}"


def value_problem(act: str, name: str, value: object) -> tuple[str, str] | None:
    """Why a scripted learner cannot choose this value; None where nothing is to be chosen, or the value is there."""
    for argument in DOORS[act].arguments:
        if argument.name == name and argument.choices and isinstance(value, str) and value not in argument.choices:
            return f"{name}: there is no {value!r} to choose", meant(value, argument.choices)
    return None


# ---------------------------------------------------------------- what is so, and what is shut


def _facts(condition: Condition, head: LessonHead) -> Iterator[Found]:
    kind = condition.kind
    names = [name for name in condition.names if name in FACTS] if kind in ("knew", "fact", "gone", "never") else []
    if head.intended is None and ORDERED in names:
        yield (kind,), f"{ORDERED}: the lesson does not say which therapy was ordered", "add `intended` with the name of a therapy"
    if kind == "knew" and names and not any(FACTS[name].shown_by for name in names):
        yield (kind,), f"knew: no act shows {names[0]!r}", "ask for an act with `did`"


def _shut(condition: Condition, allowed: frozenset[str]) -> Iterator[Found]:
    """What the learner is asked to do, and may not."""
    acts: list[str] = []
    if condition.kind == "did":
        acts = [act for name in condition.names for act in acts_named(name)]
    elif condition.kind == "knew":
        acts = [each.split()[0] for name in condition.names if name in FACTS for each in FACTS[name].shown_by]
    if acts and not any(is_open(DOORS[act], allowed) for act in acts):
        shut = ", ".join(dict.fromkeys(acts))
        groups = " or ".join(dict.fromkeys(DOORS[act].group for act in acts))
        yield (condition.kind,), f"the learner may not do it: `allowed` has no {shut}", f"add it to `allowed`, or its group: {groups}"
