"""The declarations as the writers of exports see them: bodies, rows, items with unit and table of codes, the header.

Nothing is declared here. What a field is comes from `protocol.fields`, what a number means from the table in its annotation, what a
unit is from the end of its name.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from enum import IntEnum, IntFlag
from functools import cache
from typing import Any, NamedTuple, get_type_hints

from protocol import codes, refusals
from protocol.answers import CARRIED
from protocol.codec import FieldForm, fields_of
from protocol.crc import crc32c
from protocol.fields import U8, U16, U32, Bits
from protocol.framing import HEADER
from protocol.message_table import INTERROGATE, INTERROGATE_PARTS, MESSAGES, PROTOCOL_MAJOR, Spec
from protocol.therapy import Therapy

__all__ = [
    "CRC_BYTES",
    "CRC_POLYNOMIAL",
    "Body",
    "Codes",
    "Header",
    "Item",
    "answer_bodies",
    "bodies",
    "bytes_min",
    "code_tables",
    "constant",
    "is_flags",
    "items",
    "members",
    "minors",
    "rows",
    "said",
    "snake",
    "unit",
    "version",
]

Body = type[tuple[Any, ...]]
Codes = type[IntEnum] | type[IntFlag]

CRC_BYTES = 4
CRC_POLYNOMIAL = crc32c(b"\x80") ^ crc32c(b"\0")
"""Reflected, as `protocol.crc` has it: of the top bit of a byte nothing else is left."""

_UNITS = {
    "_ng_per_ml": "ng/mL",
    "_nl_per_h": "nL/h",
    "_nl": "nL",
    "_ng": "ng",
    "_us": "us",
    "_s": "s",
    "_minute": "min",
    "_ppm": "ppm",
    "_mv": "mV",
    "_days": "days",
}
_INTEGERS = {"B": (1, False), "H": (2, False), "I": (4, False), "Q": (8, False), "q": (8, True)}


class Header(NamedTuple):
    """The 16 bytes before every payload: `flags` bit 0 is an answer, bit 1 a MAC; `length` counts the payload."""

    version: U8
    flags: U8
    opcode: U16
    session: U32
    sequence: U32
    length: U16
    zero: U16


class Item(NamedTuple):
    """One field of a body.

    `kind` is int, fixed, text, tail or many. `size` is the bytes of a number or of fixed bytes, and those of the length or count before
    text and rows; 0 for a tail. `codes` is the table that a number is looked up in, `bits` says that each of its bits is. `row` is what
    `many` repeats. A body of a minor version below `since` ends before this field.
    """

    name: str
    kind: str
    size: int
    signed: bool = False
    codes: Codes | None = None
    bits: bool = False
    row: Body | None = None
    since: int = 0

    @property
    def low(self) -> int:
        """The lowest value of a number."""
        return -(1 << 8 * self.size - 1) if self.signed else 0

    @property
    def high(self) -> int:
        """The highest value of a number."""
        return (1 << 8 * self.size - self.signed) - 1


@cache
def items(declaration: Body) -> tuple[Item, ...]:
    """The fields of a declaration, in wire order."""
    hints = get_type_hints(declaration, include_extras=True)
    return tuple(_item(field, hints[field.name].__metadata__[1:]) for field in fields_of(declaration))


def _item(field: FieldForm, told: tuple[Any, ...]) -> Item:
    kind, code = field.form
    size, signed = 0, False
    if kind == "fixed":
        size = int(code[:-1])
    elif code:
        size, signed = _INTEGERS[code]
    table, bits = _table(told)
    return Item(field.name, kind, size, signed, table, bits, field.row, field.since)


def _table(told: tuple[Any, ...]) -> tuple[Codes | None, bool]:
    """The table that an annotation names: itself, or behind the mark that a word has one bit for each code."""
    for each in told:
        if isinstance(each, type):
            return each, issubclass(each, IntFlag)
        if isinstance(each, Bits):
            return each.table, True
    return None, False


def is_flags(table: Codes) -> bool:
    """Whether a table's numbers are masks already, and not the numbers of bits."""
    return issubclass(table, IntFlag)


def answer_bodies(spec: Spec) -> tuple[Body, ...]:
    """What an OK answer holds: one body, or for INTERROGATE one for each part."""
    return INTERROGATE_PARTS if spec.opcode == INTERROGATE else (spec.answer,)


def bodies() -> tuple[Body, ...]:
    """Every body that a frame may hold, and the therapy image; none twice, none empty."""
    asked = (body for spec in MESSAGES for body in (spec.request, *answer_bodies(spec)))
    return tuple(body for body in dict.fromkeys((*asked, *CARRIED.values(), Therapy)) if items(body))


def minors(declaration: Body) -> tuple[int, ...]:
    """The minor versions that added fields to a declaration, oldest first."""
    return tuple(sorted({item.since for item in items(declaration)} - {0}))


def rows(declarations: tuple[Body, ...] | None = None) -> tuple[Body, ...]:
    """Every row inside bodies, inner ones first."""
    chosen = bodies() if declarations is None else declarations
    return tuple(dict.fromkeys(row for body in chosen for row in _rows_in(body)))


def _rows_in(body: Body) -> Iterator[Body]:
    for item in items(body):
        if item.row is not None:
            yield from _rows_in(item.row)
            yield item.row


@cache
def bytes_min(declaration: Body) -> int:
    """The fewest bytes of a body in its first form."""
    return sum(item.size for item in items(declaration) if not item.since)


def code_tables() -> tuple[Codes, ...]:
    """Every table of codes of the wire, by name of the module's own list."""
    named = ((module, name) for module in (codes, refusals) for name in module.__all__)
    return tuple(getattr(module, name) for module, name in named)


def members(table: Codes) -> dict[str, int]:
    """Each code's name and number, in the order of the table."""
    return {name: int(code.value) for name, code in table.__members__.items()}


def unit(name: str) -> str:
    """The unit that a field's name ends in, before any minimum or maximum; a day's limit of dose may end in its kind."""
    plain = re.sub(r"_(min|max|soft)$", "", name)
    return next((unit for ending, unit in _UNITS.items() if plain.endswith(ending)), "")


def said(declaration: object) -> str:
    """A declaration's own words, on one line."""
    return " ".join((inspect.getdoc(declaration) or "").split())


def version(minor: int) -> str:
    """A minor version as people write it; empty for the first."""
    return f"{PROTOCOL_MAJOR}.{minor}" if minor else ""


def snake(name: str) -> str:
    """A class's name as other languages write the names of fields."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def constant(name: str) -> str:
    """A class's name as C writes constants."""
    return snake(name).upper()


if "<" + "".join(field.form.code for field in fields_of(Header)) != HEADER.format:  # pragma: no cover  # two files that must not part
    raise TypeError("protocol.export.layout.Header is not the header of protocol.framing")
