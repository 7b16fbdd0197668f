"""The options that say which bench is meant, for every command that speaks to one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hil.errors import UsageError
from hil.wording.causes import cause

if TYPE_CHECKING:
    from hil.web.address import BenchAddress

__all__ = ["bench_options", "find_bench"]


def bench_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--bench, --token, --ready-file and --pump."""
    for option in reversed(
        (
            click.option("--bench", "url", metavar="URL", envvar="PUMPSIM_BENCH", help="http://127.0.0.1:PORT; or PUMPSIM_BENCH."),
            click.option("--token", metavar="TOKEN", envvar="PUMPSIM_TOKEN", help="The token of the ready line; or PUMPSIM_TOKEN."),
            click.option(
                "--ready-file",
                type=click.Path(path_type=Path, dir_okay=False),
                metavar="FILE",
                help="Take both from here: what `serve --ready-file` wrote.",
            ),
            click.option("--pump", metavar="NAME", help="Which pump of the server; the first if not given."),
        )
    ):
        function = option(function)
    return function


def find_bench(url: str | None, token: str | None, ready_file: Path | None, pump: str | None) -> BenchAddress:
    """The bench that is meant; a ready file goes before the environment. Raises UsageError."""
    from hil.web.address import BenchAddress

    if ready_file is not None:
        return _in_file(ready_file, pump)
    if url is None:
        raise UsageError("which bench?", do="give --ready-file FILE, or --bench URL and --token TOKEN (PUMPSIM_BENCH, PUMPSIM_TOKEN)")
    address = BenchAddress.of(url, token)
    return address if pump is None else address.of_pump(pump)


def _in_file(path: Path, pump: str | None) -> BenchAddress:
    from hil.web.address import address_in

    try:
        ready = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"no ready line is in it: {cause(error)}", where=str(path), do="start the server with --ready-file") from None
    address = address_in(ready, pump) if isinstance(ready, dict) else None
    if address is None:
        raise UsageError("this server has no HTTP bench", where=str(path), do="start it with --bench http")
    return address
