"""A STATUS round trip with a served pump, as a share of what the operating system alone takes for as many bytes.

The pump is a `secure` one, so every frame carries a MAC; one that proves nothing stands beside it, and the difference is what MACs cost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import serial
from pytest_benchmark.fixture import BenchmarkFixture

from hil.bench.stdio import ServerProcess
from hil.unit import Unit
from protocol.client import Programmer
from protocol.framing import Frame, encode_frame
from protocol.message_table import BY_NAME
from tests.bench.conftest import Note
from tests.bench.echo import EchoProcess, RawFd, raw_tty
from tests.bench.stopwatch import in_turns
from tests.link.bedside import Bedside

pytestmark = pytest.mark.bench

REQUEST = encode_frame(Frame(BY_NAME["STATUS"].opcode, 1, 1, b"", mac=bytes(8)))


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Closes what a test has opened."""
    with ExitStack() as opened:
        yield opened


def served(stack: ExitStack, port: str, security: str = "secure") -> tuple[Programmer, int]:
    """A programmer at a served pump, and the bytes that an answer to STATUS takes."""
    options = ["--port", port, "--seed", "1", "--pace", "lock-step", "--security", security]
    server = stack.enter_context(ServerProcess("itp-40", options))
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


def compare(programmers: tuple[Programmer, Programmer], floors: dict[str, Callable[[], object]], note: Note, name: str) -> None:
    """Status with and without MACs, and floors, in turns; notes each floor's share of a status."""
    secure, open_ = programmers
    medians = in_turns({"status": secure.status, "without": open_.status, **floors})
    status_s, without_s = medians.pop("status"), medians.pop("without")
    note(f"STATUS round trip over {name}, authenticated", f"{status_s * 1e6:8.1f} us")
    note("   without MACs (no-auth)", f"{without_s * 1e6:8.1f} us, {without_s / status_s:.2f} of it")
    for floor, floor_s in medians.items():
        note(f"   {floor}", f"{floor_s * 1e6:8.1f} us, share {floor_s / status_s:.2f}")


def test_status_over_a_pty(stack: ExitStack, tmp_path: Path, benchmark: BenchmarkFixture, note: Note) -> None:
    """Client to served pump over a pty, beside raw and pyserial echoes of the same sizes."""
    programmer, size = served(stack, f"pty:{tmp_path / 'pump'}")
    other, _ = served(stack, f"pty:{tmp_path / 'other'}", "no-auth")
    compare((programmer, other), pty_floors(stack, size), note, "pty")

    assert benchmark(programmer.status).boot_count == 1


def test_status_over_tcp(stack: ExitStack, benchmark: BenchmarkFixture, note: Note) -> None:
    """Client to served pump over TCP, beside raw and pyserial echoes of the same sizes."""
    programmer, size = served(stack, "tcp://127.0.0.1:0")
    other, _ = served(stack, "tcp://127.0.0.1:0", "no-auth")
    compare((programmer, other), tcp_floors(stack, size), note, "TCP")

    assert benchmark(programmer.status).boot_count == 1


def test_status_in_memory(benchmark: BenchmarkFixture, note: Note) -> None:
    """The same with no operating system between: what client and pump cost themselves."""
    programmer = Bedside.running().programmer()
    other = Bedside(Unit.new("itp-40", seed=1, security="no-auth")).programmer()
    taken = in_turns({"status": programmer.status, "without": other.status})
    note("STATUS round trip in memory, authenticated", f"{taken['status'] * 1e6:8.1f} us")
    note("   without MACs (no-auth)", f"{taken['without'] * 1e6:8.1f} us, {taken['without'] / taken['status']:.2f} of it")

    assert benchmark(programmer.status).boot_count == 1
