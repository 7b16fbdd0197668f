"""What a campaign leaves in its folder: results.csv, summary.json and the plan, all worked out from the journal alone.

Nothing in them hangs on how many workers there were, on chunks, order or time: the same plan gives the same bytes.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from hil.campaign.cases import Row, Value
from hil.campaign.journal import Journal
from hil.campaign.plan import Plan
from hil.errors import CheckFailed
from hil.fleet.settings import SETTINGS
from hil.system.whole_file import write_whole

__all__ = ["CSV_FILE", "PLAN_FILE", "SUMMARY_FILE", "grid_columns", "write_plan", "write_results"]

CSV_FILE, SUMMARY_FILE, PLAN_FILE = "results.csv", "summary.json", "plan.yaml"
HEAD = ("index", "point", "run")


def write_plan(plan: Plan, folder: Path) -> None:
    """Copy the plan, as it was read."""
    (folder / PLAN_FILE).write_bytes(plan.data)


def write_results(plan: Plan, journal: Journal) -> dict[str, Any]:
    """Write table and summary; returns the summary. Raises CheckFailed if rows do not fit together."""
    with (journal.folder / f"{CSV_FILE}.part").open("w", encoding="utf-8", newline="") as stream:
        columns, count = _write_table(plan, journal, stream)
    (journal.folder / f"{CSV_FILE}.part").replace(journal.folder / CSV_FILE)
    summary = {
        "name": plan.name,
        "digest": plan.digest,
        "plan": plan.plain,
        "points": [_point(plan, values) for values in plan.points],
        "cases": plan.size,
        "done": count,
        "failed": [asdict(failure) | _place(plan, failure.index) for failure in journal.failures()],
        "columns": columns,
    }
    write_whole(journal.folder / SUMMARY_FILE, json.dumps(summary, indent=2) + "\n")
    return summary


def grid_columns(plan: Plan) -> list[str]:
    """Columns of the grid: a setting's name with the unit of its integer."""
    return [f"{name}_{SETTINGS[name].unit}" if SETTINGS[name].unit else name for name in plan.grid]


def _write_table(plan: Plan, journal: Journal, stream: TextIO) -> tuple[list[str], int]:
    writer = csv.writer(stream, lineterminator="\n")
    columns: list[str] = []
    count = 0
    for index, row in journal.rows():
        if not columns:
            columns = list(row)
            writer.writerow([*HEAD, *grid_columns(plan), *columns])
        if list(row) != columns:
            raise CheckFailed(f"case {index} has other columns than the one before", where=plan.engine, do="mend the engine")
        point, run = divmod(index, plan.runs)
        writer.writerow([index, point, run, *plan.points[point].values(), *_cells(row)])
        count += 1
    return columns, count


def _cells(row: Row) -> Iterator[object]:
    """Numbers by their shortest exact text."""
    for value in row.values():
        yield "" if value is None else repr(value) if isinstance(value, float) else value


def _point(plan: Plan, values: dict[str, Value]) -> dict[str, Value]:
    return dict(zip(grid_columns(plan), values.values(), strict=True))


def _place(plan: Plan, index: int) -> dict[str, int]:
    point, run = divmod(index, plan.runs)
    return {"point": point, "run": run}
