"""What can be heard of a pump, and how often it should be."""

from __future__ import annotations

from firmware_sim.units import US_PER_S
from hil.suite.causes import CAUSES
from hil.suite.given import Given
from protocol.codes import AlarmCause

__all__ = ["ONE", "TWO", "heard", "heard_at", "pattern_of", "repeat_us", "silence_us"]

TWO, ONE = "two-tone", "single-tone"
"""The sound of a critical cause, and of another."""


def pattern_of(cause: AlarmCause) -> str:
    """The sound of its class."""
    return TWO if CAUSES[cause].critical else ONE


def repeat_us(given: Given, cause: AlarmCause) -> int:
    """The usual pause between two soundings of its class."""
    numbers = given.profile.alarm
    return (numbers.critical_repeat_s_default if CAUSES[cause].critical else numbers.non_critical_repeat_s_default) * US_PER_S


def silence_us(given: Given, cause: AlarmCause) -> int:
    """The declared length of a silence of its class."""
    numbers = given.profile.alarm
    return (numbers.critical_silence_s if CAUSES[cause].critical else numbers.non_critical_silence_s) * US_PER_S


def heard(given: Given, duration_s: int) -> list[tuple[str, int]]:
    """Pattern and beginning of every sound that begins in this time."""
    return [(str(sound["pattern"]), int(sound["began_us"])) for sound in given.bench.listen(duration_s=duration_s)]


def heard_at(given: Given, at_us: int) -> list[str]:
    """What begins within two seconds around a device time."""
    given.clock.until(at_us - US_PER_S)
    return [pattern for pattern, _ in heard(given, 2)]
