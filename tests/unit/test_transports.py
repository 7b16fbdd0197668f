"""Ways to the pump: each carries every byte, and says in one line why it cannot."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Thread

import pytest
import serial

from protocol.client import Programmer
from protocol.codes import Mode
from protocol.errors import LinkError, LinkLost, PortBusy, PortMissing
from protocol.testing import TEST_KEYS, Pair, check_transport
from protocol.transport import Transport, open_transport
from protocol.transport.memory import MemoryTransport
from protocol.transport.pty import PtyServer
from protocol.transport.ready import ReadyTransport
from protocol.transport.serial_port import UrlTransport
from protocol.transport.tcp import TcpTransport, port_busy_frame, split_address


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PtyServer]:
    """A pty under a name of its own."""
    with PtyServer(tmp_path / "pump0") as server:
        yield server


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A listening socket."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        yield listener


def address(listener: socket.socket) -> str:
    """HOST:PORT of a listener."""
    host, port = listener.getsockname()
    return f"{host}:{port}"


class TestMemory:
    def test_answers_at_once(self) -> None:
        """What the peer says to a write is there to be read, once."""
        transport = MemoryTransport(lambda data: data.upper())
        transport.write(b"ab")
        transport.write(b"c")

        assert transport.read(0.0) == b"ABC"
        assert transport.read(5.0) == b""

    def test_is_lost_once_closed(self) -> None:
        """A closed pipe neither reads nor writes; closing again does nothing."""
        transport = MemoryTransport(lambda data: data)
        transport.close()
        transport.close()
        with pytest.raises(LinkLost, match="memory: closed; open it again"):
            transport.read(0.0)
        with pytest.raises(LinkLost, match="memory: closed; open it again"):
            transport.write(b"x")


class TestTcp:
    def test_keeps_the_conformance(self, listener: socket.socket) -> None:
        """Every byte passes in both directions."""
        transport = open_transport(f"tcp://{address(listener)}")
        far, _ = listener.accept()
        with far:
            far.setblocking(False)

            def read() -> bytes:
                try:
                    return far.recv(4096)
                except BlockingIOError:
                    return b""

            check_transport(transport, read, far.sendall)

    def test_that_hangs_up_is_a_lost_link(self, listener: socket.socket) -> None:
        """The client learns it from reading."""
        transport = open_transport(f"tcp://{address(listener)}")
        listener.accept()[0].close()
        with pytest.raises(LinkLost, match=r"closed the line|is gone"):
            transport.read(5.0)
        transport.close()

    def test_that_is_reset_is_a_lost_link(self, listener: socket.socket) -> None:
        """A server that dies hard is told like one that hangs up."""
        transport = open_transport(f"tcp://{address(listener)}")
        far, _ = listener.accept()
        far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        far.close()
        with pytest.raises(LinkLost, match=r"the line is gone \(Connection reset by peer\)"):
            transport.read(5.0)
        transport.close()

    def test_without_a_listener_is_told(self, listener: socket.socket) -> None:
        """Nobody there: the line says what to start."""
        where = address(listener)
        listener.close()
        with pytest.raises(PortMissing, match=f"tcp://{where}: cannot connect .* pumpsim serve itp-40 --port tcp://{where}"):
            TcpTransport(where)

    @pytest.mark.parametrize("text", ["", "localhost", "localhost:", ":5", "host:x", "host:70000"])
    def test_needs_host_and_port(self, text: str) -> None:
        """Anything else is told with an example."""
        with pytest.raises(LinkError, match="no HOST:PORT; for example"):
            split_address(text)

    def test_takes_bracketed_addresses(self) -> None:
        """An IPv6 address is written in brackets."""
        assert split_address("[::1]:5600") == ("::1", 5600)

    def test_second_client_is_told_that_the_port_is_busy(self, listener: socket.socket) -> None:
        """The frame that a server sends before it hangs up becomes a clear error."""
        transport = open_transport(f"tcp://{address(listener)}")
        far, _ = listener.accept()
        far.sendall(port_busy_frame())
        with far, pytest.raises(PortBusy, match="in use by another client"):
            Programmer.over(Unflushed(transport))


class Unflushed:
    """A transport whose first read finds nothing, as when the bytes come a moment later."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self._first = True
        self.name = "unflushed"
        self.default_reply_timeout_s = 5.0

    def write(self, data: bytes) -> None:
        """Pass it on."""
        self._inner.write(data)

    def read(self, timeout_s: float, /) -> bytes:
        """Nothing at first."""
        if self._first:
            self._first = False
            return b""
        return self._inner.read(timeout_s)

    def close(self) -> None:
        """Pass it on."""
        self._inner.close()


