"""The fault campaign: what a pump of this class can notice alarms within its bound, and nothing else alarms at all."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from firmware_sim.units import S_PER_H, S_PER_MIN, US_PER_S
from hil.pytest_plugin.measure import Measure
from hil.suite.given import Given
from protocol.codes import AlarmCause

RATE = 15_000
"""So slow that the smallest fill lasts for the month in which nothing must be raised."""
STEPS_S = 4 * S_PER_MIN
"""Two steps before the fault is felt and two until it is seen, a minute each."""
LONG_MINUTES = 7 * 24 * 60
"""Past any time in which a pump of this class tells of a stall."""

needs = pytest.mark.pump_needs


class Noticed(NamedTuple):
    """Parameters of a fault, the cause that it must raise, and in how many seconds; None: as the profile declares of stalls."""

    parameters: dict[str, int | str]
    cause: AlarmCause
    within_s: int | None = None

    def bound_s(self, given: Given) -> int:
        return given.profile.motor.stall_detection_s + STEPS_S if self.within_s is None else self.within_s


NOTICED: dict[str, Noticed] = {
    "motor.stall": Noticed({}, AlarmCause.MOTOR_STALL),
    "motor.intermittent_stall": Noticed({"stalled_minutes": LONG_MINUTES, "moving_minutes": 60}, AlarmCause.MOTOR_STALL),
    "motor.permanent_stall": Noticed({}, AlarmCause.MOTOR_STALL),
    "motor.runaway": Noticed({"gain": 10}, AlarmCause.RATE_LIMITER, 2 * S_PER_MIN),
    "motor.stuck_driver": Noticed({"pulses_per_h": 3_600}, AlarmCause.RATE_LIMITER, 10),
    "motor.mri": Noticed({"minutes": LONG_MINUTES}, AlarmCause.MOTOR_STALL),
    "motor.magnet": Noticed({"minutes": LONG_MINUTES}, AlarmCause.MOTOR_STALL),
    "battery.resistive_film": Noticed({"sag_mv": 750}, AlarmCause.SUPPLY_RANGE, 3 * S_PER_MIN),
    "battery.dip": Noticed({"supply_mv": 2_000, "seconds": 2}, AlarmCause.LOW_BATTERY_RESET, 2),
    "battery.premature_eri": Noticed({}, AlarmCause.ERI, 0),
    "battery.adc_stuck": Noticed({"reading_mv": 3_000}, AlarmCause.SELF_TEST_ADC, S_PER_H),
    "clock.stuck": Noticed({}, AlarmCause.SELF_TEST_RTC, 95),
    "memory.bit_flip": Noticed({"region": "bank_a", "offset": 20, "bit": 3}, AlarmCause.MEMORY_ERROR, S_PER_H),
    "memory.bank_bad": Noticed({"bank": "bank_b"}, AlarmCause.MEMORY_ERROR, S_PER_H),
    "memory.log_write_error": Noticed({}, AlarmCause.LOG_ERROR, 1),
    "firmware.hang": Noticed({"task": "dosing", "outlasts_reset": 1}, AlarmCause.WATCHDOG_FAILURE, 90 + 180),
    "firmware.watchdog_dead": Noticed({}, AlarmCause.WATCHDOG_FAILURE, S_PER_H),
    "firmware.selftest_fail": Noticed({"test": "cpu"}, AlarmCause.SELF_TEST_CPU, S_PER_H),
}
SILENT: dict[str, dict[str, int | str]] = {
    "reservoir.overfill": {"excess_nl": 1_000_000},
    "reservoir.underfill": {"missing_nl": 1_000_000},
    "reservoir.pocket_fill": {"share_ppm": 700_000},
    "reservoir.wrong_port": {},
    "reservoir.air": {"air_nl": 1_000_000},
    "reservoir.valve_closed": {},
    "reservoir.no_propellant": {"loss_ppm": 300_000},
    "reservoir.backflow": {"pressure_mmhg": 100},
    "reservoir.deformed": {"lost_nl": 5_000_000},
    "reservoir.wrong_concentration": {"concentration_ng_per_ml": 2_000_000},
    "reservoir.unapproved_drug": {"precipitate_ppm": 500_000, "over_days": 20},
    "motor.gear_wear": {"loss_ppm": 200_000, "over_days": 10},
    "motor.over_infusion": {"excess_ppm": 300_000, "over_days": 10},
    "catheter.occlusion": {"fraction_ppm": 400_000},
    "catheter.slow_occlusion": {"fraction_ppm": 800_000, "over_days": 20},
    "catheter.kink": {"fraction_ppm": 1_000_000, "kinked_minutes": 90, "open_minutes": 30},
    "catheter.leak": {"at_mm": 300, "share_ppm": 500_000},
    "catheter.disconnection": {},
    "catheter.dislodgement": {"level": "epidural", "astray_ppm": 900_000},
    "catheter.fracture": {"at_mm": 500},
    "catheter.granuloma": {"fraction_ppm": 300_000, "astray_ppm": 300_000, "over_days": 20},
    "catheter.cap_injection": {"volume_nl": 300_000},
    "battery.drain_by_wakeups": {"wakes_per_h": 12},
    "clock.drift": {"drift_ppm": 300},
    "clock.jump": {"jump_us": 5 * S_PER_H * US_PER_S},
    "memory.torn_write": {"after_bytes": 100},
    "environment.temperature": {"temperature_mdegc": 39_500},
    "environment.pressure": {"pressure_mmhg": 3_000, "minutes": 600, "over_minutes": 60},
    "environment.altitude": {"altitude_m": 2_500},
    "link.telemetry_trap": {"minutes": 30},
}
IN_A_WRITE = ("memory.torn_write",)
"""What waits for the next write."""
BESIDE = {AlarmCause.ERI, AlarmCause.SUPPLY_RANGE}
"""A supply that is low asks for a replacement too."""
OF_THE_LINE = ("answer.", "human.", "link.", "supply.")
"""Faults that do not touch the pump itself."""


@pytest.mark.pump_requirement("AL-11")
@needs("bench.inject")
def test_campaign_knows_every_fault_of_the_bench(given: Given) -> None:
    """A fault that the bench can bring to bear upon the pump is in one of the tables, in that which its own text says."""
    texts = {str(fault["name"]): str(fault["pump_notices"]) for fault in given.bench.call("faults")["faults"]}
    own = {name for name in texts if not name.startswith(OF_THE_LINE)} | {"link.telemetry_trap"}

    assert own == NOTICED.keys() | SILENT.keys()
    assert not [name for name in NOTICED if texts[name].startswith("nothing")]


@pytest.mark.pump_requirement("AL-11")
@needs("bench.needle", "bench.time", "bench.inject")
@pytest.mark.parametrize("name", NOTICED)
def test_noticed_fault_alarms_within_its_bound(given: Given, measure: Measure, name: str) -> None:
    """Its cause is raised in time and recorded, and no other with it; one that declares not to notice stalls raises none."""
    case = NOTICED[name]
    within_s = case.bound_s(given)
    given.running(given.prescribe.simple(RATE))
    given.bench.advance(minutes=20)
    begun_us = given.bench.now_us()
    given.suffers(name, **case.parameters)
    if case.cause is AlarmCause.LOG_ERROR:
        given.wire.ok("ALARM_TEST")
    raised = given.bench.run_until(f"alarm:{case.cause.name.lower()}", limit_s=within_s + 5)
    delay_us = given.bench.now_us() - begun_us

    declared = case.cause is not AlarmCause.MOTOR_STALL or given.profile.behaviour.stall_alarm
    assert raised == declared, f"{name}: {case.cause.name} is {'' if raised else 'not '}raised"
    assert given.wire.active() - BESIDE <= ({case.cause} if declared else set())
    if declared:
        measure(f"time to {case.cause.name}", delay_us / US_PER_S, unit="s", high=within_s + 1)
        assert len(given.wire.raised(case.cause)) == 1 or case.cause is AlarmCause.LOG_ERROR


@pytest.mark.pump_requirement("AL-11")
@needs("bench.needle", "bench.time", "bench.inject", "bench.sound")
@pytest.mark.parametrize("name", SILENT)
def test_silent_fault_raises_no_alarm_in_a_month(given: Given, name: str) -> None:
    """Thirty days with it: no cause, no sound, no reset, nothing in the log. A write is torn by programming the pump with it."""
    given.running(given.prescribe.simple(RATE))
    given.bench.advance(minutes=20)
    given.leave()
    if name in IN_A_WRITE:
        given.suffers(name, **SILENT[name])
        given.wire.update(given.prescribe.simple(RATE + 1))
    boots, newest = given.wire.status().boot_count, given.wire.counters().log_newest
    given.leave()
    if name not in IN_A_WRITE:
        given.suffers(name, **SILENT[name])
    sounds = given.bench.listen(duration_s=30 * 86_400)

    assert sounds == []
    assert given.wire.status().boot_count == boots
    given.alarms_none()
    assert given.wire.counters().log_newest == newest, "it has logged something"
