"""The sounder: what a listener hears for each of the two patterns."""

from __future__ import annotations

from typing import NamedTuple

from firmware_sim.profile.sections import Sound as SoundNumbers
from firmware_sim.units import US_PER_MS

__all__ = ["Sound", "Tone", "pattern_lengths_us", "sound_of"]


class Tone(NamedTuple):
    """One tone: frequency and length."""

    hz: int
    ms: int


class Sound(NamedTuple):
    """What sounds now: two-tone (critical) or single tone, device time at which it began, and its tones in order."""

    pattern: str
    began_us: int
    tones: tuple[Tone, ...]


def pattern_lengths_us(numbers: SoundNumbers) -> tuple[int, int]:
    """Lengths of the (non-critical, critical) patterns."""
    return numbers.non_critical_ms * US_PER_MS, numbers.critical_ms * US_PER_MS


def sound_of(critical: bool, began_us: int, numbers: SoundNumbers) -> Sound:
    """The tones of a pattern: low and high in turn when critical, one low tone else."""
    if not critical:
        return Sound("single-tone", began_us, (Tone(numbers.tone_low_hz, numbers.non_critical_ms),))
    pair = (Tone(numbers.tone_low_hz, numbers.tone_ms), Tone(numbers.tone_high_hz, numbers.tone_ms))
    return Sound("two-tone", began_us, pair * (numbers.critical_ms // (2 * numbers.tone_ms)))
