"""Conditions judged from the log: a fold takes one entry after another and can say at any moment how each condition stands.

What is kept is small: which facts hold, when each act was first done, when each item was met. Whoever returns to a bookmark
has undone what came between, and so the fold goes back to what it knew there. The same entries give the same answer, whether
they come one by one while a lesson runs or all at once years later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from hil.lesson.audibility import PLAYED
from hil.lesson.condition import START, Condition
from hil.lesson.entries import Entry
from hil.lesson.lesson import Lesson
from hil.lesson.vocabulary import acts_named, shows

__all__ = ["MET", "MISSED", "NOT_JUDGED", "OPEN", "Judge", "Moment", "Standing", "holds"]

MET, MISSED, OPEN, NOT_JUDGED = "met", "missed", "open", "not judged"
"""How an item stands. Not judged: it did not come up, or the learner could not have heard what it counts from."""
DONE, REFUSED, ANY, RIGHT = "done", "refused", "any", "right"
SOUND_FACTS = ("alarm-sounding",)
"""Facts that are perceived by ear."""
SOUNDS_KEPT = 64
"""Sounds whose report may still come."""


class Moment(NamedTuple):
    """An entry's number and time (us since the lesson began)."""

    n: int
    at_us: int


class Standing(NamedTuple):
    """How a condition stands: since when (None: nothing came), until when it may come (None: no deadline), and why in a key for words."""

    state: str
    at_us: int | None
    due_us: int | None
    why: str


@dataclass(slots=True)
class World:
    """What the log says so far that any condition may need."""

    now_us: int = 0
    facts: dict[str, Moment] = field(default_factory=dict)
    gone: dict[str, Moment] = field(default_factory=dict)
    first_facts: dict[str, Moment] = field(default_factory=dict)
    first_acts: dict[str, Moment] = field(default_factory=dict)
    met: dict[str, Moment] = field(default_factory=dict)
    ended: Moment | None = None
    sounds: dict[int, int] = field(default_factory=dict)
    reports: list[tuple[bool, int, int]] = field(default_factory=list)

    def copy(self) -> World:
        return replace(
            self,
            facts=dict(self.facts),
            gone=dict(self.gone),
            first_facts=dict(self.first_facts),
            first_acts=dict(self.first_acts),
            met=dict(self.met),
            sounds=dict(self.sounds),
            reports=list(self.reports),
        )

    def take(self, entry: Entry, learner: str) -> None:
        """Know this entry."""
        self.now_us = entry.at_us
        data, moment = entry.data, Moment(entry.n, entry.at_us)
        match entry.kind:
            case "act" if entry.who == learner and data.get("answer") == DONE:
                self.first_acts.setdefault(str(data.get("act")), moment)
            case "fact":
                self._fact(str(data["fact"]), moment, holds=bool(data["holds"]))
            case "sound" if not data.get("test"):
                self.sounds[entry.n] = entry.at_us
                if len(self.sounds) > SOUNDS_KEPT:
                    del self.sounds[next(iter(self.sounds))]
            case "heard" if entry.who == learner:
                self._report(int(data.get("sound", 0)), played=data.get("outcome") == PLAYED)
            case "finished" | "ended" if self.ended is None:
                self.ended = moment

    def _fact(self, name: str, moment: Moment, *, holds: bool) -> None:
        if holds:
            self.facts.setdefault(name, moment)
            self.first_facts.setdefault(name, moment)
            self.gone.pop(name, None)
        elif self.facts.pop(name, None) is not None:
            self.gone[name] = moment

    def _report(self, sound: int, *, played: bool) -> None:
        at_us = self.sounds.pop(sound, None)
        if at_us is None:
            return
        if self.reports and self.reports[-1][0] == played:
            self.reports[-1] = (played, self.reports[-1][1], at_us)
        else:
            self.reports.append((played, at_us, at_us))

    def could_hear(self, from_us: int, to_us: int) -> bool:
        """Whether any sound in this time was played; True where no client said anything of one."""
        within = [played for played, first, last in self.reports if first <= to_us and last >= from_us]
        return not within or any(within)

    def first(self, name: str) -> Moment | None:
        """When an item was met, a fact first held, or an act was first done."""
        return self.met.get(name) or self.first_facts.get(name) or self.first_acts.get(name)


@dataclass(slots=True)
class Progress:
    """How far one condition has come: how often, when it was reached, what came first instead."""

    count: int = 0
    reached: Moment | None = None
    barred: Moment | None = None


