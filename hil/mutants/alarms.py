"""Mutants of alarms: what is raised, what sounds, what silence and acknowledgement do, and what is told of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from firmware_sim.firmware.alarms import ALARMS as CATALOGUE
from firmware_sim.units import S_PER_DAY, US_PER_DAY, US_PER_S
from hil.mutants.mutant import Change, Mutant, gives, numbers, turns

__all__ = ["ALARMS"]

BOARD = "firmware_sim.firmware.alarms:AlarmBoard"
DESK = "firmware_sim.firmware.alarm_desk:AlarmDesk"
DEADLINES = "firmware_sim.firmware.deadlines"
LOW_PLACES = (f"{DEADLINES}:low_level_nl", "firmware_sim.firmware.alarm_desk:low_level_nl")
LOOKS = ("brief", "status")
"""Both looks at what the firmware believes."""
NEVER_US = 36_500 * US_PER_DAY
LATE_NL = 1_000
"""The mutant's alarm comes a microlitre late."""
_DULL = tuple(alarm._replace(critical=False) if alarm.cause == "motor_stall" else alarm for alarm in CATALOGUE)


def _never_again(real: Callable[..., Any]) -> Callable[..., Any]:
    """A sounding that has no repeats within a century."""

    def sounding(self: Any, *others: Any) -> Any:
        return real(self, *(_long(other, self) for other in others))

    return sounding


def _long(argument: Any, _board: object) -> Any:
    """Repeats are told from lengths by their size: minutes and hours against seconds."""
    repeats = isinstance(argument, tuple) and min(argument) >= 60 * US_PER_S
    return (NEVER_US, NEVER_US) if repeats else argument


def _one_for_all(heard: list[str], board: Any, now_us: int) -> list[str]:
    """Whoever silences one cause has silenced them all."""
    return [] if any(state.silenced_until_us > now_us for state in board.states.values()) else heard


def _lower_first(real: Callable[..., list[str]]) -> Callable[..., list[str]]:
    critical = {alarm.cause for alarm in CATALOGUE if alarm.critical}

    def signalled(self: Any, now_us: int) -> list[str]:
        heard = [cause for cause, state in self.states.items() if state.active and state.silenced_until_us <= now_us]
        dull = [cause for cause in heard if cause not in critical]
        return sorted(dull, key=lambda cause: self.states[cause].raised_us) or real(self, now_us)

    return signalled


def _silences_for_ever(real: Callable[..., None]) -> Callable[..., None]:
    return lambda self, cause, until_us: real(self, cause, until_us + NEVER_US)


def _later(level_nl: int | None, *_others: object) -> int | None:
    return None if level_nl is None else level_nl - LATE_NL


def _default(level_nl: int | None, _belief: Any, profile: Any) -> int | None:
    default: int = profile.alarm.low_reservoir_nl_default
    return None if level_nl is None else default


def _raises_only(self: Any) -> None:
    self.raise_alarm("empty_reservoir")


def _asks_no_more(real: Callable[..., Any]) -> Callable[..., Any]:
    def next_deadline(belief: Any, hal: Any, profile: Any) -> Any:
        return real(replace(belief, fill=None) if belief.alarms.is_active("empty_reservoir") else belief, hal, profile)

    return next_deadline


def _stays(real: Callable[..., None]) -> Callable[..., None]:
    def clear_alarm(self: Any, cause: str) -> None:
        if cause not in ("low_reservoir", "empty_reservoir"):
            real(self, cause)

    return clear_alarm


def _counts_anew(real: Callable[..., None]) -> Callable[..., None]:
    def boot(self: Any, *, first: bool) -> None:
        real(self, first=first)
        if not first and self.belief.stopped_us >= 0:
            self.belief.stopped_us = self.now_us

    return boot


def _forgets(self: Any) -> None:
    self._firmware.belief.recovery_us = -1


def _mutes(real: Callable[[Any], None]) -> Callable[[Any], None]:
    def test(self: Any) -> None:
        real(self)
        for state in self._firmware.belief.alarms.states.values():
            state.silenced_until_us = self._firmware.now_us + S_PER_DAY * US_PER_S

    return test


