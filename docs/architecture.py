"""The structure of the code as a picture and as a table: what stands in which layer, and what imports what.

Layers are those of the import contracts in pyproject.toml, which `make check` holds; arrows are the imports that the source has. An arrow
that others imply is left out. Modules of one layer share a box where a package is drawn small.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

from docs.layered import Drawing, Node

__all__ = ["IMAGE", "MAP", "Edges", "implied", "imports_of", "layers_of", "pages", "whole"]

ROOT = Path(__file__).resolve().parents[1]
IMAGE, MAP = "images/architecture.svg", "reference/code-map.md"
PACKAGES = ("hil", "firmware_sim", "protocol")
CAPTIONS = {
    "hil": "the bench: joins a pump to a port; time, faults, instruments, lessons, commands",
    "firmware_sim": "the pump: physics and firmware in virtual time",
    "protocol": "the wire: both roles, and ways to the pump",
}
Edges = frozenset[tuple[str, str]]
"""Who imports whom, by names below one package."""

HEAD = """# Map of the code

Generated from the docstrings of the packages, in the order of their layers: what stands higher may import what stands lower, never the
reverse, and what shares a row does not import each other. [Architecture](../explanation/architecture.md) has the picture, and
[Contributing](../contributing.md) says where to change what.
"""
TABLE = "| layer | where | what it is |\n| --- | --- | --- |\n"


# ---------------------------------------------------------------- what the source says


@cache
def layers_of(package: str) -> tuple[tuple[str, ...], ...]:
    """The layers of a package's contract, the highest first."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    found = next(each for each in contracts if each["type"] == "layers" and each["containers"] == [package])
    return tuple(tuple(name.strip() for name in row.split("|")) for row in found["layers"])


@cache
def imports_of(package: str) -> Edges:
    """Which child of a package imports which; what is only for type checkers, and command lines of `__main__`, aside."""
    return frozenset(
        (path.relative_to(ROOT / package).parts[0].removesuffix(".py"), target.split(".")[1])
        for path in sorted((ROOT / package).rglob("*.py"))
        if path.name != "__main__.py" and path != ROOT / package / "__init__.py"
        for target in _targets(path)
        if target.startswith(f"{package}.") and target.split(".")[1] != path.relative_to(ROOT / package).parts[0].removesuffix(".py")
    )


def whole() -> Edges:
    """Which of the three packages imports which."""
    return frozenset(
        (package, target.split(".")[0])
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for target in _targets(path)
        if target.split(".")[0] in PACKAGES and target.split(".")[0] != package
    )


@cache
def _targets(path: Path) -> frozenset[str]:
    """Dotted names that a module imports, wherever in it."""
    nodes = list(_run(ast.parse(path.read_text(encoding="utf-8"))))
    plain = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    return frozenset(plain | {f"{node.module}.{name.name}" for node in nodes if isinstance(node, ast.ImportFrom) for name in node.names})


def _run(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those below `if TYPE_CHECKING`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        yield node
        yield from _run(node)


def implied(edges: Edges) -> Edges:
    """The edges that a longer way says as well."""
    below: dict[str, set[str]] = {}
    for source, target in edges:
        below.setdefault(source, set()).add(target)

    @cache
    def reached(name: str) -> frozenset[str]:
        return frozenset(below.get(name, set())).union(*(reached(each) for each in below.get(name, set())))

    return frozenset(
        (source, target) for source, target in edges if any(target in reached(other) for other in below[source] if other != target)
    )


# ---------------------------------------------------------------- the picture


def _boxes(package: str, *, shared: bool) -> list[list[Node]]:
    """The boxes of each layer; with `shared`, modules of a layer are one."""
    rows = []
    for names in layers_of(package):
        folders = [name for name in names if (ROOT / package / name).is_dir()]
        modules = [name for name in names if name not in folders]
        groups = [tuple(modules)] if shared and modules else [(name,) for name in modules]
        rows.append([Node((name,), True) for name in folders] + [Node(group, False) for group in groups])
    return rows


def _arrows(package: str, rows: Sequence[Sequence[Node]]) -> list[tuple[Node, Node]]:
    """Between boxes, without those that others imply, in a fixed order."""
    of = {name: node for row in rows for node in row for name in node.names}
    edges = frozenset((of[a].key, of[b].key) for a, b in imports_of(package) if of[a] != of[b])
    by_key = {node.key: node for node in of.values()}
    return [(by_key[a], by_key[b]) for a, b in sorted(edges - implied(edges))]


def _picture() -> str:
    drawing = Drawing("How the code is layered", "An arrow is an import. Those that others imply are left out. Nothing points upwards.")
    top = drawing.band("hil", CAPTIONS["hil"], _boxes("hil", shared=False), _arrows("hil", _boxes("hil", shared=False)))
    for package in PACKAGES[1:]:
        rows = _boxes(package, shared=True)
        drawing.band(package, CAPTIONS[package], rows, _arrows(package, rows), below=top)
    for source, target in sorted(whole()):
        drawing.join(source, target)
    return drawing.text()


# ---------------------------------------------------------------- the map


def _map() -> str:
    parts = [HEAD]
    for package in PACKAGES:
        parts.append(f"\n## {package}\n\n{CAPTIONS[package][0].upper()}{CAPTIONS[package][1:]}.\n\n{TABLE}")
        for number, names in enumerate(layers_of(package), start=1):
            parts += [f"| {number if name == names[0] else ''} | {_place(package, name)} | {_said(package, name)} |\n" for name in names]
    return "".join(parts)


def _place(package: str, name: str) -> str:
    path = f"{package}/{name}" if (ROOT / package / name).is_dir() else f"{package}/{name}.py"
    return f"`{path}`"


def _said(package: str, name: str) -> str:
    """The first sentence of a docstring, on one line."""
    path = ROOT / package / name
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    text = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or ""
    first = " ".join(text.split("\n\n", maxsplit=1)[0].split())
    ends = [at + 1 for at, (letter, following) in enumerate(pairwise(f"{first} ")) if letter == "." and following == " "]
    return first[: ends[0]].removesuffix(".") if ends else first


def pages() -> dict[str, str]:
    """Paths below docs/ and their texts."""
    return {IMAGE: _picture(), MAP: _map()}
