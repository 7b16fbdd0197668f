"""A truth that is remembered between two steps is the truth that a fresh look finds."""

from __future__ import annotations

from itertools import cycle, islice

import pytest

from firmware_sim import Pump
from tests.support.therapies import US_PER_S, running, simple

SPANS_US = (1, 999_999, US_PER_S, 2 * US_PER_S, 17 * US_PER_S, 61 * US_PER_S)
FAULTS: tuple[dict[str, dict[str, int]], ...] = (
    {},
    {"motor.stall": {}},
    {"motor.stuck_driver": {"pulses_per_h": 40}},
    {"motor.runaway": {"gain": 2}},
    {"battery.drain_by_wakeups": {"wakes_per_h": 60}},
    {"clock.drift": {"drift_ppm": 2_000}},
)


@pytest.mark.parametrize("faults", FAULTS, ids=lambda faults: next(iter(faults), "sound"))
def test_a_look_again_tells_what_a_look_at_a_restored_pump_tells(faults: dict[str, dict[str, int]]) -> None:
    """Looked at again and again, sound and faulty, across steps of the motor and changes of the rate."""
    pump = running(simple(12_000))
    for name, values in faults.items():
        pump.inject(name, **values)
    for span_us in islice(cycle(SPANS_US), 300):
        pump.advance(us=span_us)
        assert pump.truth() == pump.truth() == Pump.restore(pump.save()).truth()


def test_the_supply_falls_at_the_same_instant_for_who_looks_often() -> None:
    """Around each instant at which a pump that is not looked at loses a millivolt."""
    pump = running(simple(12_000))
    for _ in range(40):
        pump.advance(hours=7)
        for _ in range(5):
            pump.advance(minutes=11)
            assert pump.truth().supply_mv == Pump.restore(pump.save()).truth().supply_mv
