"""pumpsim demo: the whole chain once, told act by act, with a report at the end."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hil.cli import complete
from hil.cli.given import Output

if TYPE_CHECKING:
    from rich.console import Console

    from hil.demo.story import Told

__all__ = ["command"]

US_PER_MIN = 60_000_000
US_PER_DAY = 1_440 * US_PER_MIN
NAME_WIDTH = 13
PLAIN_WIDTH = 120
"""Columns where the output is no terminal."""


@click.command()
@click.option(
    "--out",
    type=Output(folder=True, path_type=Path),
    default="pumpsim-demo",
    show_default=True,
    metavar="DIR",
    help="Where the report goes.",
)
@click.option(
    "--profile",
    default="itp-40",
    show_default=True,
    metavar="NAME|FILE",
    shell_complete=complete.profiles,
    help="The pump's profile, or a file of your own.",
)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Another seed is another unit of the same profile.")
@click.option("--report/--no-report", default=True, help="Leave DIR/report.html.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end, nothing else.")
def command(out: Path, profile: str, seed: int, report: bool, as_json: bool) -> None:
    """Run one pump from filling to a stall: a real process on a real port, programmed by the ordinary client.

    Seven weeks of pump time take a few seconds. Needs no hardware.

    \b
        pumpsim demo
        pumpsim demo --out mine --seed 2
    """  # noqa: D301  # click wants the character itself
    from hil.cli.colour import console as console_of
    from hil.cli.given import demand_profile
    from hil.cli.output import show_json
    from hil.demo.run import DemoRun
    from hil.pacing import wall_us
    from hil.system.terminals import has_terminals

    demand_profile(profile)
    console = console_of(soft_wrap=True, quiet=as_json)
    begun_us = wall_us()
    told: list[Told] = []
    with DemoRun(out, profile=profile, seed=seed) as run:
        console.print(f"[bold]pumpsim demo[/bold]: {run.serial} (simulated) in a process of its own, on {run.port}")
        console.print("Each line is told when its act has ended, at that time of the pump.\n")
        with console.status("starting") as status:
            for act in run.acts():
                told.append(act)
                _print(console, act)
                status.update(f"act {len(told) + 1} of {run.count}")
        page = run.write_report() if report else None
        virtual_us = told[-1].at_us
    if as_json:
        show_json(
            {
                "serial": run.serial,
                "seed": seed,
                "digest": run.digest,
                "report": page and str(page),
                "acts": [act._asdict() for act in told],
            }
        )
        return
    seconds = (wall_us() - begun_us) / 1_000_000
    console.print(f"{virtual_us // US_PER_DAY} days of pump time in {seconds:.1f} s.", end=" ")
    console.print(f"Look at [bold]{page}[/bold]: belief beside truth, the log, every frame." if page else "")
    console.print("Your turn, in two terminals:")
    served, place = ("pty:./pump0", "./pump0") if has_terminals() else ("tcp://127.0.0.1:7777",) * 2
    console.print(f"  pumpsim serve itp-40 --port {served}", style="bold")
    console.print(f"  pumpsim program {place} interrogate", style="bold")


def _print(console: Console, act: Told) -> None:
    """One act: when, its name and what happened; below it, dimmed, why that matters."""
    from rich.text import Text

    day, us = divmod(act.at_us, US_PER_DAY)
    minutes = us // US_PER_MIN
    when = f"day {day:>2} {minutes // 60:02d}:{minutes % 60:02d}"
    console.print(Text.assemble((when, "cyan"), f"  {act.name:<{NAME_WIDTH}}", Text(act.what, "bold")))
    indent = " " * (len(when) + NAME_WIDTH + 2)
    for line in textwrap.wrap(act.why, (console.width if console.is_terminal else PLAIN_WIDTH) - len(indent)):
        console.print(Text(indent + line, "dim"))
