"""A score: what of the checklist was met or missed, when and why; critical errors apart and said first.

`score` is a function of the log, `ScoreFold` the same while it grows: after the same entries both say the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from hil.lesson.condition import START, Condition
from hil.lesson.criteria import MET, MISSED, NOT_JUDGED, OPEN, Judge, Standing
from hil.lesson.entries import Entry
from hil.lesson.lesson import Lesson
from hil.lesson.vocabulary import act_words, fact_words, facts
from hil.wording.quantity import duration

__all__ = ["AUTO", "CriticalScore", "ItemScore", "NearMiss", "Score", "ScoreFold", "score"]

US_PER_S = 1_000_000
PERCENT = 100
AUTO = "auto"
"""An instructor's tick that is taken back."""


class ItemScore(NamedTuple):
    """One item of the checklist. `at_us`: when it was decided; `due_us`: until when it could be met; `by`: auto, or who ticked it."""

    id: str
    text: str
    weight: int
    state: str
    at_us: int | None
    due_us: int | None
    why: str
    by: str = AUTO


class CriticalScore(NamedTuple):
    """One critical error: whether and when it was committed."""

    id: str
    text: str
    committed: bool
    at_us: int | None
    why: str


class NearMiss(NamedTuple):
    """A limit hit, an abandoned update, a step back, an override: when, what, and how long until the next proper act (None: none came)."""

    at_us: int
    what: str
    detail: str
    corrected_after_us: int | None


class Score(NamedTuple):
    """How a learner stands. `got` of `most` are weights, items not judged left out; `passed` is None until the end."""

    items: tuple[ItemScore, ...]
    critical: tuple[CriticalScore, ...]
    near_misses: tuple[NearMiss, ...]
    got: int
    most: int
    pass_percent: int
    over: bool
    now_us: int

    @property
    def share_percent(self) -> int:
        """Whole per cent of the weights that were met; nothing is rounded up."""
        return self.got * PERCENT // self.most if self.most else 0

    @property
    def errors(self) -> tuple[CriticalScore, ...]:
        """The critical errors that were committed."""
        return tuple(each for each in self.critical if each.committed)

    @property
    def passed(self) -> bool | None:
        """No with a critical error, whatever the share; otherwise by the share, once it is over."""
        if self.errors:
            return False
        return self.got * PERCENT >= self.pass_percent * self.most if self.over else None

    @property
    def verdict(self) -> str:
        """The first thing that is said of it."""
        if self.errors:
            named = "; ".join(each.text for each in self.errors)
            return f"Failed: {'critical error' if len(self.errors) == 1 else f'{len(self.errors)} critical errors'}: {named}"
        if self.passed is None:
            return "Not over yet"
        return f"{'Passed' if self.passed else 'Failed'}: {self.share_percent} % of the checklist, {self.pass_percent} % needed"

    @property
    def lines(self) -> tuple[str, ...]:
        """All of it for a reader, the verdict first."""
        errors = [f"  critical: {each.text}: {each.why}" for each in self.errors]
        items = [f"  {each.state:10} {each.weight:2}  {each.text}: {each.why}" for each in self.items]
        return (self.verdict, *errors, f"{self.got} of {self.most} points, {self.share_percent} %", *items)

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {
            "verdict": self.verdict,
            "passed": self.passed,
            "over": self.over,
            "points": self.got,
            "points_most": self.most,
            "share_percent": self.share_percent,
            "pass_percent": self.pass_percent,
            "critical_errors": [each._asdict() for each in self.critical],
            "items": [each._asdict() for each in self.items],
            "near_misses": [each._asdict() for each in self.near_misses],
            "now_us": self.now_us,
        }


