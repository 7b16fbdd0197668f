"""What a learner's page has before anything was done: the briefing without the lesson's name, and the acts that this lesson allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hil.clinic.rules.table import DEFAULT_SET, rule_set
from hil.lesson.doors import DOORS, GROUPS, Door, is_open
from hil.lesson.head import NOT_REVIEWED
from hil.wording import quantity

if TYPE_CHECKING:
    from hil.lesson.acts.asked import Argument
    from hil.lesson.lesson import Lesson

__all__ = ["opening"]

STRENGTHS = "R-003"
"""The rule that tells the strengths for pumps."""
UNLIKE_TOLD_BEFORE = ("skill",)
"""Zones in which what is unlike the ward stands on the first page; that of a case would tell what is wrong, and comes with the debrief."""
ALONE = "wait"
"""The group of a learner without an instructor: letting the clock run."""


def opening(lesson: Lesson, run: str = "", colour: str = "", nickname: str = "", *, alone: bool = False) -> dict[str, Any]:
    """The first keys of the view. `alone` adds the acts of somebody who has no instructor."""
    head, texts = lesson.head, lesson.texts
    allowed = frozenset(head.allowed) or None
    shown = [door for door in DOORS.values() if is_open(door, allowed) and (alone or door.group != ALONE)]
    return {
        "run": {"name": run, "colour": colour, "nickname": nickname, "profile": "US"},
        "briefing": {
            "words": list(texts.briefing),
            "objectives": list(texts.objectives),
            "minutes": f"{head.minutes} min",
            "level": head.level,
            "zone": head.zone,
            "reviewed": f"Clinically reviewed: {head.reviewed}",
            "not_reviewed": head.reviewed == NOT_REVIEWED,
            "fidelity": (texts.fidelity or "") if head.zone in UNLIKE_TOLD_BEFORE else "",
        },
        "doors": [{"group": group, "acts": acts} for group in GROUPS if (acts := [_door(door) for door in shown if door.group == group])],
        "stock": [quantity.CONCENTRATION.text(strength) for strength in rule_set(DEFAULT_SET).rules[STRENGTHS].many("pump_ng_per_ml")],
        "diagnoses": _diagnoses(lesson),
    }


def _diagnoses(lesson: Lesson) -> list[dict[str, str]]:
    """To choose from, by their words: who writes a lesson writes the right one first."""
    told = [{"id": name, "text": lesson.diagnosis(name)} for name in lesson.head.diagnoses]
    return sorted(told, key=lambda each: each["text"].casefold())


def _door(door: Door) -> dict[str, Any]:
    return {"act": door.act, "label": door.label, "arguments": [_argument(argument) for argument in door.arguments]}


def _argument(argument: Argument) -> dict[str, Any]:
    plain = argument._asdict()
    return {**plain, "choices": list(argument.choices)}
