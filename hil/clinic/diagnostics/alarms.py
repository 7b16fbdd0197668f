"""Listening for alarms: what somebody at hand hears. A pattern tells the class of an alarm, never its cause; some soundings are missed."""

from __future__ import annotations

from typing import NamedTuple

from firmware_sim.units import US_PER_S
from hil.clinic.diagnostics.bedside import Bedside, Sounding
from hil.clinic.diagnostics.draws import Draws
from hil.clinic.diagnostics.numbers import number

__all__ = ["Heard", "Listening", "listen_for_alarms"]

_MEANS = {"two-tone": "a critical alarm", "single-tone": "an alarm that is not critical"}


class Heard(NamedTuple):
    """One sounding, and how many seconds into the listening it came."""

    pattern: str
    after_s: int


class Listening(NamedTuple):
    """All that was heard."""

    heard: tuple[Heard, ...]
    says: str


def listen_for_alarms(bedside: Bedside, duration_s: int, draw: int | None = None) -> Listening:
    """Listen for so long, and let that time pass."""
    began_us = bedside.pump.device_us
    draws = Draws(bedside.pump, "alarms", draw)
    sounded = bedside.listen(duration_s)
    heard = tuple(
        Heard(sound.pattern, (sound.began_us - began_us) // US_PER_S)
        for place, sound in enumerate(sounded)
        if draws.happens(f"heard {place}", _chance_ppm(sound))
    )
    meant = sorted({_MEANS[sound.pattern] for sound in heard})
    return Listening(heard, f"{' and '.join(meant)}; interrogate for the cause" if meant else "nothing was heard")


def _chance_ppm(sound: Sounding) -> int:
    return number("alarms", f"{sound.pattern.replace('-', '_')}_heard_ppm")
