"""A worker: one process that lives chunks of cases, one at a time, told and answering in lines of JSON.

``python -m hil.campaign.worker`` is what the driver starts. It ends when its input does, so that no worker outlives a killed driver for
longer than its chunk. What an engine prints goes to the standard error, never between the answers.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from typing import Any, TextIO

from hil.campaign.engines import NoEngine
from hil.campaign.plan import Plan, parse_plan
from hil.campaign.running import live_chunk

__all__ = ["main", "serve"]


def main() -> None:
    """Serve the driver on standard input and output."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    try:
        serve(sys.stdin, answers)
    except BrokenPipeError:
        sys.exit(1)


def serve(orders: Iterable[str], answers: TextIO) -> None:
    """The first line is the plan, every other one a chunk."""
    lines = iter(orders)
    head = json.loads(next(lines))
    plan = parse_plan(head["plan"].encode(), head["path"])
    plan.engine = head["engine"]
    for line in lines:
        low, high = json.loads(line)
        answers.write(json.dumps(_answer(plan, low, high), separators=(",", ":")) + "\n")
        answers.flush()


def _answer(plan: Plan, low: int, high: int) -> dict[str, Any]:
    """The rows of a chunk and the seconds that it took, or what an engine raised."""
    try:
        rows, seconds = live_chunk(plan, low, high)
    except NoEngine as error:
        return {"error": str(error), "wrong": True}
    except Exception as error:  # noqa: BLE001  # whatever a case does to an engine must not end the campaign
        return {"error": f"{type(error).__name__}: {error}"}
    return {"rows": rows, "seconds": seconds}


if __name__ == "__main__":
    main()
