"""What somebody asked of a pump under test: the options of the pytest plugin and of `pumpsim verify`, as one record."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

__all__ = ["SEED_DEFAULT", "URL_DEFAULT", "Asked"]

URL_DEFAULT = "pumpsim://itp-40"
SEED_DEFAULT = 1


class Asked(NamedTuple):
    """What the command line said. `url` None: not said; `seed` None: that of the URL, else SEED_DEFAULT."""

    url: str | None
    bench: str | None
    rig: Path | None
    profile: str | None
    pace: str | None
    seed: int | None
    mutant: str | None
    requirements: Path | None
    report: Path | None
    skips: Path | None
    wait_s_max: float
    worker: str
    """Which process of pytest-xdist this is; empty for the only one."""