class _Fold:
    """One condition."""

    def __init__(self, condition: Condition, lesson: Lesson) -> None:
        self.condition = condition
        self.progress = Progress()
        right = lesson.head.right
        self._behind_item = any(item.id == condition.since for item in lesson.checklist)
        self.kind, self._names = condition.kind, condition.names
        self._lasting = self.kind in ("fact", "gone", "never") and condition.at is None
        self._acts = frozenset(act for name in condition.names for act in acts_named(name)) if condition.did else frozenset()
        self._thoughts = frozenset(name for each in condition.thought or () for name in (right if each == RIGHT else (each,)))

    # -- what comes ------------------------------------------------------------------------------------------------------

    def pass_to(self, at_us: int, world: World) -> None:
        """Time has passed to this moment; facts that held, held on.

        What held before an instant from which it counts must hold behind it too: a fact that ends with an act is told behind that act.
        """
        progress = self.progress
        if progress.reached is not None or not self._lasting:
            return
        base = self._open_since(world)
        if base is None:
            return
        for name in self._names:
            since = (world.gone if self.kind == "gone" else world.facts).get(name)
            if since is None or (since < base and at_us <= base.at_us):
                continue
            reached_us = max(since.at_us, base.at_us) + (self.condition.lasts or 0)
            if reached_us <= at_us and (progress.reached is None or reached_us < progress.reached.at_us):
                progress.reached = Moment(max(since.n, base.n), reached_us)

    def feed(self, entry: Entry, world: World, learner: str) -> None:
        """Judge this entry, which the world knows by now."""
        condition, progress = self.condition, self.progress
        moment = Moment(entry.n, entry.at_us)
        self.pass_to(entry.at_us, world)
        if progress.reached is None and progress.barred is None and self._fits(entry, world, learner):
            base = self._open_since(world)
            if base is not None and (base.n < entry.n or condition.since not in world.met):
                progress.count += 1
                progress.reached = moment if progress.count >= condition.times else None
        self._bar(world)

    def _bar(self, world: World) -> None:
        """Note what came first instead."""
        before, progress = self.condition.before, self.progress
        if before is not None and progress.reached is None and progress.barred is None:
            progress.barred = world.first(before)

    def _open_since(self, world: World) -> Moment | None:
        """From when it counts; None as long as that has not come."""
        condition = self.condition
        base = Moment(0, 0) if condition.since in (None, START) else world.first(str(condition.since))
        after = Moment(0, 0) if condition.after is None else world.met.get(condition.after)
        return None if base is None or after is None else max(base, after)

    def _fits(self, entry: Entry, world: World, learner: str) -> bool:
        if entry.who != learner:
            return False
        match self.kind:
            case "did":
                return entry.kind == "act" and self._was_done(entry.data) and self._later(entry, world)
            case "thought":
                return entry.kind == "thought" and entry.data.get("diagnosis") in self._thoughts and self._later(entry, world)
            case "knew":
                return any(name in world.facts and shows(name, entry) for name in self._names) and self._later(entry, world)
            case _:
                return False

    def _later(self, entry: Entry, world: World) -> bool:
        """Whether the entry comes behind the item that it must follow, and is not that itself."""
        after = self.condition.after
        return after is None or (after in world.met and world.met[after].n < entry.n)

    def _was_done(self, data: dict[str, Any]) -> bool:
        condition = self.condition
        answered = condition.answered == ANY or (data.get("answer") == DONE) == (condition.answered == DONE)
        if not answered or data.get("act") not in self._acts:
            return False
        asked = all(wanted.fits(value_at(data.get("args"), key)) for key, wanted in (condition.with_ or {}).items())
        return asked and all(wanted.fits(value_at(data.get("seen"), key)) for key, wanted in (condition.found or {}).items())

    # -- how it stands ---------------------------------------------------------------------------------------------------

    def standing(self, now_us: int, world: World) -> Standing:
        """At a moment not before the last entry."""
        end_us = None if world.ended is None else world.ended.at_us
        at_us = now_us if end_us is None else end_us
        self.pass_to(at_us, world)
        self._bar(world)
        since = Moment(0, 0) if self.condition.since in (None, START) else world.first(str(self.condition.since))
        within = self.condition.within
        due_us = None if since is None or within is None else since.at_us + within
        judged = self._standing(at_us, due_us, end_us, waiting=since is None or self._never_came(world))
        if judged.state == MISSED and since is not None and self.condition.since in SOUND_FACTS:
            heard = world.could_hear(since.at_us, at_us if due_us is None else min(due_us, at_us))
            return judged if heard else Standing(NOT_JUDGED, None, due_us, "unheard")
        return judged

    def _never_came(self, world: World) -> bool:
        """Whether it is about something that should go and has never come."""
        return self.kind == "gone" and not any(name in world.first_facts for name in self._names)

    def _standing(self, at_us: int, due_us: int | None, end_us: int | None, *, waiting: bool) -> Standing:
        reached = self.progress.reached
        if waiting:
            state = OPEN if end_us is None else MISSED if self._behind_item else NOT_JUDGED
            return Standing(state, None, None, "behind" if state == MISSED else "waits")
        if reached is not None and end_us is not None and reached.at_us > end_us:
            reached = None
        if self.kind == "never":
            return _never(reached, at_us, due_us, end_us)
        if reached is not None:
            late = due_us is not None and reached.at_us > due_us
            return Standing(MISSED if late else MET, reached.at_us, due_us, "late" if late else "done")
        if self.progress.barred is not None:
            return Standing(MISSED, self.progress.barred.at_us, due_us, "barred")
        if due_us is not None and at_us > due_us:
            return Standing(MISSED, due_us, due_us, "overdue")
        return Standing(OPEN, None, due_us, "waits-for-it") if end_us is None else Standing(MISSED, end_us, due_us, "undone")

    def at_end(self, world: World) -> Standing:
        """How it stands if it is about the end."""
        if world.ended is None:
            return Standing(OPEN, None, None, "at-end")
        lasts = self.condition.lasts or 0
        end_us, names = world.ended.at_us, self._names
        if self.kind == "gone":
            held = all(name not in world.facts and (name not in world.gone or world.gone[name].at_us + lasts <= end_us) for name in names)
        else:
            held = any(name in world.facts and world.facts[name].at_us + lasts <= end_us for name in names)
        return Standing(MET if held else MISSED, world.ended.at_us, None, "held" if held else "not-so")


