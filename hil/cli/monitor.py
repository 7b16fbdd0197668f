"""pumpsim monitor: frames and events of a running pump, as they happen."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import click

from hil.cli.bench_place import bench_options, find_bench
from hil.errors import BenchError, UsageError

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

    from hil.web.address import BenchAddress

__all__ = ["command"]

Message = dict[str, Any]
NOT_COUNTED = frozenset({"live"})
CLOSE_S = 0.5
"""Wall time to say good-bye with messages unread."""


@click.command()
@bench_options
@click.option("--since", type=click.IntRange(min=0), metavar="N", help="Begin with event N; 0: with the oldest that is kept.")
@click.option("--wire/--no-wire", default=True, help="Show the frames on the port too.")
@click.option("--once", is_flag=True, help="Show what is kept (events from --since on, or all) and end.")
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="End after N frames and events.")
@click.option("--json", "as_json", is_flag=True, help="Print each as one JSON object a line.")
def command(since: int | None, wire: bool, once: bool, count: int | None, as_json: bool, **place: Any) -> None:
    """Show what a pump served with --bench http says and hears, until Ctrl-C.

    \b
        pumpsim serve itp-40 --bench http --ready-file ready.json
        pumpsim monitor --ready-file ready.json
    """  # noqa: D301  # click wants the character itself
    from hil.web.extra import require_web

    require_web("pumpsim monitor")
    query: dict[str, object] = {"wire": str(wire).lower()}
    if since is not None or once:
        query["since"] = since or 0
    if wire and once:
        query["wire_since"] = 0
    show = _shower(as_json)
    left = count
    with _opened(find_bench(**place), query) as socket:
        for message in _messages(socket):
            if message["type"] == "live" and once:
                return
            show(message)
            if left is not None and message["type"] not in NOT_COUNTED:
                left -= 1
                if not left:
                    return
    raise BenchError("the server has ended", where="pumpsim monitor", do="start it again")


def _shower(as_json: bool) -> Callable[[Message], None]:
    """What prints one message."""
    if as_json:
        return lambda message: click.echo(json.dumps(message))
    from hil.cli.monitor_view import Screen

    return Screen().show


def _opened(address: BenchAddress, query: dict[str, object]) -> AbstractContextManager[ClientConnection]:
    """Open the feed. Raises UsageError or BenchError."""
    from websockets.exceptions import InvalidHandshake, InvalidStatus
    from websockets.sync.client import connect

    url = f"ws://{address.authority}{address.path}/events?{urlencode(query)}"
    try:
        return connect(
            url, additional_headers={"Authorization": f"Bearer {address.token}"}, proxy=None, compression=None, close_timeout=CLOSE_S
        )
    except InvalidStatus as error:
        raise _refused(error.response.body) from None
    except (OSError, InvalidHandshake):
        raise UsageError("nobody answers there", where=address.authority, do="look whether the server runs") from None


def _refused(body: bytes | bytearray | None) -> BenchError:
    try:
        error = json.loads(body or b"")["error"]
        return BenchError(error["what"], where=error["where"], do=error["do"])
    except (ValueError, KeyError, TypeError):
        return BenchError("this server has no such feed", where="pumpsim monitor", do="look at --bench and --pump")


def _messages(socket: ClientConnection) -> Iterator[Message]:
    """Messages until the server ends."""
    from websockets.exceptions import ConnectionClosed

    try:
        while True:
            yield json.loads(socket.recv())
    except ConnectionClosed:
        return
