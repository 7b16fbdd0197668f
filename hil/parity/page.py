"""The parity report as one self-contained page: the verdict, the first difference and why, every exchange side by side."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from hil.errors import HilError
from hil.pages.template import filled, static
from hil.parity.reading import LONE_ZERO, Reading
from hil.parity.replay import Exchange, Parity
from hil.parity.report import alike, expected_of
from hil.parity.spoken import label, leaves, moment, spoken_fields
from hil.system.whole_file import write_whole

__all__ = ["render_page", "write_page"]

LISTED_FACTS = ("by", "profile", "serial", "seed", "firmware", "security", "clock", "port")


class Half(NamedTuple):
    """One side of an exchange on the page."""

    answer: str
    good: bool
    after: str
    lines: tuple[tuple[str, str, str], ...]
    """Field, value, and how it stands to the other side: empty, `expected` or `differs`."""
    raw: str


class Row(NamedTuple):
    """One exchange on the page."""

    number: int
    at: str
    name: str
    asked: str
    state: str
    sent: str
    recorded_request: str
    halves: tuple[tuple[Half | None, Half | None], ...]
    faults: tuple[str, ...]


def write_page(parity: Parity, path: Path) -> None:
    """Write the page, making its folder. Raises HilError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, render_page(parity))
    except OSError as error:
        raise HilError(f"the report cannot be written: {error.strerror}", where=str(path), do="choose another file") from error


def render_page(parity: Parity) -> str:
    """Build the page as text."""
    facts = [(name, parity.recording.facts.get(name), parity.facts.get(name)) for name in LISTED_FACTS]
    values = {
        "parity": parity,
        "styles": static("report.css", "parity.css"),
        "facts": [fact for fact in facts if fact[1] is not None or fact[2] is not None],
        "rows": [_row(each, parity) for each in parity.exchanges],
        "expected": expected_of(parity),
        "alike": alike(parity),
        "touched": len({found.number for found in parity.found}),
    }
    return filled("parity.html.j2", values)


def _row(exchange: Exchange, parity: Parity) -> Row:
    reading = exchange.asked.reading
    marks = {each.field: "expected" if each.expected else "differs" for each in exchange.differences}
    halves = []
    for one, other in zip_longest(exchange.recorded, exchange.replayed):
        left = one and _half(one.reading, one.at_us - exchange.asked.at_us, marks)
        right = other and _half(other.reading, other.at_us - exchange.sent_us, marks)
        halves.append((left, right))
    state = "differs" if exchange.faults else "expected" if exchange.differences else "same"
    faults = tuple(f"{each.field}: {each.recorded} recorded, {each.replayed} here" for each in exchange.faults)
    return Row(
        exchange.number,
        moment(exchange.asked.at_us, wall=parity.recording.wall),
        exchange.name,
        _asked(reading),
        state,
        exchange.sent.hex(" "),
        reading.raw.hex(" "),
        tuple(halves),
        faults,
    )


def _asked(reading: Reading) -> str:
    """What the host said, in words."""
    if reading.frame is None or reading.body is None:
        return "" if reading.raw == LONE_ZERO else f"{len(reading.raw)} bytes that are no frame" if reading.frame is None else reading.error
    return ", ".join(f"{label(name)} {text}" for name, text in spoken_fields(reading.body).items())


def _half(reading: Reading, after_us: int, marks: Mapping[str, str]) -> Half:
    answer = reading.answer.name if reading.answer is not None else reading.error
    lines: list[tuple[str, str, Any]] = []
    if reading.refusal is not None:
        lines.append(("", reading.refusal.what, ""))
    elif reading.body:
        lines += [(label(path), text, marks.get(path, "")) for path, text in leaves(reading.body)]
    return Half(answer, answer == "OK", f"{after_us / 1000:,.3f} ms", tuple(lines), reading.raw.hex(" "))
