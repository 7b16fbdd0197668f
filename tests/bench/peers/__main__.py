"""`make bench-peers`: the same work by pumpsim and its peers in the same run; writes docs/explanation/measurements.json."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path

from tests.bench.peers.figures import Comparison, Figures, Growth, write_figures
from tests.bench.peers.growth import growths
from tests.bench.peers.many import facts
from tests.bench.peers.round_trips import pty, tcp
from tests.bench.peers.simulated_time import day_of_looks, images, six_years
from tests.bench.peers.starts import start_up

OUT = Path(__file__).resolve().parents[3] / "docs" / "explanation" / "measurements.json"
PEERS = ("simpy", "lewis", "tickit", "sinstruments", "pymodbus")


def main() -> None:
    """Measure everything, saying what is under way."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        parts: list[Callable[[], Comparison]] = [six_years, day_of_looks, lambda: pty(stack, folder), lambda: tcp(stack, folder), images]
        comparisons = [_told(part()) for part in parts]
        comparisons += [_told(comparison) for comparison in start_up()]
    found_facts = facts()
    grown: list[Growth] = []
    for growth in growths():
        sys.stderr.write(f"growth with {growth.of}: {growth.exponent:.2f}\n")
        grown.append(growth)
    write_figures(OUT, Figures(_machine(), tuple(comparisons), tuple(grown), tuple(found_facts)))
    sys.stderr.write(f"wrote {OUT.name}; `make docs` makes the page\n")


def _told(item: Comparison) -> Comparison:
    sys.stderr.write(f"\n{item.name}\n")
    for row in item.rows:
        sys.stderr.write(f"  {row.who:<44} {row.seconds * 1e6:12,.1f} us  {row.multiple:9.3f}\n")
    return item


def _machine() -> dict[str, str]:
    peers = ", ".join(f"{name} {version(name)}" for name in PEERS)
    return {"Python": platform.python_version(), "cores": str(os.cpu_count()), "system": platform.system(), "peers:": peers}


if __name__ == "__main__":
    main()
