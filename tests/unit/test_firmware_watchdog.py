"""The watchdog: a task that hangs, one that goes on hanging, and a watchdog that is dead."""

from __future__ import annotations

import pytest

from firmware_sim import Pump
from firmware_sim.errors import PowerOff, Refused
from tests.support.boots import FAST, SELF_TEST_US, commanded, fast_pump, wait_for_self_test
from tests.support.records import alarm_records, last_boot, raised_us_of
from tests.support.therapies import ML, US_PER_H, US_PER_S, active_causes, bolus_of, listed_causes, running, simple

TASKS = ("dosing", "alarms", "telemetry")
every_task = pytest.mark.parametrize("task", TASKS)
TIMEOUT_US = 90 * US_PER_S
FAILURE_US = 180 * US_PER_S


def hung(task: str, outlasts: int = 0) -> Pump:
    """A fast pump in which a task has just hung."""
    pump = fast_pump()
    pump.inject("firmware.hang", task=task, outlasts_reset=outlasts)
    return pump


# -- a task that hangs --------------------------------------------------------------------------------------------------------------


@pytest.mark.pump_requirement("SF-08", "SF-09")
@every_task
def test_hung_task_is_reset_after_ninety_seconds(task: str) -> None:
    """89 s nothing, and nothing a microsecond before 90 s; then a reset whose record names the watchdog; at 91 s the task is cured."""
    pump = hung(task)
    since_us = pump.now_us
    pump.advance(seconds=89)
    assert (pump.boots, len(pump.faults())) == (1, 1)
    pump.advance_to(since_us + TIMEOUT_US - 1)
    assert (pump.boots, len(pump.faults())) == (1, 1)
    pump.advance(us=1)
    assert (pump.boots, pump.faults()) == (2, ())
    pump.advance(seconds=1)

    assert (last_boot(pump).detail, last_boot(pump).value, active_causes(pump)) == (1, 2, [])
    assert pump.status().self_testing


@every_task
def test_therapy_goes_on_after_the_watchdog(task: str) -> None:
    """After the self-test the mode runs as before; what the hang and the test cost is not made up."""
    pump = hung(task)
    steps = pump.truth().steps_moved
    pump.advance(us=TIMEOUT_US)
    assert abs(pump.truth().steps_moved - steps - (0 if task == "dosing" else commanded(pump, TIMEOUT_US))) <= 1
    steps = pump.truth().steps_moved
    pump.advance(us=US_PER_H)

    assert (pump.status().mode, pump.status().rate_nl_per_h) == ("simple", 1_000_000)
    assert abs(pump.truth().steps_moved - steps - commanded(pump, US_PER_H - SELF_TEST_US)) <= 1
    assert listed_causes(pump) == []


def test_hung_dosing_ends_a_bolus() -> None:
    """What was given stands; the rest is lost, and the delivery record says so from the hang on."""
    pump = fast_pump()
    pump.stop()
    pump.start()
    pump.commit(simple(10_000, concentration=50_000))
    pump.bolus(bolus_of(60_000, 3_600, concentration=50_000))
    pump.advance(minutes=30)
    pump.inject("firmware.hang", task="dosing")
    given_nl = pump.status().bolus_nl
    pump.advance(hours=2)

    assert abs(given_nl - 30_000) <= 1
    assert (pump.status().bolus, pump.status().bolus_nl, pump.status().rate_nl_per_h) == (None, given_nl, 10_000)


def test_hung_telemetry_answers_nobody() -> None:
    """Neither status nor orders get an answer until the watchdog has acted."""
    pump = hung("telemetry")
    assert (pump.powered, pump.answers) == (True, False)
    for ask in (pump.status, pump.stop, pump.interrogated):
        with pytest.raises(PowerOff):
            ask()
    pump.advance(us=TIMEOUT_US)

    assert pump.answers
    assert pump.stop() == "stopped"


