"""Programs of the same kind, each in a process of its own with one client on a raw descriptor: a pump that is asked for its status."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from tests.bench.echo import raw_tty

__all__ = ["Line", "Peers", "day_of"]

SERVERS = Path(__file__).parent / "servers"
ANSWER_BYTES = 73
"""What every program of this comparison answers, about as long as an authenticated STATUS."""
RTU_REQUEST = bytes.fromhex("010300000022c5d3")
MODBUS_REQUEST = bytes.fromhex("000100000006010300000022")
RTU_BYTES, MODBUS_BYTES = 5 + 68, 9 + 68
ASKED_S = 10.0
TRIES = 200


class Line:
    """A raw descriptor to somebody who answers a request with so many bytes."""

    def __init__(self, descriptor: int, request: bytes, size: int) -> None:
        self._descriptor, self._request, self._size = descriptor, request, size

    def ask(self) -> bytes:
        """One round trip. Raises TimeoutError."""
        os.write(self._descriptor, self._request)
        answer = b""
        while len(answer) < self._size:
            if not select.select([self._descriptor], [], [], ASKED_S)[0]:
                raise TimeoutError(f"{len(answer)} of {self._size} bytes came")
            answer += os.read(self._descriptor, 4096)
        return answer


class Peers:
    """The other programs, started when asked for; all of them end with the stack."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self._stack = stack
        self._folder = folder

    def lewis(self) -> Line:
        """A lewis stream over TCP."""
        return self._tcp(_port(self._start("lewis_pump.py", "serve")), b"S?\n", ANSWER_BYTES)

    def tickit(self) -> Line:
        """A tickit command adapter over TCP."""
        return self._tcp(_port(self._start("tickit_pump.py", "serve")), b"S?\n", ANSWER_BYTES - 1)

    def sinstruments(self) -> Line:
        """A sinstruments device on a pty."""
        link = self._folder / "sinstruments"
        self._start("sinstruments_pump.py", str(link))
        _await(link)
        return self._pty(str(link), b"S?\n", ANSWER_BYTES - 1)

    def pymodbus_rtu(self) -> Line:
        """A pymodbus serial server, RTU frames, on one end of a pair of ptys."""
        ours, theirs = self._pair()
        self._start("pymodbus_pump.py", "rtu", theirs)
        return self._pty(ours, RTU_REQUEST, RTU_BYTES)

    def pymodbus_tcp(self) -> Line:
        """A pymodbus TCP server."""
        return self._tcp(_port(self._start("pymodbus_pump.py", "tcp")), MODBUS_REQUEST, MODBUS_BYTES)

    def _start(self, program: str, *arguments: str) -> str:
        """Start it, to be killed at the end; returns the first line it says."""
        command = [sys.executable, str(SERVERS / program), *arguments]
        process = self._stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        self._stack.callback(process.kill)
        assert process.stdout is not None
        return process.stdout.readline().strip()

    def _pair(self) -> tuple[str, str]:
        """Two ends of a serial line, by socat, as pymodbus opens a path."""
        ends = [str(self._folder / name) for name in ("ours", "theirs")]
        command = ["socat", *(f"pty,raw,echo=0,link={end}" for end in ends)]
        process = self._stack.enter_context(subprocess.Popen(command))
        self._stack.callback(process.kill)
        for end in ends:
            _await(Path(end))
        return ends[0], ends[1]

    def _tcp(self, port: int, request: bytes, size: int) -> Line:
        stream = self._stack.enter_context(_connected(port))
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Line(stream.fileno(), request, size)

    def _pty(self, path: str, request: bytes, size: int) -> Line:
        descriptor = raw_tty(path)
        self._stack.callback(os.close, descriptor)
        return Line(descriptor, request, size)


def day_of(program: str, verb: str, looks: int) -> float:
    """Seconds that a peer takes for so many looks of one simulated second each."""
    command = [sys.executable, str(SERVERS / program), verb, str(looks)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _connected(port: int) -> socket.socket:
    """Connect to a server that may say its port before it listens."""
    for _ in range(TRIES):
        try:
            return socket.create_connection(("127.0.0.1", port))
        except ConnectionRefusedError:
            select.select([], [], [], 0.05)
    raise TimeoutError(f"nobody listens on port {port}")


def _await(path: Path) -> None:
    """Until a program has made its link."""
    for _ in range(TRIES):
        if path.exists():
            return
        select.select([], [], [], 0.05)
    raise TimeoutError(f"no {path}")


def _port(said: str) -> int:
    return int(said)
