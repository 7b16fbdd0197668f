"""A run again from its log: the orders in it are given once more at their instants, and what follows must be what followed then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from hil.errors import CheckFailed
from hil.lesson.entries import CLASS, Entry, as_plain
from hil.lesson.log import Log
from hil.lesson.run import LessonRun

if TYPE_CHECKING:
    from hil.lesson.lesson import Lesson

__all__ = ["replay"]


def replay(lesson: Lesson, entries: Sequence[Entry], log: Log | None = None) -> LessonRun:
    """The run at the instant of the last entry, whose log is identical. Raises CheckFailed where it is not.

    `log` may hold the same entries already, or the first of them: the run writes what is missing, and goes on there.
    """
    if not entries or entries[0].kind != "began":
        raise CheckFailed("this is no log of a lesson from its beginning", where="replay", do="give the whole log")
    began = entries[0].data
    own = {"profile": began["profile"], "name": began["run"], "colour": began["colour"]}
    again = Log()
    check = _Same(entries)
    again.listen(check)
    run = LessonRun(lesson, seed=began["seed"], log=again, **own)
    for entry in entries:
        _give(run, entry)
    while run.now_us < entries[-1].at_us and run.state != "ended":
        run.advance_us(entries[-1].at_us - run.now_us)
    check.demand_all()
    return _go_on(run, again, log)


def _give(run: LessonRun, entry: Entry) -> None:
    """Give the order of an entry again, if it has one."""
    order = entry.data.get("order") or ["", {}]
    is_act = entry.kind == "act"
    if entry.who == CLASS or not (order[0] or is_act or entry.kind == "joined"):
        return
    at_us = entry.data["from_us"] if entry.kind == "returned" else entry.at_us
    while run.now_us < at_us and run.state != "ended":
        run.advance_us(at_us - run.now_us)
    ref = str(entry.data.get("ref", ""))
    if entry.kind == "joined":
        run.join(entry.data["nickname"], ref)
    elif is_act:
        run.order(entry.who, entry.data["act"], entry.data["args"], ref)
    else:
        run.order(entry.who, order[0], order[1], ref)


def _go_on(run: LessonRun, again: Log, log: Log | None) -> LessonRun:
    """Write into the log that was asked for from now on."""
    again.listeners.clear()
    if log is not None:
        for entry in list(again.entries(len(log) + 1)):
            log.append(entry.at_us, entry.kind, entry.who, entry.about, entry.data)
        run.log = log
    return run


class _Same:
    """Hears the entries of the new log and compares them with the old. Raises CheckFailed."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._left = iter(entries)
        self._missing = 0

    def __call__(self, entry: Entry) -> None:
        wanted = next(self._left, None)
        if wanted is not None and as_plain(wanted) != as_plain(entry):
            what = f"entry {wanted.n} is another one now ({wanted.kind} then, {entry.kind} now)"
            raise CheckFailed(what, where="replay", do="use the program and the lesson that made the log")

    def demand_all(self) -> None:
        """Nothing may be missing at the end."""
        wanted = next(self._left, None)
        if wanted is not None:
            raise CheckFailed(f"entry {wanted.n} ({wanted.kind}) does not come about again", where="replay", do="use the whole log")
