"""A STATUS round trip with a served pump, as a share of what the operating system alone takes for as many bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import serial
from pytest_benchmark.fixture import BenchmarkFixture

from hil.bench.stdio import ServerProcess
from protocol.client import Programmer
from protocol.framing import Frame, encode_frame
from protocol.message_table import BY_NAME
from tests.bench.conftest import Note
from tests.bench.echo import EchoProcess, RawFd, raw_tty
from tests.bench.stopwatch import in_turns
from tests.link.bedside import Bedside

pytestmark = pytest.mark.bench

REQUEST = encode_frame(Frame(BY_NAME["STATUS"].opcode, 1, 1, b""))


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Closes what a test has opened."""
    with ExitStack() as opened:
        yield opened


def served(stack: ExitStack, port: str) -> tuple[Programmer, int]:
    """A programmer at a served pump, and the bytes that an answer to STATUS takes."""
    server = stack.enter_context(ServerProcess("itp-40", ["--port", port, "--seed", "1", "--pace", "lock-step"]))
    runs: list[int] = []

    def count(direction: str, raw: bytes) -> None:
        if direction == "pump":
            runs.append(len(raw))

    with Programmer.open(server.ready["port"], on_frame=count) as first:
        first.status()
    return stack.enter_context(Programmer.open(server.ready["port"])), runs[1]


def pty_floors(stack: ExitStack, size: int) -> dict[str, Callable[[], object]]:
    """Echoes over a pty: raw descriptor, pyserial reading a known number of bytes, pyserial reading to the zero."""
    raw = RawFd(raw_tty(stack.enter_context(EchoProcess("pty", size)).address))
    stack.callback(raw.close)
    port = stack.enter_context(serial.Serial(stack.enter_context(EchoProcess("pty", size)).address, timeout=10))

    def by_size() -> bytes:
        port.write(REQUEST)
        return bytes(port.read(size))

    def to_zero() -> bytes:
        port.write(REQUEST)
        return bytes(port.read_until(b"\0"))

    return {"echo, raw fd": lambda: raw.ask(REQUEST), "echo, pyserial read(n)": by_size, "echo, pyserial read_until": to_zero}


def tcp_floors(stack: ExitStack, size: int) -> dict[str, Callable[[], object]]:
    """Echoes over TCP: raw descriptor, and pyserial's socket:// URL."""
    raw = RawFd.tcp(int(stack.enter_context(EchoProcess("tcp", size)).address))
    stack.callback(raw.close)
    url = f"socket://127.0.0.1:{stack.enter_context(EchoProcess('tcp', size)).address}"
    port = stack.enter_context(serial.serial_for_url(url, timeout=10))

    def by_size() -> bytes:
        port.write(REQUEST)
        return bytes(port.read(size))

    return {"echo, raw fd": lambda: raw.ask(REQUEST), "echo, pyserial read(n)": by_size}


def compare(programmer: Programmer, floors: dict[str, Callable[[], object]], note: Note, name: str) -> None:
    """Status and floors in turns; notes each floor's share of a status."""
    medians = in_turns({"status": programmer.status, **floors})
    status_s = medians.pop("status")
    note(f"STATUS round trip over {name}", f"{status_s * 1e6:8.1f} us")
    for floor, floor_s in medians.items():
        note(f"   {floor}", f"{floor_s * 1e6:8.1f} us, share {floor_s / status_s:.2f}")


def test_status_over_a_pty(stack: ExitStack, tmp_path: Path, benchmark: BenchmarkFixture, note: Note) -> None:
    """Client to served pump over a pty, beside raw and pyserial echoes of the same sizes."""
    programmer, size = served(stack, f"pty:{tmp_path / 'pump'}")
    compare(programmer, pty_floors(stack, size), note, "pty")

    assert benchmark(programmer.status).boot_count == 1


def test_status_over_tcp(stack: ExitStack, benchmark: BenchmarkFixture, note: Note) -> None:
    """Client to served pump over TCP, beside raw and pyserial echoes of the same sizes."""
    programmer, size = served(stack, "tcp://127.0.0.1:0")
    compare(programmer, tcp_floors(stack, size), note, "TCP")

    assert benchmark(programmer.status).boot_count == 1


def test_status_in_memory(benchmark: BenchmarkFixture, note: Note) -> None:
    """The same with no operating system between: what client and pump cost themselves."""
    programmer = Bedside.running().programmer()
    note("STATUS round trip in memory", f"{in_turns({'status': programmer.status})['status'] * 1e6:8.1f} us")

    assert benchmark(programmer.status).boot_count == 1
