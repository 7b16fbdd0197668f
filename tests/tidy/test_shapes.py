"""Small shapes: functions, modules and signatures stay readable in one look."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.tidy.tree import Finding, Function, Module, Rule, breaches, functions, modules, snippet, told

FUNCTION_LINES_MAX = 40
MODULE_LINES_MAX = 400
PARAMETERS_MAX = 6


def long_functions(module: Module) -> Iterator[Finding]:
    """Functions whose body without its docstring is too long."""
    for node in functions(module):
        lines = (node.end_lineno or node.lineno) - node.lineno + 1 - _docstring_lines(node)
        if lines > FUNCTION_LINES_MAX:
            yield Finding(module.path, node.lineno, f"{node.name} has {lines} lines: give its parts names, {FUNCTION_LINES_MAX} at most")


def _docstring_lines(node: Function) -> int:
    first = node.body[0]
    if ast.get_docstring(node) is None:
        return 0
    return (first.end_lineno or first.lineno) - first.lineno + 1


def long_modules(module: Module) -> Iterator[Finding]:
    """Modules that have grown past one noun."""
    lines = len(module.text.splitlines())
    if lines > MODULE_LINES_MAX:
        yield Finding(module.path, lines, f"{lines} lines: split it by noun, {MODULE_LINES_MAX} at most")


def wide_signatures(module: Module) -> Iterator[Finding]:
    """Functions with too many parameters; a command's options are its parameters and are not counted."""
    for node in functions(module):
        count = _parameters(node)
        if count > PARAMETERS_MAX and not _is_command(node):
            yield Finding(module.path, node.lineno, f"{node.name} takes {count} parameters: group them in a type, {PARAMETERS_MAX} at most")


def _parameters(node: Function) -> int:
    arguments = node.args
    plain = [*arguments.posonlyargs, *arguments.args]
    if plain and plain[0].arg in {"self", "cls"}:
        del plain[0]
    return len(plain) + len(arguments.kwonlyargs)


def _is_command(node: Function) -> bool:
    return any(ast.unparse(decorator).split("(")[0].endswith((".command", ".option", ".argument")) for decorator in node.decorator_list)


RULES: dict[str, Rule] = {"long functions": long_functions, "long modules": long_modules, "wide signatures": wide_signatures}

BAD: dict[str, str] = {
    "long functions": "def f():\n    '''Say so.'''\n" + "    pass\n" * FUNCTION_LINES_MAX,
    "long modules": "x = 1\n" * (MODULE_LINES_MAX + 1),
    "wide signatures": "class C:\n    def f(self, a, b, c, d, *, e, f, g): ...\n",
}

GOOD: dict[str, str] = {
    "long functions": "def f():\n    '''Say so.\n\n    At length.\n    '''\n" + "    pass\n" * (FUNCTION_LINES_MAX - 1),
    "long modules": "x = 1\n" * MODULE_LINES_MAX,
    "wide signatures": "class C:\n    def f(self, a, b, c, d, *, e, f): ...\n",
}


@pytest.mark.parametrize("name", RULES)
def test_shapes_stay_small(name: str) -> None:
    """No function, module or signature in the tree is larger than its limit."""
    findings = breaches(RULES[name], modules())

    assert not findings, told(findings)


@pytest.mark.parametrize("name", RULES)
def test_rule_of_shape_can_fail(name: str) -> None:
    """Each rule finds one line past its limit and passes the limit itself."""
    assert list(RULES[name](snippet(BAD[name])))
    assert not list(RULES[name](snippet(GOOD[name])))
