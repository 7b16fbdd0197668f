"""pumpsim mutants: pumps with one known defect each, and what a suite of tests does to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hil.cli import complete
from hil.cli.given import Actions, Output

if TYPE_CHECKING:
    from hil.mutants.matrix import Matrix
    from hil.mutants.mutant import Mutant
    from hil.mutants.trial import Shown

__all__ = ["command"]


@click.group(cls=Actions)
def command() -> None:
    """Show that a suite of tests finds defects: run it on pumps that have one each.

    \b
        pumpsim mutants list
        pumpsim mutants run -- pytest tests
    """  # noqa: D301  # click wants the character itself


@command.command("list")
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete.mutants)
@click.option("--negates", metavar="ROW", help="Only those that negate this requirement, such as BO-14.")
@click.option("--traces", is_flag=True, help="Do each mutant's two lines on a healthy pump and on the mutant, and show what is seen.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_command(names: tuple[str, ...], negates: str | None, traces: bool, as_json: bool) -> int:
    """Print the mutants: name, what is wrong with it, and the requirements that no longer hold.

    With --traces it ends with 1 if any mutant cannot be told from a healthy pump.
    """
    from hil.cli.output import show
    from hil.mutants.trial import show as trace

    _demand_row(negates)
    chosen = [mutant for mutant in _chosen(names) if negates is None or negates in mutant.negates]
    shown = [trace(mutant) for mutant in chosen] if traces else []
    lines = _traces(chosen, shown) if traces else _lines(chosen)
    show({"mutants": [_data(mutant, shown[place : place + 1]) for place, mutant in enumerate(chosen)]}, lines, as_json=as_json)
    return 0 if all(each.alive for each in shown) else 1


@command.command("run", context_settings={"ignore_unknown_options": True})
@click.option(
    "--mutant",
    "names",
    multiple=True,
    metavar="NAME",
    shell_complete=complete.mutants,
    help="Only this one; may be given again. All of them if not given.",
)
@click.option("--jobs", type=click.IntRange(1, 64), metavar="N", help="So many at once; as many as there are processors if not given.")
@click.option(
    "--targeted", is_flag=True, help="Run of each only the tests that name a requirement which it negates, and end it at the first kill."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with a summary.")
@click.option("-o", "--output", type=Output(path_type=Path), metavar="FILE", help="Write the matrix to FILE as JSON.")
@click.option("-q", "--quiet", is_flag=True, help="No progress on standard error.")
@click.argument("pytest_command", nargs=-1, type=click.UNPROCESSED, metavar="-- pytest [ARGS]...", required=True)
def run_command(
    names: tuple[str, ...],
    jobs: int | None,
    targeted: bool,
    as_json: bool,
    output: Path | None,
    quiet: bool,
    pytest_command: tuple[str, ...],
) -> int:
    """Run a suite on the healthy pump, then on each mutant, and print which tests killed which.

    A kill is a failed assertion. The suite must pass on the healthy pump. Ends with 0 if every mutant was killed, 1 if one survived or is
    broken (it raised inside the pump, or tests failed by errors alone), 2 if it could not be
    run, or fails on the healthy pump.

    \b
        pumpsim mutants run -- pytest tests
        pumpsim mutants run --mutant lockout-second-short -- pytest tests -k lockout
    """  # noqa: D301  # click wants the character itself
    import json
    import os

    from hil.cli.output import note, show
    from hil.mutants.matrix import matrix_data
    from hil.mutants.registry import MUTANTS
    from hil.mutants.run import Asked, kill_matrix, pytest_arguments

    chosen = tuple(mutant.name for mutant in _chosen(names))
    asked = Asked(pytest_arguments(pytest_command), chosen, jobs or os.cpu_count() or 1, targeted)
    matrix = kill_matrix(asked, (lambda _text: None) if quiet else note)
    data = matrix_data(matrix, MUTANTS)
    if output is not None:
        output.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    show(data, _matrix_lines(matrix), as_json=as_json)
    return 0 if matrix.met else 1


def _demand_row(row: str | None) -> None:
    """A row of the table. Raises UsageError."""
    from difflib import get_close_matches

    from hil.errors import UsageError
    from hil.requirements.table import shipped_table

    rows = shipped_table()
    if row is not None and row not in rows:
        near = get_close_matches(row, rows, 1)
        raise UsageError(
            f"no requirement {row!r}", where="--negates", do=f"did you mean {near[0]}?" if near else "see docs/reference/requirements.md"
        )


def _chosen(names: Sequence[str]) -> list[Mutant]:
    """The mutants of these names; all of them where none is given. Raises UsageError."""
    from hil.mutants import MUTANTS, mutant_of

    return [mutant_of(name) for name in dict.fromkeys(names)] if names else list(MUTANTS.values())


def _data(mutant: Mutant, shown: Sequence[Shown]) -> dict[str, object]:
    facts: dict[str, object] = {"name": mutant.name, "doc": mutant.doc, "negates": list(mutant.negates), "source": mutant.source}
    facts["trace"] = {"acts": mutant.acts, "look": mutant.look}
    for each in shown:
        facts["seen"] = {"healthy": each.healthy, "mutant": each.mutant, "alive": each.alive}
    return facts


def _lines(mutants: Sequence[Mutant]) -> Iterator[str]:
    from hil.mutants.run import counted

    width = max((len(mutant.name) for mutant in mutants), default=0)
    for mutant in mutants:
        yield f"{mutant.name:<{width}}  {mutant.doc} ({', '.join(mutant.negates)})"
    yield counted(len(mutants), "mutant")


def _traces(mutants: Sequence[Mutant], shown: Sequence[Shown]) -> Iterator[str]:
    for mutant, seen in zip(mutants, shown, strict=True):
        yield f"{mutant.name}: {mutant.doc}"
        yield f"  {seen.acts}; {seen.look}"
        yield f"  healthy: {seen.healthy}"
        yield f"  mutant:  {seen.mutant}{'' if seen.alive else '   NOT ALIVE'}"
    yield f"{sum(seen.alive for seen in shown)} of {len(shown)} mutants alive"


def _matrix_lines(matrix: Matrix) -> Iterator[str]:
    from hil.mutants.matrix import Verdict
    from hil.mutants.run import counted

    width = max((len(row.name) for row in matrix.rows), default=0)
    for row in matrix.rows:
        if row.verdict is Verdict.KILLED:
            first = (row.named or row.killers)[0]
            others = f" and {len(row.killers) - 1} more" if len(row.killers) > 1 else ""
            yield f"{row.name:<{width}}  killed    {first}{others}{'' if row.named else ' (names none of its requirements)'}"
        else:
            yield f"{row.name:<{width}}  {row.verdict:<8}  {row.why}"
    counts = ", ".join(f"{matrix.count(verdict)} {verdict}" for verdict in Verdict)
    unnamed = f"; {len(matrix.unnamed)} killed by no test that names a requirement of theirs" if matrix.unnamed else ""
    tests = counted(len(matrix.suite.rows), "test")
    yield f"{counted(len(matrix.rows), 'mutant')}: {counts}{unnamed}; {tests}, {matrix.seconds:.0f} s"
