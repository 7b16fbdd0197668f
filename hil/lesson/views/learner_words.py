"""Words for the learner's page: when something was, what came of an act, what went over the wire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hil.wording import quantity
from protocol.transcript import describe

__all__ = ["act_result", "frames_said", "link_said", "moment"]

US_PER_S = 1_000_000
US_PER_MIN = 60 * US_PER_S
US_PER_DAY = 86_400 * US_PER_S
FIELDS_SHOWN_MAX = 600
"""Characters of a frame's fields; its bytes are there whole."""
_FROM = {"host": "programmer", "pump": "pump"}
_NOTHING = {"kind": "", "answer": "", "fields": "", "damaged": ""}
_FIRST = ("measured", "expected", "difference")
_HIDDEN = frozenset(("token", "text", "readout", "log", "errors", "read_at_us", "rows", "warns", "abnormal", "generation"))
"""Parts of an answer that are shown in another way, or not at all."""


def moment(at_us: int, clock_us: int | None) -> str:
    """When something was: the day of the lesson and the time on the wall; without a date, since the lesson began."""
    if clock_us is None:
        days, left = divmod(at_us, US_PER_DAY)
        return f"day {days + 1}, {left // (60 * US_PER_MIN):02d}:{left // US_PER_MIN % 60:02d} in"
    day = (clock_us + at_us) // US_PER_DAY - clock_us // US_PER_DAY + 1
    return f"day {day} {quantity.clock(clock_us + at_us)[-5:]}"


# ---------------------------------------------------------------- acts


def act_result(title: str, seen: Mapping[str, Any], error: Mapping[str, Any] | None) -> dict[str, Any]:
    """An act in lines: its name with what was typed, a sentence if it gave one, what it gave by name, the error if it was refused."""
    return {
        "title": title,
        "text": str(seen.get("text", "")),
        "rows": list(_rows(seen)),
        "warns": bool(seen.get("warns")),
        "error": "; ".join(str(error[part]) for part in ("what", "do") if error.get(part)) if error else "",
    }


def _rows(seen: Mapping[str, Any]) -> Iterable[list[str]]:
    first = [key for key in _FIRST if key in seen]
    for key, value in (*((key, seen[key]) for key in first), *(pair for pair in seen.items() if pair[0] not in first)):
        if key in _HIDDEN or key.endswith(("_us", "_nl", "_ng")):
            continue
        name = key.replace("_", " ").replace("-", " ")
        if isinstance(value, str) and value:
            yield [name, value.removesuffix(f" {name}")]
        elif isinstance(value, list) and value and all(isinstance(each, str) for each in value):
            yield [name, "\n".join(value)]
        elif isinstance(value, bool):
            yield [name, "yes" if value else "no"]
        elif isinstance(value, int):
            yield [name, quantity.number(value)]


# ---------------------------------------------------------------- the wire


def frames_said(frames: Sequence[Sequence[str]]) -> list[dict[str, str]]:
    """Frames as they went: who sent it, what it is called, what it holds, its bytes."""
    return [_frame_said(str(frame[0]), str(frame[1])) for frame in frames]


def link_said(frames: Sequence[Mapping[str, str]]) -> str:
    """How good the line was: requests, answers, and what came damaged."""
    asked, answers = (sum(frame["kind"] == kind for frame in frames) for kind in ("request", "answer"))
    damaged = sum(frame["damaged"] == "yes" for frame in frames)
    lost = asked - answers
    parts = [
        f"{asked} requests, {answers} answers",
        f"{lost} without an answer" if lost > 0 else "",
        f"{damaged} damaged" if damaged else "",
    ]
    return ", ".join(part for part in parts if part)


def _frame_said(direction: str, text: str) -> dict[str, str]:
    run = bytes.fromhex(text)
    if not run.strip(b"\0"):
        return {**_NOTHING, "from": _FROM[direction], "name": "an empty frame, which clears the line", "hex": text}
    told = describe(run)
    fields = told.get("fields") or {}
    held = ", ".join(f"{name} {value}" for name, value in fields.items())
    return {
        "from": _FROM[direction],
        "kind": str(told.get("kind", "")),
        "name": str(told.get("name") or told.get("error") or "bytes").replace("_", " ").lower(),
        "answer": str(told.get("answer", "")).replace("_", " ").lower(),
        "fields": held if len(held) <= FIELDS_SHOWN_MAX else f"{held[:FIELDS_SHOWN_MAX]} ...",
        "damaged": "yes" if told.get("error") else "",
        "hex": " ".join(text[place : place + 2] for place in range(0, len(text), 2)),
    }
