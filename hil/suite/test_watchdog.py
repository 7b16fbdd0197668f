"""The watchdog: each task's own, its time, what it cannot cure, and its own test."""

from __future__ import annotations

from typing import Any

import pytest

from firmware_sim.units import US_PER_DAY, US_PER_H, US_PER_S
from hil.pytest_plugin.measure import Measure
from hil.suite.given import Given
from hil.suite.therapies import SALINE, basal_nl
from protocol.codes import AlarmCause, EventKind, Mode, ResetCause

FAST = 500_000
TASKS = ("dosing", "alarms", "telemetry")
FAILURE = AlarmCause.WATCHDOG_FAILURE

needs = pytest.mark.pump_needs
every_task = pytest.mark.parametrize("task", TASKS)


def fast(given: Given) -> None:
    """A pump with a step in some seconds, some seconds after a full hour of its counter, and nobody talking to it."""
    given.running(given.prescribe.simple(FAST, SALINE))
    given.bench.advance(minutes=60, seconds=17)
    given.leave()


@pytest.mark.pump_requirement("SF-08")
@needs("bench.needle", "bench.time", "bench.inject")
@every_task
def test_each_task_has_its_watchdog(given: Given, measure: Measure, task: str) -> None:
    """Whichever task hangs: one reset, whose record tells the watchdog, and the therapy goes on without an alarm, nothing caught up."""
    fast(given)
    boots, timeout_s = given.clock.boots, given.profile.watchdog.timeout_s
    given.suffers("firmware.hang", task=task)
    given.bench.advance(seconds=timeout_s)
    assert given.clock.boots == boots + 1, f"a hung {task} task is not reset"
    assert given.wire.log(EventKind.BOOT)[-1].detail == ResetCause.WATCHDOG
    given.bench.run_until("ready", limit_s=70)
    ready_us, before = given.clock.device_us, given.wire.counters().basal_nl
    given.bench.advance(hours=2)

    condition = given.wire.condition()
    assert (condition.mode, condition.rate_nl_per_h) == (Mode.SIMPLE, FAST)
    exact_nl = basal_nl(FAST, given.clock.device_us - ready_us)
    measure("commanded in the two hours after", given.wire.counters().basal_nl - before, unit="nL", low=exact_nl - 1, high=exact_nl + 1)
    given.alarms_none()


@pytest.mark.pump_requirement("SF-09")
@needs("bench.needle", "bench.time", "bench.inject")
@every_task
@pytest.mark.parametrize("late_us", [-1, 0], ids=["in time", "late"])
def test_watchdog_waits_its_time_to_the_microsecond(given: Given, measure: Measure, task: str, late_us: int) -> None:
    """A task that answers again a microsecond before its time, five times in a row, is left alone; at its time it has been reset."""
    fast(given)
    boots, timeout_s = given.clock.boots, given.profile.watchdog.timeout_s
    measure("watchdog time", timeout_s, unit="s", low=90, high=90)
    for _ in range(5 if late_us else 1):
        handle = given.suffers("firmware.hang", task=task)
        given.bench.advance(us=timeout_s * US_PER_S + late_us)
        if late_us:
            given.bench.clear(handle)
            given.bench.advance(seconds=30)
    given.bench.advance(hours=1)

    assert given.clock.boots - boots == (0 if late_us else 1)
    assert FAILURE not in given.wire.listed()


@pytest.mark.pump_requirement("SF-10")
@needs("bench.needle", "bench.time", "bench.inject", "bench.truth")
@every_task
def test_no_response_for_three_minutes_more_is_a_watchdog_failure(given: Given, measure: Measure, task: str) -> None:
    """What the reset does not cure is told three minutes after it, not a microsecond before, and the motor is off."""
    fast(given)
    watchdog, begun_us = given.profile.watchdog, given.bench.now_us()
    measure("time to the watchdog's alarm after the reset", watchdog.failure_s / 60, unit="min", high=3)
    handle = given.suffers("firmware.hang", task=task, outlasts_reset=1)
    given.bench.advance(us=(watchdog.timeout_s + watchdog.failure_s) * US_PER_S - 1)
    assert not failures(given)
    given.bench.advance(us=1)
    assert failures(given), f"a {task} task that never answers again raises no alarm"
    before = given.steps_moved
    assert before > 0, "it has never moved"
    given.bench.advance(days=1)
    measure("steps in the day after", given.steps_moved - before, unit="", high=0)
    given.bench.clear(handle)
    given.bench.advance(minutes=10)

    assert FAILURE in given.wire.active()
    assert given.bench.now_us() > begun_us


def failures(given: Given) -> list[dict[str, Any]]:
    """Raises of the watchdog's failure in the trace: a pump whose telemetry hangs says nothing itself."""
    return [event for event in given.bench.events() if event.get("event") == "ALARM_RAISED" and event.get("detail") == FAILURE]


