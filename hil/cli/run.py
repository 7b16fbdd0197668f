"""pumpsim run: scenarios, one line for each step, and whether what they expect came about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hil.cli import complete
from hil.cli.given import Output
from hil.errors import UsageError

if TYPE_CHECKING:
    from hil.scenario.beginning import Target
    from hil.scenario.result import Run
    from hil.scenario.script import Scenario

__all__ = ["command"]

FAILED = 1


@click.command()
@click.argument("files", metavar="[FILE|NAME]...", nargs=-1, shell_complete=complete.scenarios)
@click.option("--target", metavar="URL", default="", help="Where it is played: pumpsim://, pty:, tcp://, or the ready file of a new pump.")
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help="Another unit of the model than the file names.")
@click.option("--variant", "variants", multiple=True, metavar="NAME", help="Only this variant; may be given again.")
@click.option("--record", type=Output(path_type=Path), metavar="FILE", help="Write what happened, for pumpsim diff.")
@click.option("--check", is_flag=True, help="Only read the files and say what is wrong with them.")
@click.option("--list", "listed", is_flag=True, help="List the scenarios that ship.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of scenario files, for editors.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    files: tuple[str, ...],
    target: str,
    seed: int | None,
    variants: tuple[str, ...],
    record: Path | None,
    check: bool,
    listed: bool,
    schema: bool,
    as_json: bool,
) -> int:
    """Play scenarios: files, or names of --list. Ends with 0 if all came about as expected, else with 1; 2 if a file is wrong.

    \b
        pumpsim run pocket-fill
        pumpsim run mine.yaml --record one.jsonl
    """  # noqa: D301  # click wants the character itself
    from hil.scenario.beginning import target_of
    from hil.scenario.shelf import scenario_named

    if listed:
        return _list(as_json)
    if schema:
        from hil.scenario.schema import render

        click.echo(render(), nl=False)
        return 0
    if not files:
        raise UsageError("no scenario is named", where="run", do="give a file or a name; --list shows those that ship")
    scenarios = [scenario_named(name) for name in files]
    _demand_variants(scenarios, variants)
    where = target_of(target, seed)
    for scenario in scenarios:
        _warn(scenario)
    if check:
        return _checked(scenarios, as_json)
    played = _play(scenarios, (where, variants), record, as_json)
    return FAILED if any(run.failures for run in played) else 0


def _warn(scenario: Scenario) -> None:
    """A scenario that cannot fail shows what happens, and no more."""
    from hil.cli.output import note

    if not scenario.judges:
        note(f"{scenario.path}: warning: nothing is expected or measured, so nothing is judged; add a step with `expect:`")


def _list(as_json: bool) -> int:
    from hil.cli.output import aligned, show
    from hil.scenario.shelf import shipped_scenarios

    scenarios = shipped_scenarios()
    rows = [
        {"name": each.name, "title": each.head.title, "lesson": each.head.lesson, "variants": list(each.head.variants)}
        for each in scenarios
    ]
    show({"scenarios": rows}, aligned([(each.name, each.head.title) for each in scenarios]), as_json=as_json)
    return 0


def _checked(scenarios: list[Scenario], as_json: bool) -> int:
    from hil.cli.output import show

    rows = [
        {"file": each.path, "title": each.head.title, "steps": len(each.steps), "variants": list(each.head.variants)} for each in scenarios
    ]
    show({"scenarios": rows}, [f"{each.path}: {_counted(len(each.steps))}, nothing wrong" for each in scenarios], as_json=as_json)
    return 0


def _counted(steps: int) -> str:
    return "1 step" if steps == 1 else f"{steps} steps"


def _demand_variants(scenarios: list[Scenario], variants: tuple[str, ...]) -> None:
    """Every variant that was asked for is in one of the files. Raises UsageError."""
    from hil.scenario.parts import meant

    there = [name for each in scenarios for name in each.head.variants]
    for name in variants:
        if name not in there:
            raise UsageError(f"there is no variant {name!r}", where="--variant", do=meant(name, there) if there else "leave it out")


def _play(scenarios: list[Scenario], where: tuple[Target, tuple[str, ...]], record: Path | None, as_json: bool) -> list[Run]:
    from hil.cli.output import show_json
    from hil.cli.run_view import RunPrinter, ended_lines
    from hil.scenario.recording import Recorder
    from hil.scenario.runner import play, runs_of

    target, variants = where
    recorder = None if record is None else Recorder(record)
    watchers = [watcher for watcher in (None if as_json else RunPrinter(click.echo), recorder) if watcher is not None]
    played = []
    try:
        for scenario in scenarios:
            for cast, run in runs_of(scenario, target, variants):
                played.append(run)
                play(scenario, cast, run, target, watchers)
    finally:
        if recorder is not None:
            recorder.close()
    if as_json:
        show_json({"runs": [run.plain() for run in played], "summary": _summary(played)})
    else:
        for line in ended_lines(played, record):
            click.echo(line)
    return played


def _summary(played: list[Run]) -> dict[str, int]:
    return {verdict: sum(run.verdict == verdict for run in played) for verdict in ("passed", "failed", "skipped")}
