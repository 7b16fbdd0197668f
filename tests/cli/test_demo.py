"""pumpsim demo: what a stranger sees first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hil.demo.story import ACTS
from hil.pacing import wall_us
from tests.rig.serving import run_cli

SECONDS_MAX = 10
NAMES = ["interrogate", "fill", "program", "bolus", "40 days", "occlusion", "mended", "stall", "recovery", "log"]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One run for machines, with its folder."""
    folder = tmp_path_factory.mktemp("demo")
    result = run_cli("demo", "--json", "--no-report", "--out", str(folder))
    assert result.returncode == 0, result.stderr.decode()
    assert result.stderr == b""
    data: dict[str, Any] = json.loads(result.stdout)
    return {**data, "folder": folder}


def test_tells_every_act(told: dict[str, Any]) -> None:
    """Interrogate, fill, program, bolus, weeks, occlusion, stall, log: each with what happened and why it matters."""
    assert [act["name"] for act in told["acts"]] == NAMES
    assert len(NAMES) == ACTS
    assert all(act["what"] and act["why"] for act in told["acts"])


def test_one_seed_is_one_story(told: dict[str, Any], tmp_path: Path) -> None:
    """A second run ends with the same digest; another seed with another."""
    again = json.loads(run_cli("demo", "--json", "--no-report", "--out", str(tmp_path)).stdout)
    other = json.loads(run_cli("demo", "--json", "--no-report", "--out", str(tmp_path), "--seed", "2").stdout)

    assert again["digest"] == told["digest"] != other["digest"]


def test_occlusion_is_silent_and_stall_is_not(told: dict[str, Any]) -> None:
    """The two faults are told apart by what the pump can feel."""
    acts = {act["name"]: act["what"] for act in told["acts"]}

    assert "no alarm, nothing sounds" in acts["occlusion"]
    assert "motor stall" in acts["stall"]
    assert "two-tone" in acts["stall"]


def test_leaves_no_port_behind(told: dict[str, Any]) -> None:
    """The folder is as it was but for the report."""
    assert list(told["folder"].iterdir()) == []


def test_leaves_one_page_in_good_time(tmp_path: Path) -> None:
    """For people: one line an act and one why, a self-contained page, within ten seconds."""
    begun_us = wall_us()
    result = run_cli("demo", cwd=tmp_path)
    seconds = (wall_us() - begun_us) / 1_000_000
    page = (tmp_path / "pumpsim-demo/report.html").read_text(encoding="utf-8")

    assert result.returncode == 0
    assert seconds < SECONDS_MAX
    assert "pumpsim-demo/report.html" in result.stdout.decode()
    assert "<script" in page
    assert "motor stall" in page
    assert 'src="http' not in page


def test_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    """No traceback for a path that is a file."""
    taken = tmp_path / "file"
    taken.write_text("", encoding="utf-8")
    result = run_cli("demo", "--out", str(taken / "x"))

    assert result.returncode == 2
    assert result.stderr.decode().count("\n") == 1