@pytest.mark.pump_requirement("SF-11")
@needs("bench.needle", "bench.time", "bench.inject", "bench.truth")
@pytest.mark.parametrize("when", ["within the hour", pytest.param("at power-on", marks=needs("bench.power"))])
def test_dead_watchdog_has_an_alarm_of_its_own(given: Given, measure: Measure, when: str) -> None:
    """The periodic test finds it, and so does the one at power-on: the cause, and the motor off."""
    fast(given)
    given.suffers("firmware.watchdog_dead")
    if when == "at power-on":
        given.bench.reset()
        limit_s = 70
    else:
        limit_s = given.profile.self_test.period_s
    assert given.bench.run_until("alarm:watchdog_failure", limit_s=limit_s), "a dead watchdog raises no alarm"
    before = given.steps_moved
    assert before > 0, "it has never moved"
    given.bench.advance(hours=5)

    assert given.wire.active() == {FAILURE}
    assert given.wire.status().mode == Mode.STOPPED
    measure("steps after it was found", given.steps_moved - before, unit="", high=0)


@pytest.mark.pump_requirement("SF-15")
@needs("bench.needle", "bench.time", "bench.inject", "bench.truth")
def test_hung_dosing_task_leaves_the_safety_task_at_work(given: Given, measure: Measure) -> None:
    """With the dosing task hung, and nobody to reset it, the hourly test still finds the dead watchdog, alarms and stops the motor."""
    fast(given)
    given.suffers("firmware.watchdog_dead")
    given.suffers("firmware.hang", task="dosing")
    before = given.steps_moved
    assert before > 0, "it has never moved"
    assert given.bench.run_until("alarm:watchdog_failure", limit_s=given.profile.self_test.period_s), "the safety task is silent"

    assert given.wire.status().mode == Mode.STOPPED
    given.bench.advance(days=1)
    measure("steps since the dosing task hung", given.steps_moved - before, unit="", high=0)


@pytest.mark.pump_requirement("SF-16")
@needs("bench.needle", "bench.time", "bench.inject", "bench.truth")
def test_stuck_oscillator_is_caught_by_the_watchdog(given: Given, measure: Measure) -> None:
    """The watchdog's own oscillator runs: a reset after its true time, then the alarm of the clock's test, and the motor is off."""
    fast(given)
    boots, timeout_us = given.clock.boots, given.profile.watchdog.timeout_s * US_PER_S
    given.suffers("clock.stuck")
    given.bench.advance(us=timeout_us - 1)
    assert given.clock.boots == boots
    given.bench.advance(us=1)
    assert given.clock.boots == boots + 1, "a stuck oscillator is not caught"
    given.bench.advance(minutes=1)
    before = given.steps_moved
    assert before > 0, "it has never moved"
    given.bench.advance(hours=5)

    assert given.wire.active() == {AlarmCause.SELF_TEST_RTC}
    measure("steps after it was caught", given.steps_moved - before, unit="", high=0)


UNNOTICED: dict[str, tuple[str, dict[str, int]]] = {
    "fast": ("clock.drift", {"drift_ppm": 400}),
    "slow": ("clock.drift", {"drift_ppm": -400}),
    "jump": ("clock.jump", {"jump_us": -5 * US_PER_H}),
}


@pytest.mark.pump_requirement("SF-16")
@needs("bench.needle", "bench.time", "bench.inject", "bench.truth")
@pytest.mark.parametrize("how", UNNOTICED)
def test_drift_and_jump_are_not_noticed(given: Given, measure: Measure, how: str) -> None:
    """For twenty days nothing is raised, reset or logged; truth tells by how much the clock is wrong."""
    fault, parameters = UNNOTICED[how]
    given.running(given.prescribe.flex((5_000, 25_000, 15_000)))
    given.bench.advance(hours=1)
    boots, newest = given.clock.boots, given.wire.counters().log_newest
    off_us = given.bench.truth()["clock_error_us"]
    given.leave()
    given.suffers(fault, **parameters)
    given.bench.advance(days=20)

    assert given.clock.boots == boots
    given.alarms_none()
    assert given.wire.counters().log_newest == newest
    drift_ppm = given.profile.clock.drift_ppm + parameters.get("drift_ppm", 0)
    due_us = parameters.get("jump_us", 0) + 20 * US_PER_DAY * drift_ppm // 1_000_000
    wrong_s = (given.bench.truth()["clock_error_us"] - off_us) / US_PER_S
    measure("clock is wrong by", round(wrong_s, 3), unit="s", low=due_us / US_PER_S - 0.1, high=due_us / US_PER_S + 0.1)
