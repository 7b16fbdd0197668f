"""Runs for tests: a small lesson, or one with something else in it, with a learner who may act at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from hil.lesson.entries import INSTRUCTOR, Entry
from hil.lesson.lesson import Lesson
from hil.lesson.log import Log
from hil.lesson.reader import load_lesson
from hil.lesson.run import LessonRun
from tests.lesson.lesson_files import written

__all__ = ["H", "MIN", "MS", "QUIET", "a_lesson", "a_run", "done", "found", "last", "refused", "therapy"]

MS, MIN, H = 1_000, 60_000_000, 3_600_000_000
_BETWEEN = "diagnoses: [stall, empty]\nright: [stall]\nthen:\n  - at: 30 min\n    tell: worse\n"
QUIET = {
    "lesson.yaml": (
        "    inject: motor.stall\n  - advance: 2 h\n" + _BETWEEN + "  - when: {did: interrogate}\n    do:\n      - clear: motor.stall\n",
        "    advance: 2 h\n" + _BETWEEN,
    )
}
"""The lesson without its stall: the pump runs."""
_READ: dict[str, Lesson] = {}
"""Lessons read so far, by what is changed in them."""


def a_lesson(folder: Path, changes: dict[str, tuple[str, str]] | None = None) -> Lesson:
    """The small lesson, read; once for all tests that want the same."""
    wanted = repr(changes)
    if wanted not in _READ:
        _READ[wanted] = load_lesson(written(folder / "lesson", changes))
    return _READ[wanted]


def a_run(folder: Path, changes: dict[str, tuple[str, str]] | None = None, log: Log | None = None) -> tuple[LessonRun, str]:
    """A run that goes on, and its one learner."""
    run = LessonRun(a_lesson(folder, changes), log=log)
    key = run.join("Ana")
    run.order(INSTRUCTOR, "resume")
    return run, key


def found(run: LessonRun, kind: str, keep: Callable[[Entry], bool] = lambda _: True) -> list[Entry]:
    """The entries of a kind."""
    return [entry for entry in run.log.entries() if entry.kind == kind and keep(entry)]


def last(run: LessonRun, kind: str) -> dict[str, Any]:
    """The data of the newest one."""
    return found(run, kind)[-1].data


def done(run: LessonRun, who: str, act: str, **args: Any) -> dict[str, Any]:
    """What an act shows, which is done."""
    outcome = run.order(who, act, {name.replace("_", "-"): value for name, value in args.items()})
    assert outcome.error is None, outcome.error
    return outcome.seen


def refused(run: LessonRun, who: str, act: str, **args: Any) -> dict[str, Any]:
    """Why an act is not done."""
    outcome = run.order(who, act, {name.replace("_", "-"): value for name, value in args.items()})
    assert outcome.error is not None, outcome.seen
    assert not outcome.ok
    return outcome.error


def therapy(**changes: Any) -> dict[str, Any]:
    """A therapy as it is typed; None leaves a field out."""
    typed = {
        "drug": "baclofen",
        "concentration": "500 mcg/mL",
        "mode": "simple",
        "low-reservoir-alarm": "2 mL",
        "daily-dose": "264 mcg/day",
        **{name.replace("_", "-"): value for name, value in changes.items()},
    }
    return {name: value for name, value in typed.items() if value is not None}
