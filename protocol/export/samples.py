"""Bodies of every kind with values made up by rule: what test vectors are made of, and what readers are tried on.

Three cases of each body: `lowest` and `highest` show the ends of every number, `counting` has other bytes everywhere, so that two fields
or two bytes that changed places are seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from protocol.export.layout import Body, Item, items, members, minors, version
from protocol.fields import NEWEST
from protocol.limits import CHUNK_BYTES_MAX

__all__ = ["CASES", "bodies_of", "editions_of", "sample"]

CASES = ("lowest", "highest", "counting")
_TEXTS = {"lowest": "", "highest": "\U0010ffff\uffff\u07ffz", "counting": "a\u00b5\u20ac"}
_ROWS = {"lowest": 0, "highest": 2, "counting": 3}
_TAILS = {"lowest": 0, "highest": CHUNK_BYTES_MAX, "counting": 5}
_COUNTED_BYTES_MAX = 6
"""Larger numbers than six bytes hold are not exact in languages whose numbers are doubles; `highest` has them."""


def editions_of(declaration: Body) -> Iterator[tuple[str, int, tuple[Any, ...]]]:
    """Each case with the minor version that hears it: the newest with all fields, and each before which fields were added."""
    for case, body in bodies_of(declaration):
        yield case, NEWEST, body
        for minor in minors(declaration):
            yield f"{case}, before {version(minor)}", minor - 1, body


def bodies_of(declaration: Body) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Each case and its body; a body without fields has one."""
    for case in CASES if items(declaration) else CASES[-1:]:
        yield case, sample(declaration, case)


def sample(declaration: Body, case: str, numbers: Iterator[int] | None = None) -> tuple[Any, ...]:
    """One body. `numbers` goes on from one field to the next and into rows."""
    numbers = count(1) if numbers is None else numbers
    return declaration(*[_value(item, case, numbers) for item in items(declaration)])


def _value(item: Item, case: str, numbers: Iterator[int]) -> Any:
    match item.kind:
        case "int":
            return _number(item, case, numbers)
        case "text":
            return _TEXTS[case]
        case "many":
            assert item.row is not None
            return tuple(sample(item.row, case, numbers) for _ in range(_ROWS[case]))
        case _:
            return _data(item.size or _TAILS[case], case, numbers)


def _data(size: int, case: str, numbers: Iterator[int]) -> bytes:
    if case == "counting":
        return bytes(next(numbers) & 255 for _ in range(size))
    return bytes(size) if case == "lowest" else b"\xff" * size


def _number(item: Item, case: str, numbers: Iterator[int]) -> int:
    if case == "lowest":
        return item.low
    if case == "highest":
        return item.high
    if item.codes is not None and not item.bits:
        known = list(members(item.codes).values())
        return known[next(numbers) % len(known)]
    value = int.from_bytes(_data(min(item.size, _COUNTED_BYTES_MAX), case, numbers), "little")
    return -value if item.signed else value
