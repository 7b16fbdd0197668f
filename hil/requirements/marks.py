"""The markers in the source of a test tree, read without running it: `pump_requirement`, and others that name rows in the same way.

A file may give a marker a shorter name of its own, `requirement = pytest.mark.pump_requirement`.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from hil.requirements.recorder import MARKER

__all__ = ["Mark", "marks_below", "marks_in", "stray_lines"]

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Mark(NamedTuple):
    """One marker on one test: `test` is FILE::NAME or FILE::CLASS::NAME; `beside` names the other marks of that test.

    `deviates` and `holds` name profiles, see `hil.requirements.recorder`.
    """

    test: str
    ids: tuple[str, ...]
    deviates: tuple[str, ...]
    line: int
    beside: tuple[str, ...]
    holds: tuple[str, ...] = ()


def marks_below(folder: Path, root: Path, marker: str = MARKER) -> list[Mark]:
    """Every marker of the test files below a folder, in their order; files are named from `root`."""
    paths = sorted(folder.rglob("test_*.py"))
    return [mark for path in paths for mark in marks_in(path.read_text(encoding="utf-8"), path.relative_to(root).as_posix(), marker)]


def marks_in(text: str, name: str, marker: str = MARKER) -> list[Mark]:
    """Every marker of one file."""
    tree = ast.parse(text, name)
    return list(_marks(tree.body, name, [], {marker, *_aliases(tree, marker)}))


def stray_lines(text: str, name: str, marker: str = MARKER) -> list[int]:
    """Lines that mention the marker where it marks no test: it would never be seen."""
    tree = ast.parse(text, name)
    aliases = _aliases(tree, marker)
    mentioned = {node.lineno for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == marker} - set(aliases.values())
    mentioned |= {node.lineno for node in ast.walk(tree) if isinstance(node, ast.Call) and _called(node) in aliases}
    return sorted(mentioned - {mark.line for mark in marks_in(text, name, marker)})


def _aliases(tree: ast.Module, marker: str) -> dict[str, int]:
    """Names that a file gives the marker, and where."""
    found = {}
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=alias)], value=ast.Attribute(attr=attr)) if attr == marker:
                found[alias] = node.lineno
    return found


def _marks(body: list[ast.stmt], above: str, inherited: list[ast.expr], names: Collection[str]) -> Iterator[Mark]:
    """Markers of the tests in a body; those of a class or a module count for each test in it."""
    own = [value for node in body for value in _assigned(node)]
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _marks(node.body, f"{above}::{node.name}", [*inherited, *own, *node.decorator_list], names)
        elif isinstance(node, Function) and node.name.startswith("test_"):
            decorators = [*inherited, *own, *node.decorator_list]
            beside = tuple(_word(part) for part in decorators)
            for call in _calls(decorators, names):
                yield Mark(
                    f"{above}::{node.name}", _ids(call), _profiles(call, "deviates"), call.func.lineno, beside, _profiles(call, "holds")
                )


def _assigned(node: ast.stmt) -> Iterator[ast.expr]:
    """The value of `pytestmark`."""
    match node:
        case ast.Assign(targets=[ast.Name(id="pytestmark")], value=value):
            yield value


def _calls(decorators: list[ast.expr], names: Collection[str]) -> Iterator[ast.Call]:
    """Calls of the marker, also inside pytest.param(..., marks=...) of a parametrization."""
    for decorator in decorators:
        for node in ast.walk(decorator):
            if isinstance(node, ast.Call) and _called(node) in names:
                yield node


def _called(call: ast.Call) -> str:
    """The last word of what is called."""
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def _word(decorator: ast.expr) -> str:
    """The last word of a mark's name."""
    return ast.unparse(decorator).partition("(")[0].rpartition(".")[2]


def _ids(call: ast.Call) -> tuple[str, ...]:
    return tuple(str(argument.value) for argument in call.args if isinstance(argument, ast.Constant))


def _profiles(call: ast.Call, keyword: str) -> tuple[str, ...]:
    values = [word.value for word in call.keywords if word.arg == keyword]
    return tuple(str(name) for value in values for name in ast.literal_eval(value))