class ScoreFold:
    """One learner's score while the log grows."""

    def __init__(self, lesson: Lesson, learner: str) -> None:
        self.lesson = lesson
        self.learner = learner
        self._judge = Judge(lesson, learner)
        self._ticks: dict[str, tuple[str, str, str]] = {}
        self._near: list[NearMiss] = []
        self._marks: dict[str, int] = {}

    def feed(self, entry: Entry) -> None:
        """Take the next entry of the log."""
        self._judge.feed(entry)
        data = entry.data
        if entry.kind == "ticked" and data.get("learner") == self.learner:
            self._ticks[str(data["item"])] = (str(data["state"]), str(data.get("note", "")), entry.who)
        elif entry.kind == "edit" and entry.who == self.learner:
            self._near.append(NearMiss(entry.at_us, str(data.get("what", "")), str(data.get("detail", "")), None))
        elif entry.kind == "act" and entry.who == self.learner and data.get("answer") == "done":
            self._correct(str(data.get("act", "")), entry.at_us)
        elif entry.kind == "bookmark":
            self._marks[str(data.get("name", ""))] = len(self._near)
        elif entry.kind == "returned":
            del self._near[self._marks.get(str(data.get("bookmark", "")), len(self._near)) :]

    def _correct(self, act: str, at_us: int) -> None:
        """An update that went through ends what went wrong on the way to it."""
        if act == "update":
            self._near = [
                each if each.corrected_after_us is not None else each._replace(corrected_after_us=at_us - each.at_us) for each in self._near
            ]

    def score(self, now_us: int | None = None) -> Score:
        """How the learner stands, now or at the last entry."""
        lesson, judge = self.lesson, self._judge
        items = tuple(self._item(position, judge.item(position, now_us)) for position in range(len(lesson.checklist)))
        states = {item.id: item for item in items}
        critical = tuple(self._critical(number, states, now_us) for number in range(len(lesson.critical)))
        judged = [item for item in items if item.state != NOT_JUDGED]
        return Score(
            items,
            critical,
            tuple(self._near),
            sum(item.weight for item in judged if item.state == MET),
            sum(item.weight for item in judged),
            lesson.head.pass_mark,
            judge.ended_us is not None,
            max(judge.now_us, now_us or 0),
        )

    def _item(self, position: int, standing: Standing) -> ItemScore:
        item = self.lesson.checklist[position]
        text = self.lesson.item_text(item.id).text
        state, note, who = self._ticks.get(item.id, (AUTO, "", ""))
        if state in (MET, MISSED):
            return ItemScore(item.id, text, item.weight, state, standing.at_us, standing.due_us, note or f"judged by the {who}", who)
        return ItemScore(item.id, text, item.weight, standing.state, standing.at_us, standing.due_us, _why(item, standing, self.lesson))

    def _critical(self, number: int, items: dict[str, ItemScore], now_us: int | None) -> CriticalScore:
        error = self.lesson.critical[number]
        text = self.lesson.item_text(error.id).text
        if error.missed is not None:
            item = items[error.missed]
            committed = item.state == MISSED
            return CriticalScore(error.id, text, committed, item.at_us if committed else None, item.why if committed else "")
        standing = self._judge.error(error.id, now_us)
        committed = standing.state == (MISSED if error.kind == "never" else MET)
        return CriticalScore(
            error.id, text, committed, standing.at_us if committed else None, _why(error, standing, self.lesson) if committed else ""
        )


def score(lesson: Lesson, entries: Iterable[Entry], learner: str, now_us: int | None = None) -> Score:
    """The score after these entries: any number of them from the log's beginning."""
    fold = ScoreFold(lesson, learner)
    for entry in entries:
        fold.feed(entry)
    return fold.score(now_us)


# ---------------------------------------------------------------- words


def _time(us: int | None) -> str:
    return duration(0 if us is None else us // US_PER_S)


_WHY = {
    "done": "{subject} at {at}",
    "held": "{subject} at {at}",
    "came-about": "{subject} at {at}",
    "late": "{subject} at {at}, due by {due}",
    "barred": "{first} came first, at {at}",
    "overdue": "not by {due}",
    "undone": "not by {at}, the end",
    "not-so": "not so at {at}, the end",
    "never": "not once by {at}",
    "behind": "it counts from '{anchor}', which did not come",
    "unheard": "not judged: no sound could be heard here",
    "waits-for-it": "open",
    "so-far": "not so far",
    "at-end": "judged at the end",
}
"""What is said of a standing, by its reason."""


def _why(condition: Condition, standing: Standing, lesson: Lesson) -> str:
    """Why it stands as it does: what and when, without judgement."""
    words = {
        "subject": _subject(condition, lesson),
        "at": _time(standing.at_us),
        "due": _time(standing.due_us),
        "anchor": "the beginning" if condition.since in (None, START) else _anchor(str(condition.since), lesson),
        "first": _anchor(condition.before, lesson) if condition.before else "",
    }
    if standing.why == "waits" and condition.kind == "gone" and condition.since is None:
        words["anchor"] = words["subject"].removeprefix("no more: ")
    if standing.why == "waits":
        return ("waits for: {anchor}" if standing.state == OPEN else "did not come up: {anchor}").format(**words)
    said = _WHY[standing.why].format(**words)
    return f"{said}, until {words['due']}" if standing.state == OPEN and standing.due_us is not None else said


def _subject(condition: Condition, lesson: Lesson) -> str:
    match condition.kind:
        case "did":
            return " or ".join(act_words(name) for name in condition.names)
        case "thought":
            return "committed to " + " or ".join("the cause" if name == "right" else lesson.diagnosis(name) for name in condition.names)
        case "knew":
            return "could know: " + " or ".join(fact_words(name) for name in condition.names)
        case "gone":
            return "no more: " + " or ".join(fact_words(name) for name in condition.names)
        case _:
            return " or ".join(fact_words(name) for name in condition.names)


def _anchor(name: str, lesson: Lesson) -> str:
    """What an item counts from, in words."""
    if name in lesson.texts.checklist:
        return lesson.texts.checklist[name].text
    return fact_words(name) if name in facts() else act_words(name)
