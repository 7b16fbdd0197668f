"""Why an answer is otherwise: which number of the profile the pumps do not share, or what else tells them apart."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from hil.parity.compare import Difference
from hil.wording.measures import measure, unit_of
from protocol.messages import Refusal

__all__ = ["Change", "changes_between", "why"]

LISTED_MAX = 6
_COMMON = frozenset(("min", "max", "default", "nl", "ng", "us", "s", "per", "h", "ml", "ppm", "mv"))
_OUTCOMES: Mapping[str, str] = {
    "NOT_AUTHENTICATED": "the pump knows no such session: it was opened before the recording began, or was lost here",
    "NOT_AUTHORISED": "the role may not do that here",
    "ID_GAP": "the pumps have taken different numbers of commands before; --another-unit counts from where each stands",
    "STALE": "the pumps have taken different numbers of commands before; --another-unit counts from where each stands",
    "CONFLICT": "this command id was used for something else here; --another-unit counts from where each pump stands",
    "UNSUPPORTED": "one of the two pumps does not know this request: they are of different versions",
    "PORT_BUSY": "another client has the port",
    "BUSY": "one of the two pumps was still busy, with its self-test for one, at this time of its run",
}


class Change(NamedTuple):
    """A number of the profile that is otherwise."""

    path: str
    recorded: Any
    replayed: Any

    @property
    def said(self) -> tuple[str, str]:
        """Both values in their unit."""
        return _valued(self.path, self.recorded), _valued(self.path, self.replayed)

    @property
    def text(self) -> str:
        """The number with both values."""
        return f"{self.path}, {self.said[0]} recorded and {self.said[1]} here"


def changes_between(recorded: Mapping[str, Any], replayed: Mapping[str, Any]) -> tuple[Change, ...]:
    """Every number that is not the same, in the order of the profile."""
    paths = dict.fromkeys((*recorded, *replayed))
    return tuple(Change(path, recorded.get(path), replayed.get(path)) for path in paths if recorded.get(path) != replayed.get(path))


def why(difference: Difference, changes: Sequence[Change] | None, others: Sequence[str]) -> str:
    """The most likely reason. `changes` None: one of the two profiles is not known; `others` are other things that set the pumps apart."""
    cause = _cause(difference, changes or ())
    if cause is not None:
        return f"the pumps differ in one number that fits: {cause.text}"
    outcome = next((reason for name, reason in _OUTCOMES.items() if difference.field == "answer" and _names(difference, name)), "")
    if difference.field == "serial":
        outcome = "this is another unit; --another-unit takes that for granted"
    if others and outcome == _OUTCOMES["NOT_AUTHENTICATED"]:
        outcome = ""
    parts = [outcome] if outcome else []
    if changes:
        listed = "; ".join(change.text for change in changes[:LISTED_MAX])
        more = f"; and {len(changes) - LISTED_MAX} more" if len(changes) > LISTED_MAX else ""
        parts.append(f"the pumps' profiles differ: {listed}{more}")
    parts += others
    return "; ".join(parts) or _nothing(changes)


def _names(difference: Difference, answer: str) -> bool:
    """Whether one of the two answers is this one."""
    return any(text.split(" ")[0].rstrip(":") == answer for text in (difference.replayed, difference.recorded))


def _nothing(changes: Sequence[Change] | None) -> str:
    if changes is None:
        return "not known: no profile is told for one of the two; a recording by `pumpsim serve` and a bench in reach tell both"
    return "not known: both pumps have the same profile; their states before, or their programs, differ"


def _cause(difference: Difference, changes: Sequence[Change]) -> Change | None:
    """The changed number that explains it: by both values, by a limit in a refusal, or by its name."""
    for change in changes:
        changed = (change.recorded, change.replayed)
        if difference.values == changed and list(map(type, difference.values)) == list(map(type, changed)):
            return change
    limits = [body.limit for body in difference.values if isinstance(body, Refusal)]
    for change in changes:
        if limits and any(limit in (change.recorded, change.replayed) for limit in limits):
            return change
    words = _words(difference.field)
    near = [change for change in changes if words & _words(change.path)]
    return near[0] if len(near) == 1 else None


def _words(name: str) -> frozenset[str]:
    return frozenset(re.split(r"[^a-z]+", name.lower())) - _COMMON - {""}


def _valued(path: str, value: Any) -> str:
    if value is None:
        return "not told"
    plain_number = isinstance(value, int) and not isinstance(value, bool)
    return measure(path, value) if plain_number and unit_of(path) else str(value)
