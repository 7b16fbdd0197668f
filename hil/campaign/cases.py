"""A case: one run at one point of a plan's grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["Case", "Engine", "Row", "Value"]

Value = int | str
"""A setting in its internal unit (`hil.fleet.settings`), or a word."""
Row = dict[str, int | float | str | None]
"""What came of a case: the same columns for every case of a campaign. None is a cell that is left empty."""


@dataclass(frozen=True, slots=True)
class Case:
    """`index` counts from 0 over the campaign: grid point after grid point, run after run.

    `seed` belongs to the run, so that the same pump meets every point of the grid; `parameters` are what the plan says, and whatever it
    does not say has its default.
    """

    index: int
    point: int
    run: int
    seed: int
    parameters: dict[str, Value]


Engine = Callable[[Sequence[Case], int, str], list[Row]]
"""Lives of pumps: cases, years and profile in, a row for each case out. A row depends on its own case only."""
