"""The debrief of one learner: critical errors first, checklist and rating apart, lanes, decisions, missed chances, near misses, sounds.

A fold of the log alone: it works for any beginning of a log and for one from a file. Curves need the run itself: `hil.lesson.futures`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from hil.lesson import pearls
from hil.lesson.audibility import Sounding, soundings
from hil.lesson.entries import INSTRUCTOR, Entry
from hil.lesson.projection import Role
from hil.lesson.scoring import CriticalScore, ItemScore, NearMiss, Score, score
from hil.lesson.standard import RATINGS
from hil.lesson.views.clauses import is_look
from hil.lesson.views.evidence import allowed_acts, evident_facts
from hil.lesson.views.lanes import Deed, FactLane, Lanes, Missed, Span, missed_chances
from hil.lesson.views.moments import Moments
from hil.lesson.views.stored import Stored

__all__ = ["debrief_view", "lanes_of", "rating_of", "verdict"]

VERSION = 1
NEAR_MISSES: dict[str, str] = {
    "limit": "a limit was met",
    "back": "an entry was changed before it was sent",
    "abandoned": "an update was begun and not sent",
    "override": "a warning was overridden",
}
"""What an edit entry can say, and its words."""
MISSED_SHOWN = 6
"""Missed chances on the page: the longest ones."""
NOT_OPEN = "The debrief is not open yet. It opens when the lesson is over and the instructor opens it."


def debrief_view(stored: Stored, learner: str, role: Role = "learner") -> dict[str, Any]:
    """All that the debrief page shows. Raises UsageError for an unknown learner."""
    learner = stored.known(learner)
    if not stored.shows_truth(role):
        return {"v": VERSION, "open": False, "why": NOT_OPEN, "ended": stored.ended, "run": _run_name(stored)}
    entries, moments = stored.present, stored.moments
    fold = lanes_of(stored, learner)
    rows, sounds = fold.lanes(), soundings(entries, learner)
    missed = missed_chances(rows)
    told = pearls.observations(fold.deeds, rows, moments, sounds)
    return {
        "v": VERSION,
        "open": True,
        "opened": stored.opened,
        "ended": stored.ended,
        "role": role,
        "run": _run(stored),
        "learner": {"key": learner, "nickname": stored.learners[learner]},
        "others": [{"key": key, "nickname": name} for key, name in stored.learners.items()] if role == INSTRUCTOR else [],
        **_judged(stored, learner, moments),
        "from_us": 0,
        "to_us": moments.end_us,
        "origin_us": moments.origin_us,
        "lanes": [_lane(number, row) for number, row in enumerate(rows, start=1)],
        "deeds": [_deed(deed, fold, stored) for deed in fold.deeds],
        "missed": [_missed(chance, moments) for chance in missed[:MISSED_SHOWN]],
        "sounds": _sounds(sounds, moments),
        "audibility": _audibility(sounds),
        "pearls": pearls.pearls(stored.lesson.head.zone, told, missed, fold.deeds, moments),
        "story": list(stored.lesson.texts.story),
        "points": list(stored.lesson.texts.debrief),
    }


def lanes_of(stored: Stored, learner: str) -> Lanes:
    """The fold of the four lanes over what led to the present."""
    return Lanes(learner, evident_facts(), allowed_acts(stored.lesson), stored.lesson.texts.diagnoses).feed_all(stored.present)


# ---------------------------------------------------------------- judged


def verdict(result: Score) -> str:
    """One sentence. A critical error comes first and fails whatever the checklist says, and its share is said beside it."""
    return f"{result.verdict} (checklist {result.share_percent} %)" if result.errors else result.verdict


def rating_of(entries: Iterable[Entry], learner: str) -> dict[str, Any] | None:
    """The instructor's last global rating of a learner."""
    given = [entry.data for entry in entries if entry.kind == "rating" and entry.data.get("learner", entry.about) == learner]
    if not given:
        return None
    points = int(given[-1]["score"])
    return {"score": points, "of": max(RATINGS), "words": RATINGS.get(points, ""), "note": str(given[-1].get("note", ""))}


def _judged(stored: Stored, learner: str, moments: Moments) -> dict[str, Any]:
    """Critical errors, checklist and rating: three things that are never added up. And what nearly went wrong."""
    result = score(stored.lesson, stored.entries, learner)
    return {
        "verdict": {
            "passed": result.passed,
            "words": verdict(result),
            "share_percent": result.share_percent,
            "pass_percent": result.pass_percent,
            "got": result.got,
            "most": result.most,
        },
        "critical": [_item(stored, each, moments) for each in result.errors],
        "checklist": [{**_item(stored, each, moments), "weight": each.weight, "state": each.state, "by": each.by} for each in result.items],
        "rating": rating_of(stored.entries, learner),
        "ratings": [{"score": points, "words": words} for points, words in RATINGS.items()],
        "near_misses": [_near_miss(each, moments) for each in result.near_misses],
    }


