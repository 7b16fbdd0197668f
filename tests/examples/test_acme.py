"""A firm's own pump, all of it in one folder: profile, wire, instrument, requirements and lesson, by paths alone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from hil.bench.stdio import ServerProcess
from hil.cli import pumpsim
from tests.plugin.runs import plain_run
from tests.tidy.tree import ROOT

ACME = ROOT / "docs/examples/acme"
FILL = {"inject_nl": 20_000_000, "concentration_ng_per_ml": 50_000}


def run(*command: str | Path, cwd: Path) -> str:
    """What a command prints; it must succeed."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("rig", ["model", "served"])
def test_its_tests_run_where_its_rig_files_say(rig: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pump speaks Acme's wire and has Acme's numbers, in this process and in one of its own; the supply comes from the rig file."""
    monkeypatch.chdir(ACME)

    ran = plain_run(pytester, "--pump-rig", f"rigs/{rig}.yaml")

    assert ran.code == 0, ran.text
    assert "5 passed" in ran.text


def test_a_pump_that_is_there_already_is_asked_in_its_wire(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on the table: no bench, a rig file that vouches for the pump, and what needs a bench is skipped."""
    monkeypatch.chdir(ACME)
    with ServerProcess(
        "./acme-30.yaml", ["--port", "tcp://127.0.0.1:0", "--pace", "lock-step", "--wire", "acme_wire.py:AcmeWire"]
    ) as server:
        server.bench.needle(**FILL)
        told = (ACME / "rigs/table.yaml").read_text(encoding="utf-8").replace("serial:/dev/ttyUSB0", server.ready["port"])
        table = pytester.path / "table.yaml"
        table.write_text(told.replace("../", f"{ACME}/").replace(", port: serial:/dev/ttyUSB1", ""), encoding="utf-8")
        ran = plain_run(pytester, "--pump-rig", table)
        table.write_text(table.read_text(encoding="utf-8").replace("bench_unit: true", ""), encoding="utf-8")
        refused = plain_run(pytester, "--pump-rig", table)

    assert ran.code == 0, ran.text
    assert "2 passed, 3 skipped" in ran.text
    assert "this may be a real unit, and no rig file vouches for it" in refused.text


def test_its_lesson_is_whole_and_can_be_passed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """From another folder, on Acme's own pump: no mistakes, who does well passes, who does badly does not."""
    monkeypatch.chdir(tmp_path)
    lesson = str(ACME / "lessons/silent-night")
    checked = CliRunner().invoke(pumpsim, ["train", "check", lesson], standalone_mode=False)
    played = [
        CliRunner().invoke(pumpsim, ["train", "--headless", lesson, "--policy", who], standalone_mode=False) for who in ("good", "poor")
    ]

    assert checked.return_value == 0, checked.output
    assert "no mistakes" in checked.output
    assert [done.return_value for done in played] == [0, 1], played[0].output + played[1].output


def test_page_shows_the_supply_that_is_here() -> None:
    """docs/how-to/add-an-instrument.md and the folder have one supply."""
    page = (ROOT / "docs/how-to/add-an-instrument.md").read_text(encoding="utf-8")

    assert f"```python\n{(ACME / 'acme_supply.py').read_text(encoding='utf-8')}```" in page


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_all_of_it_runs_with_the_wheel_away_from_here(tmp_path: Path) -> None:
    """One command, in an environment that has the wheel and pytest and nothing of this tree."""
    python = tmp_path / "venv" / "bin" / "python"
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, ROOT, cwd=tmp_path)
    (wheel,) = tmp_path.glob("pumpsim-*.whl")
    run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    run(python, "-m", "pip", "install", "-qq", "-c", ROOT / "constraints.txt", f"{wheel}[suite]", cwd=tmp_path)
    folder = Path(shutil.copytree(ACME, tmp_path / "acme", ignore=shutil.ignore_patterns("__pycache__")))

    assert run(python, folder / "run_all.py", cwd=tmp_path).endswith("all of it works\n")
    assert "5 passed" in run(python, "-m", "pytest", "-p", "no:cacheprovider", "--pump-rig", "rigs/served.yaml", cwd=folder)
    report = ("--suite", folder, "--requirements", folder / "requirements.csv", "--json")
    told = json.loads(run(python.with_name("pumpsim"), "verify", "--rig", folder / "rigs/model.yaml", *report, cwd=tmp_path))
    assert {row["id"]: row["verdict"] for row in told["rows"]} == {f"ACME-{number}": "met" for number in ("01", "02", "17", "20")}
