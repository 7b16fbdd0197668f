"""`pumpsim run` and `pumpsim diff`: what they print, what they end with, and that a wrong file plays nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hil.bench.stdio import ServerProcess
from hil.cli import execute as pumpsim
from hil.scenario.schema import render
from hil.scenario.shelf import shipped_names
from tests.scenarios.plays import HEAD

MISSED, WRONG = 1, 2


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a scenario of one's own."""
    (tmp_path / "mine.yaml").write_text(
        f"{HEAD.strip()}\nsteps:\n  - advance: 8 h\n  - expect: drug given is 160 mcg within 1 %\n  - stop\n"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("mine")
def test_each_step_is_a_line_with_its_time(capsys: pytest.CaptureFixture[str]) -> None:
    """What was done, what was expected and found, and the verdict."""
    assert pumpsim(["run", "mine.yaml"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "mine: A test (itp-40, seed 3)"
    assert [line.split() for line in lines[1:3]] == [
        ["08:00:00", "advance", "8", "h"],
        ["08:00:00", "✓", *["drug", "given", "is", "160", "mcg", "within", "1", "%:", "160.61", "mcg"]],
    ]
    assert lines[-1] == "1 passed"


def test_failure_says_file_line_expected_and_found(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And ends with 1."""
    (mine / "mine.yaml").write_text((mine / "mine.yaml").read_text().replace("160 mcg", "150 mcg"))

    assert pumpsim(["run", "mine.yaml"]) == MISSED
    said = "mine.yaml:15: expected drug given is 150 mcg within 1 %; found 160.61 mcg (10.61 mcg too much) (at 08:00:00)"
    assert said in capsys.readouterr().out.splitlines()


def test_wrong_file_plays_nothing(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not even the right one that is named before it."""
    (mine / "wrong.yaml").write_text("title: x\nsteps:\n  - advence: 8 h\n")

    assert pumpsim(["run", "mine.yaml", "wrong.yaml", "--record", "run.jsonl"]) == WRONG
    out = capsys.readouterr()
    assert out.out == ""
    assert out.err == "pumpsim: wrong.yaml:3: 'advence' is no word that a step may have; did you mean 'advance'?\n"
    assert not (mine / "run.jsonl").exists()


def test_scenario_that_judges_nothing_is_warned_of(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is played; one that expects, measures or waits for something is not warned of, and none that ships is."""
    (mine / "bare.yaml").write_text(f"{HEAD.strip()}\nsteps:\n  - advance: 8 h\n")

    assert pumpsim(["run", "bare.yaml"]) == 0
    assert capsys.readouterr().err == (
        "pumpsim: bare.yaml: warning: nothing is expected or measured, so nothing is judged; add a step with `expect:`\n"
    )
    assert pumpsim(["run", "mine.yaml", *shipped_names(), "--check"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "no scenario is named"),
        (["pocket-fil"], "did you mean pocket-fill?"),
        (["missing.yaml"], "cannot be read"),
        (["pocket-fill", "--variant", "half of i"], "did you mean 'half of it'?"),
        (["mine.yaml", "--target", "pumpsim://itp-41"], "itp-41"),
        (["mine.yaml", "--target", "pumpsim://itp-40?seed=1", "--seed", "2"], "the seed is given twice"),
        (["mine.yaml", "--target", "foo://x"], "a scenario is not played at foo:"),
        (["mine.yaml", "--target", "serial:/dev/ttyUSB0"], "a scenario is not played at serial:"),
        (["mine.yaml", "--target", "nope.json"], "there is no such file; use pumpsim://PROFILE"),
        (["mine.yaml", "--target", "mine.yaml"], "no ready line: it is no JSON"),
        (["mine.yaml", "--record", "missing/run.jsonl"], "cannot be written"),
    ],
)
@pytest.mark.usefixtures("mine")
def test_misuse_is_one_line(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It ends with 2."""
    assert pumpsim(["run", *arguments]) == WRONG

    (line,) = capsys.readouterr().err.splitlines()
    assert says in line


def test_therapy_that_another_pump_does_not_take_ends_before_the_first_step(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The target's limits are asked for too."""
    text = (mine / "mine.yaml").read_text().replace("low-reservoir-alarm: 2 mL", "low-reservoir-alarm: 15 mL")
    (mine / "mine.yaml").write_text(text)

    assert pumpsim(["run", "mine.yaml", "--target", "pumpsim://itp-20"]) == MISSED
    out = capsys.readouterr()
    assert out.out == ""
    assert out.err.startswith("pumpsim: mine.yaml:8: the low-reservoir alarm 15 mL is above the pump's limit 10 mL")


@pytest.mark.usefixtures("mine")
def test_json_tells_runs_and_summary(capsys: pytest.CaptureFixture[str]) -> None:
    """One object; measurements, failures and the digest are in it."""
    assert pumpsim(["run", "mine.yaml", "pocket-fill", "--json"]) == 0

    told = json.loads(capsys.readouterr().out)
    assert told["summary"] == {"passed": 3, "failed": 0, "skipped": 0}
    assert [run["variant"] for run in told["runs"]] == ["", "all of it", "half of it"]
    assert told["runs"][1]["measurements"][0]["name"] == "days of dose in six hours"
    assert told["runs"][0]["steps"][1]["checks"][0]["found"] == "160.61 mcg"


def test_list_names_those_that_ship(capsys: pytest.CaptureFixture[str]) -> None:
    """As lines and as JSON."""
    assert pumpsim(["run", "--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == shipped_names()
    assert pumpsim(["run", "--list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["scenarios"][0]["lesson"] == "Concentration lowered without a bridge bolus"


@pytest.mark.usefixtures("mine")
def test_check_reads_and_plays_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """For a file that is being written."""
    assert pumpsim(["run", "--check", "mine.yaml"]) == 0
    assert capsys.readouterr().out == "mine.yaml: 3 steps, nothing wrong\n"


def test_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """The same that the documents hold."""
    assert pumpsim(["run", "--schema"]) == 0
    assert capsys.readouterr().out == render()


def test_variant_for_another_pump_is_skipped_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    """Where the target names the pump."""
    assert pumpsim(["run", "replacement-missed", "--target", "pumpsim://itp-40", "--variant", "the model before"]) == 0
    assert "skipped, it is about legacy-18, and the target is itp-40" in capsys.readouterr().out


@pytest.mark.usefixtures("mine")
def test_diff_of_two_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """Time, step, field and both values; 1 where they differ, 0 where they do not."""
    for name, options in (("a.jsonl", []), ("b.jsonl", []), ("c.jsonl", ["--seed", "4"])):
        assert pumpsim(["run", "mine.yaml", "--record", name, *options]) in (0, MISSED)
    capsys.readouterr()

    assert pumpsim(["diff", "a.jsonl", "b.jsonl"]) == 0
    assert capsys.readouterr().out == "the same: 5 lines\n"
    assert pumpsim(["diff", "a.jsonl", "c.jsonl"]) == MISSED
    assert "first difference, in mine:" in capsys.readouterr().out
    assert pumpsim(["diff", "a.jsonl", "c.jsonl", "--json"]) == MISSED
    told = json.loads(capsys.readouterr().out)
    assert told["inputs"] == [{"run": "mine", "field": "seed", "first": 3, "second": 4}]
    assert told["first_difference"]["step"] == 1
    assert pumpsim(["diff", "a.jsonl", "mine.yaml"]) == WRONG


def test_pump_that_is_served_is_a_target_while_it_is_new(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By its ready file, once: a scenario begins at the beginning."""
    options = ["--port", f"pty:{mine}/pump", "--bench", "http", "--pace", "lock-step", "--seed", "3", "--ready-file", "ready.json"]
    with ServerProcess("itp-40", options):
        assert pumpsim(["run", "mine.yaml", "--target", "ready.json", "--record", "served.jsonl"]) == 0
        assert pumpsim(["run", "mine.yaml", "--target", "ready.json"]) == MISSED
    assert "this pump has a past" in capsys.readouterr().err
    assert pumpsim(["run", "mine.yaml", "--record", "own.jsonl"]) == 0

    assert (mine / "served.jsonl").read_bytes() == (mine / "own.jsonl").read_bytes()
