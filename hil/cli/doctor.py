"""pumpsim doctor: what this machine has and lacks for pumpsim."""

from __future__ import annotations

import click

__all__ = ["command"]

STATES = {"ok": "green", "slow": "yellow", "missing": "bright_black", "broken": "red"}
"""Colours of the states; they are left out where the output is no terminal."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(as_json: bool) -> int:
    """Look at Python, libraries, ports, name clashes and optional parts, and say what to do about each that is not well.

    States are ok, slow, missing and broken. Ends with 1 only if something stops the core: a pump behind a port, and the client that
    programs it. Where not even this command starts, `python -m hil.doctor` does.

    \b
        pumpsim doctor
        pumpsim doctor --json
    """  # noqa: D301  # click wants the character itself
    from hil.cli.output import show
    from hil.doctor.report import data, examine, lines, sound

    report = examine()
    show(data(report), map(_painted, lines(report)), as_json=as_json)
    return 0 if sound(report) else 1


def _painted(line: str) -> str:
    word = next(iter(line.split(maxsplit=1)), "") if line.startswith("  ") else ""
    return line.replace(word, click.style(word, fg=STATES[word]), 1) if word in STATES else line
