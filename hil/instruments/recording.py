"""Recordings: 16-bit samples of one channel and their rate; WAV files of them; noise."""

from __future__ import annotations

import io
import random
import sys
import wave
from array import array
from pathlib import Path
from typing import NamedTuple

from hil.errors import UsageError
from hil.system.whole_file import write_whole
from hil.wording.causes import cause

__all__ = ["FULL_SCALE", "RECORDING_S_MAX", "Recording", "read_wav", "with_noise", "write_wav"]

FULL_SCALE = 32_767
RECORDING_S_MAX = 3_600
SAMPLE_BYTES = 2
US_PER_S = 1_000_000


class Recording(NamedTuple):
    """Signed 16-bit samples, so many a second."""

    sample_rate_hz: int
    samples: array[int]

    @property
    def length_us(self) -> int:
        return len(self.samples) * US_PER_S // self.sample_rate_hz


def read_wav(path: Path) -> Recording:
    """Read the first channel of a 16-bit PCM file. Raises UsageError."""
    try:
        with wave.open(str(path), "rb") as file:
            rate, channels, width, frames = file.getframerate(), file.getnchannels(), file.getsampwidth(), file.getnframes()
            if width != SAMPLE_BYTES or not rate:
                raise UsageError(f"{8 * width} bits a sample", where=str(path), do="convert it to a WAV file of 16-bit PCM")
            if frames > RECORDING_S_MAX * rate:
                raise UsageError(f"{frames // rate:,} s long, {RECORDING_S_MAX:,} s at most", where=str(path), do="cut it into parts")
            samples = array("h", file.readframes(frames))
    except (OSError, EOFError, wave.Error, ValueError) as error:
        raise UsageError(f"cannot be read: {cause(error)}", where=str(path), do="give a WAV file of 16-bit PCM") from None
    if sys.byteorder == "big":
        samples.byteswap()
    return Recording(rate, samples[::channels])


def write_wav(path: Path, recording: Recording) -> None:
    """Write one channel of 16-bit PCM. Raises UsageError."""
    samples = array("h", recording.samples)
    if sys.byteorder == "big":
        samples.byteswap()
    whole = io.BytesIO()
    with wave.open(whole, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(SAMPLE_BYTES)
        file.setframerate(recording.sample_rate_hz)
        file.writeframes(samples.tobytes())
    try:
        write_whole(path, whole.getvalue())
    except OSError as error:
        raise UsageError(f"cannot be written ({error.strerror})", where=str(path), do="choose another file with -o") from None


def with_noise(recording: Recording, rms: float, seed: int) -> Recording:
    """The recording with white noise of this root mean square on it, clipped at full scale."""
    gauss = random.Random(seed).gauss  # noqa: S311  # noise, not keys
    noisy = (max(-FULL_SCALE, min(FULL_SCALE, round(sample + gauss(0.0, rms)))) for sample in recording.samples)
    return Recording(recording.sample_rate_hz, array("h", noisy))
