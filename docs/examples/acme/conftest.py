"""Acme's bench for pytest: its own host program and supply, and pumps in the states that its tests begin with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from acme_host import Host
from acme_supply import Supply

from hil.pytest_plugin.states import Site, shelf
from hil.rig import Rig

FILL_NL = 20_000_000
NG_PER_ML = 50_000
READY_S = 120


@pytest.fixture
def host(rig: Rig) -> Host:
    """The host program at the pump's port; alarms that waited have been heard."""
    found = Host(rig.line)
    found.greet()
    return found


@pytest.fixture
def supply(instrument: Callable[[str], Any]) -> Supply:
    """The supply of the rig file, real or simulated."""
    found: Supply = instrument("supply")
    return found


def filled(site: Site) -> None:
    """Acme's own `filled`: 20 mL of baclofen 50 mcg/mL, and the pump is told so in its own wire. A unit on the table is full already."""
    if site.benched:
        shelf(site)
        site.rig.bench.run_until("ready", limit_s=READY_S)
        site.rig.bench.needle(inject_nl=FILL_NL, concentration_ng_per_ml=NG_PER_ML)
    host = Host(site.rig.line)
    host.greet()
    host.ask("FIL baclofen, 50, 20000")


def running(site: Site) -> None:
    """Filled, and infusing 100 uL/h."""
    filled(site)
    host = Host(site.rig.line)
    host.ask("STP")
    host.ask("RAT 100 UH")
    host.ask("RUN")


def pytest_pump_states() -> Mapping[str, Callable[..., None]]:
    """In place of those that ship, which speak pumpsim's wire."""
    return {"filled": filled, "running": running}
