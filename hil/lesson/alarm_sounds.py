"""Alarm sounds that are not this pump's: those of a console after IEC 60601-1-8, and the severe alarm of another maker's implant.

A burst is a list of tones in order, silence being a tone of 0 Hz. The numbers lie in sounds.yaml; tests hold them against the bands.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from firmware_sim.plant.sounder import Tone
from hil.lesson.sound_numbers import sound_number, sound_word

__all__ = ["PRIORITIES", "Burst", "Priority", "alarm_burst", "client_table", "link_lost", "note_hz", "priority_of", "severe_alarm"]

PRIORITIES: Final = ("high", "medium", "low")
SECTION_OF_ANOTHER: Final = "severe-alarm-of-another-implant"
MS_PER_S: Final = 1_000
S_PER_MIN: Final = 60
PERMILLE: Final = 1_000
A4_HZ: Final = 440.0
SEMITONES: Final = {"C": -9, "D": -7, "E": -5, "F": -4, "G": -2, "A": 0, "B": 2}
"""From A of the same octave."""


class Burst(NamedTuple):
    """Tones in order, how each begins and ends, its harmonics, and the pause until it is given again."""

    tones: tuple[Tone, ...]
    ramp_ms: int
    level_permille: int
    harmonics: tuple[int, ...] = (PERMILLE,)
    pause_ms: int = 0

    @property
    def length_ms(self) -> int:
        return sum(tone.ms for tone in self.tones)

    def as_dict(self) -> dict[str, Any]:
        """As a page takes it."""
        return {**self._asdict(), "tones": [[tone.hz, tone.ms] for tone in self.tones], "harmonics": list(self.harmonics)}


class Priority(NamedTuple):
    """How a priority is shown: not by colour alone."""

    word: str
    shape: str
    mark: str
    flash_millihz: int
    duty_percent: int


_SHOWN: Final = {"high": ("High", "diamond", "!!!"), "medium": ("Medium", "triangle", "!!"), "low": ("Low", "circle", "!")}


def priority_of(name: str) -> Priority:
    """One of PRIORITIES."""
    return Priority(*_SHOWN[name], sound_number(name, "flash_millihz"), sound_number(name, "flash_duty_percent"))


def note_hz(name: str) -> int:
    """The frequency of a note such as C5, equal temperament, A4 = 440 Hz."""
    return round(A4_HZ * 2 ** (SEMITONES[name[0]] / 12 + int(name[1:]) - 4))


def alarm_burst(priority: str) -> Burst:
    """The burst of a priority: its melody of pulses; high gives it twice, and its fourth pulse comes a little later."""
    pulse_ms, gap_ms = sound_number(priority, "pulse_ms"), sound_number(priority, "gap_ms")
    pulses = [Tone(note_hz(note), pulse_ms) for note in sound_word(priority, "melody")]
    gaps = [gap_ms] * (len(pulses) - 1)
    if priority == "high":
        gaps[2] = 2 * gap_ms + pulse_ms
        gaps = [*gaps, sound_number(priority, "group_gap_ms"), *gaps]
        pulses *= 2
    tones = [part for pulse, gap in zip(pulses, [*gaps, 0], strict=True) for part in (pulse, Tone(0, gap))][:-1]
    harmonics = tuple(int(word) for word in sound_word("timbre", "harmonic_permille"))
    ramp_ms = pulse_ms * sound_number(priority, "ramp_permille") // PERMILLE
    return Burst(tuple(tones), ramp_ms, sound_number("timbre", "level_permille"), harmonics, sound_number(priority, "pause_ms"))


def severe_alarm(length_s: int) -> Iterator[tuple[int, Burst]]:
    """The severe alarm of another implant: ms since it began, and the burst. Single tones for ten minutes, double ones for ten, again."""
    stage_s = sound_number(SECTION_OF_ANOTHER, "stage_s")
    every_s = S_PER_MIN // sound_number(SECTION_OF_ANOTHER, "tones_per_minute")
    tone = Tone(sound_number(SECTION_OF_ANOTHER, "tone_hz"), sound_number(SECTION_OF_ANOTHER, "tone_ms"))
    gap = Tone(0, sound_number(SECTION_OF_ANOTHER, "gap_ms"))
    for at_s in range(0, length_s, every_s):
        double = at_s // stage_s % 2 == 1
        yield at_s * MS_PER_S, _implant((tone, gap, tone) if double else (tone,))


def _implant(tones: tuple[Tone, ...]) -> Burst:
    return Burst(tones, sound_number("implant", "ramp_ms"), sound_number("implant", "level_permille"))


def link_lost() -> Burst:
    """The tick by which a page says that its link is lost: soft, low, twice."""
    tick = Tone(sound_number("page", "tick_hz"), sound_number("page", "tick_ms"))
    gap = Tone(0, sound_number("page", "tick_gap_ms"))
    return Burst((tick, gap, tick), sound_number("implant", "ramp_ms"), sound_number("page", "tick_level_permille"))


def client_table() -> dict[str, Any]:
    """What a page must know beforehand: no secret, the same for everybody."""
    page = {name: sound_number("page", name) for name in ("volume_percent", "late_ms", "flash_s_max")}
    priorities = {name: {**priority_of(name)._asdict(), "burst": alarm_burst(name).as_dict()} for name in PRIORITIES}
    return {**page, "link_lost": link_lost().as_dict(), "priorities": priorities}
