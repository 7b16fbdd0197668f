"""The fuzzer itself: it finds what is planted, says so in few steps, and draws the same again."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from hil.fuzz import guided
from hil.fuzz.crew import end_of
from hil.fuzz.pump_end import PumpEnd
from hil.unit import Unit
from protocol.client import Programmer
from protocol.device import DeviceRole
from protocol.device.services import Services
from protocol.device.session import Session
from protocol.errors import LinkError
from protocol.framing import Frame, FrameDecoder
from protocol.fuzz.campaign import Finding, breach_of, run_batch
from protocol.fuzz.draws import draw_of, weighted
from protocol.fuzz.mutants import DEPTHS, Mutator
from protocol.fuzz.samples import corpus
from protocol.fuzz.shrink import shrunk
from protocol.fuzz.steps import Step, begin, send
from protocol.limits import ENCODED_BYTES_MAX
from protocol.message_table import BY_NAME
from protocol.messages import LogEntry

BATCHES = 40
TRIES = 250
STEPS_MAX = 150
Plant = Callable[[pytest.MonkeyPatch], None]


def crash_on_an_odd_log(patch: pytest.MonkeyPatch) -> None:
    """A handler that breaks on one number in a body."""
    serve = Services.serve

    def broken(self: Services, session: Session, frame: Frame) -> bytes:
        if frame.opcode == BY_NAME["LOG"].opcode and frame.body[3:] == b"\xff":
            raise IndexError("planted")
        return serve(self, session, frame)

    patch.setattr(Services, "serve", broken)


def answer_twice(patch: pytest.MonkeyPatch) -> None:
    """An echo of each answer to a long run."""
    receive = DeviceRole.receive
    patch.setattr(DeviceRole, "receive", lambda self, data: receive(self, data) * (2 if len(data) > 300 else 1))


def admit_anything(patch: pytest.MonkeyPatch) -> None:
    """A MAC that is not looked at."""
    patch.setattr(Session, "admits", lambda self, frame: True)


def stop_at_noise(patch: pytest.MonkeyPatch) -> None:
    """A run that is too long stops the pump."""
    receive = Unit.receive

    def broken(self: Unit, data: bytes) -> bytes:
        if len(data) > 2 * ENCODED_BYTES_MAX:
            self.pump.stop()
        return receive(self, data)

    patch.setattr(Unit, "receive", broken)


def forget_the_log(patch: pytest.MonkeyPatch) -> None:
    """A command that leaves no record."""
    patch.setattr(Services, "_noted", lambda self, opcode, command_id, answer, journal=False: answer)


def keep_every_byte(patch: pytest.MonkeyPatch) -> None:
    """A decoder that never lets a run go."""
    patch.setattr(FrameDecoder, "state", property(lambda self: (bytes(60_000), False)))


def break_at_a_long_log(patch: pytest.MonkeyPatch) -> None:
    """A client that has room for so many records."""
    read_log = Programmer.read_log

    def broken(self: Programmer, first: int = 0, ring: str = "events") -> list[LogEntry]:
        records = read_log(self, first, ring)
        return [*records[:20], *([] if len(records) < 20 else [records[100]])]

    patch.setattr(Programmer, "read_log", broken)


def never_give_up(patch: pytest.MonkeyPatch) -> None:
    """A client that asks again for ever."""
    patch.setattr("protocol.fuzz.host_end.RETRIES", 1 << 30)


def call_doubt_failure(patch: pytest.MonkeyPatch) -> None:
    """A client that says that a command which got no answer was not done."""
    bolus = Programmer.bolus

    def broken(self: Programmer, volume_nl: int, dose_ng: int, duration_s: int) -> object:
        try:
            return bolus(self, volume_nl, dose_ng, duration_s)
        except Exception as error:  # noqa: BLE001  # that is the defect
            raise LinkError(str(error)) from None

    patch.setattr(Programmer, "bolus", broken)


PLANTS: dict[str, tuple[str, str, Plant]] = {
    "a handler that breaks": ("pump", "no exception escapes", crash_on_an_odd_log),
    "an answer too many": ("pump", "one answer to each request", answer_twice),
    "a MAC not looked at": ("pump", "nothing is done without the right MAC", admit_anything),
    "a change by noise": ("pump", "nothing changes that nobody was granted", stop_at_noise),
    "a command not logged": ("pump", "what is granted is logged, once", forget_the_log),
    "a decoder that grows": ("pump", "the role's memory is bounded", keep_every_byte),
    "a client that breaks": ("host", "no exception escapes", break_at_a_long_log),
    "a client without end": ("host", "a request is sent four times at most", never_give_up),
    "a client that lies": ("host", "a failure did nothing", call_doubt_failure),
}


@pytest.mark.parametrize("name", PLANTS)
def test_planted_defect_is_found(name: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each defect is found in some batches, named by its law, and made small."""
    name_of_end, law, plant = PLANTS[name]
    end = end_of(name_of_end)
    plant(monkeypatch)
    monkeypatch.setattr("protocol.fuzz.shrink.TRIES_MAX", TRIES)
    found = next(finding for number in range(BATCHES) if (finding := run_batch(end, seed, number, 64).finding))

    assert found.law == law, found.said
    assert len(found.steps) <= STEPS_MAX
    monkeypatch.undo()
    assert breach_of(end, found.steps) is None


