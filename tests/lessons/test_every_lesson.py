"""The list of lessons is whole: each title has its test."""

from __future__ import annotations

import ast

from tests.lessons.lessons import LESSONS
from tests.tidy.tree import Module, modules, snippet


def titles(module: Module) -> set[str]:
    """Titles of the lessons that a module plays."""
    calls = (node for node in ast.walk(module.tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name))
    return {str(ast.literal_eval(node.args[0])) for node in calls if isinstance(node.func, ast.Name) and node.func.id == "lesson"}


def test_every_lesson_is_played() -> None:
    """What happened once is not forgotten."""
    assert set().union(*(titles(module) for module in modules("tests/lessons"))) == set(LESSONS)


def test_lesson_left_out_would_be_found() -> None:
    """The reader of titles takes what is written, and no more."""
    assert titles(snippet('@lesson("Pocket fill")\ndef test_x(): ...\n', "tests/lessons/test_x.py")) == {"Pocket fill"}
