"""The independent limiter, whose rows stand in three sections: SF-18, OC-08 and FR-12."""

from __future__ import annotations

import pytest

from firmware_sim.firmware.prescription import Prescription
from tests.support.therapies import US_PER_H, US_PER_MIN, active_causes, bolus_of, filled, flex, minimum, running, simple

LIMIT_STEPS = 8


@pytest.mark.pump_requirement("SF-18")
@pytest.mark.parametrize("state", ["running", "stopped", "hung"])
@pytest.mark.parametrize("pulses_per_h", [100, 10_000])
def test_driver_that_is_stuck_on_is_cut_off(state: str, pulses_per_h: int) -> None:
    """Whatever the firmware does, the independent limiter lets no more than its few steps pass, cuts the motor and alarms."""
    pump, twin = running(simple(10_000)), running(simple(10_000))
    for each in (pump, twin):
        each.advance(minutes=30)
        if state == "stopped":
            each.stop()
    if state == "hung":
        pump.inject("firmware.hang", task="dosing")
    before = pump.truth().steps_moved
    pump.inject("motor.stuck_driver", pulses_per_h=pulses_per_h)
    pump.advance(hours=2)
    commanded = twin.truth().steps_moved - before
    twin.advance(hours=2)

    assert "rate_limiter" in active_causes(pump)
    moved = pump.truth().steps_moved
    assert moved - before <= LIMIT_STEPS + twin.truth().steps_moved - before - commanded
    pump.advance(days=1)
    assert pump.truth().steps_moved == moved


MODES: dict[str, Prescription] = {"minimum": minimum(), "simple": simple(20_000), "flex": flex()}


@pytest.mark.pump_requirement("OC-08", "FR-12")
@pytest.mark.parametrize("dose", ["basal", "bolus", "prime", "bridge"])
@pytest.mark.parametrize("mode", MODES)
def test_motor_that_runs_away_is_stopped_in_every_mode(mode: str, dose: str) -> None:
    """Ten pulses for each one: no more than the limiter's few steps beyond the commanded ones move; it alarms with the step that is one
    too many.
    """
    pump = filled()
    pump.commit(MODES[mode])
    pump.advance(minutes=90)
    if dose == "bolus":
        pump.bolus(bolus_of(100_000, 3_600))
    elif dose == "bridge":
        pump.bridge(100_000, 100_000)
    elif dose == "prime":
        pump.stop()
        pump.prime(300_000)
    pump.inject("motor.runaway", gain=10)
    before = pump.truth()
    pump.advance(hours=12)
    after = pump.truth()

    assert "rate_limiter" in active_causes(pump)
    assert pump.status().mode == "stopped"
    raised_us = next(alarm.raised_us for alarm in pump.status().alarms if alarm.cause == "rate_limiter")
    commanded = after.steps_commanded - before.steps_commanded
    assert after.steps_moved - before.steps_moved <= commanded + LIMIT_STEPS
    assert commanded <= 1
    assert raised_us - before.device_us <= 3 * US_PER_H + US_PER_MIN
    pump.advance(days=1)
    assert pump.truth().steps_moved == after.steps_moved
