"""A parity report as lines for a person: the verdict, the first difference and why, then the rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hil.cli.output import aligned
from hil.parity.replay import Found, Parity
from hil.parity.report import Alike, alike, expected_of

__all__ = ["parity_lines"]

SHOWN_MAX = 20
FIELDS_MAX = 8


def parity_lines(parity: Parity, page: Path | None) -> Iterator[str]:
    """The lines."""
    count = len(parity.exchanges)
    yield f"{parity.recording.file}: {count} runs sent to {parity.port}"
    yield from _expected(parity)
    if parity.first is None:
        yield f"no difference{_unseen(parity)}"
    else:
        yield from _differences(parity, parity.first)
    if page is not None:
        yield f"report: {page}"


def _unseen(parity: Parity) -> str:
    """What a session may leave unseen."""
    if not parity.changes:
        return ""
    return f", though the profiles differ in {_counted(len(parity.changes), 'number')} that this session does not show"


def _differences(parity: Parity, first: Found) -> Iterator[str]:
    yield f"first difference, in exchange {first.number} of {len(parity.exchanges)}:"
    yield from aligned(_pairs(first), indent=2)
    found = alike(parity)
    exchanges = len({each.number for each in parity.found})
    yield f"{_counted(len(parity.found), 'difference')} in {_counted(exchanges, 'exchange')}"
    yield from (f"  {_short(each)}" for each in found[:SHOWN_MAX])
    if len(found) > SHOWN_MAX:
        yield f"  and {len(found) - SHOWN_MAX} more: see --json or --report"


def _pairs(found: Found) -> list[tuple[str, str]]:
    difference = found.difference
    return [
        ("message", found.name),
        ("field", difference.field),
        ("recorded", difference.recorded),
        ("here", difference.replayed),
        ("why", found.why),
    ]


def _short(each: Alike) -> str:
    difference = each.found.difference
    return f"{each.found.name} {difference.field}: {difference.recorded} recorded, {difference.replayed} here ({each.listed})"


def _expected(parity: Parity) -> Iterator[str]:
    """Which fields differ in every run."""
    fields: dict[str, str] = {}
    for each in expected_of(parity):
        fields.setdefault(str(each["field"]), str(each["why"]))
    if fields:
        listed = ", ".join(list(fields)[:FIELDS_MAX])
        more = f" and {len(fields) - FIELDS_MAX} more" if len(fields) > FIELDS_MAX else ""
        yield f"expected to differ, and different: {listed}{more}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
