"""`pumpsim weigh`, `trumpet` and `listen` as a user runs them."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from firmware_sim.plant.sounder import Tone
from hil.cli import execute
from hil.flow.log import read_log
from hil.instruments.microphone import Sounding, render
from hil.instruments.recording import write_wav
from hil.instruments.tone_listener import CRITICAL, ToneListener
from hil.rig import Rig
from tests.rig.serving import PROGRAMMER, filled, running, serve, stop_server

RECORDED = Path(__file__).parent / "recorded.csv"
SOLUTION = ["--density", "1.0046 g/mL", "--evaporation", "0.2 mg/h"]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of one's own to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def served(place: Path) -> Iterator[Path]:
    """A pump that infuses, with a balance and a bench over HTTP; its ready file."""
    options = [
        "--port",
        "pty:./pump0",
        "--balance",
        "pty:./balance0",
        "--pace",
        "lock-step",
        "--bench",
        "http",
        "--ready-file",
        "ready.json",
    ]
    process = serve(*options, "--seed", "1")
    try:
        running(process)
        with Rig.connect("ready.json", programmer=PROGRAMMER) as rig:
            rig.bench.advance(seconds=10)
            filled(rig)
        yield place / "ready.json"
    finally:
        stop_server(process)


def printed(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What a command with --json has printed."""
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.usefixtures("served")
def test_pump_is_weighed_and_judged(capsys: pytest.CaptureFixture[str]) -> None:
    """Two virtual days of a simulated pump become a log, and the log a trumpet whose overall error is the unit's own."""
    assert execute(["weigh", "pty:./balance0", "--ready-file", "ready.json", "-o", "flow.csv"]) == 0
    assert capsys.readouterr().out == "193 readings in flow.csv\n"
    assert [reading.at_us for reading in read_log(Path("flow.csv"))] == [place * 900_000_000 for place in range(193)]

    assert execute(["trumpet", "flow.csv", "--rate", "0.24 mL/day", *SOLUTION, "--json"]) == 0
    flow = printed(capsys)["flow"]
    with Rig.connect("ready.json") as rig:
        unit_percent = rig.bench.truth()["unit_error_ppm"] / 10_000
    assert flow["first"]["error_percent"] == pytest.approx(unit_percent, abs=0.2)
    assert len(flow["first"]["windows"]) == 6