def test_same_seed_is_the_same_run(seed: int) -> None:
    """Steps and answers depend on seed, end and batch number alone."""
    runs = []
    for _ in range(2):
        end = end_of("pump")
        told = run_batch(end, seed, 3, 32).told
        runs.append((list(end.record), told))

    assert runs[0] == runs[1]
    assert run_batch(end_of("pump"), seed + 1, 3, 32).told != runs[0][1]


def test_mutants_go_deep(seed: int) -> None:
    """Every kind of mutant comes; those made under the CRC are often frames, those made under the MAC always."""
    draw, kinds, frames = draw_of(seed), Counter[str](), Counter[str]()
    mutator = Mutator(draw, corpus())
    for _ in range(4_000):
        kind, data = mutator.mutate(mutator.other(), lambda frame: frame)
        kinds[kind] += 1
        frames[kind] += any(isinstance(item, Frame) for item in FrameDecoder().feed(data))

    assert kinds.keys() == {kind for kind, _ in DEPTHS}
    assert all(frames[kind] == kinds[kind] for kind in ("field", "body_length", "body_bits", "other_opcode", "numbers"))
    assert 0 < frames["header"] < kinds["header"]
    assert frames["wrong_mac"]


def test_shrinking_keeps_what_breaks() -> None:
    """Of many steps the two that matter are left, each with its one byte."""
    draw = random.Random(1)
    steps = [send(draw.randbytes(30).replace(b"\x07", b"").replace(b"\x09", b"")) for _ in range(20)]
    steps[4], steps[13] = send(bytes(9) + b"\x07" + bytes(9)), send(bytes(9) + b"\x09" + bytes(9))

    def breaks(less: list[Step]) -> bool:
        joined = b"".join(step.data for step in less)
        return b"\x07" in joined and b"\x09" in joined

    assert shrunk(steps, breaks) == [send(b"\x07"), send(b"\x09")]


def test_weights_are_kept(seed: int) -> None:
    """What weighs three times as much comes about three times as often."""
    draw = draw_of(seed)
    drawn = Counter(weighted(draw, [("one", 1), ("three", 3)]) for _ in range(4_000))

    assert 2.5 < drawn["three"] / drawn["one"] < 3.5


@pytest.mark.skipif(find_spec("atheris") is not None, reason="atheris is installed here")
def test_guided_run_without_atheris_says_so() -> None:
    """Where atheris is not installed, one line names it."""
    done = run_fuzz("--guided")

    assert done.returncode == 2
    assert "atheris is not installed" in done.stderr


def test_guided_inputs_keep_the_laws() -> None:
    """The inputs that a guided run begins from, and bent ones, play through."""
    end, draw = PumpEnd(), draw_of("guided")
    mutator = Mutator(draw, corpus())
    for data in guided.beginnings():
        guided.one_input(end, data)
        guided.one_input(end, mutator.flip(data))


def run_fuzz(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    command = [sys.executable, "-m", "hil.fuzz", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


def test_command_says_how_far_it_is_and_what_it_found(tmp_path: Path) -> None:
    """A run of two workers shows progress and its figures, and ends with 0 where nothing was found."""
    done = run_fuzz("--end", "host", "--streams", "2000", "--workers", "2", "--told", "--out", str(tmp_path))

    assert done.returncode == 0, done.stdout + done.stderr
    assert "of 2,000 streams" in done.stderr
    assert "0 findings" in done.stdout
    assert "status success" in done.stdout
    assert not list(tmp_path.iterdir())


def test_finding_is_a_file_that_makes_it_again(tmp_path: Path) -> None:
    """A finding goes into a file and comes back; played again it tells whether the law still breaks."""
    finding = Finding("pump", 1, 2, "a law", "what was seen", (begin("running quiet secure"), send(b"\1\2\0")))
    path = finding.write(tmp_path)
    again = run_fuzz("--again", str(path))

    assert Finding.read(path) == finding
    assert again.returncode == 0
    assert "now: no law is broken" in again.stdout


@pytest.mark.parametrize(
    "arguments, said",
    [(("--end", "pumps"), "pumps"), (("--again", "nowhere.json"), "no finding")],
    ids=["end", "file"],
)
def test_wrong_use_is_one_line(arguments: tuple[str, ...], said: str) -> None:
    """What cannot be done is told in one line, with exit code 2."""
    done = run_fuzz(*arguments)

    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
