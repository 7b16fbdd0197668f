"""Acts as clauses of the past, without judgement: `examined the patient: temperature`. A debrief is told with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hil.lesson.doors import DOORS

__all__ = ["clause", "is_look", "is_mental"]

_LOOKING = frozenset({"examine", "patient", "wait"})
_LOOKS = frozenset({"interrogate", "review", "review-refill", "type", "alarm-test", "note", "settle", "leave"})
_MENTAL = frozenset({"think", "call", "finish", "silence", "acknowledge"})
_TOLD = (
    "what",
    "whom",
    "treatment",
    "diagnosis",
    "dose",
    "over",
    "volume",
    "draw",
    "push",
    "contrast",
    "rate",
    "concentration",
    "is",
    "for",
    "sure",
)
"""Arguments that belong to the clause, in this order; the others stay in the log."""
_SHOWN_MAX = 120


def is_look(act: str) -> bool:
    """Whether an act looks and changes nothing; all others are decisions."""
    return act in _LOOKS or (act in DOORS and DOORS[act].group in _LOOKING)


def is_mental(act: str) -> bool:
    """Whether a decision leaves pump and patient as they are."""
    return act in _MENTAL


def clause(act: str, args: Mapping[str, Any], diagnoses: Mapping[str, str] | None = None, *, done: bool = True) -> str:
    """What was done, with what belongs to it; of what was refused, what was tried. `diagnoses` are a lesson's words by id.

    What a person chose among is quoted: the words are his, not the log's.
    """
    if not done:
        return f'tried "{DOORS[act].label}"' if act in DOORS else f"tried: {_plain(act)}"
    said = dict(args)
    if said.get("diagnosis"):
        said["diagnosis"] = f'"{(diagnoses or {}).get(str(said["diagnosis"]), _plain(str(said["diagnosis"])))}"'
    told = ", ".join(_plain(str(said[name])) for name in _TOLD if said.get(name))
    words = DOORS[act].past if act in DOORS else f"did: {_plain(act)}"
    return f"{words}: {told[:_SHOWN_MAX]}" if told else words


def _plain(text: str) -> str:
    """An id in words; a quantity or a sentence as it is."""
    return text.replace("-", " ") if text.replace("-", "").isalpha() else text
