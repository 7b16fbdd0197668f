"""The table of a campaign read back: columns as arrays, and what they say at each point of the grid."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hil.errors import HilError
from hil.fleet.survival import Survival, kaplan_meier

__all__ = ["Outcomes", "Point", "read_outcomes", "setting_in_words"]

Floats = NDArray[np.float64]
_UNITS = (("_nl_per_h", "nL/h", 1), ("_nl", "mL", 1_000_000), ("_ppm", "%", 10_000), ("_days", "days", 1), ("_h", "h", 1))
"""Endings of columns, with the unit that people write and how many of the column's there are in it."""


class Point(NamedTuple):
    """One point of the grid: its number, how it reads in full and in a legend, and the rows that belong to it."""

    number: int
    label: str
    short: str
    rows: NDArray[np.bool_]


class Outcomes:
    """Columns by name: numbers as floats (NaN where a cell is empty), words in `words`. `summary` is that of the run."""

    def __init__(self, summary: dict[str, Any], numbers: dict[str, Floats], words: dict[str, NDArray[np.str_]]) -> None:
        self.summary, self.numbers, self.words = summary, numbers, words
        self.points = [
            Point(number, _label(point), _short(number, point), numbers["point"] == number)
            for number, point in enumerate(summary["points"])
        ]
        """A campaign without a grid has one."""

    @property
    def events(self) -> list[str]:
        """What has a flag and the day of it, or of the end of the watch."""
        return [name for name in self.numbers if f"{name}_day" in self.numbers]

    @property
    def spans(self) -> list[str]:
        """Times until somebody knew, in hours, of which there is any."""
        return [name for name, column in self.numbers.items() if name.endswith("found_h") and not np.isnan(column).all()]

    def survival(self, event: str, point: Point) -> Survival:
        """Share free of an event, by day."""
        return kaplan_meier(self.numbers[f"{event}_day"][point.rows], self.numbers[event][point.rows] > 0)

    def known(self, name: str, point: Point) -> Floats:
        """The cells of a column at a point that are not empty."""
        column = self.numbers[name][point.rows]
        return column[~np.isnan(column)]


def read_outcomes(folder: Path) -> Outcomes:
    """Read results.csv and summary.json. Raises HilError if they are not there."""
    try:
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        with (folder / "results.csv").open(encoding="utf-8", newline="") as stream:
            head, *rows = list(csv.reader(stream))
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or "there is no table in it"
        raise HilError(f"the results cannot be read: {what}", where=str(folder), do="run the campaign to its end first") from None
    if not rows:
        raise HilError("the campaign has no row", where=str(folder), do="run it to its end first")
    numbers: dict[str, Floats] = {}
    words: dict[str, NDArray[np.str_]] = {}
    for name, cells in zip(head, zip(*rows, strict=True), strict=True):
        try:
            numbers[name] = np.array([float(cell) if cell else np.nan for cell in cells])
        except ValueError:
            words[name] = np.array(cells)
    return Outcomes(summary, numbers, words)


def setting_in_words(column: str) -> str:
    """A column of the grid without its unit."""
    ending = next((ending for ending, _, _ in _UNITS if column.endswith(ending)), "")
    return column.removesuffix(ending).replace("-", " ")


def _label(point: dict[str, Any]) -> str:
    """A grid point in words."""
    return ", ".join(_worded(name, value) for name, value in point.items()) or "all"


def _short(number: int, point: dict[str, Any]) -> str:
    """What tells it from the others: its value where the grid has one setting, its number where it has several."""
    if len(point) != 1:
        return f"point {number}" if point else "all"
    ((name, value),) = point.items()
    return next((f"{value / size:g} {unit}" for ending, unit, size in _UNITS if name.endswith(ending)), str(value))


def _worded(column: str, value: Any) -> str:
    """A setting with its value in the unit that people write."""
    for ending, unit, size in _UNITS:
        if column.endswith(ending):
            return f"{column.removesuffix(ending).replace('-', ' ')} {value / size:g} {unit}"
    return f"{column.replace('-', ' ')} {value}"
