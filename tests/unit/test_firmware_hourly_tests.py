"""Self-tests every hour of device time: what fails is found at the next full hour, and nothing happens where nothing fails."""

from __future__ import annotations

import pytest

from firmware_sim import Pump
from firmware_sim.errors import Refused
from firmware_sim.firmware.journal import EventKind
from tests.support.boots import CAUSE_OF, TESTS, restarted, wait_for_self_test
from tests.support.records import alarm_records, raised_us_of, records
from tests.support.therapies import (
    US_PER_DAY,
    US_PER_H,
    US_PER_MIN,
    US_PER_S,
    active_causes,
    bolus_of,
    flex,
    listed_causes,
    refill_of,
    running,
    simple,
)

every_test = pytest.mark.parametrize("test", TESTS)


@pytest.mark.pump_requirement("SF-05", "SF-06", "SF-07")
@every_test
@pytest.mark.parametrize("after_us", [1, 17 * US_PER_MIN, US_PER_H - 1, 5 * US_PER_H + 1])
def test_failure_is_raised_at_the_next_hour_to_the_microsecond(test: str, after_us: int) -> None:
    """Whenever it comes, it is found at the next full hour of device time: alarm, stop, log, reason readable; delivered until then."""
    pump, cause = running(simple(40_000)), CAUSE_OF[test]
    pump.advance_to(pump.true_us_of(after_us))
    pump.inject("firmware.selftest_fail", test=test)
    due_us = (after_us // US_PER_H + 1) * US_PER_H
    pump.advance_to(pump.true_us_of(due_us) - 1)
    assert (active_causes(pump), pump.status().rate_nl_per_h) == ([], 40_000)
    pump.advance(us=1)

    assert active_causes(pump) == [cause]
    assert (raised_us_of(pump, cause), pump.status().stop_reason) == (due_us, "failure")
    assert alarm_records(pump, cause) == [("raised", due_us)]
    steps = pump.truth().steps_moved
    assert steps == 40_000 * due_us // (900_000 * pump.calibration_ppm)
    pump.advance(days=3)
    assert pump.truth().steps_moved == steps


@pytest.mark.pump_requirement("SF-06")
def test_tests_run_every_sixty_minutes() -> None:
    """Failing again after each of five services, it is found five times, each at the next full hour: the cadence is sixty minutes."""
    pump = running()
    found = []
    for _ in range(5):
        handle = pump.inject("firmware.selftest_fail", test="cpu")
        pump.advance(hours=1)
        found.append(raised_us_of(pump, "self_test_cpu"))
        pump.clear(handle)
        pump.service_reset()
        wait_for_self_test(pump)

    assert found == [US_PER_H * number for number in range(1, 6)]


def test_failure_at_a_full_hour_is_found_an_hour_later() -> None:
    """The test of this instant has been run when the bench spoils it."""
    pump = running()
    pump.advance_to(pump.true_us_of(3 * US_PER_H))
    pump.inject("firmware.selftest_fail", test="rom")
    pump.advance(minutes=59)
    assert active_causes(pump) == []
    pump.advance(minutes=2)

    assert raised_us_of(pump, "self_test_rom") == 4 * US_PER_H


def test_hours_are_those_of_the_device_and_not_of_the_clock() -> None:
    """Neither SET_CLOCK nor a jump moves the next test, and a fast oscillator brings it sooner."""
    pump = running(flex())
    pump.advance(minutes=5)
    pump.set_clock(pump.status().clock_us + 50 * US_PER_MIN)
    pump.inject("clock.jump", jump_us=-7 * US_PER_MIN)
    pump.inject("clock.drift", drift_ppm=50_000)
    pump.inject("firmware.selftest_fail", test="tone")
    pump.advance(hours=1)

    assert raised_us_of(pump, "self_test_tone") == US_PER_H
    assert pump.true_us_of(US_PER_H) < 58 * US_PER_MIN


def test_full_hour_within_a_power_on_test_has_no_test_of_its_own() -> None:
    """Reset two seconds before the hour: what fails is told by the power-on test at its end, not at the hour."""
    pump = running()
    pump.advance_to(pump.true_us_of(US_PER_H - 2 * US_PER_S))
    pump.inject("firmware.selftest_fail", test="cpu")
    restarted(pump)

    assert raised_us_of(pump, "self_test_cpu") == US_PER_H + 2 * US_PER_S


def test_fault_between_two_tests_is_never_seen() -> None:
    """What came and went within the hour was there at no test."""
    pump = running()
    pump.advance(minutes=5)
    pump.clear(pump.inject("firmware.selftest_fail", test="cpu"))
    handle = pump.inject("firmware.selftest_fail", test="rom")
    pump.advance(minutes=50)
    pump.clear(handle)
    pump.advance(days=1)

    assert listed_causes(pump) == []


def test_failure_ends_a_bolus_with_what_it_had_given() -> None:
    """A critical alarm: the bolus is interrupted at the hour, and none of its rest is given."""
    pump = running(simple(20_000))
    pump.advance_to(pump.true_us_of(US_PER_H // 2))
    pump.bolus(bolus_of(100_000, 7_200))
    pump.inject("firmware.selftest_fail", test="adc")
    pump.advance(hours=3)
    ended = records(pump, EventKind.BOLUS_ENDED)

    assert [(entry.detail, entry.device_us, entry.delivered_nl) for entry in ended] == [(1, US_PER_H, 25_000)]
    assert pump.status().bolus_nl == 25_000


def test_failure_on_the_shelf_is_kept_for_the_first_commit() -> None:
    """A pump that never ran stays on the shelf with its alarm, and a therapy is refused until service."""
    pump = Pump()
    pump.refill(refill_of())
    handle = pump.inject("firmware.selftest_fail", test="rtc")
    pump.advance(hours=2)
    assert (active_causes(pump), pump.status().mode) == (["self_test_rtc"], "shelf")
    with pytest.raises(Refused, match="MOTOR_OFF"):
        pump.commit(simple())
    pump.clear(handle)
    pump.service_reset()
    wait_for_self_test(pump)

    assert pump.commit(simple()) == 1


def test_sound_pump_has_no_events_of_its_tests() -> None:
    """Ten days of 240 tests leave not one record, and the next thing to happen is not one of them."""
    pump = running()
    before = pump.status().log_newest
    pump.advance(days=10)

    assert pump.status().log_newest == before
    due = pump.next_due()
    assert due is not None
    assert due > pump.now_us + 10 * US_PER_DAY


@pytest.mark.parametrize("test", ["", "rom", "watchdog"], ids=["sound", "rom", "watchdog"])
def test_pieces_of_time_do_not_change_what_the_tests_find(test: str) -> None:
    """A day at once, and a day in pieces with looks across every full hour, give one digest."""
    straight, pieces = running(flex()), running(flex())
    for pump in (straight, pieces):
        pump.advance(minutes=200)
        if test:
            pump.inject("firmware.selftest_fail", test=test)
    straight.advance_to(US_PER_DAY)
    while pieces.now_us < US_PER_DAY:
        pieces.status()
        pieces.truth()
        pieces.next_due()
        pieces.advance_to(min(US_PER_DAY, pieces.now_us + 1_799_999_983))

    assert pieces.digest() == straight.digest()
    assert active_causes(pieces) == ([CAUSE_OF[test]] if test else [])
