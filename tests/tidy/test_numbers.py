"""Law 11: a number has a name, a unit and a provenance, so code holds none but the plainest."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.tidy.tree import Finding, Module, breaches, modules, snippet, told

NUMBERLESS = ("firmware_sim", "hil/clinic")
PLAIN = {0, 1, 2}
NUMBER_FILES = {"units.py", "limits.py"}
"""Files whose whole purpose is to name numbers."""


def bare_numbers(module: Module) -> Iterator[Finding]:
    """Numeric literals other than 0, 1, 2 and -1."""
    for node in ast.walk(module.tree):
        number = _number(node)
        if number is not None:
            yield Finding(module.path, getattr(node, "lineno", 1), f"bare number {number}: name it in a profile, units.py or limits.py")


def _number(node: ast.AST) -> str | None:
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=2 | 2.0)):
            return "-2"
        case ast.Constant(value=bool()):
            return None
        case ast.Constant(value=int() | float() | complex() as value) if value not in PLAIN:
            return repr(value)
        case _:
            return None


def test_code_holds_no_bare_numbers() -> None:
    """The pump's and the clinic's numbers live in profiles, units.py and limits.py."""
    chosen = (module for module in modules(*NUMBERLESS) if module.path.split("/")[-1] not in NUMBER_FILES)

    findings = breaches(bare_numbers, chosen)

    assert not findings, told(findings)


@pytest.mark.parametrize("text", ["x = 3", "x = 0.5", "x = -2", "x = y[:8]", "x = 1 << 20", "def f(a=3600): ...", "x = 1j"])
def test_rule_of_numbers_can_fail(text: str) -> None:
    """A literal is found wherever it stands."""
    assert list(bare_numbers(snippet(text)))


@pytest.mark.parametrize("text", ["x = 0", "x = -1", "x = 2.0", "x = True", "x = struct.Struct('<16sQ')", "'''Wait 40 days.'''"])
def test_rule_of_numbers_lets_plain_ones_pass(text: str) -> None:
    """0, 1, 2, -1, truth values and numbers inside text are free."""
    assert not list(bare_numbers(snippet(text)))
