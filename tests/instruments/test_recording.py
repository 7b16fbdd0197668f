"""Recordings: WAV files there and back, noise, and a microphone at a simulated pump."""

from __future__ import annotations

import wave
from array import array
from pathlib import Path
from statistics import fmean, pstdev

import pytest

from firmware_sim.plant.sounder import Tone
from hil.errors import UsageError
from hil.instruments.microphone import SimulatedMicrophone, Sounding, WavFile, render
from hil.instruments.recording import FULL_SCALE, Recording, read_wav, with_noise, write_wav
from hil.instruments.tone_listener import CRITICAL, NEITHER, NON_CRITICAL, ToneListener
from hil.rig import Rig
from tests.rig.serving import PROGRAMMER, filled

LISTENER = ToneListener.of_profile("itp-40")


def test_wav_comes_back(tmp_path: Path) -> None:
    """What is written is read; of several channels the first counts."""
    recording = render([Sounding(0, (Tone(2_000, 100),))], 200_000)
    write_wav(tmp_path / "one.wav", recording)
    assert read_wav(tmp_path / "one.wav") == WavFile(tmp_path / "one.wav").record(0) == recording
    assert recording.length_us == 200_000

    with wave.open(str(tmp_path / "two.wav"), "wb") as file:
        file.setparams((2, 2, 44_100, 0, "NONE", "not compressed"))
        file.writeframes(array("h", [1, -1, 2, -2, 3, -3]).tobytes())
    assert read_wav(tmp_path / "two.wav") == Recording(44_100, array("h", [1, 2, 3]))


@pytest.mark.parametrize(
    "content", [b"", b"RIFF", b"no sound at all, but long enough to look like something", b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0"]
)
def test_what_is_no_wav_is_refused(tmp_path: Path, content: bytes) -> None:
    """Other bytes are refused with what to give."""
    (tmp_path / "bad.wav").write_bytes(content)

    with pytest.raises(UsageError, match="16-bit PCM"):
        read_wav(tmp_path / "bad.wav")


def test_other_widths_and_places_are_refused(tmp_path: Path) -> None:
    """Eight bits, a file that is not there and a folder that is not there are told."""
    with wave.open(str(tmp_path / "narrow.wav"), "wb") as file:
        file.setparams((1, 1, 8_000, 0, "NONE", "not compressed"))
        file.writeframes(bytes(10))

    with pytest.raises(UsageError, match="8 bits a sample"):
        read_wav(tmp_path / "narrow.wav")
    with pytest.raises(UsageError, match="cannot be read"):
        read_wav(tmp_path / "none.wav")
    with pytest.raises(UsageError, match="cannot be written"):
        write_wav(tmp_path / "none" / "a.wav", render((), 1_000))


def test_noise_is_seeded_and_as_strong_as_asked(seed: int) -> None:
    """The same seed gives the same noise; its root mean square is the one asked for; loud noise stays within full scale."""
    silence = render((), 2_000_000)
    noisy = with_noise(silence, 1_000, seed)

    assert noisy == with_noise(silence, 1_000, seed) != with_noise(silence, 1_000, seed + 1)
    assert abs(fmean(noisy.samples)) < 50
    assert pstdev(noisy.samples) == pytest.approx(1_000, rel=0.05)
    assert max(map(abs, with_noise(silence, 60_000, seed).samples)) == FULL_SCALE


def test_microphone_hears_what_the_pump_sounds() -> None:
    """A low reservoir is a non-critical sound, a stopped self-test a critical one, a pump that is well silent; time passes meanwhile."""
    with Rig.open("pumpsim://itp-40?seed=1", programmer=PROGRAMMER) as rig:
        rig.bench.advance(seconds=10)
        filled(rig)
        microphone = rig.microphone
        before_us = rig.bench.now_us()
        assert LISTENER.hear(microphone.record(60)).verdict == NEITHER
        assert rig.bench.now_us() == before_us + 60_000_000

        rig.bench.inject("firmware.selftest_fail", test="rtc")
        assert rig.bench.run_until("alarm:self_test_rtc", limit_s=7_200)
        answer = LISTENER.hear(microphone.record(630))
        assert [each.kind for each in answer.heard] == [CRITICAL, CRITICAL]
        assert answer.heard[1].onset_us - answer.heard[0].onset_us == pytest.approx(600_000_000, abs=50_000)

    with Rig.open("pumpsim://itp-40?seed=1", programmer=PROGRAMMER) as rig:
        rig.bench.advance(seconds=10)
        filled(rig)
        assert rig.bench.run_until("sound:non-critical", limit_s=90 * 86_400)
        assert LISTENER.hear(SimulatedMicrophone(rig.bench).record(5)).verdict == NON_CRITICAL


def test_microphone_comes_late() -> None:
    """A sound that has begun already is heard from there on, and not taken for a whole one."""
    with Rig.open("pumpsim://itp-40?seed=1", programmer=PROGRAMMER) as rig:
        rig.bench.inject("firmware.selftest_fail", test="rtc")
        assert rig.bench.run_until("sound", limit_s=7_200)
        rig.bench.advance(seconds=1)
        answer = LISTENER.hear(SimulatedMicrophone(rig.bench).record(10))

    assert [each[:2] for each in answer.heard] == [(NEITHER, 0)]
    assert answer.heard[0].length_us == pytest.approx(2_000_000, abs=50_000)


@pytest.mark.parametrize("seconds", [0, -1, 3_601])
def test_length_of_a_recording_has_limits(seconds: int) -> None:
    """Nothing, and more than an hour, is refused before time passes."""
    with Rig.open("pumpsim://itp-40?seed=1") as rig, pytest.raises(UsageError, match="record for 1 to 3,600 s"):
        SimulatedMicrophone(rig.bench).record(seconds)
