"""The tree as the tidy tests see it: its files, its modules parsed, and the form in which a finding is told.

A rule is a plain function from a `Module` to findings, so that each rule can be shown a bad snippet as well as the tree.
"""

from __future__ import annotations

import ast
import gc
import subprocess
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

__all__ = [
    "PACKAGES",
    "ROOT",
    "Finding",
    "Function",
    "Module",
    "Rule",
    "breaches",
    "calls",
    "files",
    "functions",
    "modules",
    "snippet",
    "told",
]

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("firmware_sim", "protocol", "hil")

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Module(NamedTuple):
    """One Python file: `path` is relative to the tree, with forward slashes."""

    path: str
    text: str
    tree: ast.Module

    @property
    def dotted(self) -> str:
        """The name by which the module is imported."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


class Finding(NamedTuple):
    """A place and what to do about it."""

    path: str
    line: int
    cure: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.cure}"


Rule = Callable[[Module], Iterable[Finding]]


@cache
def files() -> tuple[str, ...]:
    """Every file that is or could be committed; what .gitignore names is left out. In a source distribution: all that came with it."""
    if not (ROOT / ".git").exists():
        found = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        return tuple(sorted(path.as_posix() for path in found))
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return tuple(sorted(name for name in set(listing.stdout.split("\0")) if name and (ROOT / name).is_file()))


@cache
def modules(*folders: str) -> tuple[Module, ...]:
    """The Python files below these folders (all of the tree when none is named), parsed."""
    prefixes = tuple(f"{folder}/" for folder in folders)
    chosen = [name for name in files() if name.endswith(".py") and (not prefixes or name.startswith(prefixes))]
    gc.disable()  # a million nodes that stay: looking through them again and again takes longer than parsing
    try:
        return tuple(map(_parsed, chosen))
    finally:
        gc.freeze()
        gc.enable()


@cache
def _parsed(name: str) -> Module:
    return snippet((ROOT / name).read_text(encoding="utf-8"), name)


def snippet(text: str, path: str = "firmware_sim/snippet.py") -> Module:
    """Parse a text as if it lay at `path`."""
    return Module(path, text, ast.parse(text, path))


def functions(module: Module) -> Iterator[Function]:
    """Every function and method, inner ones too."""
    return (node for node in ast.walk(module.tree) if isinstance(node, Function))


def calls(module: Module) -> Iterator[tuple[ast.Call, str]]:
    """Every call with the dotted name it is made by, as written."""
    return ((node, ast.unparse(node.func)) for node in ast.walk(module.tree) if isinstance(node, ast.Call))


def breaches(rule: Rule, chosen: Iterable[Module]) -> list[Finding]:
    """All findings of a rule in these modules."""
    return [finding for module in chosen for finding in rule(module)]


def told(findings: Iterable[Finding]) -> str:
    """The findings as an assertion message, one a line; empty when all is well."""
    return "\n".join(map(str, findings))
