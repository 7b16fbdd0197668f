"""Alarms: the catalogue, the life of one cause, and what sounds when.

A cause is raised once, stays readable until it is gone *and* acknowledged, and may be silenced for a while. The sound is that
of the highest class with an active, unsilenced cause; its repeats count from that cause's raise. Sounding is worked out from
(raise, silence, now): nothing ticks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from firmware_sim.errors import Refused
from firmware_sim.firmware.machine import StateTable

__all__ = ["ALARMS", "OFF", "Alarm", "AlarmBoard", "AlarmState", "LIFE_TABLE", "Sounding", "number_of"]

SELF_TEST_CAUSES = tuple(f"self_test_{test}" for test in ("cpu", "rom", "ram", "adc", "rtc", "tone"))
"""One cause a test; that of the watchdog has the watchdog's own."""


class Alarm(NamedTuple):
    """One row of the catalogue: cause, class, what the motor does, what clears it, and how a console ranks it. Its number is its place.

    A `latched` cause outlives a reset. `priority` is HIGH, MEDIUM or LOW by how bad the harm and how soon.
    """

    cause: str
    critical: bool
    flow: str
    clears: str
    priority: str
    latched: bool = False


OFF = "off until service"
"""What the motor does under a cause that only service clears."""


def _failure(cause: str) -> Alarm:
    return Alarm(cause, True, OFF, "service reset", "HIGH", latched=True)


ALARMS: tuple[Alarm, ...] = (
    Alarm("low_reservoir", False, "unchanged", "refill programmed", "LOW"),
    Alarm("empty_reservoir", True, "stopped", "refill programmed", "HIGH"),
    Alarm("motor_stall", True, "none while stalled", "movement seen for the recovery time", "HIGH"),
    Alarm("stopped_too_long", True, "stopped", "infusion runs", "MEDIUM"),
    Alarm("memory_error", False, "unchanged", "reprogrammed", "LOW"),
    Alarm("memory_failure", True, "safe state", "reprogrammed", "HIGH", latched=True),
    Alarm("eri", False, "unchanged", "never", "LOW", latched=True),
    Alarm("eos", True, "stopped for good", "never", "HIGH", latched=True),
    Alarm("low_battery_reset", True, "safe state", "reprogrammed", "HIGH", latched=True),
    *(_failure(cause) for cause in ("rate_limiter", "watchdog_failure", *SELF_TEST_CAUSES)),
    Alarm("log_error", False, "unchanged", "a record that reads back right", "LOW"),
    Alarm("supply_range", False, "unchanged", "supply within range", "MEDIUM"),
    Alarm("magnet_stop", True, "stopped", "infusion runs", "HIGH"),
    Alarm("keys_changed", False, "unchanged", "acknowledged", "LOW", latched=True),
)
_BY_CAUSE = {alarm.cause: alarm for alarm in ALARMS}
_NUMBERS = {alarm.cause: number for number, alarm in enumerate(ALARMS)}

LIFE_TABLE = StateTable(
    ("quiet", "active", "acknowledged", "gone"),
    [
        ("raise_alarm", ["quiet", "gone"], "active"),
        ("acknowledge", "active", "acknowledged"),
        ("acknowledge", "gone", "quiet"),
        ("acknowledge", "acknowledged", "acknowledged"),
        ("clear", "active", "gone"),
        ("clear", "acknowledged", "quiet"),
    ],
)


def number_of(cause: str) -> int:
    """The cause's number: its bit in alarm words. Raises Refused for a name the catalogue lacks."""
    if cause not in _NUMBERS:
        raise Refused("UNKNOWN_CAUSE", "CAUSE")
    return _NUMBERS[cause]


@dataclass(slots=True)
class AlarmState:
    """One cause now: its life, when it was raised and until when it is silenced (device times; 0 = not)."""

    life: str
    raised_us: int
    silenced_until_us: int = 0

    @property
    def active(self) -> bool:
        """Whether the cause is there, acknowledged or not."""
        return self.life in ("active", "acknowledged")


class Sounding(NamedTuple):
    """What the sounder is told: the class and the device time at which this sounding began."""

    critical: bool
    began_us: int


