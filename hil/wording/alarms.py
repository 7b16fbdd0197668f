"""The alarm causes in words, in the order of their numbers on the wire: as people say them, as a command line types them, what each
does to the flow and what ends it.
"""

from __future__ import annotations

from typing import NamedTuple

from protocol.codes import AlarmCause

__all__ = ["ALARMS_SAID", "ALARM_WORDS", "AlarmSaid", "alarm_name", "alarms_in"]


class AlarmSaid(NamedTuple):
    """One cause: its name, what it does to the flow, and what to do about it."""

    name: str
    flow: str
    do: str


_OFF = "the motor is off"
_SERVICE = "needs a service reset; the tests after it tell whether the failure is gone"


def _self_test(what: str) -> AlarmSaid:
    return AlarmSaid(f"self-test: {what}", _OFF, _SERVICE)


_SAID: dict[AlarmCause, AlarmSaid] = {
    AlarmCause.LOW_RESERVOIR: AlarmSaid("low reservoir", "the flow goes on", "refill the pump and tell it so"),
    AlarmCause.EMPTY_RESERVOIR: AlarmSaid("empty reservoir", "the pump has stopped", "refill the pump, tell it so, start it"),
    AlarmCause.MOTOR_STALL: AlarmSaid("motor stall", "nothing flows while it lasts", "it ends when the rotor has moved for long enough"),
    AlarmCause.STOPPED_TOO_LONG: AlarmSaid("stopped too long", "the pump is stopped", "start it"),
    AlarmCause.MEMORY_ERROR: AlarmSaid("memory error", "the flow goes on", "program the therapy again"),
    AlarmCause.MEMORY_FAILURE: AlarmSaid("memory failure", "the pump is in its safe state", "program the therapy again"),
    AlarmCause.ERI: AlarmSaid("replacement due (ERI)", "the flow goes on until the end of service", "replace the pump before that date"),
    AlarmCause.EOS: AlarmSaid("end of service", "delivery has ended, or may end at any time", "replace the pump"),
    AlarmCause.LOW_BATTERY_RESET: AlarmSaid("low-battery reset", "the pump is in its safe state", "program the therapy again"),
    AlarmCause.RATE_LIMITER: AlarmSaid("rate limiter", _OFF, _SERVICE),
    AlarmCause.WATCHDOG_FAILURE: AlarmSaid("watchdog failure", _OFF, _SERVICE),
    AlarmCause.SELF_TEST_CPU: _self_test("CPU"),
    AlarmCause.SELF_TEST_ROM: _self_test("ROM"),
    AlarmCause.SELF_TEST_RAM: _self_test("RAM"),
    AlarmCause.SELF_TEST_ADC: _self_test("A/D converter"),
    AlarmCause.SELF_TEST_RTC: _self_test("RTC"),
    AlarmCause.SELF_TEST_TONE: _self_test("tone"),
    AlarmCause.LOG_ERROR: AlarmSaid("log error", "the flow goes on", "it ends with the first record that reads back right"),
    AlarmCause.SUPPLY_RANGE: AlarmSaid("supply out of range", "the flow goes on", "it ends when the supply is within its range"),
    AlarmCause.MAGNET_STOP: AlarmSaid("stopped by magnet", "the pump was stopped without a programmer", "find out why, then start it"),
    AlarmCause.KEYS_CHANGED: AlarmSaid("keys changed", "the flow goes on", "make sure that the new key is yours, then acknowledge"),
}
ALARMS_SAID = tuple(_SAID[cause] for cause in AlarmCause)
ALARM_WORDS = tuple(cause.name.lower().replace("_", "-") for cause in AlarmCause)
"""As they are typed: `motor-stall`."""


def alarm_name(cause: int) -> str:
    """The name of a cause; one of a newer pump is named by its number."""
    return ALARMS_SAID[cause].name if cause < len(ALARMS_SAID) else f"alarm {cause}"


def alarms_in(word: int) -> list[str]:
    """The names of the causes whose bits are set."""
    return [alarm_name(cause) for cause in range(word.bit_length()) if word >> cause & 1]
