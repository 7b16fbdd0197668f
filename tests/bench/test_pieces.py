"""The pieces by themselves: frames, images, the passing of time, sampling, the start of the command."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from firmware_sim import Pump
from firmware_sim.units import US_PER_DAY, US_PER_H
from protocol.codec import decode, encode
from protocol.framing import ANSWER, Frame, FrameDecoder, encode_frame
from protocol.message_table import BY_NAME
from protocol.messages import Status
from tests.bench.conftest import Note
from tests.bench.stopwatch import in_turns
from tests.link.bedside import Bedside

pytestmark = pytest.mark.bench

BARE_CLICK = "import click\n@click.group()\ndef main(): pass\nmain()"
PUMPSIM = "from hil.cli import main; main()"


def status_body() -> Status:
    """A STATUS answer of a pump at work."""
    return Bedside.running().programmer().status()


def test_encode_and_decode_of_a_frame(benchmark: BenchmarkFixture, note: Note) -> None:
    """A STATUS answer to bytes and back: the frame alone, and with its body's fields."""
    body = encode(status_body())
    frame = Frame(BY_NAME["STATUS"].opcode, 1, 1, body, ANSWER)

    def framing() -> object:
        return FrameDecoder().feed(encode_frame(frame))

    def fields() -> object:
        return decode(Status, encode(decode(Status, body)))

    taken = in_turns({"frame": framing, "fields": fields}, repeat=50)
    note(f"encode + decode of a frame of {len(encode_frame(frame))} bytes", f"{taken['frame'] * 1e6:8.1f} us")
    note("   fields of its body, twice decoded and once encoded", f"{taken['fields'] * 1e6:8.1f} us")

    assert benchmark(framing) == [frame]


def test_save_and_restore(benchmark: BenchmarkFixture, note: Note) -> None:
    """Pump and unit to an image and back."""
    bedside = Bedside.running()
    unit, pump = bedside.unit, bedside.unit.pump
    pump_image, unit_image = pump.save(), unit.save()
    calls: dict[str, Callable[[], object]] = {
        "save of a pump": pump.save,
        "restore of a pump": lambda: Pump.restore(pump_image),
        "save of a unit": unit.save,
        "restore of a unit": lambda: unit.restore(unit_image),
    }
    for name, taken in in_turns(calls).items():
        note(name, f"{taken * 1e6:8.1f} us, {len(unit_image if 'unit' in name else pump_image):,} bytes")

    benchmark(lambda: unit.restore(unit.save()))
    assert unit.save() == unit_image


def test_forty_days(benchmark: BenchmarkFixture, note: Note) -> None:
    """Forty days of flex at once, and looked at every hour."""
    image = Bedside.running().unit.pump.save()
    pumps = {"at once": Pump.restore(image)}

    def at_once() -> Pump:
        pump = Pump.restore(image)
        pump.advance(days=40)
        return pump

    def sampled() -> object:
        return Pump.restore(image).sample(every_us=US_PER_H, duration_us=40 * US_PER_DAY)

    taken = in_turns({"at once": at_once, "sampled": sampled}, rounds=5)
    note("40 days of flex, advance at once", f"{taken['at once'] * 1e3:8.2f} ms")
    note("   with a sample every hour (961 rows)", f"{taken['sampled'] * 1e3:8.2f} ms")

    assert benchmark(at_once).now_us - pumps["at once"].now_us == 40 * US_PER_DAY


def help_of(program: str) -> str:
    """Run a program's --help in a process of its own."""
    return subprocess.run([sys.executable, "-c", program, "--help"], capture_output=True, text=True, check=True).stdout


def test_help_of_the_command(benchmark: BenchmarkFixture, note: Note) -> None:
    """`pumpsim --help` against a click program that does nothing."""
    taken = in_turns({"pumpsim": lambda: help_of(PUMPSIM), "bare": lambda: help_of(BARE_CLICK)}, rounds=1)
    ratio = taken["pumpsim"] / taken["bare"]
    note("pumpsim --help", f"{taken['pumpsim'] * 1e3:8.1f} ms, {ratio:.2f} x a bare click program ({taken['bare'] * 1e3:.1f} ms)")

    assert "serve" in benchmark.pedantic(help_of, args=(PUMPSIM,), rounds=3)  # type: ignore[no-untyped-call]  # ships no types for it
