"""A campaign from a plan to its folder: what the command line does, for programs."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from hil.campaign.driver import Watcher, chunk_size, drive
from hil.campaign.journal import Journal
from hil.campaign.place import Place
from hil.campaign.plan import Plan
from hil.campaign.results import write_plan, write_results
from hil.errors import CheckFailed

__all__ = ["Asked", "Stopped", "run_campaign"]


class Stopped(CheckFailed):
    """Somebody stopped a campaign; what was done is kept."""

    exit_code = 130


class Asked(NamedTuple):
    """How a plan is to be run. `chunk` 0 lets the campaign choose; `again` gives cases that were given up another chance."""

    folder: Path
    chunk: int = 0
    again: bool = False
    parquet: bool = False


def run_campaign(plan: Plan, asked: Asked, place: Callable[[], Place], watch: Callable[[int, int], Watcher]) -> dict[str, Any]:
    """Live what is left of a plan and write the results; returns the summary.

    Raises Stopped on Ctrl-C or SIGTERM, and UsageError if the folder is another campaign's or in use.
    """
    journal = Journal(asked.folder, _identity(plan))
    try:
        if asked.again:
            journal.forget_failures()
        left = sum(high - low for low, high in journal.gaps(plan.size))
        write_plan(plan, asked.folder)
        if left:
            _live(plan, journal, asked, place, watch(plan.size, plan.size - left))
        summary = write_results(plan, journal)
        if asked.parquet:
            from hil.campaign.parquet import write_parquet

            write_parquet(asked.folder)
        return summary
    finally:
        journal.close()


def _identity(plan: Plan) -> dict[str, str]:
    """What must be the same for rows to stand in one table."""
    return {"name": plan.name, "cases": str(plan.size), "plan": plan.digest, "pumpsim": version("pumpsim")}


def _live(plan: Plan, journal: Journal, asked: Asked, place: Callable[[], Place], watcher: Watcher) -> None:
    there = place()
    try:
        with _ended_by_sigterm():
            drive(plan, journal, there, asked.chunk or chunk_size(plan, there.free), watcher)
    except KeyboardInterrupt:
        left = sum(high - low for low, high in journal.gaps(plan.size))
        what = f"stopped with {plan.size - left:,} of {plan.size:,} cases done"
        raise Stopped(what, where=str(asked.folder), do="the same command goes on from here") from None
    finally:
        watcher.close()
        there.close()


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """SIGTERM stops a campaign as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt
