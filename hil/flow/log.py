"""A balance log: a CSV file of time and mass, whoever wrote it.

The first row that is no comment (`#`) names the columns. One is the time, `time_s`, `time_min` or `time_h`; one the mass, `mass_ug`,
`mass_mg` or `mass_g`; others are let be. Time rises from row to row; it is counted from the first.
"""

from __future__ import annotations

import csv
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple, NoReturn

from hil.errors import UsageError
from hil.wording.causes import cause

__all__ = ["HEADER", "READINGS_MAX", "Reading", "as_row", "mass_at", "read_log"]

READINGS_MAX = 1_000_000
VALUE_MAX = 10**16
"""In microseconds or micrograms: three centuries, ten tonnes."""
US_PER = {"time_s": 1_000_000, "time_min": 60_000_000, "time_h": 3_600_000_000}
UG_PER = {"mass_ug": 1, "mass_mg": 1_000, "mass_g": 1_000_000}
HEADER = "time_s,mass_mg,stable"
"""What `as_row` writes."""
DO = "begin it with a row such as time_s,mass_mg"


class Reading(NamedTuple):
    """One row: time since the first, and mass."""

    at_us: int
    mass_ug: int


class _Columns(NamedTuple):
    time: int
    us_per: int
    mass: int
    ug_per: int


def as_row(at_us: int, mass_ug: int, *, stable: bool) -> str:
    """One reading as a row under HEADER."""
    return f"{Decimal(at_us) / US_PER['time_s']:f},{Decimal(mass_ug) / UG_PER['mass_mg']:f},{int(stable)}"


def read_log(path: Path) -> tuple[Reading, ...]:
    """Read a log. Raises UsageError with the line."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            readings = tuple(_readings(file, str(path)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"cannot be read: {cause(error)}", where=str(path), do="give a CSV file of time and mass") from None
    if len(readings) < 2:
        raise UsageError(f"{len(readings)} readings", where=str(path), do="a flow takes two at least")
    return readings


def _readings(file: Iterator[str], path: str) -> Iterator[Reading]:
    columns, first_us, last_us, count = None, 0, -1, 0
    for line, text in enumerate(file, start=1):
        row = [cell.strip() for cell in next(csv.reader([text]), [])]
        if not any(row) or row[0].startswith("#"):
            continue
        if columns is None:
            columns = _columns(row, f"{path}:{line}")
            continue
        at_us, mass_ug = _values(row, columns, f"{path}:{line}")
        if not count:
            first_us = at_us
        elif at_us <= last_us:
            raise UsageError("the time does not rise", where=f"{path}:{line}", do="give each row a later time than the one before")
        count, last_us = count + 1, at_us
        if count > READINGS_MAX:
            raise UsageError(f"more than {READINGS_MAX:,} readings", where=path, do="take fewer")
        yield Reading(at_us - first_us, mass_ug)


def _columns(row: Sequence[str], where: str) -> _Columns:
    times = [(place, US_PER[name]) for place, name in enumerate(row) if name in US_PER]
    masses = [(place, UG_PER[name]) for place, name in enumerate(row) if name in UG_PER]
    if len(times) != 1 or len(masses) != 1:
        _bad(f"one column of {', '.join(US_PER)} and one of {', '.join(UG_PER)} are needed, there are {', '.join(row)[:60]}", where, DO)
    return _Columns(*times[0], *masses[0])


def _values(row: Sequence[str], columns: _Columns, where: str) -> tuple[int, int]:
    if len(row) <= max(columns.time, columns.mass):
        _bad("a cell is missing", where, "write a time and a mass in each row")
    return _whole(row[columns.time], columns.us_per, where), _whole(row[columns.mass], columns.ug_per, where)


def _whole(text: str, factor: int, where: str) -> int:
    try:
        value = Decimal(text) * factor
        fits = abs(value) <= VALUE_MAX  # also refuses what is not finite
    except ArithmeticError:
        value, fits = Decimal(0), False
    if not fits:
        _bad(f"{text[:40]!r} is no number that a balance could write", where, "write digits with a decimal point")
    return round(value)


def _bad(what: str, where: str, do: str) -> NoReturn:
    raise UsageError(what, where=where, do=do)


def mass_at(log: Sequence[Reading], at_us: int) -> float:
    """The mass at a time between the first and the last reading, on a straight line between its neighbours."""
    place = bisect_left(log, at_us, key=lambda reading: reading.at_us)
    after = log[place]
    if after.at_us == at_us:
        return after.mass_ug
    before = log[place - 1]
    return before.mass_ug + (after.mass_ug - before.mass_ug) * (at_us - before.at_us) / (after.at_us - before.at_us)
