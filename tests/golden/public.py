"""Writes down what is public: library, command line, pytest plugin, bench, wire, files. `python -m tests.golden.public` renews public.txt.

It refuses where something changed and the Unreleased part of CHANGELOG.md is the one of the last renewal: say there first what changed for
users. What has gone wants a line under Changed, Deprecated or Removed.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from docs.public import library
from hil.bench.verbs import VERBS
from hil.cli import pumpsim
from hil.cli.ends import FAILED, INTERRUPTED, MISUSED, READER_LEFT
from hil.errors import HilError
from hil.lesson.schema import render as lesson_schema
from hil.plugin import pytest_plugins
from hil.scenario.schema import render as scenario_schema
from protocol.message_table import BY_NAME, PROTOCOL_MAJOR, PROTOCOL_MINOR

__all__ = ["body", "kept", "main", "renewed", "unreleased"]

GOLDEN = Path(__file__).with_name("public.txt")
CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.md"
FORMATS = {
    "bench API": "hil.web.openapi.API_VERSION",
    "capture": "protocol.capture.about.FORMAT",
    "evidence": "hil.requirements.outcomes.FORMAT",
    "fault script": "hil.faults.script.VERSION",
    "parity report": "hil.parity.report.FORMAT",
    "results of a lesson": "hil.lesson.export.VERSION",
    "recording of a scenario": "hil.scenario.recording.FORMAT",
}
"""Files that other programs read, or that are kept, and where their version stands."""
SCHEMAS = {"lesson": lesson_schema, "scenario": scenario_schema}
TAKEN_AWAY = ("### Changed", "### Deprecated", "### Removed")


def body() -> str:
    """All that is public, one a line."""
    parts = {
        "library": _library(),
        "commands": _commands(pumpsim, "pumpsim"),
        "exit codes": _exit_codes(),
        "pytest plugin": _plugin(),
        "bench": _bench(),
        "wire": _wire(),
        "files": _files(),
    }
    return "".join(f"[{name}]\n" + "".join(f"{line}\n" for line in lines) for name, lines in parts.items())


def unreleased(changelog: str) -> str:
    """The part of the changelog that no version has yet; empty if it has no entry."""
    part = changelog.partition("## Unreleased\n")[2].partition("\n## ")[0].strip()
    return part if "\n- " in f"\n{part}" else ""


def kept(golden: str) -> tuple[str, str, str]:
    """The body of a golden file, and what its first lines say: a mark of that body, and of the changelog when it was written."""
    body_mark, changelog_mark, rest = golden.split("\n", 2)
    return rest, body_mark.removeprefix("# public names "), changelog_mark.removeprefix("# changelog ")


def renewed(now: str, golden: str, changelog: str) -> str:
    """The golden file as it should be. Raises ValueError with what to do first, where the changelog does not say what changed."""
    was, _, changelog_mark = kept(golden)
    part = unreleased(changelog)
    if now == was:
        return golden
    if not part or mark(part) == changelog_mark:
        raise ValueError("public names changed: say in CHANGELOG.md, under Unreleased, what changes for users")
    if set(was.splitlines()) - set(now.splitlines()) and not any(heading in part for heading in TAKEN_AWAY):
        raise ValueError(f"public names have gone or changed: say so in CHANGELOG.md, Unreleased, under one of {', '.join(TAKEN_AWAY)}")
    return f"# public names {mark(now)}\n# changelog {mark(part)}\n{now}"


def mark(text: str) -> str:
    """Tells one text from another."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _library() -> Iterator[str]:
    for told in library():
        yield f"{told.module}: {told.text}"
        yield from (f"{told.module}.{told.name}: {member.text}" for member in told.members)


def _commands(command: click.Command, path: str) -> Iterator[str]:
    for parameter in command.params:
        yield f"{path} {_parameter(parameter)}"
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield f"{path} {name}"
            yield from _commands(found, f"{path} {name}")


def _parameter(parameter: click.Parameter) -> str:
    names = "/".join([*parameter.opts, *parameter.secondary_opts])
    choices = f" {'|'.join(map(str, parameter.type.choices))}" if isinstance(parameter.type, click.Choice) else ""
    if isinstance(parameter, click.Argument):
        return f"<{parameter.name}>{choices}{'' if parameter.required else ' (or nothing)'}{'' if parameter.nargs == 1 else ' ...'}"
    assert isinstance(parameter, click.Option)
    value = "" if parameter.is_flag else choices or f" {parameter.metavar or parameter.type.name}"
    variable = f" or {parameter.envvar}" if parameter.envvar else ""
    return f"{names}{value}{' ...' if parameter.multiple else ''}{variable}{' (required)' if parameter.required else ''}"


def _exit_codes() -> Iterator[str]:
    yield f"{FAILED} failed, {MISUSED} misused, {INTERRUPTED} interrupted, {READER_LEFT} reader left"
    errors = [thing for _, thing in inspect.getmembers(import_module("hil.errors"), inspect.isclass) if issubclass(thing, HilError)]
    yield from sorted(f"{error.exit_code} {error.__name__}" for error in errors if not error.__name__.startswith("_"))


class _Heard:
    """Takes the place of pytest while the plugin tells what it has."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def getgroup(self, *_: object) -> _Heard:
        return self

    def addoption(self, name: str, **about: Any) -> None:
        self.lines.append(f"option {name} {about.get('metavar', '')}".rstrip())

    def addinivalue_line(self, _name: str, line: str) -> None:
        self.lines.append(f"marker {line.partition(':')[0]}")


def _plugin() -> Iterator[str]:
    heard = _Heard()
    import_module("hil.pytest_plugin.options").pytest_addoption(heard)
    import_module("hil.pytest_plugin.markers").pytest_configure(heard)
    yield from sorted(heard.lines)
    for name in pytest_plugins:
        for node in ast.parse(inspect.getsource(import_module(name))).body:
            if isinstance(node, ast.FunctionDef) and any("fixture" in ast.unparse(each) for each in node.decorator_list):
                yield f"fixture {node.name}"


def _bench() -> Iterator[str]:
    for verb in VERBS.values():
        arguments = verb.args.model_json_schema().get("properties", {})
        needed = set(verb.args.model_json_schema().get("required", ()))
        yield f"{verb.name}({', '.join(name if name in needed else f'[{name}]' for name in arguments)})"


def _wire() -> Iterator[str]:
    yield f"version {PROTOCOL_MAJOR}.{PROTOCOL_MINOR}"
    yield from (f"0x{row.opcode:02X} {name}" for name, row in sorted(BY_NAME.items(), key=lambda item: item[1].opcode))


def _files() -> Iterator[str]:
    for name, place in FORMATS.items():
        module, _, attribute = place.rpartition(".")
        yield f"{name}: version {getattr(import_module(module), attribute)}"
    for name, render in SCHEMAS.items():
        schema = json.loads(render())
        for kind, part in {"": schema, **schema.get("$defs", {})}.items():
            if part.get("properties"):
                yield f"{name} file, {kind or 'at the top'}: {', '.join(sorted(part['properties']))}"


def main() -> int:
    """Renew the golden file; returns the exit code."""
    golden = GOLDEN.read_text(encoding="utf-8") if GOLDEN.exists() else "# public names none\n# changelog none\n"
    try:
        GOLDEN.write_text(renewed(body(), golden, CHANGELOG.read_text(encoding="utf-8")), encoding="utf-8")
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
