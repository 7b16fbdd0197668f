"""Section SF, self-test, watchdog, diagnostics, each row by its observable."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from firmware_sim import Pump
from firmware_sim.errors import Busy, Refused
from firmware_sim.firmware.alarms import ALARMS, number_of
from firmware_sim.firmware.journal import Entry, EventKind
from tests.support.therapies import (
    ML,
    US_PER_H,
    US_PER_S,
    active_causes,
    bolus_of,
    flex,
    listed_causes,
    running,
    simple,
)

SALINE = 0
FAST = simple(1_000_000, concentration=SALINE)
"""A step in less than a second: no stretch of time is free of steps by chance."""
TESTS = {
    "cpu": "self_test_cpu",
    "rom": "self_test_rom",
    "ram": "self_test_ram",
    "adc": "self_test_adc",
    "watchdog": "watchdog_failure",
    "rtc": "self_test_rtc",
    "tone": "self_test_tone",
}
"""Each test, and the cause of its failure."""
TASKS = ("dosing", "alarms", "telemetry")
WATCHDOG_US, FAILURE_US = 90 * US_PER_S, 180 * US_PER_S
every_test = pytest.mark.parametrize("test", TESTS)
every_task = pytest.mark.parametrize("task", TASKS)


def fast() -> Pump:
    """A pump at the highest rate, an hour after its start and some seconds after a full hour."""
    pump = running(FAST, volume_nl=40 * ML)
    pump.advance(minutes=60, seconds=17)
    return pump


def records(pump: Pump, kind: EventKind) -> list[Entry]:
    """The records of one kind in the event log."""
    return [record for record in pump.read_log(0, 5_000)[2] if record.kind == kind]


def raised(pump: Pump, cause: str) -> bool:
    """Whether the trace tells of the alarm: a pump whose telemetry hangs says nothing itself."""
    return any(record.get("event") == "ALARM_RAISED" and record.get("detail") == number_of(cause) for record in pump.events())


def reset(pump: Pump) -> None:
    """A plain reset."""
    pump.reset()


def dark(pump: Pump) -> None:
    """An hour without power."""
    pump.power_cut(off_us=US_PER_H)
    pump.advance(hours=1)


def brown_out(pump: Pump) -> None:
    """A supply dip that resets."""
    pump.inject("battery.dip", supply_mv=1_500, seconds=2)
    pump.advance(seconds=2)


def watchdog(pump: Pump) -> None:
    """A hung task, reset by the watchdog."""
    pump.inject("firmware.hang", task="telemetry")
    pump.advance(us=WATCHDOG_US)


every_boot = pytest.mark.parametrize("boot", [reset, dark, brown_out, watchdog])


@pytest.mark.pump_requirement("SF-01")
@every_boot
def test_no_step_before_the_power_on_test_has_passed(boot: Callable[[Pump], None]) -> None:
    """After each kind of start the rotor stands still until the test is over, and turns after it."""
    pump = fast()
    boots = pump.boots
    boot(pump)
    assert (pump.boots, pump.status().self_testing) == (boots + 1, True)
    moved = pump.truth().steps_moved
    while pump.status().self_testing:
        assert pump.truth().steps_moved == moved
        pump.advance(us=100_000)
    pump.advance(hours=3)

    assert pump.truth().steps_moved > moved
    assert not {row.cause for row in ALARMS if row.latched} & set(active_causes(pump)) - {"low_battery_reset"}


@pytest.mark.pump_requirement("SF-02", "SF-04")
@every_test
def test_each_power_on_test_can_fail_and_keeps_the_motor_off(test: str) -> None:
    """Its own alarm, nothing moves, doses and START are refused, and the log has it."""
    pump = fast()
    pump.inject("firmware.selftest_fail", test=test)
    pump.reset()
    moved = pump.truth().steps_moved
    pump.advance(minutes=5)

    assert [alarm.cause for alarm in pump.status().alarms if alarm.critical] == [TESTS[test]]
    for order in (pump.start, lambda: pump.bolus(bolus_of(1_000, 60, concentration=SALINE))):
        with pytest.raises(Refused, match="MOTOR_OFF"):
            order()
    pump.advance(days=1)
    assert pump.truth().steps_moved == moved
    assert number_of(TESTS[test]) in [record.detail for record in records(pump, EventKind.ALARM_RAISED)]


@pytest.mark.pump_requirement("SF-04")
def test_seven_failures_have_seven_codes() -> None:
    """No two tests share a cause."""
    assert len({number_of(cause) for cause in TESTS.values()}) == 7


@pytest.mark.pump_requirement("SF-04")
def test_first_failure_ends_the_power_on_test() -> None:
    """Of two that would fail only the first is found: the rest is not run."""
    pump = fast()
    for test in ("tone", "rom"):
        pump.inject("firmware.selftest_fail", test=test)
    pump.reset()
    pump.advance(minutes=5)

    assert active_causes(pump) == ["self_test_rom"]


@pytest.mark.pump_requirement("SF-03", "BO-17")
@pytest.mark.parametrize("profile", ["itp-20", "itp-40", "itp-40-next", "legacy-18"])
def test_power_on_test_is_short_and_no_bolus_begins_in_it(profile: str) -> None:
    """From the reset to the time that a Busy pump names are no seventy seconds; until then no bolus is taken, from then on one is."""
    pump = running(simple(10_000), volume_nl=15 * ML, profile=profile)
    pump.advance(hours=1)
    pump.reset()
    began_us = pump.device_us
    with pytest.raises(Busy) as busy:
        pump.bolus(bolus_of(1_000, 60))
    pump.advance_to(pump.true_us_of(busy.value.until_us) - 1)
    with pytest.raises(Busy):
        pump.bolus(bolus_of(1_000, 60))
    pump.advance(us=1)

    assert 0 < busy.value.until_us - began_us <= 70 * US_PER_S
    assert pump.bolus(bolus_of(1_000, 60)).duration_s == 60


@pytest.mark.pump_requirement("SF-05")
@pytest.mark.parametrize("what", ["ram flip", "ram", "rom"])
def test_memory_fault_is_caught_within_one_period(what: str, seed: int) -> None:
    """A bit of the running therapy, or a failing RAM or ROM test, at any time: found by the next full hour."""
    draw = random.Random(f"{seed} {what}")
    for _ in range(12):
        pump = running(flex())
        pump.advance(seconds=draw.randrange(3 * 3_600))
        if what == "ram flip":
            pump.inject("memory.bit_flip", region="ram", offset=draw.randrange(30), bit=draw.randrange(8))
        else:
            pump.inject("firmware.selftest_fail", test=what)
        since_us = pump.device_us
        pump.advance(hours=1)

        assert active_causes(pump) == ["memory_error" if what == "ram flip" else TESTS[what]]
        assert 0 <= pump.status().alarms[0].raised_us - since_us <= US_PER_H


@pytest.mark.pump_requirement("SF-06")
def test_processor_is_tested_every_sixty_minutes() -> None:
    """Failing from any minute on, it is found at the next instant of one hourly grid."""
    found = {}
    for minute in range(1, 240, 17):
        pump = running(simple(10_000))
        pump.advance(minutes=minute)
        pump.inject("firmware.selftest_fail", test="cpu")
        since_us = pump.device_us
        pump.advance(hours=1)
        found[since_us] = pump.status().alarms[0].raised_us

    assert len({raised_us % US_PER_H for raised_us in found.values()}) == 1
    assert all(0 <= raised_us - since_us <= US_PER_H for since_us, raised_us in found.items())


@pytest.mark.pump_requirement("SF-07", "SF-13")
@every_test
def test_failed_periodic_test_stops_and_says_why(test: str) -> None:
    """A critical alarm of its own cause, the motor off from that instant, a record, and the reason in what the pump tells."""
    pump = fast()
    pump.inject("firmware.selftest_fail", test=test)
    pump.advance(hours=1)
    status, moved = pump.status(), pump.truth().steps_moved
    pump.advance(hours=5)

    assert [(alarm.cause, alarm.critical, alarm.active) for alarm in status.alarms if alarm.cause == TESTS[test]] == [
        (TESTS[test], True, True)
    ]
    assert (status.mode, status.stop_reason) == ("stopped", "failure")
    assert pump.truth().steps_moved == moved
    raised_us = status.alarms[-1].raised_us
    assert (number_of(TESTS[test]), raised_us) in [(record.detail, record.device_us) for record in records(pump, EventKind.ALARM_RAISED)]


@pytest.mark.pump_requirement("SF-08")
@every_task
def test_each_task_has_its_watchdog(task: str) -> None:
    """Whichever task hangs: a reset ninety seconds later, whose record tells the watchdog, and the therapy goes on."""
    pump = fast()
    boots, since_us = pump.boots, pump.now_us
    pump.inject("firmware.hang", task=task)
    pump.advance_to(since_us + WATCHDOG_US)

    assert pump.boots == boots + 1
    assert records(pump, EventKind.BOOT)[-1].detail == 1
    pump.advance(minutes=1)
    assert (pump.status().mode, pump.status().rate_nl_per_h) == ("simple", 1_000_000)


@pytest.mark.pump_requirement("SF-09")
@every_task
def test_watchdog_waits_ninety_seconds(task: str) -> None:
    """A task that answers again after 89 s is left alone; one that is silent for 91 s has been reset."""
    for seconds, resets in ((89, 0), (91, 1)):
        pump = fast()
        boots = pump.boots
        handle = pump.inject("firmware.hang", task=task)
        pump.advance(seconds=seconds)
        if not resets:
            pump.clear(handle)
        pump.advance(hours=1)

        assert pump.boots - boots == resets
        assert "watchdog_failure" not in listed_causes(pump)


@pytest.mark.pump_requirement("SF-10")
@every_task
def test_no_response_for_three_minutes_more_is_a_watchdog_failure(task: str) -> None:
    """What the reset does not cure is told three minutes after it, not a microsecond before, and the motor is off."""
    pump = fast()
    since_us = pump.now_us
    pump.inject("firmware.hang", task=task, outlasts_reset=1)
    pump.advance_to(since_us + WATCHDOG_US + FAILURE_US - 1)
    assert not raised(pump, "watchdog_failure")
    pump.advance(us=1)
    assert raised(pump, "watchdog_failure")

    moved = pump.truth().steps_moved
    pump.advance(days=1)
    assert pump.truth().steps_moved == moved


@pytest.mark.pump_requirement("SF-11")
def test_dead_watchdog_has_an_alarm_of_its_own() -> None:
    """The periodic test finds it within the hour, and so does the test at power-on."""
    running_on, reset_at_once = fast(), fast()
    for pump in (running_on, reset_at_once):
        pump.inject("firmware.watchdog_dead")
    running_on.advance(hours=1)
    reset_at_once.reset()
    reset_at_once.advance(minutes=1)

    assert active_causes(running_on) == active_causes(reset_at_once) == ["watchdog_failure"]
    assert running_on.status().stop_reason == reset_at_once.status().stop_reason == "failure"


@pytest.mark.pump_requirement("SF-12")
@pytest.mark.parametrize("bank", ["bank_a", "bank_b"])
def test_one_bad_bank_is_masked_told_and_logged(bank: str) -> None:
    """Delivery is that of a twin without it; the alarm is non-critical; the log has it."""
    pump, twin = running(flex()), running(flex())
    pump.inject("memory.bank_bad", bank=bank)
    for each in (pump, twin):
        each.advance(days=3)

    assert pump.truth().balance == twin.truth().balance
    assert [(alarm.cause, alarm.critical) for alarm in pump.status().alarms] == [("memory_error", False)]
    assert [record.detail for record in records(pump, EventKind.ALARM_RAISED)] == [number_of("memory_error")]


@pytest.mark.pump_requirement("SF-15")
def test_hung_dosing_task_leaves_the_safety_task_at_work() -> None:
    """With the dosing task hung, and nobody to reset it, the hourly test still finds the dead watchdog, alarms and stops the motor."""
    pump = fast()
    pump.inject("firmware.watchdog_dead")
    pump.inject("firmware.hang", task="dosing")
    pump.advance(hours=1)
    moved = pump.truth().steps_moved

    assert "watchdog_failure" in active_causes(pump)
    assert (pump.status().mode, pump.status().stop_reason) == ("stopped", "failure")
    pump.advance(days=1)
    assert pump.truth().steps_moved == moved


@pytest.mark.pump_requirement("SF-16")
def test_stuck_oscillator_is_caught_by_the_watchdog() -> None:
    """Its own oscillator runs: a reset after ninety seconds of true time, then the alarm of the clock's test, and the motor is off."""
    pump = fast()
    boots, since_us = pump.boots, pump.now_us
    pump.inject("clock.stuck")
    pump.advance_to(since_us + WATCHDOG_US - 1)
    assert pump.boots == boots
    pump.advance(us=1)
    assert pump.boots == boots + 1
    pump.advance(minutes=1)

    assert active_causes(pump) == ["self_test_rtc"]
    assert pump.status().stop_reason == "failure"


