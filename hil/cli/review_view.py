"""The review of a therapy, drawn for a terminal: what is in the pump beside what will be sent."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hil.therapy.review import Change, Review, Row

__all__ = ["print_review"]

PLAIN_WIDTH = 120
"""Columns where the output is no terminal."""
_MARKS: dict[Change, str] = {"same": "", "up": "▲", "down": "▼", "changed": "●"}


def print_review(review: Review, title: str) -> None:
    """Print it; unchanged rows are dim and there, changed rows are bold and marked with a sign, not with colour alone."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=PLAIN_WIDTH)
    console.print(Text(f"{title}, read at {review.read_clock} on its clock"))
    for row in review.rows:
        if row.note:
            console.print(Text(f"{_MARKS[row.change]} {row.name}: {row.note}"), style="bold")
    console.print()
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in ("", "in the pump now", "will be sent"):
        table.add_column(heading, no_wrap=True)
    table.add_column("")
    for row in review.rows:
        style = "dim" if row.change == "same" else "bold"
        table.add_row(Text(row.name), Text(row.current), Text(row.pending), Text(_change(row)), style=style)
    console.print(table)
    for profile in review.profiles:
        console.print(Text(f"\n{profile.days}, 00:00 to 24:00, a full block is {profile.full}"))
        console.print(Text(f"  now  |{profile.current}|"), style="dim", soft_wrap=True)
        console.print(Text(f"  sent |{profile.pending}|"), style="bold", soft_wrap=True)
    console.print()
    for line in review.notes:
        console.print(Text(f"! {line}"))


def _change(row: Row) -> str:
    return f"{_MARKS[row.change]} {row.factor}".strip()
