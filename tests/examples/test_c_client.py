"""The client in C, which uses nothing of ours but the page on the wire and the test vectors: compiled by gcc, it programs a served pump."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from hil.bench.stdio import ServerProcess
from protocol.client import Programmer
from protocol.codes import Mode, StagingState
from protocol.export.vectors import render
from protocol.framing import Frame, FrameDecoder, encode_frame
from protocol.messages import Status
from tests.export.tools import run, tool
from tests.tidy.tree import ROOT

SOURCE = ROOT / "docs/examples/c-client/client.c"
VECTORS = Path(__file__).with_name("c_client_vectors.c")
STRICT = ("-std=c99", "-D_DEFAULT_SOURCE", "-Wall", "-Wextra", "-Werror", "-pedantic")
LINES_MAX = 250
COLUMNS_MAX = 140
WAIT_S = 30.0
FILL_NL = 20_000_000
NG_PER_ML = 500_000
RATE_NL_PER_H = 10_000
BOLUS_NL = 20_000
BOLUS_S = 300
TOO_MUCH_NL_PER_H = 200_000
"""2.4 mg of baclofen a day."""
REFUSED, USAGE, LINK = 1, 2, 3
STEP_NL = 250
BOLUS = 0x33
BROKEN = ("COBS", "TOO_SHORT", "TOO_LONG", "CRC")
"""Why a run is no frame, as far as its bytes alone tell; header and lengths are looked at with the request in hand."""


class Ended(NamedTuple):
    """What a run of the client has left behind."""

    code: int
    told: list[str]
    error: str


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client, compiled."""
    path = tmp_path_factory.mktemp("c-client") / "client"
    run([tool("gcc"), *STRICT, "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-o", path, SOURCE])
    return path


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A filled pump on a pseudo-terminal, whose time moves by the bench only, and which still tests itself."""
    with ServerProcess("itp-40", ["--port", f"pty:{tmp_path}/pump0", "--pace", "lock-step", "--seed", "1"]) as found:
        found.bench.needle(inject_nl=FILL_NL, concentration_ng_per_ml=NG_PER_ML)
        found.bench.reset()
        yield found


def follow(
    server: ServerProcess, client: Path, port: str | None = None, *, key_file: str | None = None, rate: int = RATE_NL_PER_H
) -> Ended:
    """Run the client; when it says that it waits, let the pump's time pass to what it waits for."""
    keys = key_file or server.ready["key_file"]
    numbers = (str(number) for number in (FILL_NL, rate, BOLUS_NL, BOLUS_S))
    command = [str(client), port or server.ready["device"], keys, *numbers]
    told = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            told.append(line.rstrip("\n"))
            if line.startswith("waiting for the self-test"):
                assert server.bench.run_until("ready", limit_s=60)
            elif line.startswith("bolus under way"):
                assert server.bench.run_until("bolus-ended", limit_s=BOLUS_S + 60)
        error = process.stderr.read()
        return Ended(process.wait(WAIT_S), told, error)


def status_of(server: ServerProcess) -> Status:
    """What the pump tells our own programmer."""
    with Programmer.open(server.ready["port"], key_file=server.ready["key_file"]) as programmer:
        return programmer.status()


@contextmanager
def between(device: str, meddle: Callable[[Frame], Frame]) -> Iterator[str]:
    """A line whose far end is a pump's port; every frame that the pump sends may be changed. Yields the name of the near end."""
    ours, theirs = pty.openpty()
    stop_read, stop_write = os.pipe()
    far = os.open(device, os.O_RDWR | os.O_NOCTTY)
    for end in (theirs, far):
        tty.setraw(end)

    def carry() -> None:
        decoder = FrameDecoder()
        while stop_read not in (ready := select.select([ours, far, stop_read], [], [], WAIT_S)[0]):
            if ours in ready:
                os.write(far, os.read(ours, 4096))
            if far in ready:
                frames = decoder.feed(os.read(far, 4096))
                os.write(ours, b"".join(encode_frame(meddle(frame)) for frame in frames if isinstance(frame, Frame)))

    carrier = threading.Thread(target=carry)
    carrier.start()
    try:
        yield os.ttyname(theirs)
    finally:
        os.write(stop_write, b"x")
        carrier.join(WAIT_S)
        for end in (ours, theirs, far, stop_read, stop_write):
            os.close(end)


def test_is_short_enough_to_be_read() -> None:
    """At most 250 lines of at most 140 columns, and no header but libc's."""
    lines = SOURCE.read_text(encoding="ascii").splitlines()

    assert len(lines) <= LINES_MAX
    assert max(map(len, lines)) <= COLUMNS_MAX
    assert not [line for line in lines if line.startswith('#include "')]


def test_reads_and_writes_the_vectors(tmp_path: Path) -> None:
    """Every frame of the vectors is read and comes out again byte for byte, bad runs are none; each image has its SHA-256."""
    found = json.loads(render())
    told = [f"frame {each['frame']}" for part in ("messages", "unreadable") for each in found[part]]
    told += [f"frame {each['frame']}" for each in found["keyed_session"]["frames"]]
    told += [f"broken {each['run']}" for each in found["broken"] if each["reason"] in BROKEN and each["run"].endswith("00")]
    told += [f"digest {each['image']} {each['sha256']}" for each in found["images"]]
    run([tool("gcc"), *STRICT, f"-I{SOURCE.parent}", "-o", tmp_path / "vectors", VECTORS])

    assert run([tmp_path / "vectors"], "\n".join(told)) == f"{len(told)} tried\n"