@pytest.mark.pump_requirement("SF-16")
@pytest.mark.parametrize(
    ("fault", "parameters"),
    [("clock.drift", {"drift_ppm": 500}), ("clock.drift", {"drift_ppm": -500}), ("clock.jump", {"jump_us": -5 * US_PER_H})],
    ids=["fast", "slow", "jump"],
)
def test_drift_and_jump_are_not_noticed(fault: str, parameters: dict[str, int]) -> None:
    """For thirty days nothing is raised, reset or logged."""
    pump = running(flex())
    pump.advance(hours=1)
    before = pump.boots, len(pump.read_log(0, 1_000)[2])
    pump.inject(fault, **parameters)
    pump.advance(days=30)

    assert (pump.boots, len(pump.read_log(0, 1_000)[2]), listed_causes(pump)) == (*before, [])


@pytest.mark.pump_requirement("SF-17", "SF-13")
def test_stuck_converter_is_found() -> None:
    """A converter that always reads the same good voltage is found by its test: alarm, motor off, record."""
    pump = fast()
    pump.inject("battery.adc_stuck", reading_mv=3_000)
    pump.advance(hours=1)

    assert active_causes(pump) == ["self_test_adc"]
    assert pump.status().stop_reason == "failure"
    assert [record.detail for record in records(pump, EventKind.ALARM_RAISED)] == [number_of("self_test_adc")]
