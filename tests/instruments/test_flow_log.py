"""Balance logs as files: what is read, and what is refused with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.errors import UsageError
from hil.flow.log import HEADER, Reading, as_row, read_log


def written(folder: Path, text: str) -> Path:
    """A file with this text."""
    path = folder / "log.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        "time_s,mass_mg\n0,1\n60,2.5\n",
        "# a balance\n\ntime_min, mass_g, note\n10,0.001,x\n11,0.0025,y\n",
        "mass_ug,stable,time_h\n1000,1,2\n2500,0,2.0166666666666666666667\n",
    ],
)
def test_units_and_order_of_columns_are_free(tmp_path: Path, text: str) -> None:
    """Time and mass are found by their names, in their units; time counts from the first row; comments and other columns are let be."""
    assert read_log(written(tmp_path, text)) == (Reading(0, 1_000), Reading(60_000_000, 2_500))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Rows that we write come back to the microsecond and the microgram."""
    readings = (Reading(0, -10), Reading(900_000_001, 123_456_780))
    text = "".join(f"{row}\n" for row in (HEADER, *(as_row(*reading, stable=True) for reading in readings)))

    assert read_log(written(tmp_path, text)) == readings


@pytest.mark.parametrize(
    "text, words",
    [
        ("", "0 readings"),
        ("time_s,mass_mg\n0,1\n", "1 readings"),
        ("0,1\n60,2\n", r"log.csv:1: one column of time_s"),
        ("time_s,time_h,mass_mg\n0,0,1\n", "one column of time_s"),
        ("time_s,mass_mg\n0,1\n0,2\n", r"log.csv:3: the time does not rise"),
        ("time_s,mass_mg\n0,1\n5\n", r"log.csv:3: a cell is missing"),
        ("time_s,mass_mg\n0,1\n5,two\n", r"log.csv:3: 'two' is no number"),
        ("time_s,mass_mg\n0,1\n5,nan\n", r"'nan' is no number"),
        ("time_s,mass_mg\n0,1\n5,inf\n", r"'inf' is no number"),
        ("time_s,mass_mg\n0,1\n5,1e999999999\n", r"is no number"),
    ],
)
def test_what_is_no_log_is_refused(tmp_path: Path, text: str, words: str) -> None:
    """A file that is none is refused with line, reason and what to do."""
    with pytest.raises(UsageError, match=words):
        read_log(written(tmp_path, text))


def test_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """So is one that is not there, or is no text."""
    with pytest.raises(UsageError, match="cannot be read"):
        read_log(tmp_path / "none.csv")
    (tmp_path / "log.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="cannot be read"):
        read_log(tmp_path / "log.csv")
