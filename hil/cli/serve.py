"""pumpsim serve: a simulated pump behind a port, until it is told to stop."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hil.bench.conditions import Condition

__all__ = ["command"]


@click.command()
@click.argument("profile")
@click.option(
    "--port", default="pty:./pump0", show_default=True, metavar="URL", help="pty:PATH, tcp://HOST:PORT (port 0: a free one) or serial:PATH."
)
@click.option(
    "--pace",
    "pace_text",
    default="x1",
    show_default=True,
    metavar="PACE",
    help="xN of the wall clock, lock-step (time moves by the bench only), or free.",
)
@click.option(
    "--pace-while-talking",
    "talking_text",
    default="1",
    show_default=True,
    metavar="N",
    help="xN while a frame, an update or a session is open.",
)
@click.option(
    "--until",
    "until_text",
    metavar="CONDITION",
    help="End a free run there: alarm:CAUSE, mode:NAME, 'reservoir<=2 mL', bolus-ended, sound, quiet.",
)
@click.option(
    "--bench", "bench", type=click.Choice(["stdio"]), help="Serve the bench: one JSON object a line on standard input and output."
)
@click.option("--seed", type=click.IntRange(min=0), help="Decides what differs between units of a profile; 0 if not given.")
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Keep the pump here; a restart goes on as after a reset.",
)
@click.option("--sync/--no-sync", default=True, help="Have each input on stable storage before its answer leaves (with --state).")
@click.option("--ready-file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write the ready line here too.")
@click.option(
    "--key-file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="The pump's key, 64 hex digits, mode 0600."
)
def command(
    profile: str,
    port: str,
    pace_text: str,
    talking_text: str,
    until_text: str | None,
    bench: str | None,
    seed: int | None,
    state: Path | None,
    sync: bool,
    ready_file: Path | None,
    key_file: Path | None,
) -> None:
    """Run a simulated pump of PROFILE (itp-20, itp-40) behind a port.

    The first line on standard output is JSON and says where the pump is. Without --state each start is a new pump. Two terminals:

    \b
        pumpsim serve itp-40 --port pty:./pump0
        pumpsim program ./pump0 interrogate
    """  # noqa: D301  # click wants the character itself
    from hil.errors import UsageError
    from hil.pacing import parse_factor, parse_pace
    from hil.server import ServeOptions, Server

    pace = parse_pace(pace_text)
    if until_text is not None and pace.kind != "free":
        raise UsageError("only a free run has an end", where="--until", do="add --pace free")
    _check_key(key_file)
    options = ServeOptions(
        profile=profile,
        port=port,
        stdio_bench=bench is not None,
        pace=pace,
        while_talking=parse_factor(talking_text.removeprefix("x")),
        until=_condition(until_text),
        seed=seed,
        state=state,
        sync=sync,
        ready_file=ready_file,
        key_file=key_file,
    )
    Server(options).run()


def _condition(text: str | None) -> Condition | None:
    """The end of a free run. Raises UsageError."""
    from hil.bench.conditions import parse_condition
    from hil.errors import BenchError, UsageError

    try:
        return None if text is None else parse_condition(text)
    except BenchError as error:
        raise UsageError(error.what, where="--until", do=error.do) from None


def _check_key(path: Path | None) -> None:
    """Look whether the key can be used. Raises UsageError."""
    from hil.errors import UsageError
    from protocol.errors import KeyFileError
    from protocol.security import load_key

    try:
        load_key(None if path is None else str(path))
    except KeyFileError as error:
        raise UsageError(str(error), where="--key-file") from None
