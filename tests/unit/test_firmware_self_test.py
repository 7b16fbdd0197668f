"""Self-tests: at power-on before anything moves, and every hour of device time after it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest

from firmware_sim import Pump
from firmware_sim.errors import Busy, Refused
from firmware_sim.firmware.alarms import number_of
from firmware_sim.firmware.journal import EventKind
from firmware_sim.firmware.prescription import PatientRule
from firmware_sim.profile import load_profile, profile_names
from tests.support.boots import CAUSE_OF, SELF_TEST_US, STARTS, TESTS, cut, dip, fast_pump, restarted, wait_for_self_test
from tests.support.records import alarm_records, last_boot, raised_us_of, records
from tests.support.therapies import (
    ML,
    US_PER_H,
    US_PER_S,
    active_causes,
    bolus_of,
    refill_of,
    running,
    simple,
)

every_test = pytest.mark.parametrize("test", TESTS)


every_start = pytest.mark.parametrize("start", STARTS.values(), ids=STARTS.keys())


def failing(test: str) -> Pump:
    """A pump in which one test fails, at its next."""
    pump = fast_pump()
    pump.inject("firmware.selftest_fail", test=test)
    return pump


# -- at power-on ------------------------------------------------------------------------------------------------------------------


@pytest.mark.pump_requirement("SF-01")
@every_start
def test_nothing_moves_before_the_self_test_has_passed(start: Callable[[Pump], object]) -> None:
    """However the firmware was started: no step and no rate for the time of the test, and the mode's rate at its very end."""
    pump = fast_pump()
    start(pump)
    steps, boot_us = pump.truth().steps_moved, last_boot(pump).device_us
    while pump.device_us < boot_us + SELF_TEST_US - US_PER_S // 4:
        assert (pump.status().self_testing, pump.status().rate_nl_per_h, pump.truth().steps_moved) == (True, 0, steps)
        pump.advance(us=US_PER_S // 4)
    end_us = pump.true_us_of(boot_us + SELF_TEST_US)
    pump.advance_to(end_us - 1)
    assert (pump.status().self_testing, pump.truth().steps_moved) == (True, steps)

    pump.advance_to(end_us)
    assert not pump.status().self_testing
    assert pump.status().rate_nl_per_h == (250 if start is dip else 1_000_000)
    pump.advance(hours=2)
    assert pump.truth().steps_moved > steps


@pytest.mark.pump_requirement("SF-03")
@pytest.mark.parametrize("name", [name for name in profile_names() if load_profile(name).behaviour.telemetry])
def test_self_test_takes_less_than_seventy_seconds(name: str) -> None:
    """On every profile START is taken within 70 s of a reset, and within the time the profile tells."""
    pump = running(volume_nl=10 * ML, profile=name)
    pump.stop()
    pump.reset()
    pump.advance(us=pump.profile.self_test.post_ms * 1_000)

    assert pump.start() == "simple"
    assert pump.now_us <= 70 * US_PER_S


def test_new_pump_was_tested_in_the_factory() -> None:
    """The first start of all is the factory's: a new pump takes orders at once."""
    pump = Pump()

    assert not pump.status().self_testing
    assert pump.refill(refill_of()) == (0, 20 * ML)


RULE = PatientRule(1_000, 500, 600, 300, 24, 9 * ML)
ORDERS: dict[str, Callable[[Pump], object]] = {
    "commit": lambda pump: pump.commit(simple(12_000)),
    "start": Pump.start,
    "bolus": lambda pump: pump.bolus(bolus_of(1_000, 60)),
    "patient bolus": Pump.patient_bolus,
    "prime": lambda pump: pump.prime(1_000),
    "bridge": lambda pump: pump.bridge(1_000, 10_000),
    "refill": lambda pump: pump.refill(refill_of()),
    "set clock": lambda pump: pump.set_clock(0),
    "update": Pump.begin_update,
}


@pytest.mark.pump_requirement("SF-01", "BO-17")
@pytest.mark.parametrize("stopped", [False, True], ids=["running", "stopped"])
@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS.keys())
def test_orders_that_move_or_count_are_busy_until_then(order: Callable[[Pump], object], stopped: bool) -> None:
    """Each is Busy with the end of the test, to the microsecond before it, and changes nothing."""
    pump = running(simple()._replace(patient=(RULE,)))
    pump.advance(hours=1)
    if stopped:
        pump.stop()
    pump.reset()
    boot_us, before = last_boot(pump).device_us, pump.digest("therapy")
    for at_us in (pump.now_us, pump.true_us_of(boot_us + SELF_TEST_US) - 1):
        pump.advance_to(at_us)
        with pytest.raises(Busy) as busy:
            order(pump)
        assert busy.value.until_us == boot_us + SELF_TEST_US
        assert pump.digest("therapy") == before

    pump.advance(us=1)
    with suppress(Refused):  # a dose that the mode does not allow is now told so
        order(pump)