def _never(reached: Moment | None, at_us: int, due_us: int | None, end_us: int | None) -> Standing:
    """What must not come about: missed when it does in its time, met when that is over."""
    if reached is not None and (due_us is None or reached.at_us <= due_us):
        return Standing(MISSED, reached.at_us, due_us, "came-about")
    if end_us is not None or (due_us is not None and at_us > due_us):
        return Standing(MET, end_us if due_us is None or (end_us is not None and end_us < due_us) else due_us, due_us, "never")
    return Standing(OPEN, None, due_us, "so-far")


def value_at(content: object, key: str) -> object:
    """What stands in nested mappings and lists at a key, or at the way to one with points between; empty if nothing does."""
    if isinstance(content, dict) and key in content:
        return content[key]
    for part in key.split("."):
        if isinstance(content, dict):
            content = content.get(part, "")
        elif isinstance(content, list) and part.isdigit() and int(part) < len(content):
            content = content[int(part)]
        else:
            return ""
    return content


class Judge:
    """All conditions of a lesson for one learner: `items` and `errors` in the order of the file, then `others` of whoever asks."""

    def __init__(self, lesson: Lesson, learner: str, others: Sequence[Condition] = ()) -> None:
        self.lesson = lesson
        self.learner = learner
        self._world = World()
        self._items = [_Fold(item, lesson) for item in lesson.checklist]
        self._errors = {error.id: _Fold(error, lesson) for error in lesson.critical if error.missed is None}
        self._others = [_Fold(condition, lesson) for condition in others]
        self._folds = [*self._items, *self._errors.values(), *self._others]
        self._marks: dict[str, tuple[World, list[Progress]]] = {}

    @property
    def now_us(self) -> int:
        """Time of the last entry."""
        return self._world.now_us

    @property
    def ended_us(self) -> int | None:
        """When the learner finished, or the lesson ended."""
        return None if self._world.ended is None else self._world.ended.at_us

    def feed(self, entry: Entry) -> None:
        """Take the next entry of the log; those of others are taken for their time alone."""
        if entry.kind == "returned" and entry.about in ("", self.learner):
            self._return(str(entry.data.get("bookmark", "")))
        mine = entry.about in ("", self.learner) or entry.who == self.learner
        if entry.kind == "finished" and entry.who != self.learner:
            mine = False
        if not mine or self._world.ended is not None:
            self._world.now_us = entry.at_us
        else:
            for fold in self._folds if entry.kind == "fact" else ():
                fold.pass_to(entry.at_us, self._world)
            self._world.take(entry, self.learner)
            self._judge(entry)
        if entry.kind == "bookmark":
            self._marks[str(entry.data.get("name", ""))] = self._world.copy(), [replace(fold.progress) for fold in self._folds]

    def _judge(self, entry: Entry) -> None:
        for item, fold in zip(self.lesson.checklist, self._items, strict=True):
            fold.feed(entry, self._world, self.learner)
            if item.id not in self._world.met and fold.progress.reached is not None and item.kind != "never":
                self._world.met[item.id] = Moment(entry.n, fold.progress.reached.at_us)
        for fold in (*self._errors.values(), *self._others):
            fold.feed(entry, self._world, self.learner)

    def _return(self, name: str) -> None:
        if name in self._marks:
            world, progresses = self._marks[name]
            self._world = world.copy()
            for fold, progress in zip(self._folds, progresses, strict=True):
                fold.progress = replace(progress)

    def item(self, position: int, now_us: int | None = None) -> Standing:
        """How an item of the checklist stands, now or at the last entry."""
        return self._standing(self._items[position], now_us)

    def error(self, error_id: str, now_us: int | None = None) -> Standing:
        """How the condition of a critical error stands: met is bad."""
        return self._standing(self._errors[error_id], now_us)

    def holds(self, position: int, now_us: int | None = None) -> bool:
        """Whether one of the other conditions is met."""
        return self._standing(self._others[position], now_us).state == MET

    def _standing(self, fold: _Fold, now_us: int | None) -> Standing:
        if fold.condition.at is not None:
            return fold.at_end(self._world)
        return fold.standing(max(self.now_us, now_us or 0), self._world)


def holds(condition: Condition, lesson: Lesson, entries: Iterable[Entry], learner: str, now_us: int | None = None) -> bool:
    """Whether a condition is met after these entries."""
    judge = Judge(lesson, learner, [condition])
    for entry in entries:
        judge.feed(entry)
    return judge.holds(0, now_us)
