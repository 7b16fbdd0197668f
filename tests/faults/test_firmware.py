"""Faults of the firmware and of its watchdog: who notices, when to the microsecond, and what is given meanwhile."""

from __future__ import annotations

import pytest

from firmware_sim.errors import PowerOff, Refused
from firmware_sim.faults.firmware import TASKS
from firmware_sim.hal import RESET_CAUSES, SELF_TESTS
from firmware_sim.pump import Pump
from tests.faults.cases import shows
from tests.support.bed import RATE, Bed
from tests.support.therapies import ML, US_PER_H, US_PER_S, active_causes, listed_causes

WATCHDOG_S, FAILURE_S, POST_S = 90, 180, 4


def cause_of(test: str) -> str:
    """The alarm of a self-test; that of the watchdog is the watchdog's own."""
    return "watchdog_failure" if test == "watchdog" else f"self_test_{test}"


def next_test_us(pump: Pump) -> int:
    """True time of the next full hour of the device's counter."""
    return pump.true_us_of((pump.device_us // US_PER_H + 1) * US_PER_H)


# -- a task hangs -------------------------------------------------------------------------------------------------------------------


@shows("firmware.hang", "notices")
@pytest.mark.pump_requirement("SF-08", "SF-09")
@pytest.mark.parametrize("task", TASKS)
def test_watchdog_resets_each_task_after_ninety_seconds(task: str) -> None:
    """One microsecond before it nothing, then a boot that names the watchdog; no alarm, and the therapy goes on."""
    bed = Bed()
    boots = bed.pump.boots
    bed.pump.inject("firmware.hang", task=task)
    bed.pump.advance(us=WATCHDOG_S * US_PER_S - 1)
    assert bed.pump.boots == boots
    bed.pump.advance(us=1)
    assert bed.pump.boots == boots + 1
    boot = next(record for record in reversed(bed.pump.events()) if record.get("event") == "BOOT")
    assert boot["detail"] == RESET_CAUSES.index("watchdog")
    bed.pump.advance(seconds=POST_S)

    assert (bed.pump.status().mode, listed_causes(bed.pump), bed.pump.truth().faults) == ("simple", [], ())


@shows("firmware.hang", "notices")
@pytest.mark.pump_requirement("SF-09")
@pytest.mark.parametrize("task", TASKS)
def test_task_that_answers_again_in_time_is_not_reset(task: str) -> None:
    """89 seconds are forgiven, however often."""
    bed = Bed()
    boots = bed.pump.boots
    for _ in range(5):
        handle = bed.pump.inject("firmware.hang", task=task)
        bed.pump.advance(seconds=WATCHDOG_S - 1)
        bed.pump.clear(handle)
        bed.pump.advance(seconds=5)

    assert (bed.pump.boots, listed_causes(bed.pump)) == (boots, [])


@shows("firmware.hang", "truth")
def test_hung_dosing_gives_nothing_and_nothing_is_caught_up() -> None:
    """A day with a hang in it lacks 94 seconds of dose: the watchdog's time and the self-test."""
    bed = Bed()
    bed.pump.advance(hours=3)
    bed.pump.inject("firmware.hang", task="dosing")
    before = bed.pump.truth().steps_commanded
    bed.pump.advance(seconds=WATCHDOG_S + POST_S)
    assert bed.pump.truth().steps_commanded == before
    bed.pump.advance(hours=20)

    assert bed.given_ng == pytest.approx(bed.meant_ng(bed.hours - (WATCHDOG_S + POST_S) / 3_600), abs=bed.step_ng)


@shows("firmware.hang", "misses")
def test_hung_alarms_raise_nothing_until_the_reset() -> None:
    """The low-reservoir level is passed while the alarms' task hangs: the alarm comes with the boot, not when it was due."""
    bed = Bed(volume_nl=2 * ML + RATE)
    bed.pump.advance(minutes=59, hours=0)
    bed.pump.inject("firmware.hang", task="alarms")
    bed.pump.advance(us=WATCHDOG_S * US_PER_S - 1)
    assert bed.pump.status().computed_reservoir_nl < 2 * ML  # type: ignore[operator]  # there is a fill
    assert listed_causes(bed.pump) == []
    bed.pump.advance(us=1)

    assert active_causes(bed.pump) == ["low_reservoir"]


@shows("firmware.hang", "misses")
def test_hung_telemetry_answers_nobody_and_doses_on() -> None:
    """A host is met with silence; the therapy is given but for the reset."""
    bed = Bed()
    bed.pump.inject("firmware.hang", task="telemetry")
    with pytest.raises(PowerOff, match="does not answer"):
        bed.pump.status()
    bed.pump.advance(hours=10)

    assert bed.given_ng == pytest.approx(bed.meant_ng(bed.hours - POST_S / 3_600), abs=bed.step_ng)


@shows("firmware.hang", "notices", "truth")
@pytest.mark.pump_requirement("SF-10")
@pytest.mark.parametrize("task", TASKS)
def test_hang_that_outlasts_the_reset_is_a_failure_three_minutes_later(task: str) -> None:
    """One reset, no more; 180 s after it to the microsecond the alarm, and the motor is off."""
    bed = Bed()
    boots = bed.pump.boots
    bed.pump.inject("firmware.hang", task=task, outlasts_reset=1)
    bed.pump.advance(us=(WATCHDOG_S + FAILURE_S) * US_PER_S - 1)
    raised = [record for record in bed.pump.events() if record.get("event") == "ALARM_RAISED"]
    assert raised == []
    bed.pump.advance(us=1)
    raised = [record for record in bed.pump.events() if record.get("event") == "ALARM_RAISED"]

    assert len(raised) == 1
    assert bed.pump.boots == boots + 1
    assert bed.live(days=1) == 0
    if task != "telemetry":
        assert active_causes(bed.pump) == ["watchdog_failure"]


@pytest.mark.pump_requirement("SF-15")
def test_alarm_and_stop_come_though_the_dosing_task_is_dead() -> None:
    """The safety task runs on its own: with dosing hung for good it still raises its alarm, stops the motor and says why."""
    bed = Bed()
    bed.pump.inject("firmware.hang", task="dosing", outlasts_reset=1)
    bed.pump.advance(seconds=WATCHDOG_S + FAILURE_S)
    status = bed.pump.status()

    assert (status.mode, status.stop_reason) == ("stopped", "failure")
    assert status.alarms[0].cause == "watchdog_failure"
    assert bed.pump.sound() is not None


# -- a dead watchdog ----------------------------------------------------------------------------------------------------------------


@shows("firmware.watchdog_dead", "notices", "truth")
@pytest.mark.pump_requirement("SF-11")
def test_dead_watchdog_is_found_by_the_next_self_test() -> None:
    """Delivery goes on as programmed up to the full hour; then its own alarm, and nothing more is given."""
    bed = Bed()
    bed.pump.advance(minutes=17)
    bed.pump.inject("firmware.watchdog_dead")
    at_us = next_test_us(bed.pump)
    bed.pump.advance_to(at_us - 1)
    assert active_causes(bed.pump) == []
    assert bed.given_ng == pytest.approx(bed.meant_ng(), abs=bed.step_ng)
    bed.pump.advance(us=1)

    assert active_causes(bed.pump) == ["watchdog_failure"]
    assert bed.live(days=1) == 0


@shows("firmware.watchdog_dead", "misses")
def test_nobody_sees_a_hung_task_while_the_watchdog_is_dead() -> None:
    """Half an hour of hung dosing, twenty times the watchdog's time: no reset, no alarm, no dose."""
    bed = Bed()
    bed.pump.advance_to(next_test_us(bed.pump))
    boots = bed.pump.boots
    bed.pump.inject("firmware.watchdog_dead")
    bed.pump.inject("firmware.hang", task="dosing")
    given_ng = bed.live(minutes=30)

    assert (bed.pump.boots, listed_causes(bed.pump), given_ng) == (boots, [], 0)


# -- self-tests that fail -----------------------------------------------------------------------------------------------------------


@shows("firmware.selftest_fail", "notices", "misses", "truth")
@pytest.mark.pump_requirement("SF-02", "SF-06", "SF-07")
@pytest.mark.parametrize("test", SELF_TESTS)
@pytest.mark.parametrize("minutes", [1, 34, 59])
def test_periodic_test_that_fails_stops_the_pump_at_the_full_hour(test: str, minutes: int) -> None:
    """Whenever the fault comes, all goes on until the hour; then the alarm of that test alone, stopped, logged, with its reason."""
    bed = Bed()
    bed.pump.advance(minutes=minutes)
    bed.pump.inject("firmware.selftest_fail", test=test)
    at_us = next_test_us(bed.pump)
    assert at_us - bed.pump.now_us <= US_PER_H
    bed.pump.advance_to(at_us - 1)
    assert listed_causes(bed.pump) == []
    assert bed.given_ng == pytest.approx(bed.meant_ng(), abs=bed.step_ng)
    bed.pump.advance(us=1)

    assert listed_causes(bed.pump) == [cause_of(test)]
    assert (bed.pump.status().mode, bed.pump.status().stop_reason) == ("stopped", "failure")
    assert [record["event"] for record in bed.pump.events()[-2:]] == ["ALARM_RAISED", "STOPPED"]
    assert bed.live(days=1) == 0


@shows("firmware.selftest_fail", "notices", "truth")
@pytest.mark.pump_requirement("SF-01", "SF-02", "SF-04")
@pytest.mark.parametrize("test", SELF_TESTS)
def test_power_on_test_that_fails_lets_no_step_go_out(test: str) -> None:
    """After a reset nothing moves before the tests are over; the one that fails has its own cause, and nothing moves after it."""
    bed = Bed()
    bed.pump.inject("firmware.selftest_fail", test=test)
    bed.pump.reset()
    steps = bed.pump.truth().steps_moved
    bed.pump.advance(seconds=POST_S)

    assert active_causes(bed.pump) == [cause_of(test)]
    bed.pump.advance(days=1)
    assert bed.pump.truth().steps_moved == steps
    with pytest.raises(Refused, match="MOTOR_OFF"):
        bed.pump.start()


@pytest.mark.pump_requirement("SF-04")
def test_first_test_that_fails_ends_the_round() -> None:
    """With three broken at once only the first of them in order is told; mended and serviced, the next comes to light."""
    bed = Bed()
    handles = [bed.pump.inject("firmware.selftest_fail", test=test) for test in ("tone", "rom", "adc")]
    bed.pump.reset()
    found = []
    for handle in (handles[1], handles[2], handles[0]):
        bed.pump.advance(seconds=POST_S)
        found += active_causes(bed.pump)
        bed.pump.clear(handle)
        bed.pump.service_reset()
    bed.pump.advance(seconds=POST_S)

    assert found == ["self_test_rom", "self_test_adc", "self_test_tone"]
    assert active_causes(bed.pump) == []
