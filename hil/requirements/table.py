"""The table of requirements: one row a requirement, read from CSV. Ours ships beside this package; a firm's own has the same columns."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from hil.errors import UsageError

__all__ = ["APPLIES", "SECTIONS", "Requirement", "Table", "read_table", "shipped_table"]

SECTIONS = ("FR", "BO", "RS", "ST", "OC", "AL", "SF", "LG", "PW", "EN", "PG", "PR")
"""Sections of the shipped table that describe the pump itself; no row of theirs may stay open."""
APPLIES = ("as-is", "modified", "external-only")
"""How a row written for another class of pump applies to this one."""

ID = re.compile(r"[A-Z][A-Z0-9]*-\d+")


class Requirement(NamedTuple):
    """One row. `observable` is what a test has to show; `applies` is one of APPLIES."""

    id: str
    section: str
    applies: str
    requirement: str
    observable: str
    source: str

    @property
    def letters(self) -> str:
        """The part of the id that names its section."""
        return self.id.partition("-")[0]


Table = Mapping[str, Requirement]
"""Requirements by id, in the order of the file."""


def shipped_table() -> Table:
    """The table that ships."""
    return _read((files("hil") / "requirements" / "requirements.csv").read_text(encoding="utf-8"), "requirements.csv")


def read_table(path: Path) -> Table:
    """A table of one's own. Raises UsageError with FILE:LINE."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("the requirements cannot be read", where=str(path), do="name a CSV file in UTF-8") from error
    return _read(text, str(path))


def _read(text: str, name: str) -> Table:
    reader = csv.reader(text.splitlines())
    if tuple(next(reader, ())) != Requirement._fields:
        raise UsageError("the first line does not name the columns", where=f"{name}:1", do=f"write {','.join(Requirement._fields)}")
    table: dict[str, Requirement] = {}
    for cells in filter(None, reader):
        where = f"{name}:{reader.line_num}"
        for wrong in _problems(cells, table):
            raise UsageError(wrong, where=where, do="mend this row")
        table[cells[0]] = Requirement(*cells)
    return table


def _problems(cells: Sequence[str], before: Table) -> Iterator[str]:
    """What is wrong with a row."""
    if len(cells) != len(Requirement._fields):
        yield f"{len(cells)} columns instead of {len(Requirement._fields)}"
        return
    if not ID.fullmatch(cells[0]):
        yield f"{cells[0]!r} is no id: letters, a hyphen, a number, such as BO-13"
    if cells[0] in before:
        yield f"{cells[0]} is here a second time"
    if cells[2] not in APPLIES:
        yield f"{cells[2]!r} does not say how the row applies: {', '.join(APPLIES)}"
    if not cells[4].strip():
        yield "no observable: nobody could tell whether the row is met"
