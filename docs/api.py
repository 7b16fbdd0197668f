"""The page of the library's public names, from their signatures and docstrings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import groupby

from docs.public import MODULES, Described, Member, library

__all__ = ["render"]

HEAD = """# Library

Generated from the code: every name that is public, with its docstring. What these may do from one version to the next is on the page
[versions](../explanation/versions.md); what does not stand here may change with any version. Other things that are public have pages of
their own: [commands](commands.md), verbs of the [bench](bench-api.md), messages of the [wire](wire-protocol.md), fixtures and options of
the [pytest plugin](../how-to/test-a-pump.md).
"""


def render() -> str:
    """The page."""
    parts = [HEAD, _index()]
    for module, names in groupby(library(), lambda each: each.module):
        parts.append(f"## {module}\n\n{MODULES[module][0]}\n")
        parts += [_name(each) for each in names]
    return "\n".join(parts)


def _index() -> str:
    rows = [f"| [{module}](#{module.replace('.', '')}) | {purpose} |" for module, (purpose, _) in MODULES.items()]
    return "\n".join(["| module | what for |", "|---|---|", *rows, ""])


def _name(told: Described) -> str:
    lines = [f"### {told.module}.{told.name}", "", f"`{told.text}`", ""]
    if told.doc:
        lines += [_prose(told.doc), ""]
    lines += list(_members(told.members))
    return "\n".join(lines)


def _members(members: tuple[Member, ...]) -> Iterator[str]:
    for member in members:
        doc = " ".join(_prose(member.doc).split())
        yield f"- `{member.text}`" + (f": {doc}" if doc else "")
    if members:
        yield ""


def _prose(doc: str) -> str:
    """A docstring as Markdown: names of errors as code; a picture in it, behind `::`, stays in the code."""
    words = doc.partition("::\n")[0].rstrip(": \n").split("`")
    return "`".join(part if place % 2 else _plain(part) for place, part in enumerate(words))


def _plain(text: str) -> str:
    text = text.replace("<", "\\<").replace("*", "\\*")
    return re.sub(rf"\b({'|'.join(_errors())})\b", r"`\1`", text)


@cache
def _errors() -> tuple[str, ...]:
    """Names of errors that are no words of a sentence but where something raises them: the longer first."""
    names = {told.name for told in library() if told.module.endswith(".errors")}
    return tuple(sorted(names - {"Problem", "Busy", "Conflict", "Replay", "Refused"}, key=len, reverse=True))
