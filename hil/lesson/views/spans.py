"""Lanes and marks of one case: what was so from when to when, and what was done, for a plot above its curves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

from hil.lesson.vocabulary import fact_words

if TYPE_CHECKING:
    from hil.lesson.views.instructor import Course
    from hil.lesson.views.moments import Moments

__all__ = ["lanes", "marks"]

US_PER_S = 1_000_000
MARKS_MAX = 80
"""Marks through the plots; of more, the last."""
PATIENT = {
    "breathing-fails": "high",
    "withdrawal-severe": "high",
    "over-dosed": "high",
    "withdrawal-early": "medium",
    "under-dosed": "medium",
}
"""Facts of the patient's lane, and their tone."""
LINK = ("telemetry-off",)
SOUND = ("alarm-sounding",)
STOPPED = ("pump-stopped", "pump-failed")


def lanes(course: Course, offline: Iterable[tuple[int, int]], now_us: int) -> list[dict[str, Any]]:
    """From top to bottom; times in seconds since the lesson began. Spans of one lane may overlap."""
    facts = [*course.spans, *((name, since_us, now_us) for name, since_us in course.held.items())]
    others = sorted({name for name, _, _ in facts} - {*PATIENT, *LINK, *SOUND})
    link = [_span(from_us, to_us, "browser away", "calm") for from_us, to_us in offline]
    sounds = [{"at": at_us / US_PER_S, "label": pattern} for at_us, pattern in course.sounds]
    deeds = [{"at": at_us / US_PER_S, "label": words if done else f"{words} (not done)"} for at_us, words, done in course.deeds]
    return [
        _lane("pump", list(_of(facts, others))),
        _lane("alarm", list(_of(facts, SOUND)), sounds),
        _lane("link", [*_of(facts, LINK), *link]),
        _lane("acts", [], deeds),
        _lane("patient", list(_of(facts, PATIENT))),
    ]


def _of(facts: Iterable[tuple[str, int, int]], names: Iterable[str]) -> Iterator[dict[str, Any]]:
    wanted = list(names)
    for name, from_us, to_us in sorted(facts, key=lambda fact: fact[1]):
        if name in wanted:
            tone = PATIENT.get(name) or ("stopped" if name in STOPPED else "medium")
            yield _span(from_us, to_us, fact_words(name), tone)


def _span(from_us: int, to_us: int, label: str, tone: str) -> dict[str, Any]:
    return {"from": from_us / US_PER_S, "to": to_us / US_PER_S, "label": label, "tone": tone}


def _lane(name: str, spans: list[dict[str, Any]], points: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {"name": name, "spans": spans, "points": points or []}


def marks(course: Course, moments: Moments) -> list[dict[str, Any]]:
    """Lines through all plots: decisions of the learner, what was done to the case, alarms that came."""
    told = chain(
        ((at_us, words, "act") for at_us, words, _ in course.decisions),
        ((at_us, words, "done") for at_us, words in course.events),
        ((at_us, f"alarm: {words}", "alarm") for at_us, words in course.alarms),
    )
    rows = sorted(told)[-MARKS_MAX:]
    return [{"at": at_us / US_PER_S, "time": moments.text(at_us), "label": words, "kind": kind} for at_us, words, kind in rows]
