"""What was measured, as docs/explanation/measurements.json keeps it: works compared in turns, and how a cost grows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

__all__ = ["Comparison", "Figures", "Growth", "Row", "read_figures", "rows_of", "write_figures"]

FORMAT = 1


class Row(NamedTuple):
    """One who did the work: the median time of it, as a multiple of the first row's, and what to know of how."""

    who: str
    seconds: float
    multiple: float
    note: str = ""


def rows_of(rounds: Mapping[str, Sequence[float]]) -> tuple[Row, ...]:
    """Medians over the rounds; the multiple is worked out round by round, since one round may be quicker than another for all."""
    floor = next(iter(rounds.values()))
    return tuple(
        Row(who, median(taken), median(one / other for one, other in zip(taken, floor, strict=True))) for who, taken in rounds.items()
    )


class Comparison(NamedTuple):
    """One piece of work done by several in turns. The first row is the floor or peer that the others are told as multiples of.

    `asked` says what the project wants of which row, as "who <= multiple of the first".
    """

    name: str
    work: str
    rows: tuple[Row, ...]
    asked: tuple[tuple[str, float], ...] = ()
    remark: str = ""
    """What the time goes into, where that is not plain."""


class Growth(NamedTuple):
    """Time against how much of something there is; `why` explains the slope."""

    name: str
    of: str
    counts: tuple[int, ...]
    seconds: tuple[float, ...]
    why: str

    @property
    def exponent(self) -> float:
        """Slope between first and last in logarithms: 1 is linear."""
        from math import log

        return log(self.seconds[-1] / self.seconds[0]) / log(self.counts[-1] / self.counts[0])


class Figures(NamedTuple):
    """All of one run, and the machine that it ran on."""

    machine: dict[str, str]
    comparisons: tuple[Comparison, ...]
    growths: tuple[Growth, ...]
    facts: tuple[tuple[str, str], ...]


def write_figures(path: Path, figures: Figures) -> None:
    """As JSON that a diff can be read of."""
    told = {
        "format": FORMAT,
        "machine": figures.machine,
        "comparisons": [
            {**item._asdict(), "rows": [_rounded(row) for row in item.rows], "asked": [list(ask) for ask in item.asked]}
            for item in figures.comparisons
        ],
        "growths": [{**item._asdict(), "seconds": [_digits(value) for value in item.seconds]} for item in figures.growths],
        "facts": [list(fact) for fact in figures.facts],
    }
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_figures(path: Path) -> Figures:
    """What `write_figures` wrote."""
    told = json.loads(path.read_text(encoding="utf-8"))
    comparisons = tuple(
        Comparison(
            item["name"],
            item["work"],
            tuple(Row(row["who"], row["seconds"], row["multiple"], row["note"]) for row in item["rows"]),
            tuple((who, most) for who, most in item["asked"]),
            item["remark"],
        )
        for item in told["comparisons"]
    )
    growths = tuple(
        Growth(item["name"], item["of"], tuple(item["counts"]), tuple(item["seconds"]), item["why"]) for item in told["growths"]
    )
    return Figures(told["machine"], comparisons, growths, tuple((name, value) for name, value in told["facts"]))


def _rounded(row: Row) -> dict[str, object]:
    return {**row._asdict(), "seconds": _digits(row.seconds), "multiple": _digits(row.multiple)}


def _digits(value: float) -> float:
    return float(f"{value:.4g}")