def test_doses_go_again_after_it() -> None:
    """What was busy is granted once the test is over: bolus and patient bolus running, prime stopped."""
    pump = running(simple()._replace(patient=(RULE,)))
    pump.advance(hours=1)
    restarted(pump)
    assert pump.bolus(bolus_of(1_000, 60)).duration_s == 60
    pump.advance(seconds=60)
    assert pump.patient_bolus().duration_s == 600
    pump.stop()

    assert pump.prime(1_000).duration_s == 4


def test_stop_and_what_concerns_alarms_is_taken_during_it() -> None:
    """STOP, silence, acknowledge, the alarm test and reading are not held back; a pump stopped there stays stopped."""
    pump = running()
    pump.refill(refill_of(2 * ML))
    pump.reset()
    assert pump.status().self_testing
    pump.silence("low_reservoir")
    pump.acknowledge("low_reservoir")
    pump.alarm_test()
    pump.interrogated()
    assert pump.stop() == "stopped"
    wait_for_self_test(pump)
    pump.advance(hours=1)

    assert (pump.status().mode, pump.status().rate_nl_per_h, pump.status().steps) == ("stopped", 0, 0)


def test_four_seconds_are_not_made_up() -> None:
    """A pump that was reset gives what its twin gives, less exactly what the test's time would have brought."""
    pump, twin = fast_pump(), fast_pump()
    pump.reset()
    for each in (pump, twin):
        each.advance(hours=1)

    missing_nl = twin.status().basal_nl - pump.status().basal_nl
    assert abs(missing_nl * US_PER_H - 1_000_000 * SELF_TEST_US) <= US_PER_H


def test_power_lost_in_the_self_test_begins_it_anew() -> None:
    """Three seconds, a cut, and three seconds more are no whole test."""
    pump = fast_pump()
    steps = pump.truth().steps_moved
    pump.reset()
    pump.advance(seconds=3)
    pump.reset()
    pump.advance(seconds=3)
    assert (pump.status().self_testing, pump.truth().steps_moved) == (True, steps)

    pump.advance(seconds=1)
    assert not pump.status().self_testing


@pytest.mark.pump_requirement("SF-02", "SF-04")
@every_test
def test_each_test_can_fail_at_power_on(test: str) -> None:
    """Its own alarm at the test's end and no other, critical, logged; nothing has moved since the start and nothing will."""
    pump = failing(test)
    pump.reset()
    steps, boot_us = pump.truth().steps_moved, last_boot(pump).device_us
    pump.advance_to(pump.true_us_of(boot_us + SELF_TEST_US) - 1)
    assert active_causes(pump) == []
    pump.advance(us=1)

    cause = CAUSE_OF[test]
    assert active_causes(pump) == [cause]
    assert (raised_us_of(pump, cause), pump.status().alarms[0].critical) == (boot_us + SELF_TEST_US, True)
    assert alarm_records(pump, cause) == [("raised", boot_us + SELF_TEST_US)]
    assert (pump.status().mode, pump.status().stop_reason, pump.status().rate_nl_per_h) == ("stopped", "failure", 0)
    pump.advance(days=10)
    assert pump.truth().steps_moved == steps


