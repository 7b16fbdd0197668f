"""`pumpsim mutants`: the kill matrix of suites that are not ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hil.cli import execute
from tests.mutants.samples import ENDS, GOOD, RED, written

WAYS = ("alarm-never-repeats", "bolus-short", "lockout-second-short", "override-not-logged", "stopped-alarm-missing", "silence-not-told")
NAMES = ("bolus-short", "lockout-second-short", "eri-never")


@pytest.fixture(autouse=True)
def bare_pytest(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pytest that loads no plugin of this environment: it starts in half the time."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def matrix(path: Path, capsys: pytest.CaptureFixture[str], *options: str, mutants: tuple[str, ...] = NAMES) -> tuple[int, dict[str, Any]]:
    """Exit code and matrix of a suite."""
    chosen = [f"--mutant={name}" for name in mutants]
    code = execute(["mutants", "run", "--json", "-q", *chosen, *options, "--", "pytest", str(path)])
    return code, json.loads(capsys.readouterr().out)


def by_name(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The matrix's rows by mutant."""
    return {row["name"]: row for row in data["mutants"]}


def test_good_suite_kills_what_its_tests_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each defect is killed by the test that names its row; the one nobody tests survives, and that is the exit code and the reason."""
    path = written(tmp_path, GOOD)
    code, data = matrix(path, capsys, "-o", str(tmp_path / "matrix.json"))
    rows = by_name(data)

    assert code == 1
    assert rows["bolus-short"]["killed_by_named"] == ["test_sample.py::test_bolus_is_whole"]
    assert rows["lockout-second-short"]["killed_by_named"] == ["test_sample.py::test_lockout_to_the_second"]
    assert (rows["eri-never"]["verdict"], rows["eri-never"]["why"]) == ("survived", "no test names PW-04")
    assert data["summary"] | {"seconds": 0} == {
        "mutants": 3,
        "killed": 2,
        "survived": 1,
        "broken": 0,
        "killed_by_no_named_test": [],
        "complete": True,
        "tests": 3,
        "seconds": 0,
    }
    assert json.loads((tmp_path / "matrix.json").read_text(encoding="utf-8")) == data


def test_weakened_suite_misses_and_the_matrix_says_which(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A minute taken off the edge of the lockout lets a mutant live; the one test that names its row is told, and targeted only it ran."""
    code, data = matrix(written(tmp_path, GOOD.replace("3_599", "3_540")), capsys, "--targeted", mutants=NAMES[:2])
    row = by_name(data)["lockout-second-short"]

    assert (code, row["verdict"], data["summary"]["complete"]) == (1, "survived", False)
    assert row["why"] == "1 test passes; of those that name BO-14: test_sample.py::test_lockout_to_the_second"
    assert [each["tests_run"] for each in data["mutants"]] == [1, 1]


def test_only_assertions_kill(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What raises inside the pump, stumbles, or ends the process is broken; `fail` and an unmet `raises` kill; nothing survives unseen."""
    code, data = matrix(written(tmp_path, ENDS), capsys, mutants=WAYS)
    rows = by_name(data)

    assert code == 1
    assert [row["verdict"] for row in data["mutants"]] == ["broken", "broken", "broken", "killed", "killed", "survived"]
    assert rows["alarm-never-repeats"]["why"].startswith("it raises inside the pump: TypeError")
    assert "week.py:" in rows["alarm-never-repeats"]["why"]
    assert rows["bolus-short"]["why"].startswith("no assertion failed, only errors: KeyError")
    assert rows["lockout-second-short"]["why"] == "its process was ended by SIGKILL"


@pytest.mark.parametrize(
    "text, words",
    [
        (RED, "1 failure on the healthy pump, the first test_sample.py::test_of_a_healthy_pump_that_is_wrong: AssertionError"),
        ("import nothing_of_that_name\n", "1 error while collecting: ModuleNotFoundError"),
        ("x = 1\n", "the suite has no tests"),
    ],
    ids=["red", "does not import", "empty"],
)
def test_suite_that_cannot_judge_is_told(text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A suite that is red, does not import or has no tests is one line on stderr, and no matrix."""
    code = execute(["mutants", "run", "-q", "--mutant", "bolus-short", "--", "pytest", str(written(tmp_path, text))])
    said = capsys.readouterr()

    assert code == 2
    assert words in said.err
    assert not said.out


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["run", "--mutant", "bolus-shrot", "--", "pytest"], "did you mean bolus-short?"),
        (["run", "--", "make", "test"], "no pytest command: make test"),
        (["run", "--", "pytest", "--pump-mutant=eri-never"], "--pump-mutant names one mutant"),
        (["run", "--mutant", "bolus-short", "--", "pytest", "--no-such-option"], "pytest did not start (exit 4): unrecognized arguments: "),
        (["list", "--negates", "XX-99"], "no requirement 'XX-99'; see docs/reference/requirements.md"),
        (["list", "bolus-shrot"], "did you mean bolus-short?"),
    ],
)
def test_misuse_is_one_line(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong names and commands end with 2 and say what to do."""
    code = execute(["mutants", *arguments])
    said = capsys.readouterr()

    assert code == 2
    assert words in said.err
    assert len(said.err.splitlines()) == 1


def test_list_tells_each_mutant(capsys: pytest.CaptureFixture[str]) -> None:
    """Name, defect, rows, source and trace, as JSON; for people a line each, and for one row its own."""
    assert execute(["mutants", "list", "--json", "bolus-short", "--traces"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["mutants"]
    assert told.keys() == {"name", "doc", "negates", "source", "trace", "seen"}
    assert told["seen"] == {"healthy": "100,000", "mutant": "95,000", "alive": True}

    assert execute(["mutants", "list", "--negates", "BO-01"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["calibration-upside-down", "bolus-short", "2"]
