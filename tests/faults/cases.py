"""Every fault of the registry as a campaign plays it: with which parameters, what the pump must say, and by when.

A fault that the pump cannot notice has no cause here, and then none may come. `shows` names the fault and the column of the fault page
that a test of its own is about.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from firmware_sim.firmware.prescription import Prescription
from firmware_sim.pump import Pump

__all__ = ["ASPECTS", "CASES", "Case", "shows"]

ASPECTS = ("notices", "misses", "truth")
_MINUTE = 60
_HOUR = 3_600
_STALL_S = 22 * _MINUTE
"""20 minutes of commanded motion, and a step or two, which at the campaign's rate take less than a minute."""

_Test = TypeVar("_Test", bound=Callable[..., None])


def shows(name: str, *aspects: str) -> Callable[[_Test], _Test]:
    """Marks a test as the one of these columns of a fault; tests/faults/test_every_fault.py reads it from the source."""
    assert name in CASES, name
    assert set(aspects) <= set(ASPECTS), aspects
    return lambda test: test


class Case(NamedTuple):
    """Parameters; the causes that must be active by `within_s` seconds; what somebody does after the fault, where it needs that to show."""

    parameters: dict[str, int | str]
    causes: tuple[str, ...] = ()
    within_s: int = 0
    act: Callable[[Pump], object] = lambda pump: None


def _programs(pump: Pump) -> int:
    """Somebody programs the same therapy again."""
    therapy = pump.status().prescription
    assert isinstance(therapy, Prescription)
    return pump.commit(therapy)


CASES: dict[str, Case] = {
    "reservoir.overfill": Case({"excess_nl": 2_000_000}),
    "reservoir.underfill": Case({"missing_nl": 2_000_000}),
    "reservoir.pocket_fill": Case({"share_ppm": 700_000}),
    "reservoir.wrong_port": Case({}),
    "reservoir.air": Case({"air_nl": 1_000_000}),
    "reservoir.valve_closed": Case({}),
    "reservoir.no_propellant": Case({"loss_ppm": 300_000}),
    "reservoir.backflow": Case({"pressure_mmhg": 100}),
    "reservoir.deformed": Case({"lost_nl": 5_000_000}),
    "reservoir.wrong_concentration": Case({"concentration_ng_per_ml": 2_000_000}),
    "reservoir.unapproved_drug": Case({"precipitate_ppm": 500_000, "over_days": 20}),
    "motor.stall": Case({}, ("motor_stall",), _STALL_S),
    "motor.intermittent_stall": Case({"stalled_minutes": 60, "moving_minutes": 60}, ("motor_stall",), _STALL_S),
    "motor.permanent_stall": Case({}, ("motor_stall",), _STALL_S),
    "motor.gear_wear": Case({"loss_ppm": 200_000, "over_days": 10}),
    "motor.over_infusion": Case({"excess_ppm": 300_000, "over_days": 10}),
    "motor.runaway": Case({"gain": 10}, ("rate_limiter",), _MINUTE),
    "motor.stuck_driver": Case({"pulses_per_h": 3_600}, ("rate_limiter",), 8),
    "motor.mri": Case({"minutes": 60}, ("motor_stall",), _STALL_S),
    "motor.magnet": Case({"minutes": 60}, ("motor_stall",), _STALL_S),
    "catheter.occlusion": Case({"fraction_ppm": 400_000}),
    "catheter.slow_occlusion": Case({"fraction_ppm": 800_000, "over_days": 20}),
    "catheter.kink": Case({"fraction_ppm": 1_000_000, "kinked_minutes": 90, "open_minutes": 30}),
    "catheter.leak": Case({"at_mm": 300, "share_ppm": 500_000}),
    "catheter.disconnection": Case({}),
    "catheter.dislodgement": Case({"level": "epidural", "astray_ppm": 900_000}),
    "catheter.fracture": Case({"at_mm": 500}),
    "catheter.granuloma": Case({"fraction_ppm": 300_000, "astray_ppm": 300_000, "over_days": 20}),
    "catheter.cap_injection": Case({"volume_nl": 300_000}),
    "battery.resistive_film": Case({"sag_mv": 750}, ("eri", "supply_range"), 180),
    "battery.dip": Case({"supply_mv": 2_000, "seconds": 2}, ("low_battery_reset",), 2),
    "battery.premature_eri": Case({}, ("eri",)),
    "battery.drain_by_wakeups": Case({"wakes_per_h": 3_600}),
    "battery.adc_stuck": Case({"reading_mv": 3_000}, ("self_test_adc",), _HOUR),
    "clock.drift": Case({"drift_ppm": 500}),
    "clock.jump": Case({"jump_us": 5 * _HOUR * 1_000_000}),
    "clock.stuck": Case({}, ("self_test_rtc",), 90 + 4),
    "memory.bit_flip": Case({"region": "bank_a", "offset": 20, "bit": 3}, ("memory_error",), _HOUR),
    "memory.torn_write": Case({"after_bytes": 100}, act=_programs),
    "memory.bank_bad": Case({"bank": "bank_b"}, ("memory_error",), _HOUR),
    "memory.log_write_error": Case({}, ("log_error",), 1, Pump.alarm_test),
    "firmware.hang": Case({"task": "dosing", "outlasts_reset": 1}, ("watchdog_failure",), 90 + 180),
    "firmware.watchdog_dead": Case({}, ("watchdog_failure",), _HOUR),
    "firmware.selftest_fail": Case({"test": "cpu"}, ("self_test_cpu",), _HOUR),
    "environment.temperature": Case({"temperature_mdegc": 39_500}),
    "environment.pressure": Case({"pressure_mmhg": 3_000, "minutes": 600, "over_minutes": 60}),
    "environment.altitude": Case({"altitude_m": 2_500}),
    "link.telemetry_trap": Case({"minutes": 30}),
}
"""Played at 40 uL/h. Silent faults go on for a month, with a refill on the tenth day."""
