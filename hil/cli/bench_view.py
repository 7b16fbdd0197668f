"""Results of the bench for a person: names and values in columns, lists of alike things as tables, times as days and hours too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hil.cli.output import aligned

__all__ = ["clock", "result_lines", "verb_lines"]

US_PER_S = 1_000_000
S_PER_DAY = 86_400
TEXT_CHARS_MAX = 100
"""An image has thousands of characters; --json has them all."""
ROWS_MAX = 200


def clock(us: int) -> str:
    """Microseconds as days and a time of day: `3 d 08:00:00.000`."""
    seconds, rest_us = divmod(us, US_PER_S)
    days, left_s = divmod(seconds, S_PER_DAY)
    return f"{days} d {left_s // 3600:02}:{left_s // 60 % 60:02}:{left_s % 60:02}.{rest_us // 1000:03}"


def result_lines(result: Mapping[str, Any]) -> list[str]:
    """The lines of one result."""
    return list(_lines(result, 0)) or ["done"]


def verb_lines(verbs: Sequence[Mapping[str, Any]]) -> list[str]:
    """The verbs, each with its arguments; those in brackets need not be given."""
    return aligned([(verb["name"], "\n".join(filter(None, (verb["doc"], _takes(verb["args"]))))) for verb in verbs])


def _takes(schema: Mapping[str, Any]) -> str:
    needed = schema.get("required", ())
    return " ".join(name if name in needed else f"[{name}]" for name in schema.get("properties", {}))


def _lines(found: Mapping[str, Any], indent: int) -> Iterator[str]:
    flat = [(name, value) for name, value in found.items() if not _is_deep(value)]
    yield from aligned([(name, _shown(name, value)) for name, value in flat], indent)
    for name, value in found.items():
        if _is_deep(value):
            yield f"{' ' * indent}{name}"
            yield from _deep(value, indent + 2)


def _is_deep(value: object) -> bool:
    if isinstance(value, Mapping):
        return bool(value)
    return isinstance(value, list) and any(isinstance(each, Mapping) for each in value)


def _deep(value: Any, indent: int) -> Iterator[str]:
    if isinstance(value, Mapping):
        columns = list(value.values())
        if all(isinstance(column, list) for column in columns) and len({len(column) for column in columns}) == 1:
            yield from _table([dict(zip(value, row, strict=True)) for row in zip(*columns, strict=True)], indent)
        else:
            yield from _lines(value, indent)
    else:
        yield from _table([each if isinstance(each, Mapping) else {"": each} for each in value], indent)


def _table(rows: Sequence[Mapping[str, Any]], indent: int) -> Iterator[str]:
    """Rows under one another; those past the limit are only counted."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [names, *([_cell(row.get(name)) for name in names] for row in rows[:ROWS_MAX])]
    widths = [max(len(line[place]) for line in cells) for place in range(len(names))]
    for line in cells:
        yield (" " * indent + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))).rstrip()
    if len(rows) > ROWS_MAX:
        yield f"{' ' * indent}... and {len(rows) - ROWS_MAX:,} more; --json has them all"


def _shown(name: str, value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}  ({clock(value)})" if name.endswith("_us") and value >= US_PER_S else f"{value:,}"
    return _cell(value)


def _cell(value: object) -> str:
    match value:
        case None:
            text = "-"
        case bool():
            text = "yes" if value else "no"
        case Mapping():
            text = " ".join(f"{name}={_cell(each)}" for name, each in value.items())
        case list():
            text = ", ".join(_cell(each) for each in value) or "none"
        case _:
            text = str(value)
    return text if len(text) <= TEXT_CHARS_MAX else f"{text[: TEXT_CHARS_MAX - 4]} ..."
