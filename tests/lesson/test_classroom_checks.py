"""The page of the classroom's checks names tests that exist, each check once, and none that never runs."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.tidy.tree import ROOT

PAGE = ROOT / "docs" / "reference" / "classroom-checks.md"
ROW = re.compile(r"^\| (U\d+) \| (.+) \| (.+) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
CHECKS = 23
ROWS = ROW.findall(PAGE.read_text(encoding="utf-8"))
NEVER = {"skip", "xfail", "bench"}


@cache
def functions_of(name: str) -> dict[str, set[str]]:
    """The test functions of a file, with the marks that stand on all of a function."""
    tree = ast.parse((ROOT / name).read_text(encoding="utf-8"))
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            parts = [each.func if isinstance(each, ast.Call) else each for each in node.decorator_list]
            found[node.name] = {part.attr for part in parts if isinstance(part, ast.Attribute)}
    return found


def test_every_check_has_its_row() -> None:
    """U1 to U23, in order, once."""
    assert [check for check, _, _ in ROWS] == [f"U{number}" for number in range(1, CHECKS + 1)]


@pytest.mark.parametrize(("check", "tests"), [(check, tests) for check, _, tests in ROWS])
def test_named_tests_exist_and_run(check: str, tests: str) -> None:
    """Each row names at least one test; all are there; one at least runs each time, none is skipped for good."""
    named = TEST.findall(tests)
    found = {f"{file}::{name}": functions_of(file).get(name) if (ROOT / file).is_file() else None for file, name in named}

    assert named, check
    assert [name for name, marks in found.items() if marks is None] == []
    assert not [name for name, marks in found.items() if marks and marks & NEVER]
    assert any(marks is not None and "slow" not in marks for marks in found.values())
    assert ", ".join(f"`{name}`" for name in found) == tests, "a cell holds nothing but names of tests"
