"""Names: one noun a file, exports said aloud, tests that say what they show."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest

from tests.tidy.tree import PACKAGES, Finding, Function, Module, Rule, breaches, calls, functions, modules, snippet, told

DRAWERS = {"util", "utils", "utilities", "helpers", "misc", "common"}
CONSTANT_FILES = ("/units.py", "/limits.py")

COLLECTED = ("hil/suite/test_", "hil/suite/conftest")
"""Test files that ship: nobody imports them."""
PRIVATE = re.compile(r"_[^_](.*[^_])?")
NAMED_TUPLE_NAMES = {"_asdict", "_field_defaults", "_fields", "_make", "_replace"}
SPANS_MEASURED = {"tests/bench/many_pumps.py"}
"""Benchmarks of what a process takes in a span of the wall clock."""
REACHED_BY_CHOICE: dict[str, str] = {
    "hil/pytest_plugin/mutant_host.py _exit": "a fork ends without the clean-up that is its parent's",
    "protocol/crc.py _usingExtension": "crcmod's only sign of whether its C extension is there",
}
"""Private names of others that may be read, with the reason."""


def drawers(module: Module) -> Iterator[Finding]:
    """Files named for no noun."""
    if set(PurePosixPath(module.path).with_suffix("").parts) & DRAWERS:
        yield Finding(module.path, 1, "a drawer: name the file for the one noun it holds")


def silent_exports(module: Module) -> Iterator[Finding]:
    """Package modules that define public names and have no `__all__`; a file of constants exports all it holds, one of tests nothing."""
    if module.path.endswith(CONSTANT_FILES) or module.path.startswith(COLLECTED):
        return
    names = [name for node in module.tree.body for name in _defined(node)]
    public = [name for name in names if not name.startswith("_")]
    if module.path.startswith(PACKAGES) and public and "__all__" not in names:
        yield Finding(module.path, 1, f"defines {', '.join(public[:3])} ...: list what others may use in __all__")


def _defined(node: ast.stmt) -> list[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Assign(targets=targets):
            return [inner.id for target in targets for inner in ast.walk(target) if isinstance(inner, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case _:
            return []


def wordless_tests(module: Module) -> Iterator[Finding]:
    """Test functions without a sentence that says which behaviour they show."""
    for node in functions(module):
        said = (ast.get_docstring(node) or "").strip()
        if node.name.startswith("test_") and not said.endswith("."):
            yield Finding(module.path, node.lineno, f"{node.name}: add a docstring, one sentence of the behaviour it shows")


def naps(module: Module) -> Iterator[Finding]:
    """Calls of any sleep."""
    for node, name in calls(module):
        if name.split(".")[-1] == "sleep" and module.path not in SPANS_MEASURED:
            yield Finding(module.path, node.lineno, "sleeps: wait for the event itself, or advance virtual time")


def reaching_in(module: Module) -> Iterator[Finding]:
    """Private attributes of another module's objects; a name that this file gives itself is its own."""
    own = {node.name for node in ast.walk(module.tree) if isinstance(node, Function)}
    own |= {node.target.id for node in ast.walk(module.tree) if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)}
    own |= {node.attr for node in ast.walk(module.tree) if isinstance(node, ast.Attribute) and _is_self(node.value)}
    free = own | NAMED_TUPLE_NAMES | {place.split()[1] for place in REACHED_BY_CHOICE if place.startswith(f"{module.path} ")}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and PRIVATE.fullmatch(node.attr) and not _is_self(node.value) and node.attr not in free:
            yield Finding(module.path, node.lineno, f"{ast.unparse(node)} is private: use a door, the wire or the bench")


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in {"self", "cls"}


RULES: dict[str, tuple[Rule, tuple[str, ...]]] = {
    "drawers": (drawers, ()),
    "silent exports": (silent_exports, PACKAGES),
    "wordless tests": (wordless_tests, ("tests",)),
    "naps": (naps, ("tests",)),
    "reaching in": (reaching_in, ()),
}

BAD: dict[str, Module] = {
    "drawers": snippet("", "hil/utils.py"),
    "silent exports": snippet("LIMIT: int = 3\n", "hil/limit.py"),
    "wordless tests": snippet("def test_x(): ...\n", "tests/unit/test_x.py"),
    "naps": snippet("import time\ntime.sleep(1)\n", "tests/unit/test_x.py"),
    "reaching in": snippet("def test_x(pump): assert pump._rotor.turned\n", "tests/unit/test_x.py"),
}


@pytest.mark.parametrize("name", RULES)
def test_names_speak(name: str) -> None:
    """Files, exports and tests say what they are for, and no test waits for a clock."""
    rule, folders = RULES[name]

    findings = breaches(rule, modules(*folders))

    assert not findings, told(findings)


@pytest.mark.parametrize("name", RULES)
def test_rule_of_names_can_fail(name: str) -> None:
    """Each rule finds its bad snippet."""
    assert list(RULES[name][0](BAD[name]))
