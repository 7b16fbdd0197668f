"""What the bench can wait for, written as short text.

================  ==========================================  ==============================
condition         holds when                                  example
================  ==========================================  ==============================
alarm:CAUSE       the pump says that this alarm is active     alarm:motor_stall
mode:NAME         the pump says that it is in this mode       mode:stopped
battery:STATE     the pump says that its battery is so        battery:eri
reservoir<=V      the computed reservoir is at or below V     reservoir<=2 mL
bolus-ended       no bolus runs                               bolus-ended
quiet             no alarm is active                          quiet
ready             the pump has passed its power-on self-test  ready
sound             something sounds                            sound
sound:CLASS       the sound of this class is on               sound:critical
answers           a host would get an answer                  answers
powered           the pump has power                          powered
================  ==========================================  ==============================

Conditions speak of what the pump says and of what can be heard. A pump that does not answer says nothing: only `sound`, `answers` and
`powered` can be waited for then. Waiting goes from one instant at which anything can change to the next, so the instant found is exact.
A reservoir level is passed between such instants: it is closed in on from above by the highest rate in force, and the last nanolitre is
searched on a copy of the pump, so that the instant found is the first microsecond at which the pump says so, however the way there was cut
up.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple

from firmware_sim import Pump
from firmware_sim.firmware.alarms import ALARMS
from firmware_sim.firmware.device_status import DeviceStatus
from firmware_sim.firmware.modes import MODES
from firmware_sim.units import US_PER_H
from hil.errors import BenchError, QuantityError
from hil.wording.quantity import VOLUME

if TYPE_CHECKING:
    from hil.unit import Unit

__all__ = ["Condition", "parse_condition"]

STEPS_MAX = 1_000_000
"""Instants looked at in one wait; a wait of years for a pump that sounds hourly stays below."""
LISTEN_US = 250_000
"""A fraction of the shortest sound."""
_PLAIN = ("bolus-ended", "quiet", "ready", "sound", "answers", "powered")
_CLASS_OF = {"two-tone": "critical", "single-tone": "non-critical"}
_NAMED: dict[str, tuple[str, ...]] = {
    "alarm": tuple(alarm.cause for alarm in ALARMS),
    "mode": MODES,
    "battery": ("good", "eri", "eos"),
    "sound": tuple(_CLASS_OF.values()),
}


class Condition(NamedTuple):
    """One condition: a kind and what belongs to it."""

    kind: str
    name: str = ""
    volume_nl: int = 0

    @property
    def said(self) -> bool:
        """Whether the pump must say it, for which it must answer."""
        return self.kind not in ("sound", "answers", "powered")

    def holds(self, pump: Pump) -> bool:
        """Whether it holds now."""
        if self.said:
            return pump.answers and self._believed(pump)
        if self.kind == "sound":
            sound = pump.sound()
            return sound is not None and self.name in ("", _CLASS_OF[sound.pattern])
        return pump.powered if self.kind == "powered" else pump.answers

    def run(self, unit: Unit, limit_us: int) -> bool:
        """Let time pass until it holds, at most to the true instant `limit_us`; tells whether it holds then."""
        for _ in range(STEPS_MAX):
            if self.holds(unit.pump):
                return True
            if unit.now_us >= limit_us:
                return False
            unit.advance_to(min(limit_us, self.next_look(unit.pump, unit.next_due())))
        raise BenchError(f"{STEPS_MAX:,} instants have passed without it", where="run_until", do="wait for less at a time")

    def _believed(self, pump: Pump) -> bool:
        if self.kind == "reservoir":
            left_nl = pump.status().computed_reservoir_nl
            return left_nl is not None and left_nl <= self.volume_nl
        if self.kind == "battery":
            return pump.status().battery_state == self.name
        brief = pump.brief()
        if self.kind == "alarm":
            return any(alarm.active and alarm.cause == self.name for alarm in brief.alarms)
        if self.kind == "mode":
            return brief.mode == self.name
        if self.kind == "quiet":
            return not any(alarm.active for alarm in brief.alarms)
        return not brief.self_testing if self.kind == "ready" else brief.bolus is None

    def next_look(self, pump: Pump, due_us: int | None) -> int:
        """The next true instant at which it could begin to hold, if things happen by themselves next at `due_us`."""
        looks = [due_us]
        if self.kind == "sound":
            looks += _sound_looks(pump)
        if self.kind == "reservoir" and pump.answers:
            looks.append(self._soonest(pump))
        return max(pump.now_us + 1, min((look for look in looks if look is not None), default=pump.now_us + US_PER_H * 24))

    def _soonest(self, pump: Pump) -> int | None:
        """The earliest instant at which the reservoir could have fallen to the level; None if it is not computed or has."""
        status = pump.status()
        if status.computed_reservoir_nl is None or self.holds(pump):
            return None
        above_nl = status.computed_reservoir_nl - self.volume_nl
        soonest_us = pump.true_us_of(pump.device_us + above_nl * US_PER_H // _highest_rate_nl_per_h(pump, status))
        return self._first_us(pump, soonest_us) if above_nl == 1 else soonest_us

    def _first_us(self, pump: Pump, last_us: int) -> int:
        """The first instant up to `last_us` at which it holds on a copy of this pump; `last_us` if it does not by then."""
        image, first_us = pump.save(), pump.now_us + 1
        while first_us < last_us:
            middle_us = (first_us + last_us) // 2
            copy = Pump.restore(image)
            copy.advance_to(middle_us)
            if self.holds(copy):
                last_us = middle_us
            else:
                first_us = middle_us + 1
        return last_us


def _sound_looks(pump: Pump) -> list[int | None]:
    """When to listen next: at the next sounding, when a silence ends, and soon while another sound is on."""
    looks = [pump.next_sound_us()]
    if pump.answers:
        looks += [pump.true_us_of(alarm.silenced_until_us) for alarm in pump.brief().alarms if alarm.silenced_until_us]
    return looks if pump.sound() is None else [*looks, pump.now_us + LISTEN_US]


def _highest_rate_nl_per_h(pump: Pump, status: DeviceStatus) -> int:
    """No commanded rate is above this until somebody acts."""
    rate = pump.profile.rate
    if status.bolus is not None or status.prescription is None:
        return rate.rate_nl_per_h_max
    steps = [step.rate_nl_per_h for group in status.prescription.groups for step in group.steps]
    return max([rate.minimum_rate_nl_per_h, *steps])


def parse_condition(text: str) -> Condition:
    """Read a condition. Raises BenchError that says what there is."""
    text = text.strip()
    if text in _PLAIN:
        return Condition(text)
    if text.startswith("reservoir<="):
        try:
            return Condition("reservoir", volume_nl=VOLUME.parse(text.removeprefix("reservoir<=")))
        except QuantityError as error:
            raise BenchError(error.what, where="condition", do=error.do) from None
    kind, _, name = text.partition(":")
    known = _NAMED.get(kind)
    if known is None:
        do = f"use alarm:CAUSE, mode:NAME, battery:STATE, sound:CLASS, reservoir<=V, {', '.join(_PLAIN)}"
        raise BenchError(f"no condition: {text!r}", where="condition", do=do)
    if name not in known and name.replace("-", "_") in known:  # as a programmer writes an alarm: motor-stall
        name = name.replace("-", "_")
    if name not in known:
        near = get_close_matches(name, known, n=1)
        raise BenchError(
            f"unknown {kind} {name!r}", where="condition", do=f"did you mean {near[0]}?" if near else f"use one of: {', '.join(known)}"
        )
    return Condition(kind, name)
