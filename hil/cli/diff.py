"""pumpsim diff: the first difference of two recorded runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hil.scenario.difference import Apart

__all__ = ["command"]

DIFFERENT = 1
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("first", metavar="A", type=_FILE)
@click.argument("second", metavar="B", type=_FILE)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(first: Path, second: Path, as_json: bool) -> int:
    """Show where two runs that `pumpsim run --record` wrote part for the first time. Ends with 0 if they do not, else with 1.

    What they were asked for (file, pump, seed) may differ; what happened may not.

    \b
        pumpsim run pocket-fill --record one.jsonl
        pumpsim run pocket-fill --seed 2 --record two.jsonl
        pumpsim diff one.jsonl two.jsonl
    """  # noqa: D301  # click wants the character itself
    from hil.cli.output import aligned, show
    from hil.scenario.difference import first_difference, inputs_apart, read_recording

    one, other = read_recording(first), read_recording(second)
    apart, inputs = first_difference(one, other), inputs_apart(one, other)
    asked = [f"{each.run}: {each.field} is {each.first} in {first} and {each.second} in {second}" for each in inputs]
    if apart is None:
        lines = [*asked, f"the same: {len(one)} lines"]
    else:
        lines = [*asked, f"first difference, in {apart.run}:", *aligned(_pairs(apart, first, second), indent=2)]
    data = {"same": apart is None, "inputs": [each._asdict() for each in inputs], "first_difference": apart and apart._asdict()}
    show(data, lines, as_json=as_json)
    return 0 if apart is None else DIFFERENT


def _pairs(apart: Apart, first: Path, second: Path) -> list[tuple[str, str]]:
    from hil.scenario.result import clock_text

    place = f"step {apart.step}: {apart.act}" if apart.step else apart.act
    pairs = [("at", f"{clock_text(apart.at_us)} ({apart.at_us:,} us since the first step)"), ("in", place), ("field", apart.field)]
    pairs += [(str(first), str(apart.first)), (str(second), str(apart.second))]
    return [("alike up to", apart.before), *pairs] if apart.before else pairs
