"""A failing run can be made again from what it prints."""

from __future__ import annotations

import pytest

from tests.conftest import SEED_VARIABLE
from tests.tidy.tree import ROOT

TEXT = """
def test_good(seed): assert seed >= 0
def test_bad(seed): assert seed < 0
"""


@pytest.fixture
def tests_that_draw(pytester: pytest.Pytester) -> pytest.Pytester:
    """A folder with our fixtures, one test that passes and one that fails."""
    pytester.makeconftest((ROOT / "tests" / "conftest.py").read_text(encoding="utf-8"))
    pytester.makepyfile(test_it=TEXT)
    return pytester


def seed_lines(pytester: pytest.Pytester, *options: str) -> list[str]:
    """What pytest prints about seeds."""
    return [line for line in pytester.runpytest_subprocess(*options).outlines if "again with" in line]


def test_failure_prints_its_seed(tests_that_draw: pytest.Pytester) -> None:
    """The report of a failed test names its seed and the line that runs it again; a passed test prints none."""
    said = seed_lines(tests_that_draw)

    assert len(said) == 1
    assert f"{SEED_VARIABLE}=0 pytest 'test_it.py::test_bad'" in said[0]


def test_seed_depends_on_nothing_but_the_variable(tests_that_draw: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test draws the same seed alone or among others, and another one when the variable says so."""
    first = seed_lines(tests_that_draw, "-p", "no:randomly")
    shuffled = seed_lines(tests_that_draw, "-p", "no:xdist", "-k", "bad")
    monkeypatch.setenv(SEED_VARIABLE, "1")

    assert first == shuffled != seed_lines(tests_that_draw)
