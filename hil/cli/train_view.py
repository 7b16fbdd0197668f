"""What `pumpsim train` says: where to go, and which runs there are."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hil.cli.output import aligned, note, show, show_json

if TYPE_CHECKING:
    from hil.console.places import Place

__all__ = ["announce", "show_runs"]

READABLE = "without --tls whoever is on this network can read what goes over it, links and nicknames included"


def announce(line: dict[str, Any], place: Place, *, as_json: bool, opened: bool) -> None:
    """Say where the pages are: one JSON line for a program, else lines for people."""
    if as_json:
        show_json(line)
    else:
        for text in _lines(line):
            click.echo(text)
    if not place.loopback and not place.tls:
        note(READABLE)
    if opened and not webbrowser.open(line["instructor_link"]):
        note("no browser could be started here; open the instructor's link yourself")


def _lines(line: dict[str, Any]) -> list[str]:
    said = [
        ("Run", line["run"] + (f", lesson {line['lesson']}" if line["lesson"] else ", lesson to be chosen on the instructor's page")),
        ("Instructor", line["instructor_link"]),
        ("Learners", line["learner_link"]),
        ("", f"or {line['url']} with the code {line['code']}"),
        ("Observer", line["observer_link"]),
    ]
    return [*aligned(said), f"End it with Ctrl-C; go on later with: pumpsim train --run {line['run']}"]


def show_runs(folder: Path, runs: list[dict[str, Any]], *, as_json: bool) -> None:
    """Print the runs that are kept."""
    rows = [(str(run["run"]), _said(run)) for run in runs]
    show({"folder": str(folder), "runs": runs}, aligned(rows) or [f"no run is kept in {folder}"], as_json=as_json)


def _said(run: dict[str, Any]) -> str:
    if "problem" in run:
        return f"cannot be read: {run['problem']}"
    people = ", ".join(run["learners"]) or "nobody joined"
    lines = "1 entry" if run["entries"] == 1 else f"{run['entries']:,} entries"
    return f"{run['lesson'] or 'no lesson chosen'}; {people}; {lines}{'; running now' if run['running'] else ''}"
