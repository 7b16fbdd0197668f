"""The review of a therapy, drawn for a terminal: what is in the pump beside what will be sent."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from hil.cli.colour import console
from hil.therapy.review import Change, Review, Row

__all__ = ["print_review"]

PLAIN_WIDTH = 120
"""Columns where the output is no terminal."""
WIDEST = 1_000
_MARKS: dict[Change, str] = {"same": "", "up": "▲", "down": "▼", "changed": "●"}


def print_review(review: Review, title: str) -> None:
    """Print it; unchanged rows are dim and there, changed rows are bold and marked with a sign, not with colour alone."""
    screen = console()
    if not screen.is_terminal:
        screen = console(width=PLAIN_WIDTH)
    screen.print(Text(f"{title}, read at {review.read_clock} on its clock"))
    for row in review.rows:
        if row.note:
            screen.print(Text(f"{_MARKS[row.change]} {row.name}: {row.note}"), style="bold")
    screen.print()
    table = _table(review)
    if Measurement.get(screen, screen.options.update(max_width=WIDEST), table).maximum <= screen.width:
        screen.print(table)
    else:
        _print_stacked(screen, review)
    for profile in review.profiles:
        screen.print(Text(f"\n{profile.days}, 00:00 to 24:00, a full block is {profile.full}"))
        screen.print(Text(f"  now  |{profile.current}|"), style="dim", soft_wrap=True)
        screen.print(Text(f"  sent |{profile.pending}|"), style="bold", soft_wrap=True)
    screen.print()
    for line in review.notes:
        screen.print(Text(f"! {line}"))


def _table(review: Review) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in ("", "in the pump now", "will be sent"):
        table.add_column(heading, no_wrap=True)
    table.add_column("")
    for row in review.rows:
        table.add_row(Text(row.name), Text(row.current), Text(row.pending), Text(_change(row)), style=_style(row))
    return table


def _print_stacked(screen: Console, review: Review) -> None:
    """The same below each other, where beside each other would cut a dose short."""
    for row in review.rows:
        for line in (row.name, f"  in the pump now  {row.current}", f"  will be sent     {row.pending} {_change(row)}"):
            screen.print(Text(line.rstrip(), style=_style(row)), soft_wrap=True)


def _style(row: Row) -> str:
    return "dim" if row.change == "same" else "bold"


def _change(row: Row) -> str:
    return f"{_MARKS[row.change]} {row.factor}".strip()
