"""A pump that is filled and programmed, and one scripted exchange, for the tests of ports, benches and state folders."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from hil.rig import Rig
from protocol.client import Programmer
from protocol.codec import encode
from protocol.codes import Mode, Role
from protocol.framing import Frame, FrameDecoder, encode_frame
from protocol.message_table import BY_NAME, PROTOCOL_MAJOR, PROTOCOL_MINOR
from protocol.messages import Hello
from protocol.therapy import Group, Step, Therapy

__all__ = [
    "CONCENTRATION",
    "FILL_NL",
    "PROGRAMMER",
    "RATE_NL_PER_H",
    "HELLO",
    "HELLO_BODY",
    "filled",
    "hello_answer",
    "run_cli",
    "running",
    "scripted_day",
    "serve",
    "stop_server",
    "therapy",
]

FILL_NL = 20_000_000
CONCENTRATION = 500_000
RATE_NL_PER_H = 10_000
BACLOFEN = 1
WAIT_S = 30.0
PROGRAMMER: dict[str, Any] = {"programmer_id": 7}
"""A programmer whose id, which is in the digest, is not drawn by lot; its nonces are, and are not."""


HELLO_BODY = encode(Hello(PROTOCOL_MAJOR, PROTOCOL_MINOR, Role.CLINICIAN, Role.CLINICIAN, 7, bytes(16)))
HELLO = b"\0" + encode_frame(Frame(BY_NAME["HELLO"].opcode, 0, 0, HELLO_BODY))
"""The bytes of a HELLO, as a client sends them first: it names the clinician's key, and proves nothing yet."""


def hello_answer(read: Any) -> bytes:
    """Read with `read()` until one whole frame has come; returns its body, empty if the other side ended first."""
    decoder = FrameDecoder()
    while data := read():
        for item in decoder.feed(data):
            return bytes(getattr(item, "body", b""))
    return b""


def therapy(rate_nl_per_h: int = RATE_NL_PER_H) -> Therapy:
    """Simple continuous infusion at a rate."""
    daily_ng = rate_nl_per_h * 24 * CONCENTRATION // 1_000_000
    groups = (Group(0x7F, daily_ng, (Step(0, 1440, rate_nl_per_h),)),)
    return Therapy(Mode.SIMPLE, BACLOFEN, 1, CONCENTRATION, 2_000_000, 600, 3_600, groups)


def filled(rig: Rig, programmer: Programmer | None = None) -> Programmer:
    """Fill the rig's pump and have it run; returns the programmer."""
    programmer = programmer or rig.programmer
    rig.bench.needle(inject_nl=FILL_NL, concentration_ng_per_ml=CONCENTRATION)
    programmer.refill(FILL_NL, 0, BACLOFEN, CONCENTRATION)
    programmer.update(therapy())
    return programmer


def scripted_day(rig: Rig) -> str:
    """One exchange with everything in it; returns the pump's digest at its end."""
    programmer = filled(rig)
    rig.bench.advance(minutes=5)
    programmer.bolus(20_000, 10_000, 600)
    rig.bench.advance(minutes=3)
    programmer.interrogate()
    handle = rig.bench.inject("catheter.occlusion", fraction_ppm=250_000)
    rig.bench.advance(hours=8)
    programmer.status()
    rig.bench.clear(handle)
    programmer.update(therapy(12_000))
    programmer.stop()
    rig.bench.advance(hours=1)
    programmer.start()
    rig.bench.power_cut(off_s=60)
    rig.bench.advance(hours=15)
    programmer.read_log()
    programmer.close()
    return rig.bench.digest()


def serve(*options: str, profile: str = "itp-40", stdin: int | IO[bytes] = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    """Start `pumpsim serve` with these options; the caller reads its ready line and ends it."""
    command = [sys.executable, "-c", "from hil.cli import main; main()", "serve", profile, *options]
    return subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def run_cli(*arguments: str, stdin: bytes = b"", cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run `pumpsim` to its end."""
    command = [sys.executable, "-c", "from hil.cli import main; main()", *arguments]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    return subprocess.run(command, input=stdin, capture_output=True, timeout=60, check=False, cwd=cwd, env=env)


def running(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """The ready line of a server."""
    import json

    assert process.stdout is not None
    line: dict[str, Any] = json.loads(process.stdout.readline())
    return line


def stop_server(process: subprocess.Popen[bytes], number: int = 15) -> tuple[int, str]:
    """Signal a server and wait; returns its exit code and what it said on standard error."""
    process.send_signal(number)
    _, words = process.communicate(timeout=WAIT_S)
    return process.returncode, words.decode()


def connected(url: str) -> socket.socket:
    """A plain TCP client."""
    host, _, port = url.removeprefix("tcp://").rpartition(":")
    return socket.create_connection((host, int(port)), timeout=WAIT_S)


def lines(*requests: Sequence[object]) -> bytes:
    """Bench requests as bytes, numbered from 1: (verb, args)."""
    import json

    texts = [json.dumps({"id": number, "verb": verb, "args": args}) for number, (verb, args) in enumerate(requests, start=1)]
    return "".join(f"{text}\n" for text in texts).encode()
