"""The telemetry trap of a pump that stands: it knows that it does, and still moves nothing until somebody interrogates it."""

from __future__ import annotations

import pytest

from firmware_sim.errors import Refused
from tests.support.fields import magnet, sounding
from tests.support.records import raised_us_of
from tests.support.therapies import US_PER_H


def test_stopped_pump_is_trapped_too() -> None:
    """Its two days go on, for it knows that it stands; START is taken, and moves nothing until somebody interrogates it."""
    pump = sounding()
    pump.stop()
    stopped_us = pump.device_us
    magnet(pump)
    pump.advance(hours=47)
    pump.advance(hours=1)
    assert raised_us_of(pump, "stopped_too_long") == stopped_us + 48 * US_PER_H
    pump.start()
    steps = pump.truth().steps_commanded
    pump.advance(hours=1)
    assert pump.truth().steps_commanded == steps
    pump.interrogated()
    pump.advance(hours=1)

    assert pump.truth().steps_commanded - steps == pytest.approx(80, abs=1)


def test_prime_ends_where_the_field_begins() -> None:
    """A prime from a stopped pump that sounds is interrupted, and no other is taken until somebody interrogates it."""
    pump = sounding()
    pump.stop()
    pump.prime(200_000)
    pump.advance(minutes=2)
    magnet(pump)
    steps = pump.truth().steps_commanded
    pump.advance(minutes=30)
    assert pump.truth().steps_commanded == steps
    with pytest.raises(Refused, match="NOT_RUNNING"):
        pump.prime(200_000)
    pump.interrogated()

    assert pump.check_prime(200_000).duration_s == 720


def test_infusion_alone_ends_the_alarm_of_a_pump_that_stood() -> None:
    """START of a trapped pump that stood too long leaves that alarm on until drug flows."""
    pump = sounding()
    pump.stop()
    magnet(pump)
    pump.advance(days=3)
    pump.start()
    assert "stopped_too_long" in {alarm.cause for alarm in pump.status().alarms if alarm.active}
    pump.interrogated()

    assert "stopped_too_long" not in {alarm.cause for alarm in pump.status().alarms if alarm.active}
