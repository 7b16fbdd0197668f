"""The table of results as Parquet: the same columns, numbers as numbers."""

from __future__ import annotations

from pathlib import Path

from hil.campaign.results import CSV_FILE

__all__ = ["PARQUET_FILE", "write_parquet"]

PARQUET_FILE = "results.parquet"


def write_parquet(folder: Path) -> None:
    """Write the table beside the CSV. A column's type fits all its cells, so the whole table is read first."""
    from pyarrow import csv, parquet

    parquet.write_table(csv.read_csv(folder / CSV_FILE), folder / PARQUET_FILE)
