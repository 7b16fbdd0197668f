"""The self-tests: at power-on before anything moves, and every hour after it; what fails is told, logged, and stops the pump."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from firmware_sim.units import US_PER_S
from hil.pytest_plugin.measure import Measure
from hil.suite.given import Given
from hil.suite.therapies import SALINE
from protocol.codes import AlarmCause, AlarmClass, EventKind, Mode, StatusFlag, StopReason
from protocol.messages import Start
from protocol.refusals import RefusalCode

TESTS = {
    "cpu": AlarmCause.SELF_TEST_CPU,
    "rom": AlarmCause.SELF_TEST_ROM,
    "ram": AlarmCause.SELF_TEST_RAM,
    "adc": AlarmCause.SELF_TEST_ADC,
    "watchdog": AlarmCause.WATCHDOG_FAILURE,
    "rtc": AlarmCause.SELF_TEST_RTC,
    "tone": AlarmCause.SELF_TEST_TONE,
}
"""Each test, in the order in which they run, and the cause of its failure."""
POST_S_MAX = 70

needs = pytest.mark.pump_needs
every_test = pytest.mark.parametrize("test", TESTS)


def fast(given: Given) -> None:
    """A pump with a step in some seconds, an hour after its start and some seconds after a full hour of its counter."""
    given.running(given.prescribe.simple(500_000, SALINE))
    given.bench.advance(minutes=60, seconds=17)


def stands(given: Given, measure: Measure, hours: int = 5) -> None:
    """Nothing moves from now on."""
    before = given.steps_moved
    assert before > 0, "it has never moved"
    given.bench.advance(hours=hours)
    measure("steps after the failure", given.steps_moved - before, unit="", low=0, high=0)
    assert given.wire.condition().rate_nl_per_h == 0


# -- at power-on --------------------------------------------------------------------------------------------------------


def by_reset(given: Given) -> None:
    """A plain reset."""
    given.bench.reset()


def by_power_cut(given: Given) -> None:
    """An hour without power."""
    given.bench.power_cut(off_s=3_600)
    given.bench.advance(hours=1)


def by_dip(given: Given) -> None:
    """A supply dip that resets."""
    given.suffers("battery.dip", supply_mv=1_500, seconds=2)
    given.bench.advance(seconds=2)


def by_watchdog(given: Given) -> None:
    """A hung task, reset by the watchdog."""
    given.suffers("firmware.hang", task="telemetry")
    given.bench.advance(seconds=given.profile.watchdog.timeout_s)


@pytest.mark.pump_requirement("SF-01")
@needs("bench.needle", "bench.time", "bench.truth")
@pytest.mark.parametrize(
    "boot",
    [
        pytest.param(by_reset, marks=needs("bench.power")),
        pytest.param(by_power_cut, marks=needs("bench.power")),
        pytest.param(by_dip, marks=needs("bench.inject")),
        pytest.param(by_watchdog, marks=needs("bench.inject")),
    ],
)
def test_no_step_before_the_power_on_test_has_passed(given: Given, measure: Measure, boot: Callable[[Given], None]) -> None:
    """After each kind of start the pump says that it tests itself and the rotor stands still; after the test it turns."""
    fast(given)
    boots = given.clock.boots
    given.leave()
    boot(given)
    assert given.clock.boots == boots + 1
    before, looks = given.steps_moved, 0
    while given.wire.status().flags & StatusFlag.SELF_TESTING:
        assert given.steps_moved == before, "a step before the self-test has passed"
        given.bench.advance(us=100_000)
        looks += 1
    measure("power-on test", looks / 10, unit="s", low=given.profile.self_test.post_ms / 1_000 - 0.1, high=POST_S_MAX)
    given.bench.advance(hours=3)

    measure("steps after the power-on test", given.steps_moved - before, unit="", low=1)
    assert given.wire.active() <= {AlarmCause.LOW_BATTERY_RESET}
    assert given.wire.log(EventKind.BOOT)[-1].value == given.wire.status().boot_count


@pytest.mark.pump_requirement("SF-03")
@needs("bench.needle", "bench.time", "bench.power")
def test_power_on_test_takes_no_more_than_seventy_seconds(given: Given, measure: Measure) -> None:
    """From the reset to ready, as long as the profile declares."""
    fast(given)
    given.leave()
    given.bench.reset()
    begun_us = given.bench.now_us()
    assert given.bench.run_until("ready", limit_s=10 * POST_S_MAX), "it never becomes ready"

    took_s, declared_s = (given.bench.now_us() - begun_us) / US_PER_S, given.profile.self_test.post_ms / 1_000
    measure("power-on test", round(took_s, 3), unit="s", low=declared_s - 0.01, high=min(POST_S_MAX, declared_s + 0.01))


@pytest.mark.pump_requirement("SF-02", "SF-04")
@needs("bench.needle", "bench.time", "bench.inject", "bench.power", "bench.truth")
@every_test
def test_each_power_on_test_can_fail_and_keeps_the_motor_off(given: Given, measure: Measure, test: str) -> None:
    """Its own alarm and no other, nothing moves for a day, doses and START are refused, and the log has it."""
    fast(given)
    given.leave()
    given.suffers("firmware.selftest_fail", test=test)
    given.bench.reset()
    assert given.bench.run_until(f"alarm:{TESTS[test].name.lower()}", limit_s=POST_S_MAX), f"a failing {test} test raises no alarm"

    assert given.wire.active() == {TESTS[test]}
    assert given.wire.alarm(TESTS[test]).alarm_class == AlarmClass.CRITICAL
    status = given.wire.status()
    for name, body in (
        ("START", Start(status.last_command_id + 1, status.generation)),
        ("BOLUS", given.wire.bolus_body(1_000, 60, fluid=SALINE)._replace(command_id=status.last_command_id + 2)),
    ):
        assert given.wire.refusal(name, body).code == RefusalCode.MOTOR_OFF
    assert len(given.wire.raised(TESTS[test])) == 1
    stands(given, measure, hours=24)


@pytest.mark.pump_requirement("SF-04")
@needs("bench.needle", "bench.time", "bench.inject", "bench.power")
@pytest.mark.parametrize(("one", "other"), [("tone", "rom"), ("rtc", "cpu"), ("watchdog", "adc")])
def test_first_failure_ends_the_power_on_test(given: Given, one: str, other: str) -> None:
    """Of two that would fail only the first in their order is found: the rest is not run."""
    fast(given)
    given.leave()
    for test in (one, other):
        given.suffers("firmware.selftest_fail", test=test)
    given.bench.reset()
    given.bench.run_until("ready", limit_s=POST_S_MAX)

    assert given.wire.active() == {TESTS[other]}


@pytest.mark.pump_requirement("SF-04")
@needs("bench.needle", "bench.time", "bench.inject", "bench.power", "bench.truth")
def test_failure_ends_with_service_and_with_nothing_else(given: Given, measure: Measure) -> None:
    """The cause mended, neither a reset nor a COMMIT brings the motor back; after service, and START, it runs again."""
    fast(given)
    handle = given.suffers("firmware.selftest_fail", test="rom")
    assert given.bench.run_until("alarm:self_test_rom", limit_s=3_700), "a failing rom test raises no alarm"
    given.bench.clear(handle)
    given.leave()
    given.bench.reset()
    given.bench.run_until("ready", limit_s=POST_S_MAX)
    assert given.wire.active() == {AlarmCause.SELF_TEST_ROM}
    stands(given, measure)
    given.leave()
    given.bench.service_reset()
    given.bench.run_until("ready", limit_s=POST_S_MAX)
    given.alarms_none()
    given.wire.start()
    before = given.steps_moved
    given.bench.advance(hours=1)

    measure("steps after service", given.steps_moved - before, unit="", low=1)


# -- every hour ---------------------------------------------------------------------------------------------------------


@pytest.mark.pump_requirement("SF-07", "SF-13")
@needs("bench.needle", "bench.time", "bench.inject", "bench.truth")
@every_test
def test_failed_periodic_test_stops_the_pump_and_says_why(given: Given, measure: Measure, test: str) -> None:
    """A critical alarm of its own cause, at the next turn of the test; the motor off from then on; records of both."""
    fast(given)
    given.suffers("firmware.selftest_fail", test=test)
    cause = TESTS[test]
    assert given.bench.run_until(f"alarm:{cause.name.lower()}", limit_s=given.profile.self_test.period_s), (
        f"a failing {test} test raises no alarm"
    )

    entry = given.wire.alarm(cause)
    assert (entry.active, entry.alarm_class) == (1, AlarmClass.CRITICAL)
    assert given.wire.active() == {cause}
    assert given.wire.status().mode == Mode.STOPPED
    stopped = given.wire.log(EventKind.STOPPED)[-1]
    assert (stopped.detail, stopped.device_us) == (StopReason.FAILURE, entry.raised_us)
    assert [record.device_us for record in given.wire.raised(cause)] == [entry.raised_us]
    stands(given, measure)


@pytest.mark.pump_requirement("SF-06", "SF-05")
@needs("bench.needle", "bench.time", "bench.inject", "bench.image")
@pytest.mark.parametrize("test", ["cpu", "ram", "rom"])
def test_each_test_comes_every_sixty_minutes(given: Given, measure: Measure, test: str) -> None:
    """Failing from any minute on, it is found at the next instant of one hourly grid, never later than an hour on."""
    fast(given)
    period_us = given.profile.self_test.period_s * US_PER_S
    measure("period of the tests", given.profile.self_test.period_s / 60, unit="min", high=60)

    def found_after(minute: int) -> int:
        given.bench.advance(minutes=minute)
        begun_us = given.clock.device_us
        given.suffers("firmware.selftest_fail", test=test)
        raised = given.bench.run_until(f"alarm:{TESTS[test].name.lower()}", limit_s=2 * given.profile.self_test.period_s)
        assert raised, f"a failing {test} test raises no alarm"
        at_us = given.wire.alarm(TESTS[test]).raised_us
        measure("time until it is found", (at_us - begun_us) / US_PER_S, unit="s", low=0, high=period_us / US_PER_S)
        return at_us

    found = given.apart(*(lambda minute=minute: found_after(minute) for minute in range(1, 240, 17)))
    assert {at_us % period_us for at_us in found} == {found[0] % period_us}
    assert len(set(found)) > 2


@pytest.mark.pump_requirement("SF-17", "SF-13")
@needs("bench.needle", "bench.time", "bench.inject", "bench.truth")
@pytest.mark.parametrize("reading_mv", [0, 3_000])
def test_stuck_converter_is_found(given: Given, measure: Measure, reading_mv: int) -> None:
    """A converter that always reads the same, good or bad, is found by its test within the hour: alarm, motor off, record."""
    fast(given)
    given.suffers("battery.adc_stuck", reading_mv=reading_mv)
    assert given.bench.run_until("alarm:self_test_adc", limit_s=given.profile.self_test.period_s), "a stuck converter raises no alarm"

    assert len(given.wire.raised(AlarmCause.SELF_TEST_ADC)) == 1
    assert given.wire.status().mode == Mode.STOPPED
    stands(given, measure)
