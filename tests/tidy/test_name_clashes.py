"""A package gives no name that one of its own modules bears: importing the module would put it in the name's place."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(path for top in ("firmware_sim", "protocol", "hil") for path in (ROOT / top).rglob("__init__.py"))


def given_names(package: Path) -> set[str]:
    """The functions, classes and constants that the package's own file defines."""
    body = ast.parse(package.read_text(encoding="utf-8")).body
    defined = {node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)}
    assigned = {target.id for node in body if isinstance(node, ast.Assign) for target in node.targets if isinstance(target, ast.Name)}
    return defined | assigned


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: str(path.parent.relative_to(ROOT)))
def test_no_package_defines_a_name_that_one_of_its_modules_bears(package: Path) -> None:
    """What a package defines stays what it is, whichever of its modules is imported later."""
    modules = {path.stem for path in package.parent.glob("*.py")} | {path.parent.name for path in package.parent.glob("*/__init__.py")}
    assert not given_names(package) & modules
