"""Living a chunk of cases: what every worker does, wherever it is."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version

from hil.campaign.cases import Row
from hil.campaign.engines import engine_of
from hil.campaign.plan import Plan, parse_plan
from hil.errors import CheckFailed
from hil.pacing import busy_us

__all__ = ["live_chunk", "live_far", "versions_here"]

US_PER_S = 1_000_000


def live_chunk(plan: Plan, low: int, high: int) -> tuple[list[Row], float]:
    """The rows of cases `low` up to `high`, and the processor seconds that they took. Raises whatever the engine does."""
    began_us = busy_us()
    cases = plan.cases(low, high)
    rows = list(engine_of(plan.engine, plan.story)(cases, plan.years, plan.profile))
    if len(rows) != len(cases):
        raise CheckFailed(f"{len(cases)} cases went in and {len(rows)} rows came out", where=plan.engine, do="mend the engine")
    return rows, (busy_us() - began_us) / US_PER_S


def live_far(text: bytes, path: str, engine: str, low: int, high: int) -> tuple[str, list[Row], float]:
    """The same on another machine, which has the same wheel and is sent the plan's text; who it was comes first."""
    plan = parse_plan(text, path)
    plan.engine = engine
    return (f"{platform.node()} {os.getpid()}", *live_chunk(plan, low, high))


def versions_here() -> dict[str, str]:
    """What must be the same wherever cases of one campaign are lived."""
    return {name: version(name) for name in ("pumpsim", "numpy")} | {"python": platform.python_version()}
