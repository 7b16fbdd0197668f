"""The one block of evidence that no hash covers: when, by whom, on which machine, on which unit, with which instruments."""

from __future__ import annotations

import getpass
import platform
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from protocol.waiting import wall_clock

__all__ = ["made_header"]

US_PER_S = 1_000_000
UNSAID = "not given"


def made_header(operator: str, serials: Iterable[str], instruments: Iterable[Mapping[str, str]]) -> dict[str, Any]:
    """What is so here and now. Instruments have `id`, `kind`, `calibrated` and `uncertainty`; a simulated one says so."""
    return {
        "date": datetime.fromtimestamp(wall_clock()() // US_PER_S, UTC).isoformat().replace("+00:00", "Z"),
        "operator": operator or _user(),
        "machine": f"{platform.node() or 'no name'}, {platform.system()} {platform.machine()}",
        "python": f"{platform.python_version()}, pytest {version('pytest')}",
        "unit_serial": ", ".join(sorted(set(filter(None, serials)))) or UNSAID,
        "instruments": [dict(each) for each in instruments],
    }


def _user() -> str:
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):  # a user id without a name; Windows without USERNAME
        return UNSAID
