"""The page of tool validation claims nothing without a test, and tells no result that there is not."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.evidence.validation_page import CLAIMS, RESULTS, named_tests, render
from tests.tidy.tree import ROOT

CLAIM = "- {title: Laws, intro: All of them., claims: [{claim: It holds, tests: ['tests/test_x.py::test_holds']}]}\n"


def named_in(path: str, tree: ast.Module) -> Iterator[str]:
    """Every test of a file, as FILE::NAME or FILE::CLASS::NAME."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield from (f"{path}::{node.name}::{inner.name}" for inner in node.body if isinstance(inner, ast.FunctionDef))
        elif isinstance(node, ast.FunctionDef):
            yield f"{path}::{node.name}"


def test_every_claim_names_tests_that_are_there() -> None:
    """Of the tree as it is."""
    named = set(named_tests(ROOT))
    paths = {name.partition("::")[0] for name in named}
    known = {name for path in paths if (ROOT / path).is_file() for name in named_in(path, ast.parse((ROOT / path).read_text()))}

    assert named - known == set(), f"mend {CLAIMS}, then run make validation"


def test_no_result_is_a_failure() -> None:
    """What the last run found is shown as it is; a failure is mended, and not published."""
    found = json.loads((ROOT / RESULTS).read_text(encoding="utf-8"))

    assert [name for name, counts in found["tests"].items() if counts["failed"] or not counts["passed"]] == []
    assert [profile for profile, result in found["suite"].items() if not result["ok"]] == []


@pytest.mark.parametrize(
    ("results", "shown"),
    [
        ({}, "no result yet"),
        ({"tests": {"tests/test_x.py::test_holds": {"passed": 1_200, "failed": 0, "skipped": 1}}}, "1 skipped, 1,200 passed"),
        ({"tests": {"tests/test_x.py::test_holds": {"passed": 2, "failed": 1, "skipped": 0}}}, "1 failed, 2 passed"),
    ],
)
def test_page_tells_what_came_out(tmp_path: Path, results: dict[str, object], shown: str) -> None:
    """Passed, skipped and failed cases; and that there is no result."""
    (tmp_path / "docs/reference").mkdir(parents=True)
    (tmp_path / CLAIMS).write_text(CLAIM)
    (tmp_path / RESULTS).write_text(json.dumps(results))
    line = next(line for line in render(tmp_path).splitlines() if line.startswith("| It holds"))

    assert line == f"| It holds | `tests/test_x.py::test_holds`: {shown} |"