def _one_code(real: Callable[..., None]) -> Callable[..., None]:
    return lambda self, cause: real(self, "self_test_cpu" if cause.startswith("self_test_") else cause)


def _told(turn: Callable[[tuple[Any, ...]], tuple[Any, ...]]) -> tuple[Change, ...]:
    """Alarms that are told otherwise than they are."""
    return tuple(turns(f"firmware_sim.orders:Orders.{look}", lambda told, _pump: told._replace(alarms=turn(told.alarms))) for look in LOOKS)


ALARMS: Sequence[Mutant] = (
    Mutant(
        "alarm-never-repeats",
        "An alarm sounds once, when it is raised, and never again.",
        ("AL-04",),
        "AL-04 denied",
        tuple(Change(f"{BOARD}.{name}", _never_again) for name in ("sounding", "next_sounding_us", "soundings")),
        "running rate=10000 ml=2; advance minutes=30",
        "listen hours=4",
    ),
    Mutant(
        "silence-for-ever",
        "An alarm that was silenced once is silent for good.",
        ("AL-03", "AL-04"),
        "AL-03 denied",
        (Change(f"{BOARD}.silence", _silences_for_ever),),
        "running rate=10000 ml=2; silence low_reservoir; close; advance hours=25",
        "listen hours=2",
    ),
    Mutant(
        "silence-mutes-all",
        "Silencing one cause silences every other, new ones too.",
        ("AL-03",),
        "AL-03 denied",
        (turns(f"{BOARD}.signalled", _one_for_all),),
        "running rate=10000 ml=2; silence low_reservoir; close; inject motor.stall; advance hours=1",
        "listen hours=1",
    ),
    Mutant(
        "silence-outlives-session",
        "A session that is lost leaves silent what it had silenced.",
        ("AL-10", "AL-03"),
        "AL-10 denied",
        (gives(f"{BOARD}.end_silences"),),
        "running rate=10000 ml=2; silence low_reservoir; advance minutes=11",
        "listen hours=2",
    ),
    Mutant(
        "acknowledged-cause-vanishes",
        "A cause that was acknowledged is no longer told, though it is still there.",
        ("AL-19",),
        "AL-19 denied",
        _told(lambda alarms: tuple(alarm for alarm in alarms if not alarm.acknowledged)),
        "running rate=10000 ml=2; ack low_reservoir",
        "alarms",
    ),
    Mutant(
        "silence-not-told",
        "That an alarm is silenced is told nowhere.",
        ("AL-20",),
        "AL-20 denied",
        _told(lambda alarms: tuple(alarm._replace(silenced_until_us=0) for alarm in alarms)),
        "running rate=10000 ml=2; silence low_reservoir",
        "alarms",
    ),
    Mutant(
        "alarms-told-backwards",
        "Of several alarms the newest is told first.",
        ("AL-09",),
        "AL-09 denied",
        _told(lambda alarms: tuple(reversed(alarms))),
        "running rate=10000 ml=2; advance hours=1; inject motor.stall; advance hours=1",
        "alarms",
    ),
    Mutant(
        "lower-class-sounds",
        "With a critical and a non-critical alarm active, the non-critical one is heard.",
        ("AL-08",),
        "AL-08 denied",
        (Change(f"{BOARD}.signalled", _lower_first),),
        "running rate=10000 ml=2; inject motor.stall; advance hours=1",
        "listen hours=1",
    ),
    Mutant(
        "one-sound-for-all",
        "Every alarm makes the sound of a non-critical one.",
        ("AL-16",),
        "AL-16 denied",
        (Change("firmware_sim.pump:sound_of", lambda real: lambda _critical, began_us, sound: real(False, began_us, sound)),),
        "running rate=10000; inject motor.stall; advance hours=1",
        "listen hours=1",
    ),
    Mutant(
        "alarm-test-silences",
        "The alarm test leaves every active alarm silent for a day.",
        ("AL-18",),
        "AL-18 denied",
        (Change(f"{DESK}.test", _mutes),),
        "running rate=10000 ml=2; alarm_test; close; advance minutes=1",
        "listen hours=2",
    ),
    Mutant(
        "low-level-off-by-one",
        "The low-reservoir alarm comes one microlitre late.",
        ("RS-05",),
        "RS-05 denied",
        tuple(turns(place, _later) for place in LOW_PLACES),
        "running rate=10000 ml=3; advance hours=100",
        "alarms",
    ),
    Mutant(
        "low-level-ignores-therapy",
        "The low-reservoir alarm comes at the level of a new pump, whatever the therapy asks for.",
        ("RS-05",),
        "RS-05 denied; an alarm at 2 mL proved late in 24 % of 88 patients",
        tuple(turns(place, _default) for place in LOW_PLACES),
        "running rate=10000 ml=5 low_ml=4; advance hours=101",
        "alarms",
    ),
    Mutant(
        "empty-runs-on",
        "An empty reservoir is told, and the pump goes on.",
        ("RS-06", "AL-07"),
        "RS-06 denied",
        (Change(f"{DESK}.run_empty", lambda _real: _raises_only), Change("firmware_sim.firmware.controller:next_deadline", _asks_no_more)),
        "running rate=80000 ml=1; advance hours=13",
        "belief mode",
    ),
    Mutant(
        "refill-leaves-alarm",
        "A refill leaves the low-reservoir alarm as it was.",
        ("RS-05", "AL-12"),
        "AL-12 denied: an alarm without a cause",
        (Change(f"{DESK}.clear_alarm", _stays),),
        "running rate=10000 ml=2; fill ml=20",
        "alarms",
    ),
    Mutant(
        "stopped-alarm-missing",
        "A pump that stands for 48 hours says nothing.",
        ("ST-05", "PG-18"),
        "HSA 2021-01-27, HK MDD 2020-12-08: stopped pumps found after 48 h to 21 days",
        (gives(f"{DEADLINES}:_stopped_us"),),
        "running rate=10000; stop; advance hours=49",
        "alarms",
    ),
    Mutant(
        "stopped-clock-restarts-at-reset",
        "A restart begins the 48 hours of a stopped pump anew.",
        ("ST-05",),
        "ST-05 denied: survives session close and reset",
        (Change("firmware_sim.firmware.controller:Controller.boot", _counts_anew),),
        "running rate=10000; stop; advance hours=40; reset; advance hours=9",
        "alarms",
    ),
    Mutant(
        "stall-detected-late",
        "A stalled motor is noticed in twice the time.",
        ("OC-07", "AL-11"),
        "Health Canada RA-71393",
        (numbers("motor", stall_detection_s=lambda seconds: 2 * seconds),),
        "running rate=10000; inject motor.stall; advance minutes=30",
        "alarms",
    ),
    Mutant(
        "stall-recovery-not-logged",
        "A motor that has come free leaves no record of it.",
        ("OC-07", "LG-02"),
        "OC-07 denied",
        (Change(f"{DESK}.log_recovery", lambda _real: _forgets),),
        "running rate=10000; inject motor.stall; advance hours=2; clear; advance hours=2; interrogate",
        "log ALARM_CLEARED",
    ),
    Mutant(
        "stall-not-critical",
        "A stalled motor is told, and sounds, as a non-critical alarm.",
        ("AL-06", "AL-16", "OC-07"),
        "AL-06 denied",
        (
            Change("firmware_sim.firmware.alarms:ALARMS", lambda _real: _DULL),
            Change("firmware_sim.firmware.alarm_desk:ALARMS", lambda _real: _DULL),
            *_told(lambda alarms: tuple(alarm._replace(critical=alarm.critical and alarm.cause != "motor_stall") for alarm in alarms)),
            Change("firmware_sim.firmware.alarms:_BY_CAUSE", lambda _real: {alarm.cause: alarm for alarm in _DULL}),
        ),
        "running rate=10000; inject motor.stall; advance hours=1",
        "listen hours=1",
    ),
    Mutant(
        "self-tests-share-a-code",
        "Whatever self-test fails, the alarm says that it was the processor's.",
        ("SF-04", "AL-02", "SF-02"),
        "SF-04 denied",
        (Change("firmware_sim.firmware.safety:Safety.fail", _one_code),),
        "running rate=10000; inject firmware.selftest_fail test=rom; reset; advance minutes=5",
        "alarms",
    ),
)