@pytest.mark.pump_requirement("SF-02", "SF-04")
def test_seven_tests_have_seven_codes() -> None:
    """Each failure has a number of its own."""
    assert len({number_of(cause) for cause in CAUSE_OF.values()}) == len(TESTS) == 7


@pytest.mark.pump_requirement("SF-04")
@every_test
def test_failure_refuses_whatever_would_move(test: str) -> None:
    """COMMIT, START and every dose are refused MOTOR_OFF; STOP and a refill are taken and change nothing about that."""
    pump = failing(test)
    restarted(pump)
    for name in ("commit", "start", "bolus", "patient bolus", "prime", "bridge"):
        with pytest.raises(Refused, match="MOTOR_OFF"):
            ORDERS[name](pump)
    pump.stop()
    pump.refill(refill_of(concentration=50_000))

    with pytest.raises(Refused, match="MOTOR_OFF"):
        pump.start()
    assert active_causes(pump) == [CAUSE_OF[test]]


@pytest.mark.pump_requirement("SF-04")
def test_first_failure_ends_the_tests() -> None:
    """With all seven failing only the first is told; mended one by one, each service tells the next, and then the pump runs."""
    pump = fast_pump()
    handles = [pump.inject("firmware.selftest_fail", test=test) for test in TESTS]
    pump.reset()
    for test, handle in zip(TESTS, handles, strict=True):
        wait_for_self_test(pump)
        assert active_causes(pump) == [CAUSE_OF[test]]
        pump.clear(handle)
        pump.service_reset()
    wait_for_self_test(pump)
    assert active_causes(pump) == []
    steps = pump.truth().steps_moved

    assert pump.start() == "simple"
    pump.advance(seconds=10)
    assert pump.truth().steps_moved > steps


@pytest.mark.parametrize("start", [Pump.reset, cut, dip], ids=["reset", "power cut", "low battery"])
@every_test
def test_failure_survives_every_start_but_service(test: str, start: Callable[[Pump], object]) -> None:
    """The fault is gone and the firmware starts anew: the alarm is there at once, and the motor stays off."""
    pump = failing(test)
    restarted(pump)
    pump.clear(pump.faults()[0].handle)
    steps = pump.truth().steps_moved
    start(pump)
    assert CAUSE_OF[test] in active_causes(pump)
    pump.advance(days=2)

    assert CAUSE_OF[test] in active_causes(pump)
    assert pump.truth().steps_moved == steps


@every_test
def test_service_clears_a_failure_only_when_its_fault_is_gone(test: str) -> None:
    """With the fault still there the alarm is back when the test is over; without it START is taken and the pump runs."""
    pump = failing(test)
    restarted(pump)
    pump.service_reset()
    assert active_causes(pump) == []
    wait_for_self_test(pump)
    assert active_causes(pump) == [CAUSE_OF[test]]

    pump.clear(pump.faults()[0].handle)
    pump.service_reset()
    wait_for_self_test(pump)
    pump.start()
    pump.advance(seconds=10)
    assert (active_causes(pump), pump.status().rate_nl_per_h) == ([], 1_000_000)
    assert len(records(pump, EventKind.SERVICE_RESET)) == 2


def test_fault_that_comes_during_the_power_on_test_is_found_by_it() -> None:
    """Not an hour later: the test's end looks at what is so then."""
    pump = fast_pump()
    pump.reset()
    pump.advance(seconds=2)
    pump.inject("firmware.selftest_fail", test="ram")
    wait_for_self_test(pump)

    assert active_causes(pump) == ["self_test_ram"]


@pytest.mark.pump_requirement("SF-17")
def test_stuck_converter_fails_its_test() -> None:
    """A converter that gives one plausible reading for ever is found by its self-test, at power-on and within the hour while running."""
    for wait in (restarted, lambda pump: pump.advance(hours=1)):
        pump = fast_pump()
        pump.inject("battery.adc_stuck", reading_mv=3_000)
        wait(pump)
        assert active_causes(pump) == ["self_test_adc"]
        assert pump.status().mode == "stopped"
