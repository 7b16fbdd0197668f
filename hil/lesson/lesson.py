"""A lesson that has been read: its scenario, what happens while it runs, its words, and the scripted learners beside it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from hil.lesson.condition import Condition
from hil.lesson.head import Critical, Item, LessonHead
from hil.lesson.texts import ItemText, Texts
from hil.scenario.script import Scenario, Step

if TYPE_CHECKING:
    from hil.lesson.policy import Policy

__all__ = ["Lesson", "Reaction"]


class Reaction(NamedTuple):
    """A handler: at a time since the learner came (us) or once a condition holds, steps to do and words to tell (empty: none)."""

    number: int
    at_us: int | None
    when: Condition | None
    steps: tuple[Step, ...]
    tell_id: str
    tell: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """One lesson in one language. `policies` are the scripted learners beside it, by name: good and poor of those that ship."""

    name: str
    folder: Path
    language: str
    languages: tuple[str, ...]
    scenario: Scenario
    texts: Texts
    reactions: tuple[Reaction, ...]
    policies: dict[str, Policy]

    @property
    def head(self) -> LessonHead:
        return cast(LessonHead, self.scenario.head)

    @property
    def title(self) -> str:
        return self.texts.title

    @property
    def checklist(self) -> tuple[Item, ...]:
        return tuple(self.head.checklist)

    @property
    def critical(self) -> tuple[Critical, ...]:
        return tuple(self.head.critical)

    @property
    def review(self) -> str:
        """What its first page and its printout say of the review."""
        return f"Clinically reviewed: {self.head.reviewed}"

    @property
    def sha256(self) -> str:
        """Of its logic, which is all that a run depends on."""
        return hashlib.sha256(self.scenario.data).hexdigest()

    def item_text(self, item_id: str) -> ItemText:
        """The words of an item or a critical error."""
        return self.texts.checklist.get(item_id) or self.texts.critical[item_id]

    def diagnosis(self, diagnosis_id: str) -> str:
        """The words of a diagnosis."""
        return self.texts.diagnoses[diagnosis_id]

    def said(self, step: Step) -> str:
        """What a step is called; empty for one that has no words."""
        return self.texts.say.get(step.timing.say or "", "")
