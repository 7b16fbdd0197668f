"""What profiles declare to do otherwise than a row asks, as declared. That a mended profile meets the row is shown beside the others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware_sim.profile import load_profile
from hil.unit import Unit
from protocol.codec import encode
from protocol.codes import Mode, StagingState
from protocol.messages import Begin, Put
from tests.link.bedside import CONCENTRATION, NEW, OLD, Bedside
from tests.support.therapies import ML, US_PER_DAY, active_causes, listed_causes, running, simple

STOPPING = ("itp-20", "itp-40", "legacy-18")


@pytest.mark.pump_requirement("FR-04", "PG-05", "PR-10", deviates=("itp-20", "itp-40", "legacy-18"))
@pytest.mark.parametrize("profile", STOPPING)
def test_update_that_is_not_finished_stops_the_pump_and_leaves_it_stopped(profile: str) -> None:
    """From BEGIN on no step is commanded; the link is lost, the staged image lapses after ten minutes, and nothing runs for a day."""
    bedside = Bedside(Unit.new(profile, seed=1))
    bedside.fill(volume_nl=15 * ML)
    with bedside.programmer() as programmer:
        programmer.refill(15 * ML, 0, 1, CONCENTRATION)
        programmer.update(OLD)
    bedside.advance(days=1)
    editor = bedside.programmer()
    editor.request("BEGIN", Begin(1, False))
    editor.request("PUT", Put(0, encode(NEW)))
    steps = bedside.unit.pump.truth().steps_commanded
    bedside.advance(days=1)
    status, _ = bedside.look()

    assert bedside.unit.pump.truth().steps_commanded == steps
    assert (status.mode, status.staging, status.generation) == (Mode.STOPPED, StagingState.NONE, 1)


@pytest.mark.pump_requirement("OC-07", deviates=("legacy-18",))
def test_legacy_pump_stalls_without_an_alarm() -> None:
    """Delivery stands still for a day, and the pump neither tells nor sounds."""
    pump = running(simple(20_000), volume_nl=15 * ML, profile="legacy-18")
    pump.advance(hours=1)
    pump.inject("motor.stall")
    frozen = pump.truth().balance.delivered_fl

    assert pump.listen(US_PER_DAY) == []
    assert pump.truth().balance.delivered_fl == frozen
    assert listed_causes(pump) == []


@pytest.mark.pump_requirement("PW-05", deviates=("legacy-18",))
def test_legacy_pump_runs_on_at_its_end_of_service() -> None:
    """The alarm comes, the motor goes on."""
    plain = load_profile("legacy-18")
    short = replace(plain, battery=replace(plain.battery, life_scale_ppm=20_000))
    pump = running(simple(4_000), volume_nl=15 * ML, profile=short)
    while "eos" not in active_causes(pump):
        pump.advance(days=1)
    moved = pump.truth().steps_moved
    pump.advance(days=1)

    assert (pump.status().mode, pump.status().rate_nl_per_h) == ("simple", 4_000)
    assert pump.truth().steps_moved > moved
