"""The cross table as a command: each good scripted learner in every lesson, and what the exit code says.

That every shipped lesson is passed by its good learner, failed by its poor one, and that each good learner fails another lesson, is
shown in `test_catalogue.py`; the whole table takes minutes.
"""

from __future__ import annotations

import json

import pytest

from hil.cli import execute
from hil.lesson import shelf
from hil.lesson.catalogue import shipped
from hil.lesson.headless import cross_rows

FEW = ("found-stopped", "pocket-fill", "night-pattern")


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """Three lessons in place of all."""
    monkeypatch.setattr(shelf, "shipped_lessons", lambda: FEW)
    return FEW


def test_table_is_printed_for_programs(few: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """One object with a score for each pair; the diagonal is passed, and nobody passes everywhere; each row is said as it is done."""
    code = execute(["train", "--cross-table", "--json"])
    out, err = capsys.readouterr()
    table = json.loads(out)

    assert code == 0
    assert table["ok"] is True
    assert [row["learner"] for row in table["rows"]] == list(few)
    for row in table["rows"]:
        passed = [name for name, score in row["lessons"].items() if score["passed"]]
        assert row["learner"] in passed
        assert len(passed) < len(few)
    assert err.splitlines() == [f"pumpsim: {done} of 3: {name}" for done, name in enumerate(few, 1)]


def test_table_of_one_lesson_shows_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A learner who fails nowhere ends it with 1: there is no other lesson to fail."""
    monkeypatch.setattr(shelf, "shipped_lessons", lambda: FEW[:1])
    code = execute(["train", "--cross-table"])

    assert code == 1
    assert capsys.readouterr().out.startswith("found-stopped  passes his own, fails 0 of 0 others")


def test_poor_learners_have_rows_too() -> None:
    """The table can be made of any scripted learner: the poor one of a lesson fails it."""
    ((name, scores),) = cross_rows([shipped("found-stopped")], "poor")

    assert name == "found-stopped"
    assert scores[name].passed is False
