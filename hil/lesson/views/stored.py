"""A run as its log tells it, live or from a file, and what of it each role may have: the gate of debrief, export and printout.

Before the debrief is opened a learner has what the pages showed him. Afterwards he has all of his own case, truth too, since that is what
a debrief is for; of the others he never has anything, their names included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hil.errors import CheckFailed, UsageError
from hil.lesson.entries import CLASS, CLOCK, INSTRUCTOR, Entry
from hil.lesson.log import branch_of
from hil.lesson.projection import Role, project
from hil.lesson.views.moments import Moments

if TYPE_CHECKING:
    from hil.lesson.lesson import Lesson
    from hil.lesson.run import LessonRun

__all__ = ["Stored", "is_open"]

DEBRIEF = "debrief"
OF_ALL = frozenset({"", INSTRUCTOR, CLASS, CLOCK})
NEVER = {"began": ("learners",)}
"""Fields that name others, by kind."""


def is_open(entries: Sequence[Entry]) -> bool:
    """Whether the instructor has opened the debrief."""
    return any(entry.kind == "opened" and entry.data.get("what") == DEBRIEF for entry in entries)


@dataclass(frozen=True)
class Stored:
    """A lesson and the log of a run of it, or its beginning. `run` is the live one, if there is: it saves a replay for the curves."""

    lesson: Lesson
    entries: Sequence[Entry]
    run: LessonRun | None = None

    @cached_property
    def present(self) -> Sequence[Entry]:
        """What led to the present; what a return to a bookmark undid is left out."""
        return branch_of(self.entries)

    @cached_property
    def began(self) -> dict[str, Any]:
        return next((entry.data for entry in self.entries if entry.kind == "began"), {})

    @cached_property
    def learners(self) -> dict[str, str]:
        """Nicknames by key, in the order of coming."""
        return {entry.who: str(entry.data.get("nickname", entry.who)) for entry in self.entries if entry.kind == "joined"}

    @cached_property
    def opened(self) -> bool:
        return is_open(self.entries)

    @cached_property
    def ended(self) -> bool:
        return any(entry.kind == "ended" for entry in self.entries)

    @cached_property
    def moments(self) -> Moments:
        return Moments.of(self.present)

    def known(self, learner: str) -> str:
        """The key, if there is such a learner; of none at all the first who came. Raises UsageError."""
        learner = learner or next(iter(self.learners), "")
        if learner not in self.learners:
            raise UsageError(f"no learner {learner!r} is in this run", where="debrief", do="take a key from the class table")
        return learner

    def shows_truth(self, role: Role) -> bool:
        return role == INSTRUCTOR or (role == "learner" and self.opened)

    def demand_truth(self, role: Role) -> None:
        """Raises CheckFailed where the truth is not for this role, or not yet."""
        if not self.shows_truth(role):
            raise CheckFailed("the debrief is not open", where="debrief", do="wait until the instructor opens it")

    def entries_for(self, role: Role, learner: str = "") -> list[Entry]:
        """The entries that this role may have, whole or cut down."""
        if role == INSTRUCTOR:
            return list(self.entries)
        whole = self.shows_truth(role)
        found = (_own(entry, learner) if whole else project(entry, role, learner) for entry in self.entries)
        return [entry for entry in found if entry is not None]


def _own(entry: Entry, learner: str) -> Entry | None:
    """An entry of one's own case after the debrief was opened, without what names others."""
    named = entry.data.get("learner", learner)
    if entry.about not in {learner, ""} or entry.who not in OF_ALL | {learner} or named != learner:
        return None
    hidden = ("ref", "order", *NEVER.get(entry.kind, ()))
    return entry._replace(data={name: value for name, value in entry.data.items() if name not in hidden})
