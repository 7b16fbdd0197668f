"""Round trips with a served pump, as a share of what the operating system alone takes for as many bytes.

First by raw descriptors on both sides, so that only pump and server are compared with an echo; then with our own client and others'.
The pump is a `secure` one, so every frame carries a MAC; one that proves nothing stands beside it, and the difference is what MACs cost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import pytest
import serial
from pytest_benchmark.fixture import BenchmarkFixture

from hil.bench.stdio import ServerProcess
from hil.unit import Unit
from protocol.client import Programmer
from tests.bench.conftest import Note
from tests.bench.echo import EchoProcess, RawFd, raw_tty
from tests.bench.round_trips import REQUEST, Scene
from tests.bench.stopwatch import Burst, in_turns, placed, rounds_of, share
from tests.link.bedside import Bedside

pytestmark = pytest.mark.bench

ROUNDS = 60


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


def compare_raw(scene: Scene, floors: dict[str, Burst], note: Note, how: str) -> None:
    """Raw descriptor at the pump beside raw descriptor at echoes; notes the first floor's share of each, then the other floors."""
    asked = {"STATUS": scene.status, "STOP": scene.stop, "START": scene.start, "SET_CLOCK": scene.set_clock}
    with placed(how, scene.pids):
        medians = rounds_of({**floors, **asked}, rounds=ROUNDS)
    floor = next(iter(floors))
    for name, taken in medians.items():
        figure = f"{median(taken) * 1e6:8.1f} us"
        note(f"{name}, raw, {how}", figure if name == floor else f"{figure}, share of {floor} {share(medians[floor], taken):.2f}")


@pytest.mark.parametrize("how", ["anywhere", "two", "one"])
def test_pty_by_raw_descriptors(stack: ExitStack, tmp_path: Path, note: Note, how: str) -> None:
    """Authenticated STATUS and therapy commands over a pty beside a raw echo, wherever the system puts both sides, and pinned alike."""
    scene = Scene(stack, f"pty:{tmp_path / 'pump'}")
    compare_raw(scene, {"pty echo": scene.echo("pty")}, note, how)

    assert scene.host.ask("STATUS").line_errors == 0


@pytest.mark.parametrize("how", ["anywhere", "two", "one"])
def test_tcp_by_raw_descriptors(stack: ExitStack, note: Note, how: str) -> None:
    """The same over TCP beside an asyncio.Protocol echo, and the bare one below that."""
    scene = Scene(stack, "tcp://127.0.0.1:0")
    compare_raw(scene, {"asyncio echo": scene.echo("asyncio"), "tcp echo": scene.echo("tcp")}, note, how)

    assert scene.host.ask("STATUS").line_errors == 0


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
