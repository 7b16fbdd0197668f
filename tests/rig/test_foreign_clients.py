"""Programs that know nothing of this project reach the pump as they reach any serial port."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import serial

from hil.bench.stdio import ServerProcess
from hil.rig import Rig
from protocol.codec import decode
from protocol.codes import Role
from protocol.framing import Frame, FrameDecoder, decode_frame, encode_frame
from protocol.key_file import key_for, load_keys
from protocol.mac import session_keys, transcript
from protocol.message_table import BY_NAME
from protocol.messages import HelloAnswer, Status
from tests.rig.programs import program
from tests.rig.serving import HELLO, HELLO_BODY
from tests.tidy.tree import ROOT

WAIT_S = 10.0
NODE = ROOT / "docs/examples/node_serialport"
TERMINALS = {
    "picocom": (["picocom", "--baud", "115200", "--no-escape"], b"Terminal ready\r\n"),
    "tio": (["tio", "--baudrate", "115200"], b"Connected\x1b[0m\r\n"),
}


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A pump on a pty, in lock-step."""
    with Rig.open(f"pty:{tmp_path / 'pump0'}", seed=1) as found:
        yield found


def serial_of(answer: bytes) -> str:
    """The pump's serial number in the answer to HELLO."""
    frame = decode_frame(answer.strip(b"\0"))
    assert isinstance(frame, Frame)
    body: HelloAnswer = decode(HelloAnswer, frame.body[1:])
    return body.serial


@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")
class TestPyserial:
    """pyserial's own RFC 2217 client, as it comes."""

    @pytest.fixture
    def server(self) -> Iterator[ServerProcess]:
        """A pump on a free RFC 2217 port."""
        with ServerProcess("itp-40", ["--port", "rfc2217://127.0.0.1:0", "--seed", "1"]) as found:
            yield found

    @staticmethod
    def ask(port: serial.SerialBase, request: bytes) -> Frame:
        """One request, one answer."""
        port.write(request)
        (frame,) = FrameDecoder().feed(port.read_until(b"\0"))
        assert isinstance(frame, Frame)
        return frame

    def test_opens_a_session_and_asks_for_the_status(self, server: ServerProcess) -> None:
        """HELLO and STATUS, framed and signed by hand, are answered; no telnet byte got into the pump's line."""
        key = key_for(load_keys(server.ready["key_file"]), Role.CLINICIAN)
        assert key is not None
        with serial.serial_for_url(server.ready["port"], 9_600, timeout=WAIT_S) as port:
            hello: HelloAnswer = decode(HelloAnswer, self.ask(port, HELLO).body[1:])
            keys = session_keys(key.secret, transcript(HELLO_BODY, hello), hello.serial)
            asked = self.ask(port, encode_frame(keys.signed(Frame(BY_NAME["STATUS"].opcode, hello.session, 1, b""))))
            status: Status = decode(Status, asked.body[1:])

        assert keys.admits(asked)
        assert hello.serial == server.ready["serial"]
        assert (status.boot_count, status.line_errors) == (1, 0)

    def test_sets_and_reads_the_line(self, server: ServerProcess) -> None:
        """Speed, parity, wires, break and buffers: all that a program may do to a port is acknowledged."""
        settings: dict[str, Any] = {"bytesize": 7, "parity": "E", "stopbits": 2, "timeout": WAIT_S}
        with serial.serial_for_url(server.ready["port"], 19_200, **settings) as port:
            port.baudrate = 38_400
            port.dtr = port.rts = False
            port.break_condition = True
            port.break_condition = False
            port.reset_input_buffer()
            wires = (port.cts, port.dsr, port.ri, port.cd)
            answer = self.ask(port, HELLO)

        assert wires == (True, True, False, True)
        assert answer.body[0] == 0


class Terminal:
    """A program that talks to a person, in a terminal whose keys and screen are the test's."""

    def __init__(self, keys: int) -> None:
        self._keys = keys
        self.screen = b""

    def type(self, data: bytes) -> None:
        """Press keys."""
        os.write(self._keys, data)

    def shows(self, text: bytes) -> bytes:
        """Wait for a text; returns what has been shown since the one before."""
        while text not in self.screen:
            ready, _, _ = select.select([self._keys], [], [], WAIT_S)
            assert ready, f"no {text!r} in {self.screen!r}"
            self.screen += os.read(self._keys, 4096)
        before, found, self.screen = self.screen.partition(text)
        return before + found


@contextmanager
def at_a_terminal(command: list[str]) -> Iterator[Terminal]:
    """Run a program at a terminal of its own."""
    keys, screen = pty.openpty()
    tty.setraw(screen)
    process = subprocess.Popen(command, stdin=screen, stdout=screen, stderr=screen, start_new_session=True)
    os.close(screen)
    try:
        yield Terminal(keys)
    finally:
        process.terminate()
        process.wait(WAIT_S)
        os.close(keys)


@pytest.mark.parametrize("name", TERMINALS)
def test_terminal_program_reaches_the_pump(name: str, rig: Rig) -> None:
    """What is typed into picocom or tio arrives: words are counted as line errors, and a HELLO is answered on the screen."""
    (found, *options), ready = TERMINALS[name]
    path = str((rig.ready or {})["port"]).removeprefix("pty:")
    with at_a_terminal([program(found), *options, path]) as terminal:
        terminal.shows(ready)
        terminal.type(b"good morning\0")
        terminal.type(HELLO)
        answer = terminal.shows(b"\0")
    status = rig.programmer.status()

    assert serial_of(answer) == (rig.ready or {})["serial"]
    assert status.line_errors == 1


def test_node_example_says_hello_as_we_do() -> None:
    """The bytes in the example are this version's HELLO."""
    assert f'"{HELLO.hex()}"' in (NODE / "hello.mjs").read_text(encoding="utf-8")


@pytest.mark.slow
def test_node_program_reaches_the_pump(rig: Rig, tmp_path: Path) -> None:
    """The serialport package of Node.js, fetched as a reader would, talks to the pump."""
    npm, node = program("npm"), program("node")
    folder = tmp_path / "node"
    shutil.copytree(NODE, folder)
    install = [npm, "install", "--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund"]
    subprocess.run(install, cwd=folder, check=True, capture_output=True, timeout=100)
    command = [node, "hello.mjs", str((rig.ready or {})["device"])]
    said = subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=WAIT_S)

    assert said.stdout.decode() == f"session 1 with ITP-40, {(rig.ready or {})['serial']}, 1.0\n"
