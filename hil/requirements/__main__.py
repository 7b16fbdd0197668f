"""`python -m hil.requirements OUTCOMES...`: judge the outcomes of test runs and print the matrix."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from firmware_sim.errors import PumpError
from firmware_sim.profile import load_profile
from hil.cli.output import show_json
from hil.errors import HilError, UsageError
from hil.requirements.matrix import Evidence, Matrix, Row, Verdict
from hil.requirements.outcomes import read_outcomes
from hil.requirements.table import SECTIONS, Table, read_table, shipped_table
from hil.requirements.waivers import Waiver, read_waivers, shipped_waivers

__all__ = ["command"]

COLOURS = {
    Verdict.MET: "green",
    Verdict.DEVIATES: "yellow",
    Verdict.FAILED: "bold red",
    Verdict.SKIPPED: "magenta",
    Verdict.WAIVED: "cyan",
    Verdict.LATER: "blue",
    Verdict.OUTSIDE: "blue",
    Verdict.OPEN: "bold red",
}
PLAIN_WIDTH = 150
"""Columns where the output is no terminal."""
FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("outcomes", type=FILE, nargs=-1, required=True)
@click.option("--profile", default="itp-40", show_default=True, help="Whose known deviations count.")
@click.option("--table", "own_table", type=FILE, metavar="FILE", help="A table of requirements in place of the shipped one.")
@click.option("--waivers", "own_waivers", type=FILE, metavar="FILE", help="Waivers in place of the shipped ones; none with --table alone.")
@click.option("--brief", is_flag=True, help="Leave out rows that are met.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(outcomes: tuple[Path, ...], profile: str, own_table: Path | None, own_waivers: Path | None, brief: bool, as_json: bool) -> int:
    """Judge each requirement by the outcome of the tests marked for it, as pytest --requirements-out and pumpsim verify wrote them.

    Ends with 1 when a row of the pump's own sections failed, was skipped or is open, a limit on waivers is passed, or markers and waivers
    contradict each other.
    """
    table, waivers = _sources(own_table, own_waivers)
    matrix = Matrix.judge(table, waivers, Evidence(read_outcomes(outcomes), profile, _deviations(profile)))
    breaches = matrix.breaches(SECTIONS if own_table is None else [row.letters for row in table.values()])
    if as_json:
        show_json(_as_data(matrix, breaches, profile))
    else:
        _print(matrix, breaches, [row for row in matrix.rows if not (brief and row.verdict is Verdict.MET)])
    return 1 if breaches else 0


def _sources(own_table: Path | None, own_waivers: Path | None) -> tuple[Table, dict[str, Waiver]]:
    table = read_table(own_table) if own_table else shipped_table()
    if own_waivers:
        return table, dict(read_waivers(own_waivers))
    return table, {} if own_table else dict(shipped_waivers())


def _deviations(profile: str) -> dict[str, str]:
    try:
        return dict(load_profile(profile).known_deviations)
    except PumpError as error:
        raise UsageError(str(error), where="--profile") from error


def _as_data(matrix: Matrix, breaches: Sequence[str], profile: str) -> dict[str, object]:
    rows = [
        {
            "id": row.requirement.id,
            "applies": row.requirement.applies,
            "verdict": row.said,
            "reason": row.reason,
            "grounds": row.waiver.grounds if row.waiver else "",
            "tests": [test._asdict() for test in row.tests],
        }
        for row in matrix.rows
    ]
    shares = {share.section: {str(verdict): share.counts.get(verdict, 0) for verdict in Verdict} for share in matrix.shares()}
    return {"profile": profile, "rows": rows, "shares": shares, "breaches": list(breaches), "ok": not breaches}


# ---------------------------------------------------------------- for people


def _print(matrix: Matrix, breaches: Sequence[str], rows: Sequence[Row]) -> None:
    """A line a row, the shares, and what must not be; plain text without trailing blanks where the output is no terminal."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=PLAIN_WIDTH)
    with console.capture() as captured:
        console.print(_grid(rows))
        console.print(_shares(matrix))
        for line in breaches:
            console.print(Text(line, "bold red"))
    for line in captured.get().splitlines():
        click.echo(line.rstrip())


def _grid(rows: Sequence[Row]) -> Grid:
    grid = Grid(box=None, pad_edge=False, show_header=False)
    for _ in range(3):
        grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for row in rows:
        grid.add_row(row.requirement.id, row.requirement.applies, Text(row.said, COLOURS[row.verdict]), _shown(row))
    return grid


def _shown(row: Row) -> str:
    """The first tests of a met row, or why it is not."""
    if row.verdict is not Verdict.MET:
        return row.reason
    names = list(dict.fromkeys(test.test.partition("[")[0].removeprefix("tests/").removeprefix("hil/") for test in row.tests))
    return names[0] + (f" and {len(names) - 1} more" if len(names) > 1 else "")


def _shares(matrix: Matrix) -> Grid:
    grid = Grid(box=None, pad_edge=False, title="\nshares", title_justify="left")
    shares = matrix.shares()
    seen = [verdict for verdict in Verdict if shares[-1].counts.get(verdict)]
    for name in ("section", "rows", *seen):
        grid.add_column(name, justify="left" if name == "section" else "right")
    for share in shares:
        grid.add_row(share.section, str(share.rows), *_cells(share.rows, [share.counts.get(verdict, 0) for verdict in seen]))
    return grid


def _cells(rows: int, counts: Sequence[int]) -> Iterator[str]:
    return (f"{count} ({round(100 * count / rows)} %)" if count else "-" for count in counts)


def main() -> int:
    """Run the command; returns the exit code. An error of ours is one line on stderr."""
    try:
        result = command.main(prog_name="python -m hil.requirements", standalone_mode=False)
    except click.ClickException as error:
        click.echo(f"requirements: {error.format_message()}", err=True)
        return error.exit_code
    except HilError as error:
        click.echo(f"requirements: {error.lines[0]}", err=True)
        return error.exit_code
    return result if isinstance(result, int) else 0


if __name__ == "__main__":
    sys.exit(main())
