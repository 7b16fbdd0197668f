"""Pumps with small batteries, and their readings worked out by hand."""

from __future__ import annotations

from dataclasses import replace

from firmware_sim import Pump
from firmware_sim.profile import Profile, load_profile
from tests.support.therapies import US_PER_S

ITP_40 = load_profile("itp-40")
READING_US = 18 * US_PER_S
"""Ten readings in three minutes."""
SERVICE_DAYS = 90
"""From the replacement indicator to the end of service."""
STEP_UNITS_PER_PPM = 900_000
SMALL_CELL_PPM = 20_000
"""A fiftieth of the charge: some fifty days."""


def aged(**numbers: int) -> Profile:
    """The 40 mL pump with another battery."""
    return replace(ITP_40, battery=replace(ITP_40.battery, **numbers))


SMALL = aged(life_scale_ppm=SMALL_CELL_PPM)
"""The 40 mL pump with a fiftieth of the charge."""


def reading_by_hand(pump: Pump, device_us: int, rate_nl_per_h: int) -> int:
    """The reading at a device time, on one rate since device time 0: 144 C, 31.7 uA, 0.15 mC a step, a line from 3,100 to 2,500."""
    true_us = -(-device_us * 1_000_000 // 1_000_020)
    steps = rate_nl_per_h * device_us // (STEP_UNITS_PER_PPM * pump.calibration_ppm)
    used_mc = (31_700 * true_us + 150_000 * steps * 1_000_000) // 10**12
    return 3_100 - 600 * min(144_000, used_mc) // 144_000


def first_low_by_hand(pump: Pump, rate_nl_per_h: int, level_mv: int = 2_530) -> int:
    """The device time of the first reading at which the mean of ten is at or below a level, found reading by reading."""
    window: list[int] = []
    number = 0
    while True:
        number += 1
        window = [*window[-9:], reading_by_hand(pump, number * READING_US, rate_nl_per_h)]
        if len(window) == 10 and sum(window) // 10 <= level_mv:
            return number * READING_US


def raised_us(pump: Pump, cause: str) -> int | None:
    """When a cause was raised, by the device's counter; None when it is not active."""
    return next((alarm.raised_us for alarm in pump.status().alarms if alarm.cause == cause and alarm.active), None)


def advance_to_device(pump: Pump, device_us: int) -> None:
    """Let time pass until the device's counter shows this."""
    pump.advance_to(pump.true_us_of(device_us))
