"""pumpsim weigh: the log of a balance, real or simulated."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from hil.cli.bench_place import bench_options, find_bench
from hil.cli.given import Output
from hil.cli.quantities import DURATION
from hil.errors import UsageError

if TYPE_CHECKING:
    from hil.instruments.balance import Balance
    from hil.instruments.line import Clock

__all__ = ["command"]


@click.command()
@click.argument("port")
@bench_options
@click.option("--every", "every_s", type=DURATION, default="15 min", show_default=True, metavar='"30 s"', help="Time between two readings.")
@click.option("--for", "span_s", type=DURATION, default="48 h", show_default=True, metavar='"2 h"', help="How long to weigh.")
@click.option("--tare/--no-tare", default=True, help="Tare the balance first.")
@click.option("-o", "--output", type=Output(path_type=Path), metavar="FILE", help="Write to this file.")
def command(port: str, every_s: int, span_s: int, tare: bool, output: Path | None, **place: Any) -> None:
    """Read the MT-SICS balance on PORT, a path or a pyserial URL, again and again; write its log as CSV.

    With a bench given, time between two readings is virtual and passes at once; without one it is the wall's.

    \b
        pumpsim serve itp-40 --balance pty:./balance0 --pace lock-step --bench http --ready-file ready.json
        pumpsim weigh pty:./balance0 --ready-file ready.json --every '15 min' --for '48 h' -o flow.csv
        pumpsim weigh /dev/ttyUSB0 --every '30 s' --for '2 h' -o bench.csv
    """  # noqa: D301  # click wants the character itself
    from contextlib import ExitStack

    from hil.instruments.mt_sics import MtSicsBalance

    if not every_s:
        raise UsageError("no time between readings", where="--every", do="write it like 15 min")
    with ExitStack() as opening:
        clock = _clock(opening, place)
        balance = MtSicsBalance.open(port, clock)
        opening.callback(balance.close)
        try:
            file = sys.stdout if output is None else opening.enter_context(output.open("w", encoding="utf-8", newline="\n"))
        except OSError as error:
            raise UsageError(f"cannot be written ({error.strerror})", where=str(output), do="choose another file with -o") from None
        if tare:
            balance.tare()
        count = _weigh(balance, clock, file, (every_s, span_s))
    if output is not None:
        click.echo(f"{count} readings in {output}")


def _clock(opening: Any, place: dict[str, Any]) -> Clock:
    """The bench's time if a bench was named, else the wall's."""
    if not any(place.values()):
        from protocol.waiting import WallWaiter

        return WallWaiter()
    from hil.instruments.bench_clock import BenchClock
    from hil.web.client import HttpBench

    bench = HttpBench(find_bench(**place))
    opening.callback(bench.close)
    return BenchClock(bench)


def _weigh(balance: Balance, clock: Clock, file: TextIO, how: tuple[int, int]) -> int:
    """Write readings until the span is over; returns how many. Each is due at its own time, so that lateness does not add up."""
    from hil.flow.log import HEADER, as_row

    every_s, span_s = how
    facts = balance.facts()
    file.write(f"# balance {facts.model}, {facts.capacity}, serial {facts.serial}\n{HEADER}\n")
    begin_us, count = clock.now_us(), 0
    while True:
        at_us = clock.now_us()
        weight = balance.read()
        file.write(as_row(at_us - begin_us, weight.net_ug, stable=weight.stable) + "\n")
        file.flush()
        count += 1
        due_us = begin_us + count * every_s * 1_000_000
        if due_us > begin_us + span_s * 1_000_000:
            return count
        clock.pause(max(0, due_us - clock.now_us()) / 1_000_000)
