"""Section RS, reservoir and refill, each row by its observable."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware_sim import Pump
from firmware_sim.firmware.journal import EventKind
from firmware_sim.profile import load_profile
from tests.support.therapies import (
    ML,
    UNITS_PER_NL,
    US_PER_H,
    US_PER_MIN,
    active_causes,
    bolus_of,
    refill_of,
    running,
    simple,
)

SALINE = 0


def time_left_us(pump: Pump) -> int:
    """How long the pump says the fill lasts."""
    status = pump.status()
    assert status.empty_clock_us is not None
    return status.empty_clock_us - status.clock_us


@pytest.mark.pump_requirement("RS-01")
def test_volume_and_time_left_are_told_before_start() -> None:
    """A stopped pump tells what is in it and how long that will last once it is started; started then, it is so."""
    pump = running(simple(20_000), volume_nl=10 * ML)
    pump.advance(hours=5)
    pump.stop()
    pump.advance(hours=7)
    left_nl, left_us = pump.status().computed_reservoir_nl, time_left_us(pump)
    pump.start()

    assert left_nl is not None
    assert abs(left_us - left_nl * UNITS_PER_NL // 20_000) <= UNITS_PER_NL // 20_000
    assert time_left_us(pump) == left_us


@pytest.mark.pump_requirement("RS-02")
@pytest.mark.parametrize("rate", [2_000, 33_000, 1_000_000])
def test_computed_time_left_is_that_of_a_unit_without_error(rate: int) -> None:
    """In truth the last femtolitre leaves within three minutes, or one step interval if that is longer, of the time told at the start."""
    plain = load_profile("itp-40")
    exact = replace(plain, motor=replace(plain.motor, unit_error_sd_ppm=0), clock=replace(plain.clock, drift_ppm=0))
    pump = running(simple(rate, concentration=SALINE), volume_nl=5 * ML, seed=3, profile=exact)
    assert pump.truth().unit_error_ppm == 0
    told_us, step_us = time_left_us(pump), 900_000 * pump.calibration_ppm // rate
    near_us = max(3 * US_PER_MIN, step_us)

    pump.advance(us=told_us - near_us)
    assert pump.truth().reservoir_nl > 0
    pump.refill(refill_of(10 * ML, SALINE))  # so that it pushes on where the computed volume would end
    pump.advance(us=2 * near_us)
    assert pump.truth().reservoir_nl == 0


@pytest.mark.pump_requirement("RS-03")
@pytest.mark.parametrize("rate", [5_000, 20_000, 40_000])
def test_time_left_is_worked_out_anew_at_a_change_of_basal(rate: int) -> None:
    """In the instant of the commit the date is that of the new rate, from the volume then left."""
    pump = running(simple(10_000))
    pump.advance(days=3)
    before_us, left_nl = time_left_us(pump), pump.status().computed_reservoir_nl
    pump.commit(simple(rate))

    assert left_nl is not None
    assert time_left_us(pump) != before_us
    assert abs(time_left_us(pump) - left_nl * UNITS_PER_NL // rate) <= UNITS_PER_NL // rate


@pytest.mark.pump_requirement("RS-04")
def test_time_left_is_worked_out_anew_at_the_start_of_a_bolus() -> None:
    """In the instant in which a bolus begins the date is earlier by the time that basal would take for its volume."""
    pump = running(simple(10_000))
    pump.advance(days=3)
    before_us = time_left_us(pump)
    pump.bolus(bolus_of(500_000, 3_600))

    assert abs(before_us - time_left_us(pump) - 500_000 * UNITS_PER_NL // 10_000) <= 1


@pytest.mark.pump_requirement("RS-05")
@pytest.mark.parametrize("level_nl", [1 * ML, 2 * ML, 20 * ML])
def test_low_reservoir_fires_once_at_its_level_and_not_while_stopped(level_nl: int) -> None:
    """At the microsecond of the level that was set, once; a pump that stands a hair above it for days says nothing."""
    pump = running(simple(20_000, low_nl=level_nl), volume_nl=level_nl + 100_000)
    due_us = 5 * US_PER_H
    pump.advance_to(pump.true_us_of(due_us) - 1)
    pump.stop()
    pump.advance(hours=40)
    assert active_causes(pump) == []
    pump.start()
    pump.advance(us=3)
    assert active_causes(pump) == ["low_reservoir"]
    pump.advance(hours=20)

    raised = [record for record in pump.read_log(0, 100)[2] if record.kind == EventKind.ALARM_RAISED]
    assert [record.detail for record in raised] == [0]


@pytest.mark.pump_requirement("RS-10")
def test_another_drug_waits_for_start_and_another_strength_does_not() -> None:
    """Saline after baclofen stays stopped until START; baclofen of another strength runs at once; both dates are worked out anew."""
    other_drug, other_strength = running(simple(10_000)), running(simple(10_000))
    told = [pump.status().low_reservoir_clock_us for pump in (other_drug, other_strength)]
    other_drug.refill(refill_of(30 * ML, 0))
    other_drug.commit(simple(10_000, concentration=0))
    other_strength.refill(refill_of(30 * ML, 1_000_000))
    other_strength.commit(simple(10_000, concentration=1_000_000))

    assert (other_drug.status().mode, other_drug.status().stop_reason) == ("stopped", "new_drug")
    assert other_strength.status().mode == "simple"
    other_drug.start()
    for pump, before in zip((other_drug, other_strength), told, strict=True):
        status = pump.status()
        assert (status.mode, status.computed_reservoir_nl) == ("simple", 30 * ML)
        assert before is not None
        assert status.low_reservoir_clock_us is not None
        assert status.low_reservoir_clock_us > before
        assert time_left_us(pump) == 30 * ML * US_PER_H // 10_000


@pytest.mark.pump_requirement("RS-11")
def test_prime_that_was_too_large_is_drug_the_patient_gets() -> None:
    """A catheter that held drug already, primed by the old constant for the tubing: the excess is in the patient, bounded and logged."""
    pump = running(simple(20_000))
    pump.advance(days=2)
    pump.stop()
    before = pump.truth().delivered_ng
    pump.prime(199_000 + 195_800)
    pump.advance(hours=1)
    ended = [record for record in pump.read_log(0, 100)[2] if record.kind == EventKind.BOLUS_ENDED]

    assert pump.truth().delivered_ng - before > 150_000
    assert [record.delivered_nl for record in ended] == [394_800]
