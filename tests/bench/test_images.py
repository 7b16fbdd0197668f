"""Images as a test fixture: save, restore and fork of pump and unit, as shares of a STATUS round trip in memory."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from firmware_sim import Pump
from tests.bench.conftest import Note
from tests.bench.stopwatch import in_turns
from tests.link.bedside import Bedside

pytestmark = pytest.mark.bench


def test_images_against_status_round_trips(benchmark: BenchmarkFixture, note: Note) -> None:
    """A fork is a restore of what was just saved, and goes on as the pump it came from."""
    bedside, talking = Bedside.running(), Bedside.running()
    unit, pump = bedside.unit, bedside.unit.pump
    pump_image, unit_image, programmer = pump.save(), unit.save(), talking.programmer()
    calls: dict[str, Callable[[], object]] = {
        "status": programmer.status,
        "save of a pump": pump.save,
        "restore of a pump": lambda: Pump.restore(pump_image),
        "fork of a pump": lambda: Pump.restore(pump.save()),
        "save of a unit": unit.save,
        "restore of a unit": lambda: unit.restore(unit_image),
    }
    taken_s = in_turns(calls)
    status_s = taken_s.pop("status")
    note("STATUS round trip in memory", f"{status_s * 1e6:8.1f} us")
    for name, taken in taken_s.items():
        note(f"   {name}", f"{taken * 1e6:8.1f} us = {taken / status_s:.1f} round trips")

    assert benchmark(lambda: Pump.restore(pump.save())).digest() == pump.digest()
