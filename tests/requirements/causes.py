"""How each alarm cause comes about, through the doors: what a running pump has to suffer, and what its motor does then.

The table of flows is written by hand from the description of the device; the firmware's own column is not asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from firmware_sim import Pump
from tests.support.therapies import active_causes, refill_of, running, simple

__all__ = ["CAUSES", "RATE_NL_PER_H", "STANDING", "Cause", "alarming", "raised_us_of", "suffering"]

RATE_NL_PER_H = 5_000
"""So slow that a fill outlasts the ninety days between ERI and the end of service."""
MINIMUM_NL_PER_H = 250
STANDING = 0


class Cause(NamedTuple):
    """One cause: class, the rate that is commanded under it, whether steps move; how it begins, and minutes until it must be noticed."""

    critical: bool
    commanded_nl_per_h: int
    moves: bool
    begin: Callable[[Pump], object]
    minutes: int


def _fault(name: str, **parameters: int | str) -> Callable[[Pump], object]:
    return lambda pump: pump.inject(name, **parameters)


def _refill(volume_nl: int) -> Callable[[Pump], object]:
    return lambda pump: pump.refill(refill_of(volume_nl))


def _both_banks(pump: Pump) -> None:
    for bank in ("bank_a", "bank_b"):
        pump.inject("memory.bank_bad", bank=bank)


def _log_fails(pump: Pump) -> None:
    pump.inject("memory.log_write_error")
    pump.alarm_test()


def _failure(name: str, **parameters: int | str) -> Cause:
    return Cause(True, STANDING, False, _fault(name, **parameters), 62)


HOUR = 60
DAY = 24 * HOUR

CAUSES: dict[str, Cause] = {
    "low_reservoir": Cause(False, RATE_NL_PER_H, True, _refill(2_000_000), 0),
    "empty_reservoir": Cause(True, STANDING, False, _refill(10_000), 3 * HOUR),
    "motor_stall": Cause(True, RATE_NL_PER_H, False, _fault("motor.stall"), HOUR),
    "stopped_too_long": Cause(True, STANDING, False, Pump.stop, 49 * HOUR),
    "memory_error": Cause(False, RATE_NL_PER_H, True, _fault("memory.bank_bad", bank="bank_a"), HOUR),
    "memory_failure": Cause(True, MINIMUM_NL_PER_H, True, _both_banks, HOUR),
    "eri": Cause(False, RATE_NL_PER_H, True, _fault("battery.premature_eri"), 10),
    "eos": Cause(True, STANDING, False, _fault("battery.premature_eri"), 91 * DAY),
    "low_battery_reset": Cause(True, MINIMUM_NL_PER_H, True, _fault("battery.dip", supply_mv=1_500, seconds=2), 5),
    "rate_limiter": _failure("motor.runaway", gain=10),
    "watchdog_failure": _failure("firmware.hang", task="dosing", outlasts_reset=1),
    **{f"self_test_{test}": _failure("firmware.selftest_fail", test=test) for test in ("cpu", "rom", "ram", "adc", "rtc", "tone")},
    "log_error": Cause(False, RATE_NL_PER_H, True, _log_fails, 1),
    "supply_range": Cause(False, RATE_NL_PER_H, True, _fault("battery.dip", supply_mv=2_300, seconds=3_600), 10),
    "magnet_stop": Cause(True, STANDING, False, Pump.stop_by_magnet, 0),
    "keys_changed": Cause(False, RATE_NL_PER_H, True, lambda pump: pump.key_set(2), 0),
}


def suffering(cause: str) -> Pump:
    """A pump that runs a simple therapy and has just met with what will bring this about."""
    pump = running(simple(RATE_NL_PER_H))
    pump.advance(minutes=10)
    CAUSES[cause].begin(pump)
    return pump


def alarming(cause: str) -> Pump:
    """The same when it has been noticed."""
    pump = suffering(cause)
    pump.advance(minutes=CAUSES[cause].minutes)
    assert cause in active_causes(pump), f"{cause} is not active: {active_causes(pump)}"
    return pump


def raised_us_of(pump: Pump, cause: str) -> int:
    """When it was raised (device time)."""
    return next(alarm.raised_us for alarm in pump.status().alarms if alarm.cause == cause)
