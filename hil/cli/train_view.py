"""What `pumpsim train` says: where to go, and which runs there are."""

from __future__ import annotations

import html
import os
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hil.cli.output import aligned, note, show, show_json

if TYPE_CHECKING:
    from hil.console.places import Place

__all__ = ["announce", "show_runs"]

_WAY_IN = """<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={link}"><title>pumpsim</title><a href="{link}">The instructor's page</a>
"""
READABLE = "without --tls whoever is on this network can read what goes over it, links and nicknames included"


def announce(line: dict[str, Any], place: Place, *, as_json: bool, opened: Path | None) -> None:
    """Say where the pages are: one JSON line for a program, else lines for people. `opened`: a folder of our own, to open the page from."""
    if as_json:
        show_json(line)
    else:
        for text in _lines(line):
            click.echo(text)
    if not place.loopback and not place.tls:
        note(READABLE)
    if opened is not None and not webbrowser.open(_way_in(line["instructor_link"], opened)):
        note("no browser could be started here; open the instructor's link yourself")


def _way_in(link: str, folder: Path) -> str:
    """A page that leads to the link. The browser is started with the address of that file, because everybody on this machine can read
    the words of a running command, and the link lets in whoever has it.
    """
    page = folder / "instructor.html"
    with os.fdopen(os.open(page, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(_WAY_IN.format(link=html.escape(link)))
    return page.as_uri()


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
