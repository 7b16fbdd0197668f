"""A run with faults as a script: done again, in this process or another, it ends in the same digest."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from hil.bench.bench import Bench
from hil.bench.calls import InProcessBench
from hil.bench.replay import replay
from hil.bench.stdio import ServerProcess
from hil.errors import BenchError, CheckFailed, UsageError
from hil.faults.registry import REGISTRY
from hil.faults.script import read_script, script_of
from hil.rig import Rig
from hil.unit import Unit
from protocol.errors import ProtocolError
from tests.link.bedside import BOLUS_DOSE_NG, BOLUS_NL, BOLUS_S
from tests.link.faulty_line import FaultyLine
from tests.rig.serving import PROGRAMMER, filled
from tests.support.replay import replayable

ACTS = 40
LINE_FAULTS = [name for name, fault in REGISTRY.items() if fault.owner == "link tap"]
GIVEN: dict[str, dict[str, int | str]] = {"link.delay": {"delay_us": 900_000}, "link.cut": {"at_byte": 2_000}}


def random_act(line: FaultyLine, draw: random.Random) -> None:
    """One thing that a rig may do: a fault, a request, an act, time."""
    bench = line.bench
    name = draw.choice(LINE_FAULTS)
    rate = {"rate_ppm": draw.randint(1_000, 300_000)} if any(row.name == "rate_ppm" for row in REGISTRY[name].settings) else {}
    pick = draw.randrange(8)
    if pick == 0:
        bench.plan(name, {**rate, **GIVEN.get(name, {})}, for_s=draw.randint(1, 900))
    elif pick == 1:
        bench.plan("motor.stall", when=draw.choice(["command:BOLUS", "frame#5", "byte#300", "bolus-ended", "boot"]), for_s=900)
    elif pick == 2:
        bench.plan("catheter.occlusion", {"fraction_ppm": 5}, rate_per_day_ppm=40_000_000, for_s=60, seed=draw.randrange(9))
    elif pick == 3:
        bench.power_cut(off_s=draw.randint(1, 60))
        bench.advance(seconds=70)
    elif pick == 4:
        bench.needle(inject_nl=draw.randint(0, 900), concentration_ng_per_ml=500_000)
    elif pick == 5:
        bench.advance(us=draw.randrange(10**10))
    else:
        with line.programmer(programmer_id=draw.randrange(1, 4)) as programmer:
            programmer.status()
            programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)


def random_run(seed: int) -> FaultyLine:
    """A run that nobody planned."""
    line, draw = FaultyLine(), random.Random(seed)
    with replayable(line.unit):
        for _ in range(ACTS):
            try:
                random_act(line, draw)
            except (ProtocolError, BenchError):
                continue
    return line


@pytest.mark.parametrize("number", range(12))
def test_random_run_replays(seed: int, number: int) -> None:
    """A script read from its own text ends in the digest of the run, with line effects in the trace."""
    line = random_run(seed + number)
    script = read_script(line.bench.script())

    assert script == script_of(line.unit)
    assert replay(script) == line.bench.digest()


def test_fresh_process_replays(seed: int, tmp_path: Path) -> None:
    """Each line given to the standard input of a server of its own: the last answer is the expected digest."""
    lines = random_run(seed).bench.script().splitlines()
    about = json.loads(lines[0])["id"]
    options = ["--port", f"pty:{tmp_path / 'pump'}", "--seed", str(about["seed"]), "--pace", "lock-step"]
    with ServerProcess(about["profile"], options) as server:
        for line in map(json.loads, lines[1:-1]):
            try:
                server.bench.call(line["verb"], line["args"])
            except BenchError:
                continue

        assert server.bench.digest() == json.loads(lines[-1])["id"]["expected"] == about["digest"]


def test_python_script_is_a_program(seed: int, tmp_path: Path) -> None:
    """It runs by itself, and prints the digest."""
    line = random_run(seed)
    path = tmp_path / "again.py"
    path.write_text(line.bench.script("python"), encoding="utf-8")
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=False, timeout=60)

    assert done.stderr == ""
    assert done.stdout.strip() == line.bench.digest()


def test_script_of_a_new_pump_needs_no_image() -> None:
    """From the factory on: profile and seed say where it begins, and time is there as advances."""
    with Rig.open("pumpsim://itp-40?seed=5", programmer=PROGRAMMER) as rig:
        filled(rig)
        rig.bench.advance(hours=3)
        rig.bench.inject("link.drop", at_frames="1")
        rig.programmer.status()
        script = read_script(rig.bench.script())

        assert (script.profile, script.seed) == ("itp-40", 5)
        assert [verb for verb, _ in script.steps if verb not in {"send", "advance"}] == ["needle", "inject"]
        assert replay(script) == rig.bench.digest()


@pytest.mark.parametrize("catheter", ["", "104cm"])
def test_script_of_a_pump_of_one_s_own_brings_its_numbers(catheter: str, tmp_path: Path) -> None:
    """A profile file, or another catheter, is in the script, so that it needs neither; the digest is the same."""
    file = tmp_path / "mine.yaml"
    file.write_text("extends: itp-40\nsound:\n  tone_low_hz: {value: 1_234, provenance: assumed}\n", encoding="utf-8")
    unit = Unit.new("itp-40" if catheter else str(file), seed=3, catheter=catheter)
    bench = InProcessBench(Bench(unit))
    bench.needle(inject_nl=9_000_000, concentration_ng_per_ml=500_000)
    bench.inject("firmware.selftest_fail", test="tone")
    bench.advance(hours=2)
    script = read_script(bench.script())

    assert script.profile_text == unit.pump.profile.text != ""
    assert replay(script) == bench.digest()


def test_recording_that_grows_too_long_begins_again() -> None:
    """Past its limit a script begins at an image, and still ends in the same digest."""
    line = FaultyLine()
    for number in range(70):
        line.bench.send(bytes((1 + number,)) * 65_000)
        line.bench.advance(seconds=1)
    script = script_of(line.unit)

    assert script.steps[0][0] == "restore"
    assert len(script.steps) < 130
    assert replay(script) == line.bench.digest()


def test_another_digest_is_told() -> None:
    """A pump that was driven past bench and wire does not replay, and that is an error."""
    unit = Unit.new("itp-40", seed=1)
    unit.pump.needle(inject_nl=5, concentration_ng_per_ml=1)

    with pytest.raises(CheckFailed, match="the digest is"):
        replay(script_of(unit))


def test_text_that_is_no_script_is_refused() -> None:
    """One line says so."""
    with pytest.raises(UsageError, match="no script"):
        read_script('{"id": 1, "verb": "now"}\n{"id": 2, "verb": "digest"}\n')


def test_failing_run_prints_its_script() -> None:
    """A failed assert within `replayable` carries the program that does the run again."""
    line = FaultyLine()
    line.bench.inject("link.drop", at_frames="2")
    with pytest.raises(AssertionError) as caught, replayable(line.unit):
        raise AssertionError("no")

    assert "link.drop" in caught.value.__notes__[0]
    assert line.bench.digest() in caught.value.__notes__[0]


def test_forks_go_their_own_ways() -> None:
    """Two futures of one pump, and equal units have equal ids."""
    line = FaultyLine()
    image_id = line.bench.fork()
    line.bench.inject("motor.stall")
    line.bench.advance(days=1)
    stalled = line.bench.digest()
    line.bench.back_to(image_id)
    assert line.bench.fork() == image_id
    line.bench.advance(days=1)

    assert line.bench.digest() != stalled
    with pytest.raises(BenchError, match="no image"):
        line.bench.back_to("0123")
    with pytest.raises(BenchError, match="image or image_id"):
        line.bench.call("restore")
