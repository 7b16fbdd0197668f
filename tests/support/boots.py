"""Resets that are waited out: after each the power-on self-test takes its time, in which nothing moves and doses are refused."""

from __future__ import annotations

from collections.abc import Callable

from firmware_sim import Pump
from tests.support.therapies import ML, US_PER_H, US_PER_S, running, simple

__all__ = ["CAUSE_OF", "FAST", "SELF_TEST_US", "STARTS", "TESTS", "commanded", "cut", "dip", "fast_pump", "restarted", "wait_for_self_test"]

SELF_TEST_US = 4 * US_PER_S
"""Device time from a start of the firmware to its first step."""
FAST = simple(1_000_000, concentration=50_000)
"""A step every 0.9 s: a few seconds without one are seen."""
TESTS = ("cpu", "rom", "ram", "adc", "watchdog", "rtc", "tone")
CAUSE_OF = {test: "watchdog_failure" if test == "watchdog" else f"self_test_{test}" for test in TESTS}
"""The alarm of each self-test."""


def wait_for_self_test(pump: Pump) -> None:
    """Let time pass until the self-test that has just begun is over, to the microsecond."""
    begun_us = next(int(str(record["device_us"])) for record in reversed(pump.events()) if record.get("event") == "BOOT")
    pump.advance_to(max(pump.now_us, pump.true_us_of(begun_us + SELF_TEST_US)))


def restarted(pump: Pump) -> None:
    """A plain reset, and its self-test waited out."""
    pump.reset()
    wait_for_self_test(pump)


def fast_pump() -> Pump:
    """A pump at the highest rate, in the middle of a minute."""
    pump = running(FAST, volume_nl=40 * ML)
    pump.advance(seconds=90)
    return pump


def commanded(pump: Pump, us: int) -> int:
    """Steps that a pump at the highest rate commands in so much device time, rounded down."""
    return 1_000_000 * us // (900_000 * pump.calibration_ppm)


def hang_until_reset(pump: Pump) -> None:
    """The watchdog resets it."""
    pump.inject("firmware.hang", task="alarms")
    pump.advance(seconds=90)


def dip(pump: Pump) -> None:
    """The supply is away for two seconds, and with it what the firmware's registers held."""
    pump.inject("battery.dip", supply_mv=1_000, seconds=2)
    pump.advance(seconds=2)


def cut(pump: Pump) -> None:
    """A dark hour."""
    pump.power_cut(off_us=US_PER_H)
    pump.advance(hours=1)


STARTS: dict[str, Callable[[Pump], object]] = {
    "reset": Pump.reset,
    "power cut": cut,
    "watchdog": hang_until_reset,
    "low battery": dip,
    "service": Pump.service_reset,
}
"""Every way in which a firmware that runs is started anew."""
