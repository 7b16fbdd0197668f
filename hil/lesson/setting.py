"""What a run takes from a lesson: who comes with which pump, what may be done, what happens by itself, when it ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from hil.lesson.condition import Condition
    from hil.lesson.lesson import Lesson, Reaction
    from hil.scenario.script import Cast, Scenario

__all__ = ["Setting", "setting_of"]


class Setting(NamedTuple):
    """The lesson as a run needs it. `allowed` are acts or groups of acts, None is all; `patient` are the arguments of `Pump.patient`."""

    name: str
    scenario: Scenario
    cast: Cast
    patient: Mapping[str, Any]
    settled_us: int
    allowed: frozenset[str] | None
    diagnoses: tuple[str, ...]
    intended: str
    reactions: tuple[Reaction, ...]
    ends_us: int
    ends_when: Condition | None
    speed: int
    alarm_drops: bool


def setting_of(lesson: Lesson) -> Setting:
    """Read it off a lesson."""
    head = lesson.head
    person = head.patient
    return Setting(
        lesson.name,
        lesson.scenario,
        lesson.scenario.casts[0],
        {"preset": person.model, "sensitivity": person.sensitivity, "seed": person.seed},
        person.settled or 0,
        frozenset(head.allowed) or None,
        head.diagnoses,
        head.intended or "",
        lesson.reactions,
        head.ends.after,
        head.ends.when,
        head.speed.first,
        head.speed.alarm_drops,
    )
