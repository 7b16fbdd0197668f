"""Where recordings come from: a microphone at a simulated pump, or a file that a real one made."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from math import pi, sin
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from firmware_sim.plant.sounder import Tone
from hil.bench.calls import BenchCalls
from hil.errors import InstrumentError, UsageError
from hil.instruments.numbers import listener_numbers
from hil.instruments.recording import FULL_SCALE, RECORDING_S_MAX, Recording, read_wav

__all__ = ["Microphone", "SimulatedMicrophone", "SoundCard", "Sounding", "WavFile", "render", "tone_rms"]

US_PER_S = 1_000_000
MS_PER_S = 1_000
PERMILLE = 1_000


class Sounding(NamedTuple):
    """One sound in a recording: when it begins, and its tones in order."""

    onset_us: int
    tones: Sequence[Tone]


class Microphone(Protocol):
    """Records."""

    def record(self, duration_s: int) -> Recording:
        """The sound of the coming seconds."""


class SimulatedMicrophone:
    """Hears the pump of a bench, whose time passes while it records."""

    def __init__(self, bench: BenchCalls) -> None:
        self._bench = bench

    def record(self, duration_s: int) -> Recording:
        if not 0 < duration_s <= RECORDING_S_MAX:
            raise UsageError(f"{duration_s} s", where="record", do=f"record for 1 to {RECORDING_S_MAX:,} s")
        begin_us = int(self._bench.call("now")["device_us"])
        now = self._bench.truth()["sound"]
        result = self._bench.call("listen", duration_s=duration_s)
        began = {int(sound["began_us"]): result["tones"][sound["pattern"]] for sound in result["sounds"]}
        if now is not None:
            began.setdefault(int(now["began_us"]), now["tones"])
        sounds = (Sounding(at_us - begin_us, _tones(tones)) for at_us, tones in began.items())
        return render(sounds, duration_s * US_PER_S)


class WavFile:
    """A recording made elsewhere; it is as long as it is."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def record(self, duration_s: int) -> Recording:
        return read_wav(self._path)


class SoundCard:
    """A microphone at a sound card, by its name or number as python-sounddevice has it; "default" is the system's."""

    def __init__(self, device: str = "default") -> None:
        self._device: str | int | None = None if device == "default" else int(device) if device.isdecimal() else device

    def record(self, duration_s: int) -> Recording:
        try:
            import sounddevice  # type: ignore[import-not-found,unused-ignore]  # an extra
        except (ImportError, OSError):  # OSError: the package is there, the library that it drives is not
            do = "pip install 'pumpsim[sound]', and PortAudio (Debian: apt-get install libportaudio2)"
            raise InstrumentError("no sound card can be read", where="listener", do=do) from None
        rate = listener_numbers().sample_rate_hz
        try:
            samples = sounddevice.rec(duration_s * rate, samplerate=rate, channels=1, dtype="int16", device=self._device, blocking=True)
        except (sounddevice.PortAudioError, ValueError) as error:
            do = "`python -m sounddevice` lists the devices"
            raise InstrumentError(f"nothing was recorded: {error}", where="listener", do=do) from None
        return Recording(rate, array("h", samples.tobytes()))


def render(sounds: Iterable[Sounding], length_us: int, *, sample_rate_hz: int | None = None) -> Recording:
    """A recording of these sounds without noise; what lies before its beginning or after its end is cut off."""
    rate = sample_rate_hz or listener_numbers().sample_rate_hz
    samples = array("h", bytes(2 * (length_us * rate // US_PER_S)))
    level = FULL_SCALE * listener_numbers().level_permille / PERMILLE
    for sound in sounds:
        begin = sound.onset_us * rate // US_PER_S
        for tone in sound.tones:
            count, turn = tone.ms * rate // MS_PER_S, 2 * pi * tone.hz / rate
            for place in range(max(begin, 0), min(begin + count, len(samples))):
                samples[place] = round(level * sin(turn * (place - begin)))
            begin += count
    return Recording(rate, samples)


def tone_rms() -> float:
    """Root mean square of a rendered tone: noise of the same is a signal to noise ratio of 0 dB."""
    return float(FULL_SCALE * listener_numbers().level_permille / PERMILLE / 2**0.5)


def _tones(told: Iterable[Mapping[str, Any]]) -> tuple[Tone, ...]:
    return tuple(Tone(int(tone["hz"]), int(tone["ms"])) for tone in told)