def _item(stored: Stored, each: ItemScore | CriticalScore, moments: Moments) -> dict[str, Any]:
    return {
        "id": each.id,
        "text": each.text,
        "at_us": each.at_us,
        "at": "" if each.at_us is None else moments.text(each.at_us),
        "why": each.why,
        "debrief": stored.lesson.item_text(each.id).debrief,
    }


def _near_miss(each: NearMiss, moments: Moments) -> dict[str, Any]:
    return {
        "at_us": each.at_us,
        "at": moments.text(each.at_us),
        "what": each.what,
        "words": NEAR_MISSES.get(each.what, each.what),
        "detail": each.detail,
        "corrected": "" if each.corrected_after_us is None else moments.length(each.corrected_after_us),
    }


# ---------------------------------------------------------------- lanes and decisions


def _lane(number: int, row: FactLane) -> dict[str, Any]:
    return {
        "number": number,
        "fact": row.fact,
        "words": row.words,
        "ways": [act.replace("-", " ") for act in row.ways],
        "true": _spans(row.true),
        "could": _spans(row.could),
        "knew": _spans(row.knew),
    }


def _spans(spans: Iterable[Span]) -> list[list[int]]:
    return [[span.from_us, span.to_us] for span in spans]


def _deed(deed: Deed, fold: Lanes, stored: Stored) -> dict[str, Any]:
    """An act, and what stood then: knew, could have known, truth; each fact in words. `detail` is what somebody wrote."""
    return {
        "n": deed.n,
        "at_us": deed.at_us,
        "at": stored.moments.text(deed.at_us),
        "act": deed.act,
        "words": deed.words,
        "detail": str(deed.args.get("text") or deed.args.get("why") or deed.args.get("reason") or ""),
        "answer": deed.answer,
        "decision": not is_look(deed.act),
        **{name: [fold.words(fact) for fact in getattr(deed, name)] for name in ("shown", "truth", "could", "knew")},
    }


def _missed(chance: Missed, moments: Moments) -> dict[str, Any]:
    return {
        "facts": list(chance.facts),
        "words": chance.words,
        "from_us": chance.span.from_us,
        "to_us": chance.span.to_us,
        "from": moments.text(chance.span.from_us),
        "to": moments.text(chance.span.to_us),
        "length": moments.length(chance.span.us),
        "ways": [act.replace("-", " ") for act in chance.ways],
        "then": "then it became known" if chance.ended_known else "it was not learned",
    }


# ---------------------------------------------------------------- sounds


def _sounds(sounds: Sequence[Sounding], moments: Moments) -> list[dict[str, Any]]:
    """Soundings; those that follow one another with one pattern and one outcome are one line."""
    lines = []
    for (pattern, outcome), group in groupby(sounds, key=lambda each: (each.pattern, each.outcome)):
        of_one = list(group)
        first, last = of_one[0], of_one[-1]
        times = moments.text(first.at_us) if len(of_one) == 1 else f"{moments.text(first.at_us)} to {moments.text(last.at_us)}"
        lines.append(
            {
                "pattern": pattern,
                "outcome": outcome,
                "words": first.words,
                "heard": first.heard,
                "count": len(of_one),
                "at": times,
                "at_us": [each.at_us for each in of_one],
            }
        )
    return lines


def _audibility(sounds: Sequence[Sounding]) -> dict[str, Any]:
    """How many could be heard, in words that say what it means for the score."""
    heard, reported = sum(each.heard for each in sounds), sum(bool(each.outcome) for each in sounds)
    if not sounds:
        words = "The pump did not sound."
    elif not reported:
        often = "once" if len(sounds) == 1 else f"{len(sounds)} times"
        words = f"The pump sounded {often}; this client reported on none of it, so each sound counts as heard."
    else:
        words = f"{heard} of {len(sounds)} sounds could be heard. Items that ask for a reaction to a sound that could not are not judged."
    return {"heard": heard, "of": len(sounds), "words": words}


# ---------------------------------------------------------------- head


def _run_name(stored: Stored) -> dict[str, Any]:
    """What a learner may know before the debrief is opened."""
    return {"name": str(stored.began.get("run", "")), "colour": str(stored.began.get("colour", ""))}


def _run(stored: Stored) -> dict[str, Any]:
    lesson = stored.lesson
    return {
        **_run_name(stored),
        "lesson": lesson.title,
        "level": lesson.head.level,
        "zone": lesson.head.zone,
        "minutes": lesson.head.minutes,
        "review": lesson.review,
        "objectives": list(lesson.texts.objectives),
        "fidelity": lesson.texts.fidelity or "",
        "seed": stored.began.get("seed"),
        "began": stored.moments.date(0),
        "length": stored.moments.length(stored.moments.end_us),
    }
