"""`pumpsim campaign run` with real worker processes: the same results however it is run, and whatever happens on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hil.cli import execute
from tests.support.short_lives import VARIABLE

PLAN = """\
name: short
engine: pump
runs: 6
years: 1
grid:
  low-reservoir-alarm: [2 mL, 4 mL]
draw:
  flow-error: {normal: [0 %, 3 %]}
"""
ENGINE = "tests.support.short_lives:run"
FILES = ("results.csv", "summary.json")


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(PLAN, encoding="utf-8")
    return path


def campaign(plan: Path, out: str, *options: str, engine: str = ENGINE) -> int:
    """Run it in a folder beside the plan; returns the exit code."""
    return execute(["campaign", "run", str(plan), "--out", str(plan.parent / out), "--engine", engine, *options])


def left(plan: Path, out: str) -> list[bytes]:
    """What a campaign left."""
    return [(plan.parent / out / name).read_bytes() for name in FILES]


def driver(plan: Path, out: str, happens: str) -> subprocess.Popen[str]:
    """A driver in a process of its own, to which something happens."""
    command = [sys.executable, "-c", "from hil.cli import main; main()", "campaign", "run", str(plan), "--out", str(plan.parent / out)]
    options = ["--engine", ENGINE, "--workers", "1", "--chunk", "2"]
    return subprocess.Popen([*command, *options], env={**os.environ, VARIABLE: happens}, stderr=subprocess.PIPE, text=True)


def test_results_hang_neither_on_workers_nor_on_chunks(plan: Path) -> None:
    """One worker and two, chunks of five and of one: the same bytes, from pumps that lived."""
    assert campaign(plan, "one", "--workers", "1", "--chunk", "5", engine="pump") == 0
    assert campaign(plan, "two", "--workers", "2", "--chunk", "1", engine="pump") == 0

    assert left(plan, "one") == left(plan, "two")
    table = left(plan, "one")[0].decode().splitlines()
    assert table[0].startswith("index,point,run,low-reservoir-alarm_nl,")
    assert [line.split(",")[:4] for line in table[1::6]] == [["0", "0", "0", "2000000"], ["6", "1", "0", "4000000"]]


@pytest.mark.parametrize("number, code", [(signal.SIGKILL, -9), (signal.SIGINT, 130), (signal.SIGTERM, 130)], ids=str)
def test_stopped_campaign_goes_on(plan: Path, number: signal.Signals, code: int, capfd: pytest.CaptureFixture[str]) -> None:
    """A driver that is killed, interrupted or ended loses what was under way and no more; the same command brings the same results."""
    stopped = driver(plan, "out", f"stop-driver:{number.name}:6")
    _, said = stopped.communicate()
    assert stopped.returncode == code
    assert number == signal.SIGKILL or "the same command goes on from here" in said
    assert execute(["campaign", "status", str(plan.parent / "out")]) == 0
    assert "6 of 12 cases" in capfd.readouterr().out

    assert campaign(plan, "out", "--workers", "1", "--chunk", "4") == 0
    assert campaign(plan, "whole", "--workers", "1") == 0

    assert left(plan, "out") == left(plan, "whole")


@pytest.mark.parametrize("how, told", [("kill", "signal SIGKILL: "), ("raise", "ZeroDivisionError: case 7 divides by nothing")])
def test_poison_is_isolated(plan: Path, how: str, told: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """A case that ends its worker, or raises, is named; all others come, and come as they do without it. Given another chance it comes."""
    monkeypatch.setenv(VARIABLE, f"{how}:7")
    assert campaign(plan, "out", "--workers", "1", "--chunk", "2") == 1
    assert f"case 7 (point 1, run 1) failed: {'the worker ended with ' if how == 'kill' else ''}{told}" in capfd.readouterr().out
    without = left(plan, "out")[0].decode().splitlines()

    monkeypatch.delenv(VARIABLE)
    assert campaign(plan, "out", "--workers", "1", "--again") == 0
    healed = left(plan, "out")[0].decode().splitlines()

    assert [line for line in healed if not line.startswith("7,")] == without
    assert len(healed) == len(without) + 1


def test_finished_campaign_is_not_run_again(plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same command on a folder that has everything starts no worker and leaves the same files."""
    assert campaign(plan, "out", "--workers", "1") == 0
    before = left(plan, "out")
    (plan.parent / "out" / "results.csv").unlink()
    monkeypatch.setattr("hil.campaign.workers.subprocess", None)

    assert campaign(plan, "out", "--workers", "1") == 0

    assert left(plan, "out") == before


def test_engine_that_is_not_there_ends_the_campaign(plan: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """No case is blamed for an engine that cannot be loaded."""
    assert campaign(plan, "out", "--workers", "1", engine="no_such_module:run") == 1

    assert "no_such_module is not installed" in capfd.readouterr().err


def test_parquet_without_its_extra_is_told_first(plan: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing is run for a table that could not be written."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "pyarrow" else name)

    assert campaign(plan, "out", "--parquet") == 2

    assert "pip install 'pumpsim[traces]'" in capfd.readouterr().err
    assert not (plan.parent / "out").exists()


def test_parquet_is_the_same_table(plan: Path) -> None:
    """Columns and numbers are those of the CSV."""
    parquet = pytest.importorskip("pyarrow.parquet")

    assert campaign(plan, "out", "--workers", "1", "--parquet") == 0

    table = parquet.read_table(plan.parent / "out" / "results.parquet")
    head, first, *_ = left(plan, "out")[0].decode().splitlines()
    assert ",".join(table.schema.names) == head
    assert (table.num_rows, str(table["share"][0])) == (12, first.split(",")[5])