def test_programs_a_pump(server: ServerProcess, client: Path) -> None:
    """Refill, therapy and bolus are in the pump, and given; our own programmer finds there what was asked for."""
    ended = follow(server, client)
    truth = server.bench.truth()
    with Programmer.open(server.ready["port"], key_file=server.ready["key_file"]) as programmer:
        found = programmer.interrogate()
        status = programmer.status()
    asked_nl = BOLUS_NL + RATE_NL_PER_H * BOLUS_S // 3_600

    assert (ended.code, ended.error) == (0, "")
    assert ended.told == [
        f"pump ITP-40, {server.ready['serial']}, firmware 1.0",
        "therapy of 0 bytes, mode 0, 0 nL computed, 0 nL given in all",
        "waiting for the self-test",
        "refill told",
        "therapy in force",
        "bolus under way",
        f"bolus: state 4, {BOLUS_NL} of {BOLUS_NL} nL delivered",
        "mode 3, generation 1, flags 0",
    ]
    assert found.therapy is not None
    assert (found.therapy.mode, found.therapy.concentration_ng_per_ml) == (Mode.SIMPLE, NG_PER_ML)
    assert [step.rate_nl_per_h for group in found.therapy.groups for step in group.steps] == [RATE_NL_PER_H]
    assert (found.condition.fill_concentration_ng_per_ml, found.counters.bolus_nl) == (NG_PER_ML, BOLUS_NL)
    assert found.condition.computed_reservoir_nl == pytest.approx(FILL_NL - asked_nl, abs=STEP_NL)
    assert truth["steps_moved"] * STEP_NL == pytest.approx(asked_nl, abs=STEP_NL)
    assert (found.counters.last_command_id, status.line_errors, status.turned_away) == (3, 0, 0)


def test_believes_no_pump_without_the_key(server: ServerProcess, client: Path, tmp_path: Path) -> None:
    """A proof by another key ends it behind HELLO, and answers with wrong MACs behind the first request; the pump is untouched."""
    other = tmp_path / "other.key"
    other.touch(mode=0o600)
    other.write_text(f"clinician {'5a' * 32}\n", encoding="ascii")
    unproved = follow(server, client, key_file=str(other))
    with between(server.ready["device"], lambda frame: frame._replace(mac=frame.mac and bytes(8))) as near:
        forged = follow(server, client, near)
    status = status_of(server)

    assert unproved == (LINK, [], "client: the pump does not prove that it has our key: wrong key or wrong pump\n")
    assert (forged.code, forged.told) == (LINK, [])
    assert forged.error.startswith("client: no answer to request 0x11 that can be trusted")
    assert (status.mode, status.generation, status.last_command_id, status.staging) == (Mode.SHELF, 0, 0, StagingState.NONE)


def test_asks_again_where_an_answer_is_bent(server: ServerProcess, client: Path) -> None:
    """One answer is broken by noise, and the yes to BOLUS is forged: both are asked for again, and nothing is done twice."""
    forged: list[int] = []

    def forge(frame: Frame) -> Frame:
        if frame.opcode != BOLUS or forged:
            return frame
        forged.append(frame.sequence)
        return frame._replace(body=b"\x07", mac=bytes(byte ^ 1 for byte in frame.mac))

    server.bench.inject("link.flip", at_bytes="700", direction="to_host")
    with between(server.ready["device"], forge) as near:
        ended = follow(server, client, near)

    assert (ended.code, ended.error, len(forged)) == (0, "", 1)
    assert ended.told[-2] == f"bolus: state 4, {BOLUS_NL} of {BOLUS_NL} nL delivered"
    assert status_of(server).last_command_id == 3


def test_takes_a_refusal_and_leaves_nothing_begun(server: ServerProcess, client: Path) -> None:
    """A rate that the pump can do makes a daily dose above the drug's soft limit: the update is refused, and ended with ABORT."""
    ended = follow(server, client, rate=TOO_MUCH_NL_PER_H)
    status = status_of(server)

    assert (ended.code, ended.told[-1]) == (REFUSED, "refill told")
    assert ended.error == "client: COMMIT refused: RefusalCode 24, Field 26, place 0, value 33, limit 1000000, Unit 3\n"
    assert (status.generation, status.staging) == (0, StagingState.NONE)


def test_tells_how_it_is_used(client: Path, tmp_path: Path) -> None:
    """Without its words, with words for numbers, or with a key file that others can read it does not touch the port."""
    loose = tmp_path / "loose.key"
    loose.write_text(f"clinician {'5a' * 32}\n", encoding="ascii")
    loose.chmod(0o640)
    tries: tuple[list[str], ...] = ([], ["port", str(loose), "1", "2", "3", "x"], ["port", str(loose), "1", "2", "3", "4"])
    ended = [subprocess.run([client, *words], capture_output=True, text=True, check=False, timeout=WAIT_S) for words in tries]
    use = "client: use: client PORT KEY_FILE REFILL_NL RATE_NL_PER_H BOLUS_NL BOLUS_S\n"

    assert [each.returncode for each in ended] == [USAGE] * 3
    assert [each.stderr for each in ended] == [use, use, f"client: {loose}: no key file of mode 0600\n"]
