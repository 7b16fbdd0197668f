"""Which alarm sound is in a recording: critical, non-critical or neither, and when it began.

The recording is cut into blocks. In each, Goertzel's algorithm finds which share of the block's power lies at each frequency that the
pump's sounds have; a tone is there if that share is large, however loud the block is, so white noise as strong as the tone does no
harm. Blocks with a tone, next to one another, are one sound. It is a pattern of the pump if it is as long, and has the right tone in
nearly all of its blocks.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from math import cos, pi
from operator import mul
from typing import NamedTuple

from firmware_sim.plant.sounder import Tone, sound_of
from firmware_sim.profile import load_profile
from firmware_sim.profile.sections import Sound as SoundNumbers
from hil.errors import UsageError
from hil.instruments.numbers import ListenerNumbers, listener_numbers
from hil.instruments.recording import Recording

__all__ = ["CRITICAL", "NEITHER", "NON_CRITICAL", "Heard", "Listening", "ToneListener", "patterns_of", "tone_share"]

CRITICAL, NON_CRITICAL, NEITHER = "critical", "non-critical", "neither"
MS_PER_S = 1_000
US_PER_MS = 1_000
BLOCKS_MIN = 2
"""A shorter sound is a click."""


class Heard(NamedTuple):
    """One sound at the pump's frequencies: what it is, when in the recording it began, how long it was."""

    kind: str
    onset_us: int
    length_us: int


class Listening(NamedTuple):
    """The answer: the gravest class heard, when it first began (None with neither), and every sound."""

    verdict: str
    onset_us: int | None
    heard: tuple[Heard, ...]


def patterns_of(numbers: SoundNumbers) -> dict[str, tuple[Tone, ...]]:
    """The tones of each class, as a pump with these numbers sounds them."""
    return {CRITICAL: sound_of(True, 0, numbers).tones, NON_CRITICAL: sound_of(False, 0, numbers).tones}


class ToneListener:
    """Knows the patterns of one pump; `hear` judges a recording."""

    def __init__(self, patterns: Mapping[str, Sequence[Tone]], numbers: ListenerNumbers | None = None) -> None:
        self.patterns = dict(patterns)
        self.numbers = numbers or listener_numbers()
        self._hz = sorted({tone.hz for tones in self.patterns.values() for tone in tones})

    @classmethod
    def of_profile(cls, name: str) -> ToneListener:
        """For the pump of a profile. Raises ProfileError."""
        return cls(patterns_of(load_profile(name).sound))

    def hear(self, recording: Recording) -> Listening:
        """Judge it. Raises UsageError for one that cannot hold the tones."""
        if recording.sample_rate_hz <= 2 * self._hz[-1]:
            what = f"{recording.sample_rate_hz:,} samples a second cannot hold {self._hz[-1]:,} Hz"
            raise UsageError(what, where="recording", do=f"record with more than {2 * self._hz[-1]:,}")
        heard = tuple(self._heard(first, tones) for first, tones in self._sounds(self._tones(recording)))
        for verdict in (CRITICAL, NON_CRITICAL):
            onset_us = next((each.onset_us for each in heard if each.kind == verdict), None)
            if onset_us is not None:
                return Listening(verdict, onset_us, heard)
        return Listening(NEITHER, None, heard)

    def _tones(self, recording: Recording) -> Iterator[int]:
        """The frequency that each block holds, 0 for none."""
        size = recording.sample_rate_hz * self.numbers.block_ms // MS_PER_S
        for begin in range(0, len(recording.samples) - size + 1, size):
            block = recording.samples[begin : begin + size]
            power = _power(block)
            shares = {hz: _share(block, power, hz, recording.sample_rate_hz) for hz in self._hz} if power > 0 else {}
            best = max(shares, key=lambda hz: shares[hz], default=0)
            yield best if shares and 100 * shares[best] >= self.numbers.tone_share_percent else 0

    def _sounds(self, tones: Iterator[int]) -> Iterator[tuple[int, list[int]]]:
        """Number of the first block, and the tones, of each sound; short silences within it count as blocks without a tone."""
        gap = self.numbers.gap_ms // self.numbers.block_ms
        first, sound, silent = 0, list[int](), 0
        for place, hz in enumerate(tones):
            if hz:
                first = first if sound else place
                sound += [0] * silent + [hz]
                silent = 0
            elif sound:
                silent += 1
                if silent > gap:
                    yield first, sound
                    sound, silent = [], 0
        if sound:
            yield first, sound

    def _heard(self, first: int, tones: list[int]) -> Heard:
        block_us = self.numbers.block_ms * US_PER_MS
        kind = next((kind for kind, pattern in self.patterns.items() if self._fits(tones, pattern)), NEITHER)
        return Heard(kind, first * block_us, len(tones) * block_us)

    def _fits(self, tones: list[int], pattern: Sequence[Tone]) -> bool:
        """As long as the pattern, with the right tones."""
        block_ms = self.numbers.block_ms
        length_ms = sum(tone.ms for tone in pattern)
        if len(tones) < BLOCKS_MIN or abs(len(tones) * block_ms - length_ms) > self.numbers.length_error_ms:
            return False
        wanted = [_tone_at(pattern, place * block_ms + block_ms // 2) for place in range(length_ms // block_ms)]
        right = sum(hz == wish for hz, wish in zip(tones, wanted, strict=False))
        return 100 * right >= self.numbers.fit_percent * len(wanted)


def tone_share(block: array[int], hz: int, sample_rate_hz: int) -> float:
    """Which share of the block's power, its mean level aside, is a tone of this frequency: 1 for that tone alone (Goertzel)."""
    power = _power(block)
    return _share(block, power, hz, sample_rate_hz) if power > 0 else 0.0


def _power(block: array[int]) -> float:
    """Sum of squares about the mean."""
    return float(sum(map(mul, block, block)) - sum(block) ** 2 / len(block))


def _share(block: array[int], power: float, hz: int, sample_rate_hz: int) -> float:
    turn = 2 * cos(2 * pi * hz / sample_rate_hz)
    last = before = 0.0
    for sample in block:
        last, before = sample + turn * last - before, last
    return float(2 * (last * last + before * before - turn * last * before) / (len(block) * power))


def _tone_at(pattern: Sequence[Tone], at_ms: int) -> int:
    for tone in pattern:
        if at_ms < tone.ms:
            return tone.hz
        at_ms -= tone.ms
    return 0
