"""Our own client over RFC 2217, and what it says when there is no such port."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hil.bench.stdio import ServerProcess
from hil.errors import UsageError
from hil.ports.base import open_port
from protocol.client import Programmer
from protocol.errors import LinkError, LinkLost, PortBusy, PortMissing
from protocol.transport import open_transport
from protocol.transport.rfc2217 import Rfc2217Transport
from protocol.transport.tcp import port_busy_frame
from tests.rig.serving import HELLO, connected

LOCAL = "rfc2217://127.0.0.1:0"


@contextmanager
def served() -> Iterator[ServerProcess]:
    """A pump on a free RFC 2217 port, in lock-step."""
    with ServerProcess("itp-40", ["--port", LOCAL, "--seed", "1", "--pace", "lock-step"]) as server:
        yield server


class TestProgrammer:
    """Our own client."""

    def test_talks_to_the_pump(self) -> None:
        """A session like any other."""
        with served() as server, Programmer.open(server.ready["port"], programmer_id=7) as programmer:
            assert programmer.identity_hello.serial == server.ready["serial"]
            assert programmer.status().line_errors == 0

    def test_second_is_told_that_the_port_is_busy(self) -> None:
        """It negotiates, asks, and is turned away; the first one notices nothing, and its line is as it was."""
        with served() as server, Programmer.open(server.ready["port"], programmer_id=7) as first:
            with pytest.raises(PortBusy):
                Programmer.open(server.ready["port"], programmer_id=8)

            assert first.status().line_errors == 0

    def test_stranger_without_telnet_is_told_too(self) -> None:
        """A second client that only sends bytes gets the frame behind the port's offer."""
        with served() as server, Programmer.open(server.ready["port"], programmer_id=7):
            stranger = connected(server.ready["port"].replace("rfc2217", "tcp"))
            stranger.sendall(HELLO)
            got = b""
            while not got.endswith(port_busy_frame()):
                got += stranger.recv(100)
            stranger.close()

    def test_server_that_dies_is_a_lost_link(self) -> None:
        """The next request says so, and closing is no trouble."""
        with served() as server:
            programmer = Programmer.open(server.ready["port"], programmer_id=7, reply_timeout_s=0.2)
            server.process.kill()
            server.process.wait()
            with pytest.raises(LinkLost):
                programmer.status()
            programmer.close()

    def test_waiting_for_an_answer_negotiates_nothing(self) -> None:
        """A read's timeout is the client's own affair: changing it costs no exchange with the port."""
        with served() as server:
            transport = open_transport(f"{server.ready['port']}?timeout=0.1")
            server.process.send_signal(signal.SIGSTOP)  # whoever asks it for anything now waits in vain, and says so
            heard = [transport.read(timeout_s) for timeout_s in (0.0, 1e-3, 2e-3)]
            server.process.send_signal(signal.SIGCONT)
            transport.close()

        assert heard == [b"", b"", b""]

    def test_missing_server_is_named(self) -> None:
        """Nobody listens: the line says what to start."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            url = f"rfc2217://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(PortMissing, match=f"{url}: cannot connect .*pumpsim serve itp-40 --port {url}"):
            Rfc2217Transport(url)

    def test_plain_tcp_port_is_told_from_it(self) -> None:
        """Somebody listens and speaks no RFC 2217: one line, with the scheme that may be meant."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            url = f"rfc2217://127.0.0.1:{listener.getsockname()[1]}?timeout=0.1"
            with pytest.raises(LinkError, match=r"cannot be opened .*tcp://HOST:PORT"):
                Rfc2217Transport(url)

    @pytest.mark.parametrize("url", ["rfc2217://", "rfc2217://host", "rfc2217://:5", "rfc2217://host:x"])
    def test_needs_host_and_port(self, url: str) -> None:
        """Client and server say the same, with an example of this scheme."""
        with pytest.raises(LinkError, match="for example rfc2217://"):
            open_transport(url)
        with pytest.raises(UsageError, match="for example rfc2217://"):
            open_port(url)
