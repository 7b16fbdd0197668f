"""Prompts for a debriefing in the five steps of PEARLS, filled in from the log.

The log gives what can be observed: a time, an act, a fact. What somebody makes of it stays with the people in the room, so that no sentence
made here judges. The lesson's zone chooses the form: a skill is trained with direct feedback and tried again, a case is talked over by
advocacy and inquiry, a team first says itself what went as wished and what to change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from hil.lesson.audibility import Sounding
from hil.lesson.views.clauses import is_look, is_mental
from hil.lesson.views.lanes import DONE, Deed, FactLane, Missed
from hil.lesson.views.moments import Moments

__all__ = ["FORMS", "OBSERVATIONS", "Observation", "observations", "pearls"]

OBSERVATIONS = 5
"""Sentences of the description."""
TALKED_OVER = 2
"""Missed chances that the analysis takes up: a debriefing has room for two."""
FORMS: dict[str, str] = {
    "skill": "Direct feedback, then try again from a bookmark.",
    "case": "Advocacy and inquiry: say what you observed and what you made of it, then ask.",
    "team": "The team's own view first (what went as wished, what to change), then advocacy and inquiry.",
}
"""How each zone is talked over."""


class Observation(NamedTuple):
    """One sentence and the three things it holds."""

    at_us: int
    time: str
    act: str
    fact: str
    text: str


def observations(deeds: Sequence[Deed], lanes: Sequence[FactLane], moments: Moments, sounds: Sequence[Sounding] = ()) -> list[Observation]:
    """Up to five sentences in order of time: the first sound, what first showed something, and decisions."""
    told = [_sounded(sounds[0], lanes, moments)] if sounds else []
    told += [_observation(deed, lanes, moments) for deed in _chosen(deeds, OBSERVATIONS - len(told))]
    return sorted(told, key=lambda each: each.at_us)


def _chosen(deeds: Sequence[Deed], most: int) -> list[Deed]:
    """What first showed something, the most first, what changed pump or patient, what somebody thought, the rest; in order of time."""
    seen: set[str] = set()
    new: dict[int, int] = {}
    for deed in deeds:
        new[deed.n] = len(set(deed.shown) - seen)
        seen |= set(deed.shown)
    showing = sorted((deed for deed in deeds if new[deed.n]), key=lambda deed: -new[deed.n])
    changing = [deed for deed in deeds if deed.answer == DONE and not is_look(deed.act) and not is_mental(deed.act)]
    mental = [deed for deed in deeds if is_mental(deed.act)]
    ranked = [*showing[:1], *changing[:1], *changing[-1:], *mental[:1], *showing[1:2], *changing, *showing, *mental, *deeds]
    once: dict[tuple[str, tuple[str, ...]], Deed] = {}
    for deed in ranked:
        once.setdefault((deed.words, deed.shown), deed)
    return sorted(list(once.values())[:most], key=lambda deed: deed.n)


def _sounded(sound: Sounding, lanes: Sequence[FactLane], moments: Moments) -> Observation:
    time = moments.said(sound.at_us)
    fact = _so([lane.words for lane in lanes if any(span.from_us <= sound.at_us <= span.to_us for span in lane.true)])
    return Observation(sound.at_us, time, "the pump sounded", fact, f"At {time} the pump sounded ({sound.words}); {fact}.")


def _observation(deed: Deed, lanes: Sequence[FactLane], moments: Moments) -> Observation:
    time, act = moments.said(deed.at_us), f"you {deed.words}"
    if deed.shown:
        fact = "this showed: " + ", ".join(lane.words for lane in lanes if lane.fact in deed.shown)
    elif deed.answer != DONE:
        fact = f"the answer was: {deed.answer}"
    else:
        fact = _so([lane.words for lane in lanes if lane.fact in deed.truth])
    return Observation(deed.at_us, time, act, fact, f"At {time} {act}; {fact}.")


def _so(held: Sequence[str]) -> str:
    """What held at an instant, the first three of it."""
    return f"at that time: {', '.join(held[:3])}" if held else "at that time no condition of the list was present"


# ---------------------------------------------------------------- the five steps


def pearls(zone: str, told: Sequence[Observation], missed: Sequence[Missed], deeds: Sequence[Deed], moments: Moments) -> dict[str, Any]:
    """The five steps: what to ask, what the log says to it, and how many minutes each takes of about twenty."""
    return {
        "zone": zone,
        "form": FORMS.get(zone, FORMS["case"]),
        "phases": [
            _phase("setting", "Setting the scene", 2, _SETTING, []),
            _phase("reactions", "Reactions", 2, _REACTIONS, []),
            _phase("description", "Description", 3, _DESCRIPTION, [each.text for each in told]),
            {
                **_phase("analysis", "Analysis", 10, _ANALYSIS.get(zone, _ANALYSIS["case"]), []),
                "topics": _topics(missed, deeds, moments),
            },
            _phase("summary", "Summary", 3, _SUMMARY, []),
        ],
    }


def _phase(name: str, title: str, minutes: int, ask: Sequence[str], from_log: Sequence[str]) -> dict[str, Any]:
    return {"id": name, "title": title, "minutes": minutes, "ask": list(ask), "from_log": list(from_log)}


_SETTING = (
    "We have about twenty minutes. What is said here stays here; the case was a model, and everybody took part to learn.",
    "First reactions, then what happened, then two or three points in depth, then what each of you takes away.",
)
_REACTIONS = ("How are you feeling after this?", "Any first thoughts?")
_DESCRIPTION = ("Please tell in a few words what the case was about.", "Does the log below fit your memory of it? What is missing from it?")
_ANALYSIS: dict[str, tuple[str, ...]] = {
    "skill": (
        "Show the step again, slowly: what do you look at first?",
        "Return to the bookmark before this step and do it once more.",
    ),
    "case": ("Which of these would you like to begin with?", "What were you thinking of at that time?"),
    "team": (
        "What went as you wished? What would you change?",
        "Who knew what at that time, and how did the others learn of it?",
    ),
}
_SUMMARY = ("What is one thing that you take with you?", "Where will you use it first?")


def _topics(missed: Sequence[Missed], deeds: Sequence[Deed], moments: Moments) -> list[dict[str, str]]:
    """Stems for the longest missed chances: the observation is the log's, the point of view and the listening stay human."""
    return [
        {
            "preview": f"I would like to talk about this: {chance.words}.",
            "observation": _gap(chance, deeds, moments),
            "view": "I noticed this because … (your own point of view)",
            "inquiry": "How did you see it at that time?",
            "listen": "Listen, and ask on: what made you choose that?",
        }
        for chance in missed[:TALKED_OVER]
    ]


def _gap(chance: Missed, deeds: Sequence[Deed], moments: Moments) -> str:
    """What was done while the fact was there to be seen: times, acts, the fact."""
    begin = f"From {moments.said(chance.span.from_us)} to {moments.said(chance.span.to_us)}: {chance.words}."
    within = [deed for deed in deeds if chance.span.from_us <= deed.at_us <= chance.span.to_us]
    if not within:
        return f"{begin} In this time the log holds no act of yours."
    shown = within if len(within) <= 3 else [*within[:2], within[-1]]
    acts = "; ".join(f"at {moments.said(deed.at_us)} you {deed.words}" for deed in shown)
    return f"{begin} {acts[0].upper()}{acts[1:]}."
