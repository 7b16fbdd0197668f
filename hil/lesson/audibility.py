"""Which sounds of the pump a person's own client could make heard: folds of the log.

A client says of each sound what became of it. A score must not ask for a reaction to what nobody could hear, and a debrief says so.
Where no client reports, as without a browser, every sound counts as heard.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from hil.lesson.entries import Entry

__all__ = ["OUTCOMES", "PLAYED", "Sounding", "could_hear", "soundings"]

PLAYED = "played"
OUTCOMES: dict[str, str] = {
    PLAYED: "heard",
    "not_unlocked": "not audible: sound was not switched on in the browser",
    "muted": "not audible: muted",
    "hidden": "not audible: the page was hidden",
    "late": "not audible: it came too late to be played",
    "blocked": "not audible: the browser blocked it",
}
"""What a client can say of a sound, and how a page says it."""
UNREPORTED = "no report from this client"


class Sounding(NamedTuple):
    """One sound of a pump: entry number, simulated time, pattern, which time it was, and what the client said (empty: nothing)."""

    n: int
    at_us: int
    pattern: str
    times: int
    outcome: str

    @property
    def heard(self) -> bool:
        return self.outcome in {PLAYED, ""}

    @property
    def words(self) -> str:
        return OUTCOMES.get(self.outcome, UNREPORTED)


def soundings(entries: Iterable[Entry], learner: str) -> list[Sounding]:
    """The sounds of a learner's pump, each with the report of that learner's client; the first report of a sound counts."""
    found: dict[int, Sounding] = {}
    for entry in entries:
        if entry.kind == "sound" and entry.about in {learner, ""} and not entry.data.get("test"):
            data = entry.data
            found[entry.n] = Sounding(entry.n, entry.at_us, str(data.get("pattern", "")), int(data.get("count", 1)), "")
        elif entry.kind == "heard" and entry.who == learner:
            sounding = found.get(int(entry.data.get("sound", 0)))
            if sounding is not None and not sounding.outcome:
                found[sounding.n] = sounding._replace(outcome=str(entry.data.get("outcome", "")))
    return list(found.values())


def could_hear(entries: Iterable[Entry], learner: str, from_us: int, to_us: int) -> bool:
    """Whether any sound from one simulated time to another could be heard; True if the client reported on none of them."""
    reported = [each for each in soundings(entries, learner) if from_us <= each.at_us <= to_us and each.outcome]
    return not reported or any(each.outcome == PLAYED for each in reported)
