"""The fleet against the event-driven pump on the same plan in one run, and what a million pumps cost: python -m tests.bench.fleet.

Processor time of one process; a ratio is the smallest of three turns. Memory is the peak of the process, by chunk as campaigns live them.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from firmware_sim.profile import load_profile
from hil.campaign.plan import Plan, plan_named
from hil.campaign.pump_life import columns_of
from hil.fleet.engine import CHUNK, live
from hil.fleet.lives import rows_of
from hil.pages.svg_plot import Curve, Panel, draw
from tests.bench.six_years import seconds

__all__ = ["compare", "grow", "main", "million"]

TURNS = 3
PUMPS = (50_000, 100_000, 200_000, 400_000)
FLEET_LIVES, PUMP_LIVES = 8_192, 60
KIB_PER_MIB = 1_024
WORKERS = (1, 2, 3, 4)
LIVES = """name: lives
about: Lives of the event-driven pump, as many as keep each worker busy for a while.
engine: pump
runs: 600
years: 6
seed: 1
"""
"""What is shared out among workers."""
IMAGES = Path(__file__).parents[2] / "docs" / "images"


def compare(plan: Plan) -> dict[str, float]:
    """Pump-years a second of both engines, rows made, and the ratio of the turn in which it was smallest."""
    profile = load_profile(plan.profile)
    many, few = plan.cases(0, FLEET_LIVES), plan.cases(0, PUMP_LIVES)
    found = []
    for _ in range(TURNS):
        fleet = plan.years * len(many) / seconds(lambda: rows_of(live(many, plan.years, profile)))
        pump = plan.years * len(few) / seconds(lambda: [columns_of(case, plan.years, plan.profile) for case in few])
        found.append({"fleet_pump_years_per_s": round(fleet), "pump_pump_years_per_s": round(pump), "ratio": round(fleet / pump, 1)})
    return min(found, key=lambda turn: turn["ratio"])


def million(plan: Plan, pumps: int) -> dict[str, Any]:
    """Live so many pumps, chunk after chunk, keeping only how many ended how."""
    profile, ends = load_profile(plan.profile), [0] * 5
    at_first = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def all_of_them() -> None:
        for first in range(0, pumps, CHUNK):
            columns = live(plan.cases(first, min(first + CHUNK, pumps)), plan.years, profile)
            for end in range(len(ends)):
                ends[end] += int((columns["end"] == end).sum())

    spent = seconds(all_of_them)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"pumps": sum(ends), "cpu_s": round(spent, 2), "peak_mib": peak // KIB_PER_MIB, "before_mib": at_first // KIB_PER_MIB}


def grow() -> dict[str, str]:
    """How time grows with pumps, years and workers, as drawings by file name."""
    plan = plan_named("stall-and-battery")
    plan.runs = max(PUMPS)
    by_pumps = [million(plan, pumps)["cpu_s"] for pumps in PUMPS]
    years = range(1, plan.years + 1)
    by_years = []
    for plan.years in years:
        by_years.append(million(plan, PUMPS[0])["cpu_s"])
    return {
        "fleet-pumps.svg": _drawn(
            "The fleet: time against pumps, seven years each", "thousands of pumps", [n // 1000 for n in PUMPS], by_pumps
        ),
        "fleet-years.svg": _drawn(f"The fleet: time against years, {PUMPS[0]:,} pumps", "years", list(years), by_years),
        "campaign-workers.svg": _by_workers(),
    }


def _by_workers() -> str:
    taken = shared_out()
    ticks = [round(max(taken.values()) * part / 4, 1) for part in range(5)]
    curve = Curve("measured", list(taken.values()))
    title = "A campaign of 600 event-driven lives on two processors: time against workers"
    return draw(title, "workers", list(taken), [Panel("wall-clock time", "s", 0, ticks[-1] * 1.05, ticks, [curve])], list(taken))


def shared_out() -> dict[int, float]:
    """Wall-clock seconds of one campaign of event-driven lives, command and all, by its number of workers."""
    taken = {}
    with tempfile.TemporaryDirectory() as folder:
        plan = Path(folder, "lives.yaml")
        plan.write_text(LIVES, encoding="utf-8")
        for workers in WORKERS:
            command = [sys.executable, "-c", "from hil.cli import main; main()", "campaign", "run", str(plan)]
            options = ["--out", str(Path(folder, f"out-{workers}")), "--workers", str(workers), "--chunk", "50", "--json"]
            began = time.perf_counter()
            subprocess.run([*command, *options], check=True, capture_output=True)
            taken[workers] = round(time.perf_counter() - began, 1)
    return taken


def _drawn(title: str, unit: str, at: Sequence[int], taken_s: Sequence[float]) -> str:
    most = max(taken_s)
    ticks = [round(most * part / 4, 1) for part in range(5)]
    panel = Panel("processor time", "s", 0, most * 1.05, ticks, [Curve("measured", [0.0, *taken_s])])
    return draw(title, unit, [0, *at], [panel], [0, *at])


def main(arguments: Sequence[str]) -> None:
    """Print JSON lines; arguments are how many pumps the second part has, or `plots`, which draws into docs/images."""
    if list(arguments) == ["plots"]:
        for name, drawing in grow().items():
            (IMAGES / name).write_text(drawing, encoding="utf-8", newline="\n")
        return
    plan = plan_named("stall-and-battery")
    plan.runs = max(plan.runs, 10**6)
    sys.stdout.write(json.dumps(compare(plan)) + "\n")
    for pumps in (int(argument) for argument in arguments):
        sys.stdout.write(json.dumps(million(plan, pumps)) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:] or ["10000", "100000", "1000000"])