class TestReady:
    @pytest.fixture
    def ends(self) -> Iterator[tuple[ReadyTransport, socket.socket]]:
        """A transport over one end of a socket pair, and the other end."""
        near, far = socket.socketpair()
        near.setblocking(False)
        transport = ReadyTransport(near.detach(), "pair", 1.0)
        with far:
            yield transport, far
        transport.close()

    def test_sends_the_rest_when_there_is_room(self, ends: tuple[ReadyTransport, socket.socket]) -> None:
        """More than a buffer holds goes out in pieces, all of it, in order."""
        transport, far = ends
        data = bytes(range(256)) * 8192
        heard: list[bytes] = []
        reader = Thread(target=lambda: heard.extend(iter(lambda: far.recv(65536), b"")))
        reader.start()
        transport.write(data)
        transport.close()
        reader.join(10)

        assert b"".join(heard) == data

    def test_waits_when_there_is_no_room_at_all(self, ends: tuple[ReadyTransport, socket.socket]) -> None:
        """A full line takes the next frame once the other end has read."""
        transport, far = ends
        far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        heard: list[bytes] = []
        reader = Thread(target=lambda: heard.extend(iter(lambda: far.recv(65536), b"")))
        frame = bytes(range(256)) * 16
        reader.start()
        for _ in range(500):
            transport.write(frame)
        transport.close()
        reader.join(10)

        assert b"".join(heard) == frame * 500

    def test_a_false_alarm_is_no_data(self, ends: tuple[ReadyTransport, socket.socket], monkeypatch: pytest.MonkeyPatch) -> None:
        """A descriptor that was said to be ready and is not reads as nothing."""
        monkeypatch.setattr("protocol.transport.ready._Poll.__call__", lambda *_: True)

        assert ends[0].read(0.0) == b""

    def test_works_without_poll(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where there is no poll, select does."""
        monkeypatch.delattr("select.poll")
        near, far = socket.socketpair()
        transport = ReadyTransport(near.detach(), "pair", 1.0)
        with far:
            assert transport.read(0.0) == b""
            far.send(b"x")
            assert transport.read(1.0) == b"x"
        transport.close()


class TestUrl:
    def test_of_any_pyserial_handler_is_opened(self) -> None:
        """An unknown scheme goes to pyserial; what is written to a loop comes back."""
        transport = open_transport("loop://")
        transport.write(b"abc")

        assert isinstance(transport, UrlTransport)
        assert transport.read(1.0) == b"abc"
        assert transport.read(0.0) == b""
        transport.close()

    def test_that_nobody_knows_is_told(self) -> None:
        """No handler, one line."""
        with pytest.raises(LinkError, match="nosuch://x: cannot be opened"):
            open_transport("nosuch://x")

    def test_waits_for_a_first_byte(self) -> None:
        """What comes with the first byte is taken with it."""
        port = SlowPort([b"", b"abc"])

        assert UrlTransport(port, "slow").read(0.5) == b"abc"
        assert port.timeout == 0.5
        assert UrlTransport(SlowPort([b"", b""]), "slow").read(0.5) == b""

    def test_that_breaks_is_a_lost_link(self) -> None:
        """Errors of pyserial do not pass."""
        port = serial.serial_for_url("loop://")
        transport = UrlTransport(port, "loop://")
        port.close()
        with pytest.raises(LinkLost, match="loop://: the line is gone"):
            transport.read(0.0)
        with pytest.raises(LinkLost, match="loop://: the line is gone"):
            transport.write(b"x")


class SlowPort:
    """A pyserial port on which nothing waits at first."""

    def __init__(self, comes: list[bytes]) -> None:
        self.timeout = 0.0
        self._comes = comes
        self._now = b""

    @property
    def in_waiting(self) -> int:
        """Bytes that are there already."""
        return len(self._now)

    def read(self, size: int) -> bytes:
        """Wait for some."""
        while self._comes and not self._now:
            self._now = self._comes.pop(0)
        data, self._now = self._now[:size], self._now[size:]
        return data


@pytest.mark.parametrize("kind", ["pty", "tcp"])
def test_a_session_runs_over_every_transport(kind: str, server: PtyServer, listener: socket.socket) -> None:
    """The same pump answers the same over a pty and over TCP, served byte for byte by hand."""
    pair, stack = Pair().running(), ExitStack()
    if kind == "pty":
        client = Served(open_transport(server.url), server.read, server.write, pair)
    else:
        inner = open_transport(f"tcp://{address(listener)}")
        far = stack.enter_context(listener.accept()[0])
        client = Served(inner, lambda: far.recv(65536), far.sendall, pair)
    with stack, Programmer.over(client, keys=TEST_KEYS) as programmer:
        assert programmer.status().mode == Mode.SIMPLE


class Served:
    """Joins a transport's far end to a pair: after each write the pump takes what has come and answers."""

    def __init__(self, inner: Transport, read_far: Callable[[], bytes], write_far: Callable[[bytes], object], pair: Pair) -> None:
        self._inner = inner
        self._read_far = read_far
        self._write_far = write_far
        self._pair = pair
        self.name = "served"
        self.default_reply_timeout_s = 5.0

    def write(self, data: bytes) -> None:
        """Send, and have it answered."""
        self._inner.write(data)
        heard = b""
        while len(heard) < len(data):
            heard += self._read_far()
        answer = self._pair.link.carry(heard)
        if answer:
            self._write_far(answer)

    def read(self, timeout_s: float, /) -> bytes:
        """Pass it on."""
        return self._inner.read(timeout_s)

    def close(self) -> None:
        """Pass it on."""
        self._inner.close()
