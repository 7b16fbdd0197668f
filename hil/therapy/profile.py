"""A day drawn in one line of blocks: half an hour a cell, both therapies on one scale."""

from __future__ import annotations

from dataclasses import dataclass

from hil.therapy.arithmetic import step_dose_ng
from hil.wording import quantity
from protocol.therapy import Group

__all__ = ["CELLS", "Profile", "draw"]

CELLS = 48
CELL_MINUTES = 30
BLOCKS = " ▁▂▃▄▅▆▇█"
MINUTES_PER_H = 60


@dataclass(frozen=True, slots=True)
class Profile:
    """Two drawn days, and what a full block stands for."""

    days: str
    current: str
    pending: str
    full: str


def draw(days: str, current: Group | None, pending: Group | None, concentrations: tuple[int, int]) -> Profile:
    """Draw the dose rate of both; a cell shows its highest step, so that no short peak is hidden."""
    cells = [_cells(group, concentration) for group, concentration in zip((current, pending), concentrations, strict=True)]
    top = max(max(values) for values in cells)
    old, new = (_blocks(values, top) for values in cells)
    return Profile(days, old, new, quantity.DOSE_RATE.text(top, 2))


def _cells(group: Group | None, concentration: int) -> list[int]:
    """The highest dose rate (ng/h) in each half hour."""
    steps = group.steps if group else ()
    doses = [(step, int(step_dose_ng(step.rate_nl_per_h, MINUTES_PER_H, concentration))) for step in steps]
    starts = range(0, CELLS * CELL_MINUTES, CELL_MINUTES)
    return [
        max((dose for step, dose in doses if step.start_minute < at + CELL_MINUTES and step.end_minute > at), default=0) for at in starts
    ]


def _blocks(values: list[int], top: int) -> str:
    """Eighths of the top, rounded up, so that any flow shows."""
    return "".join(BLOCKS[-(-value * (len(BLOCKS) - 1) // top) if top else 0] for value in values)
