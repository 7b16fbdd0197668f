"""One learner's case played again from a log, up to any instant, to look at its past or to go on from there.

The cases of a class do not touch each other, so the others are left out, which makes it as quick for a class of twenty as for one.
`hil.lesson.replay` is the exact one: the whole class, every entry compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from hil.errors import CheckFailed, UsageError
from hil.lesson.entries import CLASS, CLOCK, INSTRUCTOR, Entry
from hil.lesson.run import LessonRun

if TYPE_CHECKING:
    from hil.lesson.case import Case
    from hil.lesson.lesson import Lesson

__all__ = ["Rerun", "rerun"]

WAIT = "wait"


class Rerun(NamedTuple):
    """The run with this learner alone, who has another key in it."""

    run: LessonRun
    key: str

    @property
    def case(self) -> Case:
        return self.run.cases[self.key]


@contextmanager
def rerun(lesson: Lesson, entries: Sequence[Entry], learner: str, at_us: int) -> Iterator[Rerun]:
    """A learner's case as these entries left it, at a time not before the last of them. Raises CheckFailed for no log of a lesson."""
    if not entries or entries[0].kind != "began":
        raise CheckFailed("this is no log of a lesson from its beginning", where="rerun", do="give the whole log")
    began = entries[0].data
    run = LessonRun(lesson, seed=began["seed"], profile=began.get("profile", "US"))
    try:
        key = ""
        for entry in entries[1:]:
            if entry.kind == "joined" and entry.who == learner:
                _pass_to(run, entry.at_us)
                key = run.join(entry.data["nickname"])
            elif entry.who in {INSTRUCTOR, CLOCK, learner}:
                _give(run, entry, learner, key)
        if not key:
            raise UsageError(f"{learner!r} has not joined by then", where="rerun", do="choose a later moment")
        _pass_to(run, at_us)
        yield Rerun(run, key)
    finally:
        run.close()


def _pass_to(run: LessonRun, at_us: int) -> None:
    while run.now_us < at_us and run.state != "ended":
        run.advance_us(at_us - run.now_us)


def _give(run: LessonRun, entry: Entry, learner: str, key: str) -> None:
    """Give an order again, unless it is for others."""
    act, args = _order(entry)
    whom = args.get("learner", "")
    if not act or whom not in {"", learner}:
        return
    _pass_to(run, entry.data["from_us"] if entry.kind == "returned" else entry.at_us)
    run.order(key if entry.who == learner else entry.who, act, {**args, "learner": key} if whom else args)


def _order(entry: Entry) -> tuple[str, dict[str, Any]]:
    """What was asked for; nothing where nobody asked. To wait was refused in a class, and alone it would not be."""
    if entry.who == CLASS:
        return "", {}
    if entry.kind == "act":
        refused_wait = entry.data["act"] == WAIT and entry.data["answer"] != "done"
        return "" if refused_wait else entry.data["act"], entry.data["args"]
    act, args = entry.data.get("order") or ("", {})
    return act, args
