"""The oscillator: one that stands still is caught by the watchdog, which has its own; drift and a jump are not noticed."""

from __future__ import annotations

import pytest

from tests.support.boots import SELF_TEST_US, commanded, fast_pump, wait_for_self_test
from tests.support.records import alarm_records, last_boot
from tests.support.therapies import US_PER_H, US_PER_S, active_causes, flex, listed_causes, running

TIMEOUT_US = 90 * US_PER_S


@pytest.mark.pump_requirement("SF-16")
def test_stuck_oscillator_is_caught_by_the_watchdogs_own() -> None:
    """For the firmware no time passes: nothing given, no answer. After 90 s true time the watchdog resets it and lends it an oscillator,
    the power-on test fails the clock, and the motor is off.
    """
    pump = fast_pump()
    pump.inject("clock.stuck")
    steps, since_us, stood_us = pump.truth().steps_moved, pump.now_us, pump.device_us
    pump.advance(us=TIMEOUT_US - 1)
    assert (pump.boots, pump.answers, pump.device_us, pump.truth().steps_moved) == (1, False, stood_us, steps)
    pump.advance(us=1)
    assert (pump.boots, pump.answers, pump.device_us) == (2, True, stood_us)
    assert (last_boot(pump).detail, pump.status().self_testing) == (1, True)
    pump.advance(us=SELF_TEST_US - 1)
    assert active_causes(pump) == []
    pump.advance(us=1)

    assert alarm_records(pump, "self_test_rtc") == [("raised", stood_us + SELF_TEST_US)]
    assert pump.now_us == since_us + TIMEOUT_US + SELF_TEST_US
    assert (active_causes(pump), pump.status().mode, pump.status().stop_reason) == (["self_test_rtc"], "stopped", "failure")
    pump.advance(days=1)
    assert pump.truth().steps_moved == steps


def test_watchdogs_oscillator_has_no_drift_and_goes_back_when_the_other_runs() -> None:
    """A day on the lent oscillator is a day; after cure and service the pump counts by its own crystal and delivers."""
    pump = fast_pump()
    handle = pump.inject("clock.stuck")
    stood_us = pump.device_us
    pump.advance(us=TIMEOUT_US)
    pump.advance(days=1)
    assert pump.device_us == stood_us + 24 * US_PER_H
    assert -TIMEOUT_US < pump.truth().clock_error_us < -TIMEOUT_US + US_PER_S

    pump.clear(handle)
    pump.service_reset()
    wait_for_self_test(pump)
    began_us, steps = pump.device_us, pump.truth().steps_moved
    pump.start()
    pump.advance(hours=1)
    assert pump.device_us == began_us + US_PER_H + 72_000
    assert abs(pump.truth().steps_moved - steps - commanded(pump, US_PER_H)) <= 2
    assert active_causes(pump) == []


def test_oscillator_that_stands_for_a_minute_only_loses_the_minute() -> None:
    """Below the watchdog's time nobody notices: the device is a minute behind, and a minute was not given."""
    pump = fast_pump()
    handle = pump.inject("clock.stuck")
    stood_us, steps = pump.device_us, pump.truth().steps_moved
    pump.advance(seconds=60)
    pump.clear(handle)
    assert (pump.device_us, pump.truth().steps_moved) == (stood_us, steps)
    pump.advance(hours=1)

    assert (pump.boots, listed_causes(pump)) == (1, [])
    assert abs(pump.truth().steps_moved - steps - commanded(pump, US_PER_H)) <= 1


@pytest.mark.pump_requirement("SF-16")
@pytest.mark.parametrize(("fault", "parameters"), [("clock.drift", {"drift_ppm": 10_000}), ("clock.jump", {"jump_us": 5 * US_PER_H})])
def test_drift_and_jump_are_never_noticed(fault: str, parameters: dict[str, int]) -> None:
    """Thirty days with a clock one per cent fast, or five hours off: no alarm, no record, no reset."""
    pump = running(flex())
    pump.inject(fault, **parameters)
    before = pump.status().log_newest
    pump.advance(days=30)

    assert (pump.boots, listed_causes(pump), pump.status().log_newest) == (1, [], before)
    assert pump.truth().clock_error_us > 5 * US_PER_H


def test_stuck_oscillator_with_a_dead_watchdog_is_noticed_by_nobody() -> None:
    """No time passes for the firmware, so no self-test comes either: a day of nothing, in silence."""
    pump = fast_pump()
    pump.inject("firmware.watchdog_dead")
    handle = pump.inject("clock.stuck")
    steps = pump.truth().steps_moved
    pump.advance(days=1)
    assert (pump.boots, pump.answers, pump.truth().steps_moved) == (1, False, steps)
    pump.clear(handle)

    assert listed_causes(pump) == []
    pump.advance(hours=1)
    assert active_causes(pump) == ["watchdog_failure"]
