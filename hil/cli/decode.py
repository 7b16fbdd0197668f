"""pumpsim decode: what is in a capture, frame by frame."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from protocol.capture.reader import Packet, Section

__all__ = ["command"]


@click.command()
@click.argument("file", metavar="FILE")
@click.option("--json", "as_json", is_flag=True, help="Print each packet as one JSON object a line.")
@click.option("--follow", is_flag=True, help="Go on while the file grows, until Ctrl-C.")
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="End after N packets.")
def command(file: str, as_json: bool, follow: bool, count: int | None) -> None:
    """Show the packets of a capture that --capture wrote, or of any pcapng file of link type USER0; - reads standard input.

    \b
        pumpsim serve itp-40 --port pty:./pump0 --capture session.pcapng
        pumpsim decode session.pcapng
    """  # noqa: D301  # click wants the character itself
    from hil.cli.decode_view import Sheet, json_row
    from protocol.capture.reader import Section

    sheet = None if as_json else Sheet()
    facts: dict[str, object] = {}
    left = count
    for item in _items(file, follow):
        if isinstance(item, Section):
            facts = item.facts
            if sheet is not None:
                sheet.show_section(item)
            continue
        if sheet is not None:
            sheet.show_packet(item)
        else:
            click.echo(json.dumps(json_row(item, facts)))
        if left is not None:
            left -= 1
            if not left:
                return


def _items(file: str, follow: bool) -> Iterator[Section | Packet]:
    """Everything in the file, or from it on. Raises UsageError."""
    from hil.parity.capture_file import follow_capture, read_capture

    if not follow:
        return read_capture(file)
    from protocol.waiting import WallWaiter

    return follow_capture(file, WallWaiter().pause)
