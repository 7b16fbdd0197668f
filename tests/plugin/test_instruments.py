"""Instruments of a rig: one interface each, whoever stands behind it."""

from __future__ import annotations

import sys
from array import array
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from hil.errors import BenchError, InstrumentError, UsageError
from hil.instruments.line_tap import BenchTap, HostTap
from hil.instruments.listener import Listener
from hil.instruments.magnet import BenchMagnet, OperatorMagnet, RelayMagnet, held
from hil.instruments.microphone import SoundCard, WavFile
from hil.instruments.recording import write_wav
from hil.rig import Rig
from tests.plugin.runs import plain_run

TESTS = """
def test_balance(running, balance, wait, measure):
    before_ug = balance.read_stable().net_ug
    wait(hours=24)
    measure("a day", (balance.read_stable().net_ug - before_ug) / 1_000, unit="mg", low=270, high=330)

def test_listener(alarming, listener):
    assert listener.hear(10).verdict == "non-critical"
    assert listener.hear(10).verdict == "neither"

def test_magnet(running, magnet, bench):
    magnet.hold()
    assert bench.truth()["magnet_held"]
    magnet.take_away()
    assert not bench.truth()["magnet_held"]

def test_tap(running, programmer, tap):
    handle = tap.inject("link.drop", direction="to_pump", rate_ppm=1_000_000)
    try:
        programmer.status()
    except Exception as error:
        assert type(error).__name__ == "NoAnswer"
    else:
        raise AssertionError("heard through a cut line")
    tap.clear(handle)
    assert programmer.status().alarms == 0
"""


@pytest.mark.parametrize("url", ["pumpsim://itp-40", "tcp://127.0.0.1:0"])
def test_instruments_of_a_simulated_pump(pytester: pytest.Pytester, url: str) -> None:
    """In this process and in another one they weigh, hear, hold and disturb alike."""
    pytester.makepyfile(TESTS)

    ran = plain_run(pytester, "--pump", url)

    assert ran.code == 0, ran.text


class TestListener:
    """Where sound comes from."""

    @pytest.fixture
    def alarm(self, tmp_path: Path) -> Path:
        """A recording of a pump whose clock chip fails."""
        with Rig.open("pumpsim://itp-40?seed=1") as rig:
            rig.bench.advance(seconds=10)
            rig.bench.inject("firmware.selftest_fail", test="rtc")
            rig.bench.run_until("alarm:self_test_rtc", limit_s=7_200)
            write_wav(tmp_path / "alarm.wav", rig.microphone.record(10))
        return tmp_path / "alarm.wav"

    def test_recording_is_heard_as_the_pump_was(self, alarm: Path) -> None:
        """A WAV file through the same listener."""
        assert Listener(WavFile(alarm)).hear(10).verdict == "critical"

    def test_rig_file_names_the_recording(self, pytester: pytest.Pytester, alarm: Path) -> None:
        """From the file's own folder, in the place of the simulated microphone."""
        (alarm.parent / "rig.yaml").write_text(
            "target: {in_process: pumpsim://itp-40?seed=1}\ninstruments: {listener: {wav: alarm.wav}}\n", encoding="utf-8"
        )
        pytester.makepyfile("def test_hears(running, listener): assert listener.hear(10).verdict == 'critical'")

        ran = plain_run(pytester, "--pump-rig", alarm.parent / "rig.yaml")

        assert ran.code == 0, ran.text

    def test_sound_card_is_read_as_sounddevice_has_it(self, alarm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Device, rate and form of the samples; what it records is judged."""
        asked: dict[str, Any] = {}
        recorded = WavFile(alarm).record(10)

        def rec(frames: int, **options: Any) -> Any:
            asked.update(options, frames=frames)
            return SimpleNamespace(tobytes=recorded.samples.tobytes)

        card = ModuleType("sounddevice")
        card.rec, card.PortAudioError = rec, OSError  # type: ignore[attr-defined]  # what we use of it
        monkeypatch.setitem(sys.modules, "sounddevice", card)
        verdict = Listener(SoundCard("3")).hear(10).verdict

        assert verdict == "critical"
        rate = recorded.sample_rate_hz
        assert asked == {"frames": 10 * rate, "samplerate": rate, "channels": 1, "dtype": "int16", "device": 3, "blocking": True}

    def test_missing_sound_card_says_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The extra, and the library under it."""
        monkeypatch.setitem(sys.modules, "sounddevice", None)

        with pytest.raises(InstrumentError, match=r"pumpsim\[sound\]"):
            SoundCard().record(1)

    def test_silence_is_neither(self, tmp_path: Path) -> None:
        """A recording of nothing."""
        from hil.instruments.recording import Recording

        write_wav(tmp_path / "none.wav", Recording(44_100, array("h", bytes(88_200))))

        assert Listener(WavFile(tmp_path / "none.wav")).hear(1).verdict == "neither"


class TestMagnet:
    """Three that move it."""

    def test_bench_holds_it(self) -> None:
        """For the length of a block."""
        with Rig.open("pumpsim://itp-40?seed=1") as rig:
            with held(rig.magnet):
                during = rig.bench.truth()["magnet_held"]
            assert isinstance(rig.magnet, BenchMagnet)
            assert (during, rig.bench.truth()["magnet_held"]) == (True, False)

    def test_operator_is_asked_and_asked_to_take_it_away(self) -> None:
        """Once for each act; closing asks only if it is still there."""
        asked: list[str] = []
        magnet = OperatorMagnet(asked.append)
        magnet.hold()
        magnet.close()
        magnet.close()

        assert asked == ["Hold the magnet over the pump", "Take the magnet away from the pump"]

    def test_relay_switches_the_wire_and_lets_go(self) -> None:
        """RTS says whether it is held; pyserial's loop shows it on CTS."""
        magnet = RelayMagnet("loop://")
        states = [magnet.is_held]
        magnet.hold()
        states.append(magnet.is_held)
        magnet.take_away()
        states.append(magnet.is_held)
        magnet.close()
        magnet.close()

        assert states == [False, True, False]

    def test_relay_that_is_not_there_is_misuse(self, tmp_path: Path) -> None:
        """One line with the path."""
        with pytest.raises(UsageError, match="cannot open the relay's port"):
            RelayMagnet(f"serial:{tmp_path / 'none'}")


@pytest.mark.parametrize("side", ["bench", "host"])
def test_tap_takes_faults_of_the_line_only(side: str) -> None:
    """A stall is none."""
    with Rig.open("pumpsim://itp-40?seed=1") as rig:
        tap = BenchTap(rig.bench) if side == "bench" else HostTap()

        with pytest.raises(BenchError, match="no fault of the line"):
            tap.inject("motor.stall")
