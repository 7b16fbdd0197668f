"""What a lesson's log holds: one entry for whatever came from outside or could be perceived, and the table of kinds.

The table says for each kind how near to the bedside it is (clinical, wire, debug) and which fields of it a learner may ever see. A kind or
a field that is not named there reaches no learner.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

__all__ = ["CLASS", "CLOCK", "INSTRUCTOR", "KINDS", "Entry", "Kind", "as_plain", "entry_of"]

INSTRUCTOR, CLASS, CLOCK = "instructor", "class", "clock"
"""Who may act beside the learners: the trainer, the run by itself, and whoever lets time pass."""

Level = Literal["clinical", "wire", "debug"]


class Entry(NamedTuple):
    """One entry: its number, simulated us since the lesson began, what kind, by whom, about whose case ("" is all), and the rest of it."""

    n: int
    at_us: int
    kind: str
    who: str
    about: str
    data: dict[str, Any]


class Kind(NamedTuple):
    """`learner` are the fields that the learner whom it is about may see; None: he never learns that there is such an entry.

    `outside` marks what came from there, so that the rest follows from it. `to_all`: one that is about nobody reaches every learner.
    """

    level: Level
    learner: frozenset[str] | None
    fields: frozenset[str]
    outside: bool = False
    to_all: bool = False


OUTSIDE = frozenset(("order", "ref"))
"""What every entry that came from outside may have: the order as it was given, and by which id its page knows it."""


def _kind(level: Level, learner: str | None, hidden: str = "", *, outside: bool = False, to_all: bool = False) -> Kind:
    seen = None if learner is None else frozenset(learner.split())
    hidden_fields = frozenset(hidden.split()) | (OUTSIDE if outside else frozenset())
    return Kind(level, seen, (seen or frozenset()) | hidden_fields, outside, to_all)


KINDS: dict[str, Kind] = {
    "began": _kind("clinical", "run colour profile clock_us", "lesson seed speed", outside=True, to_all=True),
    "joined": _kind("clinical", "nickname", outside=True),
    "left": _kind("debug", "", outside=True),
    "back": _kind("debug", "", outside=True),
    "clock": _kind("clinical", "state speed why", "goal", outside=True, to_all=True),
    "act": _kind("wire", "act args answer seen error words wire wire_cut", outside=True),
    "sound": _kind("clinical", "pattern tones count fresh every_s muffled test", "critical causes order ref"),
    "heard": _kind("debug", "sound outcome client", outside=True),
    "audio": _kind("debug", "client state muted volume hidden", outside=True),
    "fact": _kind("clinical", None, "fact holds"),
    "event": _kind("debug", None, "event"),
    "step": _kind("clinical", None, "id text words error", outside=True),
    "inject": _kind("clinical", None, "fault params handle words error", outside=True),
    "clear": _kind("clinical", None, "handle fault words error", outside=True),
    "speakers": _kind("clinical", "who", outside=True, to_all=True),
    "muffled": _kind("debug", None, "depth_mm", outside=True),
    "said": _kind("clinical", "text by", outside=True, to_all=True),
    "finding": _kind("clinical", "text", outside=True, to_all=True),
    "prompt": _kind("clinical", "id text", outside=True, to_all=True),
    "reply": _kind("clinical", "id text", outside=True),
    "thought": _kind("clinical", "diagnosis sure"),
    "note": _kind("clinical", "text"),
    "edit": _kind("clinical", "what detail"),
    "bookmark": _kind("clinical", None, "name", outside=True),
    "returned": _kind("clinical", "", "bookmark from_us", outside=True, to_all=True),
    "rating": _kind("clinical", None, "learner score note", outside=True),
    "ticked": _kind("clinical", None, "learner item state note", outside=True),
    "finished": _kind("clinical", ""),
    "opened": _kind("clinical", "what", outside=True, to_all=True),
    "ended": _kind("clinical", "why", outside=True, to_all=True),
}
"""By kind. Of `began` a learner sees the run's name and colour, and nothing that tells which lesson it is."""


def as_plain(entry: Entry) -> dict[str, Any]:
    """The entry as a line of JSON holds it."""
    return entry._asdict()


def entry_of(plain: Mapping[str, Any]) -> Entry:
    """The entry again. Raises ValueError for what is none."""
    try:
        entry = Entry(**plain)
    except TypeError as error:
        raise ValueError(f"no entry of a lesson's log: {error}") from None
    if [type(part) for part in entry] != _TYPES:
        raise ValueError("no entry of a lesson's log: a part of it is of another type")
    if entry.kind not in KINDS:
        raise ValueError(f"no entry of a lesson's log: its kind is {entry.kind!r}")
    return entry


_TYPES = [int, int, str, str, str, dict]
