"""What a command prints: the same facts as lines for a person or as one JSON object for a program."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import click

from hil.plain import plain

__all__ = ["aligned", "note", "show", "show_json"]

Pair = tuple[str, str]


def show(data: object, lines: Iterable[str], *, as_json: bool) -> None:
    """Print the data as JSON, or else the lines."""
    if as_json:
        show_json(data)
    else:
        for line in lines:
            click.echo(line)


def show_json(data: object) -> None:
    """Print one JSON object on one line."""
    click.echo(json.dumps(plain(data)))


def note(text: str) -> None:
    """Say something beside the result, on stderr."""
    click.echo(f"pumpsim: {text}", err=True)


def aligned(pairs: Sequence[Pair], indent: int = 0) -> list[str]:
    """Names and values in two columns; a value of several lines stays in its column."""
    width = max((len(name) for name, _ in pairs), default=0)
    lines: list[str] = []
    for name, value in pairs:
        first, *rest = value.split("\n")
        lines.append(f"{' ' * indent}{name:<{width}}  {first}".rstrip())
        lines += [f"{' ' * (indent + width)}  {line}" for line in rest]
    return lines
