"""Numbers as data: an integer, or a list of them, with where it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

__all__ = ["PROVENANCES", "Number", "numbers_of", "problems_of"]

PROVENANCES = ("published", "derived", "memory", "assumed")
"""Published: in the label or the source named. Derived: computed from such. Memory: unverified. Assumed: plausible, no source."""


class Number(NamedTuple):
    """One number and where it comes from."""

    value: int | tuple[int, ...]
    provenance: str
    source: str
    note: str


def numbers_of(entries: Mapping[str, Any], source: str) -> dict[str, Number]:
    """Numbers of a data file; an entry without a source has the file's. `problems_of` says what is wrong with them."""
    return {str(name): _number(entry if isinstance(entry, dict) else {}, source) for name, entry in entries.items()}


def _number(entry: Mapping[str, Any], source: str) -> Number:
    value = entry.get("value")
    many = tuple(value) if isinstance(value, list) else value
    kept: Any = many if not entry.keys() - {"value", *Number._fields} else None
    return Number(kept, str(entry.get("provenance")), str(entry.get("source", source)), str(entry.get("note", "")))


def problems_of(numbers: Mapping[str, Number]) -> Iterator[str]:
    """What is wrong with numbers of a data file, one line each."""
    for name, number in numbers.items():
        if not _is_whole(number.value):
            yield f"{name} is a whole number, or a list of them, with its value, provenance, source and note"
        elif number.provenance not in PROVENANCES:
            yield f"the provenance of {name} is one of {', '.join(PROVENANCES)}"


def _is_whole(value: object) -> bool:
    parts: Sequence[object] = value if isinstance(value, tuple) else (value,)
    return bool(parts) and all(isinstance(part, int) and not isinstance(part, bool) for part in parts)