@pytest.mark.usefixtures("served")
def test_log_goes_to_standard_output_too(capsys: pytest.CaptureFixture[str]) -> None:
    """Without -o the log is what is printed, with the balance's name in a comment."""
    assert execute(["weigh", "pty:./balance0", "--ready-file", "ready.json", "--every", "1 min", "--for", "3 min", "--no-tare"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["# balance PUMPSIM-220, 220.00000 g, serial SIM0000001", "time_s,mass_mg,stable"]
    assert [line.split(",")[0] for line in lines[2:]] == ["0", "60", "120", "180"]
    assert abs(float(lines[2].split(",")[1]) - 35_000) < 1


@pytest.mark.usefixtures("served")
def test_wall_clock_serves_where_there_is_no_bench(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a bench one reading is taken at once, and the balance is read as a real one is."""
    assert execute(["weigh", "./balance0", "--every", "1 min", "--for", "1 s"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_trumpet_prints_a_table_and_draws(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table has every window, the picture is SVG with both curves beside the log, and neither claims conformance."""
    log = place / "recorded.csv"
    log.write_bytes(RECORDED.read_bytes())

    assert execute(["trumpet", "recorded.csv", "--rate", "10,000 nL/h", *SOLUTION]) == 0
    text = capsys.readouterr().out
    assert "no claim of conformance" in text
    assert "from 24 h to 48 h: flow 9.739 uL/h, overall error -2.61 %" in text
    assert [line.split()[0] for line in text.splitlines() if " min " in line and "%" in line] == ["15", "60", "150", "330", "570", "930"]
    picture = ET.parse(place / "recorded.svg").getroot()  # noqa: S314  # our own file
    shown = "".join(picture.itertext())
    assert all(
        words in shown for words in ("Start-up curve", "Trumpet curve, 24 h to 48 h", "length of the window", "no claim of conformance")
    )
    assert len(list(picture.iter("{http://www.w3.org/2000/svg}polyline"))) == 6


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("rate", ["0.01 mL/h", "0.24 mL/day", "10,000 nL/h"])
def test_rate_has_three_units(rate: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The set rate is taken per hour or per day."""
    assert execute(["trumpet", str(RECORDED), "--rate", rate, *SOLUTION, "--svg", "a.svg", "--json"]) == 0
    assert printed(capsys)["flow"]["rate_nl_per_h"] == 10_000


@pytest.mark.usefixtures("place")
def test_boluses_are_judged_outside_the_period_only(capsys: pytest.CaptureFixture[str]) -> None:
    """A bolus in the start-up is judged beside the trumpet, in a log too short for one alone, and in the analysis period it is refused."""
    asked = ["--rate", "0.24 mL/day", *SOLUTION, "--svg", "a.svg", "--json"]
    assert execute(["trumpet", str(RECORDED), *asked, "--bolus", "0.01 mL at 2 h for 10 min"]) == 0
    both = printed(capsys)
    assert both["flow"] is not None
    assert both["boluses"][0]["error_percent"] == pytest.approx(-100, abs=5), "none was given: only basal flow came"

    Path("short.csv").write_text("".join(f"{line}\n" for line in RECORDED.read_text(encoding="utf-8").splitlines()[:20]), encoding="utf-8")
    assert execute(["trumpet", "short.csv", *asked, "--bolus", "0.01 mL at 2 h for 10 min"]) == 0
    out, words = capsys.readouterr()
    assert json.loads(out)["flow"] is None
    assert "no trumpet" in words

    assert execute(["trumpet", str(RECORDED), *asked, "--bolus", "0.01 mL at 30 h for 10 min"]) == 2
    assert "lies in the analysis period, 24 h to 48 h" in capsys.readouterr().err


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    "words, code, told",
    [
        (["trumpet", "none.csv", "--rate", "0.01 mL/h"], 2, "none.csv: cannot be read"),
        (["trumpet", str(RECORDED), "--rate", "0.01"], 2, "unit"),
        (["trumpet", str(RECORDED), "--rate", "0.01 mL/h", "--svg", "none/a.svg"], 2, "cannot be written"),
        (["trumpet", str(RECORDED), "--rate", "0.01 mL/h", "--bolus", "lots"], 2, "is no bolus"),
        (["trumpet", str(RECORDED), "--rate", "0.01 mL/h", "--set", "volumetric"], 2, "weigh as often, or choose the other set"),
        (["weigh", "./none"], 2, "cannot open the instrument's port"),
        (["weigh", "./none", "--every", "0 s"], 2, "no time between readings"),
        (["listen", "none.wav"], 2, "cannot be read"),
        (["listen"], 2, "which bench?"),
        (["listen", "none.wav", "--profile", "none"], 2, "unknown profile"),
    ],
)
def test_mistakes_are_told_in_a_line(words: list[str], code: int, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be done ends with its code and one line that says why."""
    assert execute(words) == code
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert told in lines[0]


def test_recording_is_judged(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A WAV file is told as critical with its onset; an expectation that is not met ends with 1."""
    tones = ToneListener.of_profile("itp-40").patterns[CRITICAL]
    write_wav(place / "a.wav", render([Sounding(1_500_000, tones)], 6_000_000, sample_rate_hz=44_100))
    write_wav(place / "b.wav", render([Sounding(1_500_000, (Tone(1_000, 1_000),))], 6_000_000))

    assert execute(["listen", "a.wav"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "critical, from 1.500 s"
    assert execute(["listen", "b.wav", "--json", "--expect", "neither"]) == 0
    assert printed(capsys) == {"verdict": "neither", "onset_us": None, "heard": []}
    assert execute(["listen", "b.wav", "--expect", "critical"]) == 1
    assert "heard neither, expected critical" in capsys.readouterr().err


@pytest.mark.usefixtures("served")
def test_simulated_pump_is_heard(capsys: pytest.CaptureFixture[str]) -> None:
    """At a bench the pump's alarm is rendered, in noise as strong as itself, kept as WAV, and judged the same from there."""
    with Rig.connect("ready.json") as rig:
        rig.bench.inject("firmware.selftest_fail", test="rtc")
        assert rig.bench.run_until("alarm:self_test_rtc", limit_s=7_200)

    words = ["listen", "--ready-file", "ready.json", "--for", "10 s", "--snr", "0", "-o", "sound.wav", "--json"]
    assert execute(words) == 0
    first = printed(capsys)
    assert first["verdict"] == "critical"
    assert execute(["listen", "sound.wav", "--json"]) == 0
    assert printed(capsys) == first
