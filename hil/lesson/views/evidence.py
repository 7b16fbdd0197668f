"""What shows each fact, and which acts a lesson allows: the table of facts and the doors as the lanes need them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from hil.lesson.doors import DOORS, is_open
from hil.lesson.facts import FACTS, Fact
from hil.lesson.views.lanes import Evident

if TYPE_CHECKING:
    from hil.lesson.lesson import Lesson

__all__ = ["allowed_acts", "evident_facts"]

OVER_WIRE = "programmer"
MADE_BY: dict[str, frozenset[str]] = {
    "pump-stopped": frozenset({"stop"}),
    "bolus-running": frozenset({"bolus", "patient-bolus", "prime", "bridge"}),
    "magnet-held": frozenset({"magnet"}),
    "reservoir-empty": frozenset({"withdraw", "rinse", "reservoir"}),
    "reservoir-differs": frozenset({"withdraw", "rinse", "fill", "reservoir"}),
    "concentration-differs": frozenset({"fill", "rinse"}),
}
"""Acts whose doer knows that it is so now: he has just done it."""


@cache
def evident_facts() -> dict[str, Evident]:
    """By fact: what the lanes need of it."""
    return {fact.name: _evident(fact) for fact in FACTS.values()}


def _evident(fact: Fact) -> Evident:
    return Evident(
        fact.words,
        frozenset(fact.shown_by),
        frozenset(filter(_over_wire, fact.shown_by)),
        fact.reveals,
        MADE_BY.get(fact.name, frozenset()),
    )


def _over_wire(way: str) -> bool:
    door = DOORS.get(way.split(maxsplit=1)[0])
    return door is not None and door.group == OVER_WIRE


def allowed_acts(lesson: Lesson) -> frozenset[str]:
    """The acts whose doors this lesson leaves open."""
    allowed = frozenset(lesson.head.allowed) or None
    return frozenset(door.act for door in DOORS.values() if is_open(door, allowed))
