"""What happens in a case by itself while a lesson runs: at its time, or once its condition holds; each once in each case."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from hil.errors import HilError, UsageError
from hil.lesson.criteria import Judge
from hil.lesson.steps import play_hidden

if TYPE_CHECKING:
    from hil.lesson.case import Case
    from hil.lesson.entries import Entry
    from hil.lesson.lesson import Lesson, Reaction
    from hil.lesson.setting import Setting

__all__ = ["Reactions"]


class Reactions:
    """Those of one run. A judge for each learner folds the log, if anything waits for a condition at all."""

    def __init__(self, lesson: Lesson, setting: Setting) -> None:
        self._lesson = lesson
        self._all = setting.reactions
        self.timed = tuple(sorted((each for each in self._all if each.at_us is not None), key=lambda each: each.at_us or 0))
        self._waiting = tuple(each for each in self._all if each.when is not None)
        self._ends_when = setting.ends_when
        self._judges: dict[str, Judge] = {}
        self._passed_us = -1

    @property
    def conditional(self) -> bool:
        """Whether anything waits for a condition."""
        return bool(self._waiting) or self._ends_when is not None

    def join(self, key: str, entries: Iterable[Entry]) -> None:
        """Judge for one more learner, who has these entries behind him."""
        if self.conditional:
            conditions = [each.when for each in self._waiting if each.when is not None]
            conditions += [self._ends_when] if self._ends_when is not None else []
            self._judges[key] = Judge(self._lesson, key, conditions)
            for entry in entries:
                self._judges[key].feed(entry)

    def feed(self, entry: Entry) -> None:
        """Take the next entry of the log; a judge is told what is about his learner, or about all."""
        for key, judge in self._judges.items():
            if entry.about in ("", key) or entry.who == key:
                judge.feed(entry)

    # -- what is due -----------------------------------------------------------------------------------------------------

    def next_us(self, now_us: int) -> int | None:
        """When the next one comes by its time."""
        return next((each.at_us for each in self.timed if each.at_us is not None and each.at_us > now_us), None)

    def due(self, now_us: int) -> list[Reaction]:
        """Those whose time is this instant, told once."""
        found = [each for each in self.timed if each.at_us == now_us and now_us > self._passed_us]
        self._passed_us = max(self._passed_us, now_us)
        return found

    def come(self, case: Case, now_us: int) -> list[Reaction]:
        """Those whose condition holds in this case, told once."""
        judge = self._judges.get(case.key)
        if judge is None:
            return []
        found = [each for place, each in enumerate(self._waiting) if each.number not in case.done and judge.holds(place, now_us)]
        case.done |= {each.number for each in found}
        return found

    def over(self, cases: Iterable[Case], now_us: int) -> bool:
        """Whether what the lesson waits for has come in every case."""
        if self._ends_when is None or not self._judges:
            return False
        return all(case.finished or self._judges[case.key].holds(len(self._waiting), now_us) for case in cases)

    def named(self, step_id: str) -> Reaction:
        """One of them by its number or the id of what it tells. Raises UsageError."""
        for each in self._all:
            if step_id in (str(each.number), each.tell_id) and step_id:
                return each
        raise UsageError(
            f"the lesson has no step {step_id!r}", where="id", do=f"it has {', '.join(str(each.number) for each in self._all)}"
        )

    def play(self, case: Case, reaction: Reaction) -> dict[str, Any]:
        """Do it; returns the data of the entry. What goes otherwise than the lesson foresaw, after what the learner did, is told there."""
        case.done.add(reaction.number)
        step: dict[str, Any] = {"id": str(reaction.number), "text": reaction.tell}
        try:
            step["words"] = "; ".join(play_hidden(case.stage, reaction.steps))
        except HilError as error:
            step["error"] = str(error)
        finally:
            case.stage.frames.take()
        return step

    # -- bookmarks -------------------------------------------------------------------------------------------------------

    def marked(self) -> int:
        """How far it has come, to go back to; judges go back by the log, and cases keep what was done."""
        return self._passed_us

    def go_back(self, marked: int) -> None:
        """Be as it was then."""
        self._passed_us = marked
