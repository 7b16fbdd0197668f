"""How each alarm comes about, through the doors: what a running pump has to suffer, by when it must say so, and what its motor does then.

The classes and flows are written by hand from the description of the device; the pump's own words are compared with them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from firmware_sim.units import S_PER_H, S_PER_MIN
from hil.suite.given import Given
from protocol.codes import AlarmCause, Role
from protocol.keys import KEY_BYTES, Key

__all__ = ["CAUSES", "Cause", "Flow", "alarming", "each_cause", "moves_under", "rate_under", "suffering", "told"]

RATE_NL_PER_H = 5_000
"""So slow that a fill outlasts the ninety days between ERI and the end of service."""
SELF_TESTS = ("cpu", "rom", "ram", "adc", "rtc", "tone")
MARGIN_S = 10
"""What a bound leaves beside the periods that the profile declares."""


class Flow(NamedTuple):
    """What is commanded under an alarm (None: as programmed, else a rate's name in the profile, or 0), and whether steps move."""

    rate: str
    moves: bool


UNCHANGED, STALLED = Flow("programmed", True), Flow("programmed", False)
MINIMUM, OFF = Flow("minimum", True), Flow("off", False)


class Cause(NamedTuple):
    """One cause: its class, the flow under it, how it begins, in how many seconds it must be raised, what that takes of the bench."""

    critical: bool
    flow: Flow
    begin: Callable[[Given], object]
    within_s: Callable[[Given], int]
    needs: tuple[str, ...] = ("bench.inject",)


def _fault(name: str, **parameters: int | str) -> Callable[[Given], object]:
    return lambda given: given.suffers(name, **parameters)


def _both_banks(given: Given) -> None:
    for bank in ("bank_a", "bank_b"):
        given.suffers("memory.bank_bad", bank=bank)


def _log_fails(given: Given) -> None:
    given.suffers("memory.log_write_error")
    given.wire.ok("ALARM_TEST")


def _magnet_stop(given: Given) -> None:
    """STOP by somebody who has no session, while the magnet is held."""
    given.leave()
    with given.magnet():
        given.intruder().stop()


def _keys_changed(given: Given) -> None:
    """Service replaces the patient's key under the magnet."""
    given.leave()
    with given.magnet(), given.rig.another_programmer(role="provisioner") as provisioner:
        provisioner.replace_key(Key(1, Role.PATIENT, b"k" * KEY_BYTES))


def _soon(_given: Given) -> int:
    return 1


def _in_a_test_period(given: Given) -> int:
    return max(given.profile.self_test.period_s, given.profile.memory.scrub_period_s) + MARGIN_S


def _in_the_stall_time(given: Given) -> int:
    """The detection time, and the two steps that it takes to see it."""
    step_s = given.step_nl_max * S_PER_H // RATE_NL_PER_H
    return given.profile.motor.stall_detection_s + 2 * step_s


def _in_supply_readings(given: Given) -> int:
    return given.profile.battery.sample_period_s * given.profile.battery.readings + MARGIN_S


def _in_a_watchdog_time(given: Given) -> int:
    return given.profile.watchdog.timeout_s + given.profile.watchdog.failure_s + MARGIN_S


EMPTY_NL = 10_000
DAYS_S = 24 * S_PER_H
CAUSES: dict[AlarmCause, Cause] = {
    AlarmCause.LOW_RESERVOIR: Cause(
        False, UNCHANGED, lambda given: given.wire.refill(given.profile.alarm.low_reservoir_nl_default), _soon, ()
    ),
    AlarmCause.EMPTY_RESERVOIR: Cause(
        True, OFF, lambda given: given.wire.refill(EMPTY_NL), lambda _: EMPTY_NL * S_PER_H // RATE_NL_PER_H + MARGIN_S, ()
    ),
    AlarmCause.MOTOR_STALL: Cause(True, STALLED, _fault("motor.stall"), _in_the_stall_time),
    AlarmCause.STOPPED_TOO_LONG: Cause(
        True, OFF, lambda given: given.wire.stop(), lambda given: given.profile.alarm.stopped_too_long_s + MARGIN_S, ()
    ),
    AlarmCause.MEMORY_ERROR: Cause(False, UNCHANGED, _fault("memory.bank_bad", bank="bank_a"), _in_a_test_period),
    AlarmCause.MEMORY_FAILURE: Cause(True, MINIMUM, _both_banks, _in_a_test_period),
    AlarmCause.ERI: Cause(False, UNCHANGED, _fault("battery.premature_eri"), lambda given: given.profile.battery.sample_period_s),
    AlarmCause.EOS: Cause(True, OFF, _fault("battery.premature_eri"), lambda given: given.profile.battery.eri_days * DAYS_S + S_PER_H),
    AlarmCause.LOW_BATTERY_RESET: Cause(True, MINIMUM, _fault("battery.dip", supply_mv=1_500, seconds=2), lambda _: 2 + MARGIN_S),
    AlarmCause.RATE_LIMITER: Cause(True, OFF, _fault("motor.runaway", gain=10), lambda _: 5 * S_PER_MIN),
    AlarmCause.WATCHDOG_FAILURE: Cause(True, OFF, _fault("firmware.hang", task="dosing", outlasts_reset=1), _in_a_watchdog_time),
    **{
        AlarmCause[f"SELF_TEST_{test.upper()}"]: Cause(True, OFF, _fault("firmware.selftest_fail", test=test), _in_a_test_period)
        for test in SELF_TESTS
    },
    AlarmCause.LOG_ERROR: Cause(False, UNCHANGED, _log_fails, _soon),
    AlarmCause.SUPPLY_RANGE: Cause(False, UNCHANGED, _fault("battery.dip", supply_mv=2_300, seconds=S_PER_H), _in_supply_readings),
    AlarmCause.MAGNET_STOP: Cause(True, OFF, _magnet_stop, _soon, ("magnet", "bench")),
    AlarmCause.KEYS_CHANGED: Cause(False, UNCHANGED, _keys_changed, _soon, ("magnet", "keys")),
}


def each_cause(*but: AlarmCause, critical: bool | None = None) -> pytest.MarkDecorator:
    """One test for each cause that the protocol names, with what its bench must be able to do."""
    assert list(CAUSES) == list(AlarmCause), "the table lacks causes that the protocol names, or has others"
    wanted = [cause for cause, row in CAUSES.items() if cause not in but and critical in (None, row.critical)]
    return pytest.mark.parametrize(
        "cause", [pytest.param(cause, id=told(cause), marks=pytest.mark.pump_needs(*CAUSES[cause].needs)) for cause in wanted]
    )


def told(cause: AlarmCause) -> str:
    """The cause as a bench's condition names it."""
    return cause.name.lower()


def suffering(given: Given, cause: AlarmCause) -> None:
    """A pump that is well, runs a simple therapy and has just met with what will bring this about."""
    given.running(given.prescribe.simple(RATE_NL_PER_H))
    given.alarms_none()
    given.bench.advance(minutes=10)
    CAUSES[cause].begin(given)


def alarming(given: Given, cause: AlarmCause) -> bool:
    """The same at the instant of the raise; False of a pump that declares to raise none, and has raised none by the bound."""
    suffering(given, cause)
    reached = given.bench.run_until(f"alarm:{told(cause)}", limit_s=CAUSES[cause].within_s(given))
    declared = cause is not AlarmCause.MOTOR_STALL or given.profile.behaviour.stall_alarm
    assert reached == declared, f"{cause.name} is {'' if reached else 'not '}raised within {CAUSES[cause].within_s(given)} s"
    return declared


def rate_under(given: Given, cause: AlarmCause) -> int:
    """What is commanded under it (nL/h)."""
    if _runs_on(given, cause):
        return RATE_NL_PER_H
    rates = {"programmed": RATE_NL_PER_H, "minimum": given.profile.rate.minimum_rate_nl_per_h, "off": 0}
    return rates[CAUSES[cause].flow.rate]


def moves_under(given: Given, cause: AlarmCause) -> bool:
    """Whether steps move under it."""
    return CAUSES[cause].flow.moves or _runs_on(given, cause)


def _runs_on(given: Given, cause: AlarmCause) -> bool:
    """Whether it is the end of service of a pump that declares to run on at it."""
    return cause is AlarmCause.EOS and not given.profile.behaviour.stops_at_end_of_service
