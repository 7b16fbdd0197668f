"""How a run begins, how a stored one is gone on with, and what is shown while no lesson is chosen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hil.console.sessions import Role
from hil.console.store import Run
from hil.errors import UsageError
from hil.lesson.entries import Entry
from hil.lesson.lesson import Lesson
from hil.lesson.log import Log, read_log
from hil.lesson.reader import load_lesson
from hil.lesson.replay import replay
from hil.lesson.run import LessonRun
from hil.lesson.shelf import shipped_lessons

LESSON_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
LESSON_NAME_CHARS_MAX = 40

__all__ = ["Waiting", "begin", "chosen_name", "resume", "save_as", "stored_run"]


class Waiting:
    """The view of whoever is there before a lesson is: it says so, and nothing else happens."""

    def __init__(self, role: Role) -> None:
        self._role = role

    def feed(self, entry: Entry) -> None:
        """There is no log yet."""

    def as_dict(self) -> Mapping[str, Any]:
        return {"waiting": True}


def chosen_name(lesson: str) -> str:
    """A lesson as a run's folder names it: a shipped one by its name, another by its whole path."""
    return lesson if lesson in shipped_lessons() else str(Path(lesson).resolve())


def begin(stored: Run, lesson: Lesson) -> LessonRun:
    """A new run of the lesson, whose log goes into the run's folder. Raises HilError."""
    facts = stored.facts
    log = Log(stored.log_path)
    return LessonRun(lesson, seed=facts.seed, log=log, profile=facts.units, name=facts.name, colour=facts.colour)


def stored_run(runs: Path, name: str) -> tuple[Lesson, list[Entry]]:
    """The lesson and the log of a run that no server has. Raises UsageError."""
    stored = Run.there(runs, name)
    try:
        if not stored.facts.lesson:
            raise UsageError("no lesson was chosen in this run", where=name, do="name another: pumpsim train runs")
        stored.mend_log()
        return load_lesson(stored.facts.lesson, stored.facts.language), read_log(stored.log_path)
    finally:
        stored.close()


def save_as(stored: Run, run: LessonRun, name: str, learner: str) -> dict[str, Any]:
    """The run so far as a lesson in a folder of its own, beside the folder of runs. Raises HilError."""
    from hil.lesson.record import save_lesson

    if not (LESSON_NAME.fullmatch(name) and len(name) <= LESSON_NAME_CHARS_MAX):
        raise UsageError(
            f"{name[:LESSON_NAME_CHARS_MAX]!r} is no name of a lesson", where="name", do="use small letters, digits and hyphens"
        )
    folder = stored.folder.parent.parent / "lessons" / name
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # what a learner typed is in it
    saved = save_lesson(run.lesson, run.log.entries(), folder, learner=learner)
    return {"folder": str(folder), "left_out": list(saved.left_out)}


def resume(stored: Run) -> LessonRun:
    """The run as its log tells it, to go on with. Raises UsageError if the lesson is another one now."""
    facts = stored.facts
    lesson = load_lesson(facts.lesson, facts.language)
    if lesson.sha256 != facts.digest:
        do = "put the lesson back as it was, or start a new run"
        raise UsageError("the lesson has changed since this run began", where=facts.lesson, do=do)
    stored.mend_log()
    entries = read_log(stored.log_path) if stored.log_path.exists() else []
    if not entries:
        return begin(stored, lesson)
    run = replay(lesson, entries, Log(stored.log_path))
    run.advance_us(max(0, stored.clock_us() - run.now_us))
    return run
