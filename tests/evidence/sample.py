"""A small suite and a table of one's own, as a user has them, and `pumpsim verify` run on them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from tests.rig.serving import run_cli

__all__ = ["ROWS", "SUITE", "Ran", "verify", "write_suite"]

ROWS = "id,section,applies,requirement,observable,source\n" + "".join(
    f"ACME-{number},flow of our own,as-is,{what},it is seen,SRS 3.{number}\n"
    for number, what in enumerate(("delivers a day", "tells its volume", "keeps its word"), start=1)
)
SUITE = '''
import pytest

shows = pytest.mark.pump_requirement


@shows("ACME-1")
def test_day_is_delivered(running, measure, wait):
    """A day delivers what the therapy says."""
    before, hours, volumes = running.bench.truth()["delivered_nl"], [], []
    for hour in range(0, 25, 6):
        hours.append(hour)
        volumes.append((running.bench.truth()["delivered_nl"] - before) / 1000)
        wait(hours=6)
    measure.curve("delivered", hours, volumes, x_unit="hours", y_unit="uL")
    measure("delivered in a day", volumes[-1], unit="uL", low=250, high=350)


@shows("ACME-2")
@pytest.mark.parametrize("place", [2, 10, 1])
def test_volume_is_told(primed, place):
    """The pump tells what was filled."""
    assert primed.programmer.interrogate().condition.computed_reservoir_nl > 0


@shows("FR-04")
def test_edit_changes_no_flow(running):
    """A therapy that is being edited leaves the pump running."""
    begun(running)
    assert running.bench.status()["rate_nl_per_h"] > 0


@shows("FR-04", deviates=("itp-20", "itp-40", "legacy-18"))
def test_edit_stops_the_pump(running):
    """A therapy that is being edited stops the pump."""
    begun(running)
    assert running.bench.status()["rate_nl_per_h"] == 0


def begun(rig):
    from protocol.messages import Begin

    rig.programmer.request("BEGIN", Begin(1, False))
'''


class Ran(NamedTuple):
    """A run of `pumpsim verify`, its documents and its folder."""

    code: int
    out: str
    err: str
    folder: Path

    @property
    def document(self) -> dict[str, Any]:
        """What --json printed."""
        content: dict[str, Any] = json.loads(self.out)
        return content

    @property
    def verdicts(self) -> dict[str, str]:
        """Row and verdict."""
        return {row["id"]: row["verdict"] for row in self.document["rows"]}


def write_suite(folder: Path, text: str = SUITE) -> Path:
    """The suite in a folder of its own, and the table beside it."""
    (folder / "own").mkdir(parents=True, exist_ok=True)
    (folder / "own" / "test_own.py").write_text(text)
    (folder / "own.csv").write_text(ROWS)
    return folder


def verify(folder: Path, *arguments: str, url: str = "pumpsim://itp-40", suite: str = "own") -> Ran:
    """Run it in a folder; its evidence lies in `evidence` there."""
    options = ["--suite", suite, "--requirements", "own.csv", "--report", "evidence", "--json", *arguments]
    done: subprocess.CompletedProcess[bytes] = run_cli("verify", url, *options, cwd=folder)
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode(), folder / "evidence")
