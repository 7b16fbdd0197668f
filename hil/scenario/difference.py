"""The first difference of two recorded runs: at which step and time, in which field, and both values.

A step's fields are held against each other in the order in which one thing follows from another: what was done, what happened on the way,
what was measured and expected, what the pump believes, what is so, and last the digest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from hil.errors import UsageError
from hil.scenario.recording import FORMAT
from hil.wording.causes import cause

__all__ = ["Apart", "Input", "Row", "first_difference", "inputs_apart", "read_recording"]

ORDER = ("word", "events", "text", "data", "at_us", "checks", "verdict", "belief", "truth", "digest")
INPUTS = ("scenario", "variant", "sha256", "pump", "seed")
"""What was asked for; that it differs is no difference in what happened."""
NOTHING = "nothing"

Row = dict[str, Any]


class Input(NamedTuple):
    """What two runs were asked for differently."""

    run: str
    field: str
    first: Any
    second: Any


class Apart(NamedTuple):
    """Where two runs part. `step` is 0 for the beginning; `at_us` counts from the first step; `before` is the last step that was alike."""

    run: str
    step: int
    at_us: int
    act: str
    field: str
    first: Any
    second: Any
    before: str = ""


def read_recording(path: Path) -> list[Row]:
    """Its lines. Raises UsageError."""
    try:
        text = path.read_text(encoding="utf-8")
        rows = [json.loads(line) for line in text.splitlines() if line]
    except (OSError, ValueError) as error:
        raise UsageError(
            f"it cannot be read: {cause(error)}", where=str(path), do="give a file that `pumpsim run --record` wrote"
        ) from None
    if not rows or not all(isinstance(row, dict) for row in rows) or rows[0].get("recording") != FORMAT:
        raise UsageError("it is no recorded run", where=str(path), do="give a file that `pumpsim run --record` wrote")
    return rows


def inputs_apart(first: list[Row], second: list[Row]) -> list[Input]:
    """In what the runs were not asked for the same."""
    heads = ([row for row in rows if "recording" in row] for rows in (first, second))
    pairs = list(zip(*heads, strict=False))
    return [Input(_run(one), key, one[key], other[key]) for one, other in pairs for key in INPUTS if one[key] != other[key]]


def first_difference(first: list[Row], second: list[Row]) -> Apart | None:
    """The first place where what happened is not the same; None if all of it is."""
    run, before, began_us = "", "", 0
    for number in range(max(len(first), len(second))):
        one, other = (rows[number] if number < len(rows) else {} for rows in (first, second))
        if "recording" in one:
            run, before, began_us = _run(one), "", int(one["began_us"])
            if "recording" in other:
                continue
        if one == other:
            before = _named(one) or before
            continue
        return _apart(one, other, run, began_us)._replace(before=before)
    return None


def _run(head: Row) -> str:
    return ", ".join(filter(None, (str(head["scenario"]), str(head["variant"]))))


def _named(row: Row) -> str:
    return f"step {row['step']}: {row['text']}" if "step" in row else "another run" if "recording" in row else "the end" if row else NOTHING


def _apart(one: Row, other: Row, run: str, began_us: int) -> Apart:
    """What differs between two lines; where only one of them is a step, one run goes on and the other does not."""
    if "step" in one and "step" in other:
        found = next(_fields(one, other))
        act = one["text"] if one["text"] == other["text"] else f"{one['text']} / {other['text']}"
        at_us = found.at_us - began_us if found.at_us >= 0 else min(one["at_us"], other["at_us"])
        return Apart(run, one["step"], at_us, act, found.path, found.one, found.other)
    if "ended" in one and "ended" in other:
        key = "ended" if one["ended"] != other["ended"] else "digest"
        return Apart(run, 0, 0, "the end", key, one[key], other[key])
    row = one if "step" in one else other
    return Apart(run, row.get("step", 0), row.get("at_us", 0), row.get("text", "the end"), "steps", _named(one), _named(other))


class _Field(NamedTuple):
    """One field; `at_us` is its own time, -1 if it has none."""

    path: str
    one: Any
    other: Any
    at_us: int = -1


def _fields(one: Row, other: Row) -> Iterator[_Field]:
    """What differs, the causes first."""
    for key in (*ORDER, *sorted((one.keys() | other.keys()) - set(ORDER))):
        if one.get(key) == other.get(key):
            continue
        if key == "events":
            yield _event(one[key], other[key])
        else:
            yield from _inside(one.get(key), other.get(key), key)


def _event(one: list[Row], other: list[Row]) -> _Field:
    """The first event that only one of them has."""
    for number in range(max(len(one), len(other))):
        first, second = (events[number] if number < len(events) else None for events in (one, other))
        if first != second:
            at_us = min(event["now_us"] for event in (first, second) if event is not None)
            return _Field(f"events[{number}]", _brief(first), _brief(second), at_us)
    raise AssertionError("two lists differ and no element does")


def _brief(event: Row | None) -> str:
    if event is None:
        return NOTHING
    return " ".join(str(event[key]) if key == "kind" else f"{key}={event[key]}" for key in event if key not in ("number", "now_us"))


def _inside(one: Any, other: Any, path: str) -> Iterator[_Field]:
    """Down to the value that differs."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            if one.get(key) != other.get(key):
                yield from _inside(one.get(key), other.get(key), f"{path}.{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (first, second) in enumerate(zip(one, other, strict=True)):
            if first != second:
                yield from _inside(first, second, f"{path}[{number}]")
    else:
        yield _Field(path, one, other)
