"""What the trainer's page tells of a lesson; it does not change while a run goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hil.lesson.standard import RATINGS
from hil.lesson.views.moments import Moments

if TYPE_CHECKING:
    from hil.lesson.lesson import Lesson, Reaction

__all__ = ["lesson_words"]


def lesson_words(lesson: Lesson | None) -> dict[str, Any]:
    """Words, checklist and steps, as plain data; empty without a lesson."""
    ratings = [{"score": score, "words": words} for score, words in RATINGS.items()]
    if lesson is None:
        return {"title": "", "ratings": ratings, "checklist": [], "critical": [], "steps": []}
    head, texts = lesson.head, lesson.texts
    return {
        "name": lesson.name,
        "title": lesson.title,
        "review": lesson.review,
        "level": head.level,
        "zone": head.zone,
        "minutes": head.minutes,
        "objectives": list(texts.objectives),
        "story": list(texts.story),
        "facilitation": list(texts.facilitation),
        "sources": list(head.sources),
        "ratings": ratings,
        "checklist": [{"id": item.id, "text": lesson.item_text(item.id).text, "weight": item.weight} for item in lesson.checklist],
        "critical": [{"id": item.id, "text": lesson.item_text(item.id).text} for item in lesson.critical],
        "steps": [_step_words(lesson, reaction) for reaction in lesson.reactions],
    }


def _step_words(lesson: Lesson, reaction: Reaction) -> dict[str, Any]:
    """A handler: when it comes and what it does."""
    when = f"after {Moments.length(reaction.at_us)}" if reaction.at_us is not None else _when_words(reaction.when)
    said = [words for step in reaction.steps if (words := lesson.said(step))]
    return {"id": str(reaction.number), "when": when, "what": "; ".join([*said, *([f"tells: {reaction.tell}"] if reaction.tell else [])])}


def _when_words(when: Any) -> str:
    names = " or ".join(name.replace("-", " ") for name in when.names)
    lasts = f" for {Moments.length(when.lasts)}" if when.lasts else ""
    return f"once {when.kind}: {names}{lasts}"
