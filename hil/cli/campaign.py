"""`pumpsim campaign ACTION`: many lives of pumps, from a plan to a table and a report."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hil.cli import complete
from hil.cli.given import Actions, Output
from hil.cli.output import aligned, note, show
from hil.errors import UsageError

if TYPE_CHECKING:
    from hil.campaign.place import Place
    from hil.campaign.plan import Plan

__all__ = ["command"]

FAILED = 1
WORKERS_MAX = 1_024
SHOWN = 5
"""Failed cases that are told one by one."""


@click.group(cls=Actions)
def command() -> None:
    """Live many pumps: how often something happens, and how long until somebody notices.

    \b
        pumpsim campaign plans
        pumpsim campaign run PLAN --out DIR --workers 4
        pumpsim campaign report DIR
    """  # noqa: D301  # click wants the character itself


@command.command()
@click.argument("plan", metavar="FILE|NAME", shell_complete=complete.plans)
@click.option("--out", type=Output(folder=True, path_type=Path), required=True, metavar="DIR", help="Folder of the results.")
@click.option(
    "--workers", type=click.IntRange(1, WORKERS_MAX), metavar="N", help="Processes of this machine; one a processor if not given."
)
@click.option("--dask", metavar="ADDRESS", help="Scheduler of a Dask cluster, such as tcp://10.0.0.5:8786, in place of processes here.")
@click.option(
    "--tls",
    nargs=3,
    type=click.Path(exists=True, dir_okay=False),
    metavar="CA CERT KEY",
    help="With --dask: authority, certificate and key of this client, all PEM.",
)
@click.option("--engine", metavar="NAME", help="Another engine than the plan's: fleet, pump, or module:function of your own.")
@click.option("--chunk", type=click.IntRange(1), metavar="N", help="Cases that a worker takes at a time; chosen if not given.")
@click.option("--again", is_flag=True, help="Try cases again that were given up.")
@click.option("--parquet", is_flag=True, help="Write results.parquet too.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing of how far it has come.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def run(
    plan: str,
    out: Path,
    workers: int | None,
    dask: str | None,
    tls: tuple[str, str, str] | None,
    engine: str | None,
    chunk: int | None,
    again: bool,
    parquet: bool,
    quiet: bool,
    as_json: bool,
) -> int:
    """Run a plan: a file, or a name of `campaign plans`. Run again it goes on where it was stopped. Ends with 1 if cases failed.

    \b
        pumpsim campaign run mine.yaml --out results --workers 4
        pumpsim campaign run mine.yaml --out results --dask tcp://10.0.0.5:8786
    """  # noqa: D301  # click wants the character itself
    from hil.campaign.campaign import Asked, run_campaign
    from hil.campaign.engines import known_engine
    from hil.campaign.plan import plan_named
    from hil.campaign.progress import Progress

    _demand("numpy", "campaign")
    if parquet:
        _demand("pyarrow", "traces")
    read = plan_named(plan)
    read.engine = known_engine(engine) if engine else read.engine
    place = _cluster(read, dask, tls, workers) if dask else _processes(read, workers, tls)
    asked = Asked(out, chunk or 0, again, parquet)
    stream = sys.stderr if not quiet else None
    summary = run_campaign(read, asked, place, lambda total, done: Progress(stream, total, done, read.years))
    show({**summary, "folder": str(out)}, _ended(summary, out), as_json=as_json)
    return FAILED if summary["failed"] else 0


def _processes(plan: Plan, workers: int | None, tls: object) -> Callable[[], Place]:
    """Worker processes of this machine. Raises UsageError."""
    from hil.campaign.workers import Workers

    if tls:
        raise UsageError("--tls goes with --dask", where="campaign run", do="leave it out, or name the scheduler by --dask")
    return lambda: Workers(plan, workers or os.cpu_count() or 1)


def _cluster(plan: Plan, address: str, tls: tuple[str, str, str] | None, workers: int | None) -> Callable[[], Place]:
    """A cluster. Raises UsageError."""
    from hil.campaign.cluster import Cluster, Tls

    if workers:
        raise UsageError("--workers counts processes of this machine", where="campaign run", do="leave it out beside --dask")
    if address.startswith("tls:") != bool(tls):
        do = "add --tls CA CERT KEY" if not tls else "write tls:// in place of tcp:// before its name"
        raise UsageError("an encrypted cluster has an address tls:// and takes --tls", where=address, do=do)
    return lambda: Cluster(plan, address, Tls(*tls) if tls else None)


@command.command()
@click.argument("plan", metavar="FILE|NAME", shell_complete=complete.plans)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check(plan: str, as_json: bool) -> None:
    """Read a plan, say what is wrong with it, or how much it would run."""
    from hil.campaign.plan import plan_named

    read = plan_named(plan)
    show({**read.plain, "cases": read.size, "digest": read.digest}, _described(read), as_json=as_json)


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def plans(as_json: bool) -> None:
    """List the plans that ship."""
    from hil.campaign.plan import parse_plan, shipped_plans

    shipped = {name: parse_plan(data, f"{name}.yaml") for name, data in shipped_plans().items()}
    rows = [
        {"name": name, "title": plan.name, "about": plan.about, "engine": plan.engine, "cases": plan.size} for name, plan in shipped.items()
    ]
    show(
        {"plans": rows},
        aligned([(name, f"{plan.name} ({plan.size:,} cases, {plan.engine})") for name, plan in shipped.items()]),
        as_json=as_json,
    )


@command.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status(folder: Path, as_json: bool) -> None:
    """Tell how far a campaign has come, also while it runs."""
    from hil.campaign.journal import read_counts

    counts = read_counts(folder)
    left = counts.cases - counts.done - counts.failed
    state = "running" if counts.running else "stopped; run it again to go on" if left else "finished"
    done = f"{counts.done:,} of {counts.cases:,} cases, {counts.failed:,} given up"
    facts = aligned([("plan", counts.name), ("done", done), ("state", state), ("work so far", f"{counts.busy_s:,.1f} s of a processor")])
    show({**counts._asdict(), "left": left}, facts, as_json=as_json)


@command.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def report(folder: Path, as_json: bool) -> None:
    """Write report.html into the folder of a campaign: survival, time until somebody knew, dose errors, what matters most."""
    _demand("numpy", "campaign")
    from hil.campaign.journal import read_counts
    from hil.campaign.report import write_report

    counts = read_counts(folder)
    if not (folder / "summary.json").exists():
        raise UsageError(f"{counts.done:,} of {counts.cases:,} cases are done", where=str(folder), do="run the campaign to its end first")
    page = write_report(folder)
    show({"report": str(page)}, [str(page)], as_json=as_json)


def _demand(package: str, extra: str) -> None:
    """What an extra brings is there. Raises UsageError."""
    from importlib.util import find_spec

    if find_spec(package) is None:
        raise UsageError(f"{package} is not installed", where="campaign", do=f"pip install 'pumpsim[{extra}]'")


def _described(plan: Plan) -> Iterator[str]:
    points = len(plan.points)
    yield f"{plan.path}: {plan.name}, nothing wrong"
    grid = f" at {points} points of {', '.join(plan.grid)}" if plan.grid else ""
    yield f"{plan.size:,} cases: {plan.runs:,} runs{grid}, {plan.years} years each, engine {plan.engine}, seed {plan.seed}"


def _ended(summary: dict[str, Any], out: Path) -> Iterator[str]:
    yield f"{summary['done']:,} of {summary['cases']:,} cases: {out / 'results.csv'}"
    for failure in summary["failed"][:SHOWN]:
        yield f"case {failure['index']} (point {failure['point']}, run {failure['run']}) failed: {failure['error']}"
    more = len(summary["failed"]) - SHOWN
    if more > 0:
        note(f"{more:,} more failed; see summary.json")
