"""The lessons that ship, as data: what each is about, what all of them cover, and how a lesson's design stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hil.errors import HilError, LessonFileError, Problem
from hil.lesson import say
from hil.lesson.curriculum import CurriculumItem, curriculum
from hil.lesson.head import NOT_REVIEWED
from hil.lesson.lesson import Lesson
from hil.lesson.reader import LANGUAGE, check_lesson, load_lesson
from hil.lesson.shelf import shipped_lessons

if TYPE_CHECKING:
    from hil.lesson.scoring import Score

_NANOLITRES = re.compile(r"([0-9]+) nL")
__all__ = ["Criterion", "checked", "design_of", "listed", "shipped", "uncovered"]


@cache
def shipped(name: str, language: str = LANGUAGE) -> Lesson:
    """A lesson that ships, read once: none of them changes while we run."""
    return load_lesson(name, language)


def uncovered() -> list[CurriculumItem]:
    """Those that no lesson covers."""
    covered = {item for name in shipped_lessons() for item in shipped(name).head.covers}
    return [item for item in curriculum().values() if item.id not in covered]


def listed() -> list[dict[str, Any]]:
    """Each lesson that ships, for a list that somebody chooses from."""
    return [_row(shipped(name)) for name in shipped_lessons()]


def _row(lesson: Lesson) -> dict[str, Any]:
    head = lesson.head
    return {
        "name": lesson.name,
        "title": lesson.title,
        "level": head.level,
        "zone": head.zone,
        "minutes": head.minutes,
        "objectives": list(lesson.texts.objectives),
        "covers": [_covered(item) for item in head.covers],
        "languages": list(lesson.languages),
        "clinically_reviewed": head.reviewed,
    }


def _covered(item: str) -> str:
    row = curriculum().get(item)
    return item if row is None else row.title


def checked(path_or_name: Path | str) -> dict[str, Any]:
    """A lesson checked: `ok`, the mistakes, how its design stands if there are none. It is begun, left alone, and its scripted learners
    take it.

    Raises UsageError where there is no lesson.
    """
    try:
        lesson = check_lesson(path_or_name)
    except LessonFileError as error:
        rows = [
            {"file": path, "line": int(each.line), "column": getattr(each.line, "column", 0), "what": each.what, "do": each.do}
            for path, each in error.problems
        ]
        return {"ok": False, "problems": rows, "lines": list(error.lines)}
    from hil.lesson.alone import left_alone
    from hil.lesson.headless import run_headless

    try:
        alone = left_alone(lesson)
        pilots = {name: run_headless(lesson, name) for name in lesson.policies}
    except HilError as error:
        return _not_played(lesson, error)
    design = design_of(lesson, {name: each.score for name, each in pilots.items()})
    odd = [line for each in pilots.values() for line in each.odd]
    lines = [f"{lesson.name}: {lesson.title}: no mistakes. {lesson.review}", *alone.lines, *(each.line for each in design), *odd]
    found = {"design": [each._asdict() for each in design], "alone": alone.as_dict(), "surprises": [line.strip() for line in odd]}
    return {"ok": True, "problems": [], **_row(lesson), **found, "lines": lines}


def _not_played(lesson: Lesson, error: HilError) -> dict[str, Any]:
    """The mistake of a lesson that reads well and goes otherwise than it says: at its step, or at `begin` where no step is to blame."""
    file, _, line = error.where.rpartition(":")
    if line.isdigit():
        row = {"file": file, "line": int(line), "column": 0, "what": error.what, "do": error.do}
        return {"ok": False, "problems": [row], "lines": list(error.lines)}
    where = lesson.scenario.line(("begin",))
    what = f"the beginning cannot be played: {_NANOLITRES.sub(lambda found: say.volume(int(found[1])), error.what)}"
    problem = Problem(where, what, error.do or "change `begin` or the steps")
    row = {"file": lesson.scenario.path, "line": int(where), "column": getattr(where, "column", 0), "what": what, "do": problem.do}
    return {"ok": False, "problems": [row], "lines": list(LessonFileError([(lesson.scenario.path, problem)]).lines)}


class Criterion(NamedTuple):
    """One heading of a lesson's design: whether there is something under it, and what."""

    heading: str
    there: bool
    found: str

    @property
    def line(self) -> str:
        return f"  {'✓' if self.there else '·'} {self.heading}: {self.found}"


def design_of(lesson: Lesson, pilots: Mapping[str, Score] | None = None) -> tuple[Criterion, ...]:
    """How the lesson stands by the headings that a simulation's design should have; `pilots` are scores of its scripted learners."""
    head, texts = lesson.head, lesson.texts
    scores = pilots or {}
    scripts = ", ".join(f"{name} {_outcome(scores.get(name))}" for name in lesson.policies) or "no scripted learner"
    items, errors = len(lesson.checklist), len(lesson.critical)
    return (
        Criterion("experts", head.reviewed != NOT_REVIEWED, f"clinically reviewed: {head.reviewed}"),
        Criterion("needs", True, texts.needs),
        Criterion("objectives", True, f"{len(texts.objectives)}, at the level of {head.level}"),
        Criterion("modality", True, f"{head.zone}, {head.minutes} minutes, simulated {head.pump} and patient {head.patient.model}"),
        Criterion("scenario", True, f"{_count(len(lesson.scenario.steps), 'step')} before, {len(lesson.reactions)} while it runs"),
        Criterion("fidelity", texts.fidelity is not None, texts.fidelity or "nothing says what is unlike the ward"),
        Criterion("facilitation", True, f"{_count(len(texts.facilitation), 'hint')} for the instructor"),
        Criterion("prebriefing", True, _count(len(texts.briefing), "paragraph")),
        Criterion("debriefing", True, f"{_count(len(texts.debrief), 'point')}, and one beside each of {_count(items + errors, 'item')}"),
        Criterion("evaluation", True, f"{_count(items, 'item')}, {_count(errors, 'critical error')}, passed from {head.pass_mark} %"),
        Criterion("pilot test", _told_apart(scores), f"{scripts}; with learners: {head.piloted}"),
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _told_apart(scores: Mapping[str, Score]) -> bool:
    """Whether the good learner passed and the poor one did not."""
    return {name: score.passed for name, score in scores.items()} == {"good": True, "poor": False}


def _outcome(score: Score | None) -> str:
    if score is None:
        return "(not run)"
    error = ", critical error" if score.errors else ""
    return f"{'passed' if score.passed else 'failed'} with {score.share_percent} %{error}"
