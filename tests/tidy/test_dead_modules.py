"""A module nobody imports is either an entry point that says so, or dead."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterable, Iterator

from tests.tidy.tree import PACKAGES, ROOT, Finding, Module, modules, snippet, told

REACHED_BY_NAME: dict[str, str] = {
    "hil.urls.protocol_pumpsim": "pyserial finds it by its file name",
    "hil.instruments.tapped_transport": "shipped for those who break their own line on the host's side",
    "protocol.testing": "shipped for those who test their own transport",
}
"""Modules that no code of ours needs to import, with the reason."""
COLLECTED = ("hil/suite/test_", "hil/suite/conftest.py", "docs/examples/qa_project/", "docs/examples/acme/")
"""How files begin that pytest finds by their names, and projects that stand by themselves."""


def dead(chosen: Iterable[Module], entries: Iterable[str]) -> Iterator[Finding]:
    """Modules that are neither imported, nor named in a table of late imports, nor entries."""
    known = list(chosen)
    used = {name for module in known for name in _names_used(module)} | set(entries) | set(REACHED_BY_NAME)
    for module in known:
        package_file = module.path.endswith(("/__init__.py", "/__main__.py"))
        if module.dotted not in used and not package_file and not module.path.startswith(COLLECTED):
            yield Finding(module.path, 1, "nobody imports it: remove it, or use it")


def _names_used(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str() as source, names=names):
                yield source
                yield from (f"{source}.{alias.name}" for alias in names)
            case ast.Constant(value=str() as text):
                yield text.partition(":")[0]
            case _:
                pass


def _entry_points() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    tables = [project.get("scripts", {}), *project.get("entry-points", {}).values()]
    return {target.partition(":")[0] for table in tables for target in table.values()}


def test_every_module_is_used() -> None:
    """Each module is reached from another one, from an entry point or from the page generator."""
    findings = list(dead((*modules(*PACKAGES), *modules("docs")), {*_entry_points(), "docs.generate", "docs.conf"}))

    assert not findings, told(findings)


def test_modules_reached_by_name_exist() -> None:
    """The list of exceptions names no module that has gone."""
    assert REACHED_BY_NAME.keys() <= {module.dotted for module in modules(*PACKAGES)}


def test_rule_of_dead_modules_can_fail() -> None:
    """Of three modules, the one that is neither imported nor named is found."""
    chosen = [
        snippet("from hil import used", "hil/entry.py"),
        snippet("TABLE = 'hil.late:command'", "hil/used.py"),
        snippet("", "hil/late.py"),
        snippet("", "hil/lost.py"),
    ]

    assert [finding.path for finding in dead(chosen, ["hil.entry"])] == ["hil/lost.py"]