@dataclass(slots=True)
class AlarmBoard:
    """The causes that are active or not yet acknowledged, and the running alarm test (device time it began, -1 = none)."""

    states: dict[str, AlarmState] = field(default_factory=dict)
    test_began_us: int = -1

    @property
    def may_sound(self) -> bool:
        """Whether there is anything that could be heard."""
        return bool(self.states) or self.test_began_us >= 0

    def raise_alarm(self, cause: str, now_us: int) -> bool:
        """Raise a cause; False if it is active already."""
        state = self.states.get(cause)
        if state is not None and state.active:
            return False
        life = LIFE_TABLE.after(state.life if state else "quiet", "raise_alarm")
        self.states[cause] = AlarmState(life, now_us)
        return True

    def clear(self, cause: str) -> bool:
        """The cause is gone; False if it was not active. Silence ends with it."""
        state = self.states.get(cause)
        if state is None or not state.active:
            return False
        state.life, state.silenced_until_us = LIFE_TABLE.after(state.life, "clear"), 0
        self._forget_quiet(cause)
        return True

    def acknowledge(self, cause: str) -> None:
        """Mark a cause as seen; never mutes. Raises Refused when there is no such cause to see."""
        state = self._present(cause)
        state.life = LIFE_TABLE.after(state.life, "acknowledge")
        self._forget_quiet(cause)

    def silence(self, cause: str, until_us: int) -> None:
        """Mute an active cause until a device time. Raises Refused when it is not active."""
        state = self._present(cause)
        if not state.active:
            raise Refused("NOT_ACTIVE", "CAUSE", number_of(cause))
        state.silenced_until_us = until_us

    def end_silences(self) -> None:
        """Every cause sounds again."""
        for state in self.states.values():
            state.silenced_until_us = 0

    def critical_active(self, but: tuple[str, ...] = ()) -> bool:
        """Whether any critical cause is active, other than `but`."""
        return any(state.active and _BY_CAUSE[cause].critical for cause, state in self.states.items() if cause not in but)

    def is_active(self, cause: str) -> bool:
        """Whether this cause is active."""
        return cause in self.states and self.states[cause].active

    def off_until_service(self) -> bool:
        """Whether a cause is active that keeps the motor off."""
        return any(state.active and _BY_CAUSE[cause].flow == OFF for cause, state in self.states.items())

    def latched(self) -> list[str]:
        """Active causes that outlive a reset."""
        return [cause for cause, state in self.states.items() if state.active and _BY_CAUSE[cause].latched]

    def signalled(self, now_us: int) -> list[str]:
        """Active, unsilenced causes of the highest class, in order of their raise."""
        heard = [cause for cause, state in self.states.items() if state.active and state.silenced_until_us <= now_us]
        critical = [cause for cause in heard if _BY_CAUSE[cause].critical]
        return sorted(critical or heard, key=lambda cause: self.states[cause].raised_us)

    def sounding(self, now_us: int, repeats_us: tuple[int, int], lengths_us: tuple[int, int]) -> Sounding | None:
        """The sounding that is on at `now_us`; repeats and lengths are given for (non-critical, critical)."""
        test = self._test_sounding(now_us, lengths_us)
        if test is not None:
            return test
        for cause in self.signalled(now_us):
            critical = _BY_CAUSE[cause].critical
            since_us = (now_us - self.states[cause].raised_us) % repeats_us[critical]
            if since_us < lengths_us[critical]:
                return Sounding(critical, now_us - since_us)
        return None

    def next_sounding_us(self, now_us: int, repeats_us: tuple[int, int]) -> int | None:
        """Device time of the next start of a sounding after `now_us`, as things stand."""
        starts = []
        for cause in self.signalled(now_us):
            repeat_us = repeats_us[_BY_CAUSE[cause].critical]
            starts.append(now_us + repeat_us - (now_us - self.states[cause].raised_us) % repeat_us)
        return min(starts, default=None)

    def soundings(self, from_us: int, to_us: int, repeats_us: tuple[int, int], lengths_us: tuple[int, int]) -> list[Sounding]:
        """Every sounding that begins in [from, to), as things stand: what silences end by then is in it."""
        ends = {state.silenced_until_us for state in self.states.values() if from_us < state.silenced_until_us < to_us}
        turns = [from_us, *sorted(ends), to_us]
        found = [Sounding(critical, began_us) for critical, began_us in self._test_soundings(lengths_us) if from_us <= began_us < to_us]
        for start_us, end_us in pairwise(turns):
            for cause in self.signalled(start_us):
                critical, raised_us = _BY_CAUSE[cause].critical, self.states[cause].raised_us
                first_us = raised_us - (raised_us - start_us) // repeats_us[critical] * repeats_us[critical]
                found += [Sounding(critical, began_us) for began_us in range(first_us, end_us, repeats_us[critical])]
        return sorted(found, key=lambda sounding: sounding.began_us)

    def _test_soundings(self, lengths_us: tuple[int, int]) -> tuple[tuple[bool, int], ...]:
        """Class and start of both sounds of the alarm test; none without one."""
        if self.test_began_us < 0:
            return ()
        return (True, self.test_began_us), (False, self.test_began_us + lengths_us[True])

    def _test_sounding(self, now_us: int, lengths_us: tuple[int, int]) -> Sounding | None:
        for critical, began_us in self._test_soundings(lengths_us):
            if 0 <= now_us - began_us < lengths_us[critical]:
                return Sounding(critical, began_us)
        return None

    def _present(self, cause: str) -> AlarmState:
        if cause not in self.states:
            raise Refused("NOT_ACTIVE", "CAUSE", number_of(cause))
        return self.states[cause]

    def _forget_quiet(self, cause: str) -> None:
        if self.states[cause].life == "quiet":
            del self.states[cause]
