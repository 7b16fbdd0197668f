"""What a run leaves out is in its evidence, and evidence has a place before the run begins."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.plugin.runs import plain_run

TESTS = """
import pytest

@pytest.mark.pump_requirement("BO-01")
def test_good(programmer): assert programmer.status().alarms == 0

@pytest.mark.pump_requirement("BO-01")
def test_bad(programmer): assert False
"""
BAD, GOOD = "test_some.py::test_bad", "test_some.py::test_good"


def run_facts(pytester: pytest.Pytester, *options: str) -> dict[str, Any]:
    """What the evidence of a run that went well says of the run."""
    ran = plain_run(pytester, "--pump-report", "evidence", *options)
    assert ran.code == 0, ran.text
    document = json.loads((pytester.path / "evidence" / "evidence.json").read_text(encoding="utf-8"))
    facts: dict[str, Any] = document["run"]
    return facts


@pytest.fixture(autouse=True)
def tests(pytester: pytest.Pytester) -> None:
    """One that passes, and one that would not."""
    pytester.makepyfile(test_some=TESTS)


@pytest.mark.parametrize(
    "options, said",
    [
        (["--deselect", BAD], f"--deselect {BAD}, 1 test deselected"),
        ([GOOD], GOOD),
        (["-k", "good"], "-k good, 1 test deselected"),
        (["-k", "good", "-n", "1"], "-k good, 1 test deselected"),
        (["-m", "pump_requirement", GOOD], f"{GOOD}, -m pump_requirement"),
    ],
    ids=["deselect", "id", "keyword", "processes", "marker"],
)
def test_what_was_left_out_is_told(pytester: pytest.Pytester, options: list[str], said: str) -> None:
    """However it was left out."""
    assert run_facts(pytester, *options)["selected"] == said


def test_mutant_and_pace_are_told(pytester: pytest.Pytester) -> None:
    """The pump is not what its profile says."""
    facts = run_facts(pytester, GOOD, "--pump-mutant", "mac-not-checked", "--pump-pace", "x1000")

    assert (facts["mutant"], facts["pace"]) == ("mac-not-checked", "x1000")


def test_folder_that_cannot_be_made_ends_the_run(pytester: pytest.Pytester) -> None:
    """Before a test has run for nothing."""
    (pytester.path / "file").write_text("", encoding="utf-8")

    ran = plain_run(pytester, "--pump-report", "file/evidence")

    assert (ran.code, ran.reports) == (4, {}), ran.text
    assert "--pump-report: file/evidence: nothing can be written there (Not a directory); name a folder of your own" in ran.text
