"""Which fold a role is shown, what is true of the present moment only, and how the time is said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hil.console.channel import Fold
from hil.console.pace import RunClock
from hil.console.sessions import Role
from hil.console.store import RunFacts
from hil.lesson.run import LessonRun
from hil.lesson.views.instructor import InstructorView
from hil.lesson.views.learner import LearnerView, opening
from hil.lesson.views.live import now_view
from hil.lesson.views.observer import class_view
from hil.pacing import wall_us
from hil.wording.profiles import profile_named, render, typed

__all__ = ["as_logged", "clock_of", "fold_of", "live_of", "rendering"]

DAY_US = 86_400_000_000
MINUTE_US = 60_000_000
MINUTES_IN_HOUR = 60
WORDS = {"text", "why", "reason", "reasons", "note", "name", "words"}
"""Arguments in which nobody types a quantity for a parser."""
TYPED_TEXT = ("type",)
"""Acts whose text is a quantity all the same."""


def fold_of(run: LessonRun, facts: RunFacts, role: Role, learner: str) -> Fold:
    """An empty view of this role, before any entry."""
    if role == "instructor":
        return InstructorView(run.lesson)
    nickname = run.cases[learner].nickname if learner in run.cases else ""
    return LearnerView(opening(run.lesson, facts.name, facts.colour, nickname))


def live_of(run: LessonRun, role: Role, fold: Fold) -> Callable[[], Mapping[str, Any]] | None:
    """What is looked up at each beat: for an instructor what is true now, for an observer who is there."""
    if isinstance(fold, InstructorView):
        return lambda: now_view(run, fold)
    return (lambda: class_view(run)) if role == "observer" else None


def rendering(units: str) -> Callable[[str], str]:
    """What texts for people go through on their way out."""
    profile = profile_named(units)
    return (lambda text: render(text, profile)) if profile.parts else str


def as_logged(act: str, args: Mapping[str, Any], units: str) -> dict[str, Any]:
    """What somebody typed, in the units that the log has; words that are no quantities stay. Raises QuantityError."""
    words = WORDS - {"text"} if act in TYPED_TEXT else WORDS
    return {name: each if name in words else _as_logged(each, units) for name, each in args.items()}


def _as_logged(value: Any, units: str) -> Any:
    match value:
        case dict():
            return {name: each if name in WORDS else _as_logged(each, units) for name, each in value.items()}
        case list():
            return [_as_logged(each, units) for each in value]
        case str():
            return typed(value, profile_named(units))
        case _:
            return value


def clock_of(run: LessonRun | None, clock: RunClock | None, start_us: int) -> dict[str, object]:
    """The time for every page, and `ms` of the server's own clock, by which a page knows how late a sound is."""
    ms = wall_us() // 1_000
    if run is None or clock is None:
        return {"ms": ms, "state": "waiting"}
    minutes = (start_us + run.now_us) // MINUTE_US % (DAY_US // MINUTE_US)
    day = (start_us % DAY_US + run.now_us) // DAY_US + 1
    return {
        "ms": ms,
        "state": "paused" if clock.held else run.state,
        "speed": run.speed,
        "at_us": run.now_us,
        "text": f"day {day:,} {minutes // MINUTES_IN_HOUR:02}:{minutes % MINUTES_IN_HOUR:02}",
        "hurrying": run.hurrying,
        "keeps_up": clock.keeps_up,
    }
