"""What came of lives: one column for each number, one row for each case. The same columns from the fleet and from the event-driven pump."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hil.fleet.people import S_PER_DAY, S_PER_H

__all__ = ["COLUMNS", "ENDS", "TIMES", "empty_columns", "rows_of"]

Ints = NDArray[np.int64]
ENDS = ("horizon", "stall", "battery", "end-of-service", "replaced")
"""How a life ended: seen to the end of the years asked for, or the pump was taken out."""
EVENTS = ("stall", "catheter", "battery", "empty")
"""Each has a time (`NEVER`: it did not come while the pump was watched) and, of the first, how long until somebody knew."""
TIMES = tuple(f"{event}_s" for event in EVENTS) + tuple(f"{event}_found_s" for event in EVENTS)
COUNTS = ("end", "end_s", "refills", "low_alarms", "low_alarms_missed", "empties", "silent_empties", "pocket_fills")
SUMS = (
    "over_infuses",
    "empty_lost_s",
    "stall_lost_s",
    "catheter_lost_s",
    "battery_lost_s",
    "programmed_nl",
    "delivered_nl",
    "unit_error_ppm",
)
COLUMNS = (*TIMES, *COUNTS, *SUMS)
ABSENT = -1
PERCENT_PPM = 10_000


def empty_columns(count: int) -> dict[str, Ints]:
    """Columns of a life in which nothing has happened yet."""
    return {name: np.full(count, ABSENT if name in TIMES else 0, np.int64) for name in COLUMNS}


def rows_of(columns: Mapping[str, Ints]) -> list[dict[str, Any]]:
    """Rows in the units of a reader. A time that never came is the end of the watch, with its flag at 0; a span unknown is None."""
    lists: dict[str, list[int]] = {name: column.tolist() for name, column in columns.items()}
    return [_row(dict(zip(lists, values, strict=True))) for values in zip(*lists.values(), strict=True)]


def _row(life: dict[str, int]) -> dict[str, Any]:
    row: dict[str, Any] = {"end": ENDS[life["end"]], "end_day": _days(life["end_s"])}
    for event in EVENTS:
        at_s, found_s = life[f"{event}_s"], life[f"{event}_found_s"]
        row[event] = int(at_s != ABSENT)
        row[f"{event}_day"] = _days(life["end_s"] if at_s == ABSENT else at_s)
        row[f"{event}_found_h"] = None if found_s == ABSENT else round(found_s / S_PER_H, 2)
    for name in COUNTS[2:]:
        row[name] = life[name]
    row["over_infuses"] = life["over_infuses"]
    for name in ("empty", "stall", "catheter", "battery"):
        row[f"{name}_lost_h"] = round(life[f"{name}_lost_s"] / S_PER_H, 2)
    row["unit_error_percent"] = life["unit_error_ppm"] / PERCENT_PPM
    row["dose_error_percent"] = round(100 * (life["delivered_nl"] - life["programmed_nl"]) / max(1, life["programmed_nl"]), 4)
    return row


def _days(seconds: int) -> float:
    return round(seconds / S_PER_DAY, 4)
