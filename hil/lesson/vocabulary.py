"""The names that a lesson may use for acts, groups of acts and facts: those of the doors and of the table of facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.lesson.doors import DOORS, GROUPS
from hil.lesson.facts import FACTS

if TYPE_CHECKING:
    from hil.lesson.entries import Entry

__all__ = ["act_words", "acts", "acts_named", "arguments_of", "fact_words", "facts", "groups", "shows"]


def facts() -> tuple[str, ...]:
    """All facts, by name."""
    return tuple(FACTS)


def fact_words(fact: str) -> str:
    """A fact as a reader is told it."""
    return FACTS[fact].words


def shows(fact: str, entry: Entry) -> bool:
    """Whether this entry shows its learner that the fact is so, if it is."""
    return FACTS[fact].reveals(entry)


def acts() -> tuple[str, ...]:
    """All acts."""
    return tuple(DOORS)


def act_words(name: str) -> str:
    """An act, or a group of them, as a reader is told that it was done."""
    return DOORS[name].past if name in DOORS else f"did something of '{name}'"


def groups() -> dict[str, tuple[str, ...]]:
    """The acts of each group."""
    return {group: tuple(act for act, door in DOORS.items() if door.group == group) for group in GROUPS}


def acts_named(name: str) -> tuple[str, ...]:
    """The acts that a name stands for: an act itself, or those of a group. Empty for neither."""
    return (name,) if name in DOORS else groups().get(name, ())


def arguments_of(act: str) -> tuple[str, ...]:
    """The names of an act's arguments."""
    return tuple(argument.name for argument in DOORS[act].arguments)
