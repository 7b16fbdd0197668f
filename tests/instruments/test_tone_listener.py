"""Critical, non-critical or neither, at 0 dB and at any onset; tones of other frequencies and lengths are neither."""

from __future__ import annotations

import random
from array import array
from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest

from firmware_sim.plant.sounder import Tone
from hil.errors import UsageError
from hil.instruments.microphone import Sounding, render, tone_rms
from hil.instruments.recording import FULL_SCALE, Recording, with_noise
from hil.instruments.tone_listener import CRITICAL, NEITHER, NON_CRITICAL, Listening, ToneListener, tone_share

TRIALS = 200
RIGHT_MIN = 198
LENGTH_US = 4_000_000
ONSET_US_MAX = 900_000
BLOCK_US = 25_000
RATE_HZ = 8_000
LISTENER = ToneListener.of_profile("itp-40")
LOW_HZ, HIGH_HZ = 2_000, 2_500


def at_0_db(tones: Sequence[Tone], onset_us: int, generator: np.random.Generator) -> Recording:
    """These tones from an onset on, and Gaussian noise of the tones' own power all along: made here, with nothing of the product's."""
    amplitude = FULL_SCALE / 4
    samples = generator.normal(0.0, amplitude / 2**0.5, LENGTH_US * RATE_HZ // 1_000_000)
    begin = onset_us * RATE_HZ // 1_000_000
    for tone in tones:
        count = tone.ms * RATE_HZ // 1_000
        samples[begin : begin + count] += amplitude * np.sin(2 * np.pi * tone.hz / RATE_HZ * np.arange(count))
        begin += count
    return Recording(RATE_HZ, array("h", np.clip(np.rint(samples), -FULL_SCALE, FULL_SCALE).astype(np.int16).tobytes()))


def heard(*sounds: Sounding, length_us: int = LENGTH_US, sample_rate_hz: int = 8_000) -> Listening:
    """What is made of these sounds without noise."""
    return LISTENER.hear(render(sounds, length_us, sample_rate_hz=sample_rate_hz))


def test_at_0_db_nearly_every_trial_is_right(seed: int) -> None:
    """200 recordings with noise as strong as the tone: critical, non-critical, nothing, other tones; at least 99 % right, onsets too."""
    draw, generator = random.Random(seed), np.random.default_rng(seed)
    others = [hz for hz in range(500, 3_800, 50) if min(abs(hz - LOW_HZ), abs(hz - HIGH_HZ)) >= 100]
    right = 0
    for _ in range(TRIALS):
        kind, onset_us = draw.choice([CRITICAL, NON_CRITICAL, NEITHER, "other"]), draw.randrange(ONSET_US_MAX)
        tones = {NEITHER: (), "other": (Tone(draw.choice(others), draw.choice([1_000, 3_000])),)}.get(kind) or LISTENER.patterns.get(
            kind, ()
        )
        answer = LISTENER.hear(at_0_db(tones, onset_us, generator))
        if kind in {CRITICAL, NON_CRITICAL}:
            right += answer.verdict == kind and answer.onset_us is not None and abs(answer.onset_us - onset_us) <= BLOCK_US
        else:
            right += answer == (NEITHER, None, ())
    assert right >= RIGHT_MIN


@pytest.mark.parametrize("kind, rate", list(product([CRITICAL, NON_CRITICAL], [8_000, 11_025, 44_100])))
def test_clean_sound_is_known_at_any_rate(kind: str, rate: int) -> None:
    """Without noise the class, the onset and the length are found, whatever the sampling rate."""
    answer = heard(Sounding(1_012_000, LISTENER.patterns[kind]), sample_rate_hz=rate)

    assert answer.verdict == kind
    assert answer.onset_us == pytest.approx(1_012_000, abs=BLOCK_US)
    assert answer.heard[0].length_us == pytest.approx(3_000_000 if kind == CRITICAL else 1_000_000, abs=2 * BLOCK_US)


@pytest.mark.parametrize("length_ms", [1_000, 3_000])
def test_tone_of_another_frequency_is_neither(length_ms: int, seed: int) -> None:
    """A tone 40 Hz beside the pump's is nothing, nor are thirty drawn from 300 to 3,900 Hz, each as long as a sound of the pump's."""
    others = [hz for hz in range(300, 3_900) if min(abs(hz - LOW_HZ), abs(hz - HIGH_HZ)) >= 40]
    for hz in [LOW_HZ - 40, LOW_HZ + 40, HIGH_HZ - 40, HIGH_HZ + 40, *random.Random(seed).sample(others, 30)]:
        assert heard(Sounding(100_000, (Tone(hz, length_ms),)), length_us=length_ms * 1_000 + 300_000).verdict == NEITHER, hz


@pytest.mark.parametrize(
    "tones",
    [
        (Tone(LOW_HZ, 3_000),),
        (Tone(LOW_HZ, 500),),
        (Tone(HIGH_HZ, 1_000),),
        (Tone(HIGH_HZ, 3_000),),
        (Tone(LOW_HZ, 500), Tone(HIGH_HZ, 500)),
        (Tone(HIGH_HZ, 500), Tone(LOW_HZ, 500)) * 3,
        (Tone(LOW_HZ, 250), Tone(HIGH_HZ, 250)) * 6,
        (Tone(LOW_HZ, 1_500), Tone(HIGH_HZ, 1_500)),
    ],
)
def test_right_tones_in_a_wrong_pattern_are_neither(tones: tuple[Tone, ...]) -> None:
    """The pump's own tones too long, too short, in another order or rhythm are heard, and are neither."""
    answer = heard(Sounding(700_000, tones))

    assert answer.verdict == NEITHER
    assert [each.kind for each in answer.heard] == [NEITHER]


def test_graver_class_wins_and_all_are_told() -> None:
    """Of several sounds each is told in order; the verdict is the gravest, with its own onset."""
    answer = heard(
        Sounding(500_000, LISTENER.patterns[NON_CRITICAL]), Sounding(2_500_000, LISTENER.patterns[CRITICAL]), length_us=6_000_000
    )

    assert [each.kind for each in answer.heard] == [NON_CRITICAL, CRITICAL]
    assert answer[:2] == (CRITICAL, 2_500_000)


@pytest.mark.parametrize("onset_us", [-2_000_000, LENGTH_US - 1_000_000])
def test_sound_cut_off_by_the_recording_is_neither(onset_us: int) -> None:
    """A critical sound of which a part only is in the recording is not guessed at."""
    assert heard(Sounding(onset_us, LISTENER.patterns[CRITICAL])).verdict == NEITHER


def test_silence_level_and_noise_alone_are_neither(seed: int) -> None:
    """No sound, a constant level and white noise hold no tone."""
    silence = render((), LENGTH_US)
    level = Recording(8_000, array("h", [5_000] * 40_000))

    assert LISTENER.hear(silence) == LISTENER.hear(level) == LISTENER.hear(with_noise(silence, tone_rms(), seed)) == (NEITHER, None, ())


def test_constant_level_under_a_tone_does_no_harm() -> None:
    """A microphone whose zero is off hears the same."""
    recording = render([Sounding(500_000, LISTENER.patterns[NON_CRITICAL])], 3_000_000)
    shifted = Recording(recording.sample_rate_hz, array("h", [sample + 9_000 for sample in recording.samples]))

    assert LISTENER.hear(shifted) == LISTENER.hear(recording)


def test_share_of_a_tone() -> None:
    """A block that is one tone has share 1 at its frequency, next to nothing 40 Hz off, half if another tone is as strong."""
    block = render([Sounding(0, (Tone(LOW_HZ, 25),))], 25_000).samples
    both = array("h", map(sum, zip(block, render([Sounding(0, (Tone(1_000, 25),))], 25_000).samples, strict=True)))

    assert tone_share(block, LOW_HZ, 8_000) == pytest.approx(1, abs=1e-6)
    assert tone_share(block, LOW_HZ + 40, 8_000) < 0.01
    assert tone_share(both, LOW_HZ, 8_000) == pytest.approx(0.5, abs=1e-3)


def test_recording_too_coarse_is_refused() -> None:
    """A rate that cannot hold the high tone is told, with the rate it takes."""
    with pytest.raises(UsageError, match="5,000 samples a second cannot hold 2,500 Hz; record with more than 5,000"):
        heard(sample_rate_hz=5_000)


def test_every_shipped_pump_with_a_sounder_is_known() -> None:
    """The listener of each profile knows that profile's own two sounds."""
    for name in ("itp-20", "itp-40", "itp-40-next", "legacy-18"):
        listener = ToneListener.of_profile(name)
        for kind, tones in listener.patterns.items():
            assert listener.hear(render([Sounding(300_000, tones)], LENGTH_US)).verdict == kind, (name, kind)