def test_hung_alarms_are_told_after_the_reset() -> None:
    """A reservoir that runs low while the alarms hang is told by the boot after it, not before."""
    pump = running(FAST, volume_nl=21 * ML // 10)
    pump.advance_to(pump.true_us_of(6 * 60 * US_PER_S - 50 * US_PER_S))
    pump.inject("firmware.hang", task="alarms")
    pump.advance(seconds=89)
    assert active_causes(pump) == []
    pump.advance(seconds=1)

    assert active_causes(pump) == ["low_reservoir"]
    assert raised_us_of(pump, "low_reservoir") == last_boot(pump).device_us


def test_alarm_that_hung_is_raised_when_the_task_runs_again() -> None:
    """Freed by itself, the task raises what was due at once, under the time at which it does, and an empty pump stops there."""
    pump = running(FAST, volume_nl=50_000)
    empty_us = 180 * US_PER_S
    pump.advance(seconds=170)
    handle = pump.inject("firmware.hang", task="alarms")
    pump.advance(seconds=60)
    assert "empty_reservoir" not in active_causes(pump)
    steps, freed_us = pump.truth().steps_commanded, pump.device_us
    pump.clear(handle)

    assert raised_us_of(pump, "empty_reservoir") == freed_us > empty_us
    assert (pump.status().mode, pump.truth().steps_commanded) == ("stopped", steps)
    assert pump.boots == 1


@pytest.mark.pump_requirement("SF-09")
@every_task
def test_task_that_answers_in_time_is_left_alone(task: str) -> None:
    """Eighty-nine seconds of silence again and again, with an answer between, bring no reset: each counts from its own beginning."""
    pump = fast_pump()
    for _ in range(10):
        handle = pump.inject("firmware.hang", task=task)
        pump.advance(seconds=89)
        pump.clear(handle)
        pump.advance(seconds=1)

    assert (pump.boots, active_causes(pump)) == (1, [])


@pytest.mark.pump_requirement("SF-08")
def test_each_task_has_a_watchdog_of_its_own() -> None:
    """One task silent for 80 s, another from its 60th second on: the reset comes 90 s after the second fell silent, not the first."""
    pump = hung("alarms")
    first, since_us = pump.faults()[0].handle, pump.now_us
    pump.advance(seconds=60)
    pump.inject("firmware.hang", task="dosing")
    pump.advance(seconds=20)
    pump.clear(first)
    pump.advance_to(since_us + 60 * US_PER_S + TIMEOUT_US - 1)
    assert pump.boots == 1
    pump.advance(us=1)

    assert (pump.boots, last_boot(pump).detail) == (2, 1)


def test_task_that_fell_silent_first_is_waited_for_no_longer_for_the_other() -> None:
    """A second task that hangs later does not put off the reset for the first."""
    pump = hung("alarms")
    since_us = pump.now_us
    pump.advance(seconds=60)
    pump.inject("firmware.hang", task="dosing")
    pump.advance_to(since_us + TIMEOUT_US - 1)
    assert pump.boots == 1
    pump.advance(us=1)

    assert (pump.boots, pump.faults()) == (2, ())


def test_dosing_that_answers_again_goes_on_without_making_up() -> None:
    """Eighty seconds of hung dosing are eighty seconds without a step, and after it the rate is what it was."""
    pump = hung("dosing")
    before = pump.truth().steps_moved
    pump.advance(seconds=80)
    assert pump.truth().steps_moved == before
    pump.clear(pump.faults()[0].handle)
    began_us = pump.device_us
    pump.advance(seconds=80)

    assert abs(pump.truth().steps_moved - before - commanded(pump, pump.device_us - began_us)) <= 1


def test_watchdog_counts_true_time() -> None:
    """Its oscillator is its own: a device clock that runs ten per cent slow or fast does not move the ninety seconds."""
    for drift_ppm in (-100_000, 100_000):
        pump = fast_pump()
        pump.inject("clock.drift", drift_ppm=drift_ppm)
        pump.inject("firmware.hang", task="alarms")
        pump.advance(us=TIMEOUT_US - 1)
        assert pump.boots == 1
        pump.advance(us=1)
        assert pump.boots == 2


@pytest.mark.parametrize("dark_us", [0, 600 * US_PER_S], ids=["reset", "power cut"])
@every_task
def test_plain_reset_cures_a_hang_too(task: str, dark_us: int) -> None:
    """What a reset cures, any reset cures; the watchdog's time begins anew with the firmware, so no second reset follows."""
    pump = hung(task)
    pump.advance(seconds=80)
    pump.power_cut(off_us=dark_us)
    pump.advance(us=dark_us + SELF_TEST_US)
    steps = pump.truth().steps_moved
    pump.advance(seconds=80)

    assert (pump.boots, pump.answers) == (2, True)
    assert pump.truth().steps_moved > steps + 80


@every_task
def test_hang_in_the_dark_counts_from_power_on(task: str) -> None:
    """A firmware that has not run yet cannot have been silent: a task that hangs from the start is reset ninety seconds after it."""
    pump = fast_pump()
    pump.power_cut(off_us=600 * US_PER_S)
    pump.inject("firmware.hang", task=task, outlasts_reset=1)
    pump.advance(us=600 * US_PER_S + TIMEOUT_US - 1)
    assert pump.boots == 2
    pump.advance(us=1)

    assert pump.boots == 3


# -- a task that goes on hanging ------------------------------------------------------------------------------------------------------


@pytest.mark.pump_requirement("SF-10")
@every_task
def test_task_that_hangs_on_is_a_failure_three_minutes_later(task: str) -> None:
    """90 s, a reset, 3 min to the microsecond: watchdog_failure, motor off; what was delivered until then is what the task allows."""
    pump = hung(task, outlasts=1)
    steps, since_us = pump.truth().steps_moved, pump.now_us
    pump.advance_to(since_us + TIMEOUT_US + FAILURE_US - 1)
    before = pump.truth().steps_moved
    working_us = 0 if task == "dosing" else TIMEOUT_US + FAILURE_US - SELF_TEST_US
    assert abs(before - steps - commanded(pump, working_us)) <= 2
    assert not any(record.get("event") == "ALARM_RAISED" for record in pump.events())
    pump.advance(us=1)
    failed_us = pump.device_us
    pump.advance(days=1)
    assert pump.truth().steps_moved == before

    assert pump.boots == 2
    pump.clear(pump.faults()[0].handle)
    assert alarm_records(pump, "watchdog_failure") == [("raised", failed_us)]
    assert (pump.status().mode, pump.status().stop_reason, active_causes(pump)) == ("stopped", "failure", ["watchdog_failure"])


def test_task_that_answers_within_the_three_minutes_is_no_failure() -> None:
    """Cured at 2 min 59 s after the reset, it counts as answered, and the pump has run on."""
    pump = hung("alarms", outlasts=1)
    pump.advance(us=TIMEOUT_US + FAILURE_US - US_PER_S)
    pump.clear(pump.faults()[0].handle)
    pump.advance(days=1)

    assert (pump.boots, listed_causes(pump), pump.status().mode) == (2, [], "simple")


def test_failure_stays_until_service() -> None:
    """START and COMMIT are refused, a reset changes nothing; after cure and service the pump runs."""
    pump = hung("dosing", outlasts=1)
    pump.advance(minutes=5)
    pump.clear(pump.faults()[0].handle)
    for act in (pump.start, lambda: pump.commit(simple(concentration=50_000))):
        with pytest.raises(Refused, match="MOTOR_OFF"):
            act()
    pump.reset()
    wait_for_self_test(pump)
    assert active_causes(pump) == ["watchdog_failure"]
    pump.service_reset()
    wait_for_self_test(pump)
    steps = pump.truth().steps_moved
    pump.start()
    pump.advance(seconds=10)

    assert active_causes(pump) == []
    assert pump.truth().steps_moved > steps


@pytest.mark.parametrize("task", ["dosing", "alarms"])
def test_service_does_not_cure_a_hang_that_stays(task: str) -> None:
    """The alarm is forgotten and the task still hangs: within four and a half minutes and the self-test the alarm is back."""
    pump = hung(task, outlasts=1)
    pump.advance(minutes=5)
    pump.service_reset()
    assert active_causes(pump) == []
    pump.advance(us=TIMEOUT_US + FAILURE_US + SELF_TEST_US)

    assert active_causes(pump) == ["watchdog_failure"]


@pytest.mark.pump_requirement("SF-15")
def test_safety_goes_on_though_another_task_hangs() -> None:
    """With dosing and alarms hung and the watchdog dead, the limiter still cuts a stuck driver, and the hour's test still tells."""
    pump = fast_pump()
    pump.inject("firmware.watchdog_dead")
    for task in ("dosing", "alarms"):
        pump.inject("firmware.hang", task=task, outlasts_reset=1)
    steps = pump.truth().steps_moved
    pump.inject("motor.stuck_driver", pulses_per_h=600)
    pump.advance(minutes=1)
    assert active_causes(pump) == ["rate_limiter"]
    assert pump.truth().steps_moved == steps + 8
    pump.advance(hours=1)

    assert active_causes(pump) == ["rate_limiter", "watchdog_failure"]
    assert pump.truth().steps_moved == steps + 8


# -- a dead watchdog ------------------------------------------------------------------------------------------------------------------


@pytest.mark.pump_requirement("SF-11")
def test_dead_watchdog_is_found_by_the_next_self_test() -> None:
    """Delivered as programmed until the next full hour; there its own alarm comes and the motor is off."""
    pump = running(simple(40_000))
    pump.advance(minutes=20)
    pump.inject("firmware.watchdog_dead")
    pump.advance_to(pump.true_us_of(US_PER_H) - 1)
    assert (active_causes(pump), pump.status().rate_nl_per_h) == ([], 40_000)
    pump.advance(us=1)

    assert alarm_records(pump, "watchdog_failure") == [("raised", US_PER_H)]
    assert (pump.status().mode, pump.status().stop_reason) == ("stopped", "failure")
    steps = pump.truth().steps_moved
    assert steps == 40_000 * US_PER_H // (900_000 * pump.calibration_ppm)
    pump.advance(days=1)
    assert pump.truth().steps_moved == steps


@every_task
def test_dead_watchdog_lets_a_task_hang_until_the_self_test(task: str) -> None:
    """No reset at 90 s; the self-test at the hour turns the motor off. A hung dosing task has given nothing, the others let it run."""
    pump = fast_pump()
    pump.inject("firmware.watchdog_dead")
    handle = pump.inject("firmware.hang", task=task)
    steps, since_us = pump.truth().steps_moved, pump.device_us
    pump.advance_to(pump.true_us_of(US_PER_H))
    given = pump.truth().steps_moved - steps
    pump.advance(days=1)

    assert pump.boots == 1
    assert abs(given - (0 if task == "dosing" else commanded(pump, US_PER_H - since_us))) <= 1
    assert pump.truth().steps_moved == steps + given
    pump.clear(handle)
    assert active_causes(pump) == ["watchdog_failure"]
    assert raised_us_of(pump, "watchdog_failure") == US_PER_H
