"""RFC 2217: pump bytes and line settings through one telnet connection, whatever a client makes of it."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from serial import rfc2217 as telnet

from hil.ports.base import open_port
from hil.ports.rfc2217 import NEGOTIATION_BYTES_MAX, Rfc2217Port
from hil.ports.virtual_line import LineSettings
from protocol.transport.tcp import port_busy_frame
from tests.rig.serving import connected

LOCAL = "rfc2217://127.0.0.1:0"
WAIT_S = 5.0
IAC, SB, SE = telnet.IAC, telnet.SB, telnet.SE
EVERY_BYTE = bytes(range(256))


class Wire:
    """A port in this process, whose pump answers in capitals, and clients that speak telnet by hand."""

    def __init__(self) -> None:
        port = open_port(LOCAL)
        assert isinstance(port, Rfc2217Port)
        self.port = port
        self.heard = b""
        port.handler = self._hear

    def _hear(self, data: bytes) -> bytes:
        self.heard += data
        return data.upper()

    def connect(self) -> socket.socket:
        """One more client, which the port has seen; what it said first is read away."""
        client = connected(self.port.url.replace("rfc2217", "tcp"))
        self.port.wait(WAIT_S)
        self.port.drain()
        return client

    def ask(self, client: socket.socket, data: bytes) -> bytes:
        """Send, have it handled, and take all that is said."""
        client.sendall(data)
        self.port.wait(WAIT_S)
        self.port.drain()
        return said(client)

    def set(self, client: socket.socket, option: bytes, value: bytes) -> bytes:
        """One COM port option; returns what is acknowledged of it."""
        answer = self.ask(client, IAC + SB + telnet.COM_PORT_OPTION + option + value + IAC + SE)
        head = IAC + SB + telnet.COM_PORT_OPTION + telnet.RFC2217_ANSWER_MAP[option]
        assert answer.startswith(head)
        assert answer.endswith(IAC + SE)
        return answer[len(head) : -2]


def said(client: socket.socket) -> bytes:
    """What is waiting."""
    client.setblocking(False)
    try:
        return client.recv(1 << 20)
    except BlockingIOError:
        return b""


def everything(client: socket.socket) -> bytes:
    """All that comes without further asking."""
    return b"".join(iter(lambda: said(client), b""))


@pytest.fixture
def wire() -> Iterator[Wire]:
    """A port of one's own."""
    found = Wire()
    yield found
    found.port.close()


@pytest.fixture
def client(wire: Wire) -> Iterator[socket.socket]:
    """A client that has taken note of what the port offers."""
    with wire.connect() as client:
        said(client)
        yield client


class TestNegotiation:
    """The port's answers, byte by byte."""

    def test_offers_com_port_and_binary_first(self, wire: Wire) -> None:
        """A client that says nothing is told what this is."""
        with wire.connect() as client:
            offer = said(client)

        assert IAC + telnet.WILL + telnet.COM_PORT_OPTION in offer
        assert IAC + telnet.DO + telnet.BINARY in offer

    @pytest.mark.parametrize(
        "option, value",
        [
            pytest.param(telnet.SET_BAUDRATE, struct.pack("!I", 9_600), id="baud"),
            pytest.param(telnet.SET_BAUDRATE, struct.pack("!I", 250_000), id="odd baud"),
            pytest.param(telnet.SET_DATASIZE, b"\x07", id="data bits"),
            pytest.param(telnet.SET_PARITY, b"\x03", id="parity"),
            pytest.param(telnet.SET_STOPSIZE, b"\x02", id="stop bits"),
            pytest.param(telnet.SET_CONTROL, telnet.SET_CONTROL_USE_NO_FLOW_CONTROL, id="no flow control"),
            pytest.param(telnet.SET_CONTROL, telnet.SET_CONTROL_DTR_ON, id="DTR"),
            pytest.param(telnet.SET_CONTROL, telnet.SET_CONTROL_RTS_OFF, id="RTS"),
            pytest.param(telnet.SET_CONTROL, telnet.SET_CONTROL_BREAK_ON, id="break"),
            pytest.param(telnet.PURGE_DATA, telnet.PURGE_BOTH_BUFFERS, id="purge"),
        ],
    )
    def test_acknowledges_what_it_was_asked(self, wire: Wire, client: socket.socket, option: bytes, value: bytes) -> None:
        """Each setting is repeated, and none of it reaches the pump."""
        assert wire.set(client, option, value) == value
        assert (wire.heard, wire.port.received) == (b"", 0)

    def test_line_is_what_the_client_made_of_it(self, wire: Wire, client: socket.socket) -> None:
        """Baud, bits, parity and wires are seen in the port, and stay when the client leaves."""
        wire.set(client, telnet.SET_BAUDRATE, struct.pack("!I", 9_600))
        wire.set(client, telnet.SET_DATASIZE, b"\x07")
        wire.set(client, telnet.SET_PARITY, b"\x03")
        wire.set(client, telnet.SET_STOPSIZE, b"\x02")
        wire.set(client, telnet.SET_CONTROL, telnet.SET_CONTROL_DTR_ON)
        client.close()
        wire.port.drain()
        line = wire.port.line

        assert line is not None
        assert line.settings == LineSettings(9_600, 7, "E", 2)
        assert (line.dtr, line.rts) == (True, False)

    def test_question_is_answered_with_what_is_set(self, wire: Wire, client: socket.socket) -> None:
        """Zero asks."""
        assert wire.set(client, telnet.SET_BAUDRATE, struct.pack("!I", 0)) == struct.pack("!I", 115_200)
        assert wire.set(client, telnet.SET_PARITY, b"\0") == b"\x01"

    def test_impossible_size_is_answered_with_what_stays(self, wire: Wire, client: socket.socket) -> None:
        """Nine data bits there are not."""
        assert wire.set(client, telnet.SET_DATASIZE, b"\x09") == b"\x08"

    def test_tells_the_modem_wires(self, wire: Wire, client: socket.socket) -> None:
        """Ready, and a pump is there, as soon as the client agrees to RFC 2217, and again when it asks."""
        agreed = wire.ask(client, IAC + telnet.DO + telnet.COM_PORT_OPTION)
        asked = wire.ask(client, IAC + SB + telnet.COM_PORT_OPTION + telnet.NOTIFY_MODEMSTATE + IAC + SE)

        state = agreed.partition(telnet.COM_PORT_OPTION + telnet.SERVER_NOTIFY_MODEMSTATE)[2][0]
        assert state & 0xF0 == telnet.MODEMSTATE_MASK_CTS | telnet.MODEMSTATE_MASK_DSR | telnet.MODEMSTATE_MASK_CD
        assert telnet.SERVER_NOTIFY_MODEMSTATE in asked

    def test_declines_what_it_does_not_know(self, wire: Wire, client: socket.socket) -> None:
        """A terminal type is nothing for a pump."""
        assert wire.ask(client, IAC + telnet.WILL + b"\x18") == IAC + telnet.DONT + b"\x18"


class TestBytes:
    """What is the pump's gets to it, and nothing else."""

    def test_every_byte_passes_both_ways(self, wire: Wire, client: socket.socket) -> None:
        """255 is doubled on the wire and counted once."""
        answer = wire.ask(client, EVERY_BYTE.replace(IAC, IAC + IAC))

        assert wire.heard == EVERY_BYTE
        assert answer == EVERY_BYTE.upper().replace(IAC, IAC + IAC)
        assert (wire.port.received, wire.port.emitted) == (256, 256)

    def test_bytes_one_by_one_make_the_same(self, wire: Wire, client: socket.socket) -> None:
        """Escapes and settings may come in pieces of any size."""
        setting = IAC + SB + telnet.COM_PORT_OPTION + telnet.SET_BAUDRATE + struct.pack("!I", 0x00FF2580)
        stream = b"ab" + setting.replace(b"\xff\x25", IAC + IAC + b"\x25") + IAC + SE + b"c" + IAC + IAC
        for at in range(len(stream)):
            wire.ask(client, stream[at : at + 1])
        line = wire.port.line

        assert wire.heard == b"abc\xff"
        assert line is not None
        assert line.baudrate == 0x00FF2580

    def test_counts_begin_with_each_client(self, wire: Wire, client: socket.socket) -> None:
        """The next client's bytes are counted from zero, as settle needs it."""
        wire.ask(client, b"abc")
        client.close()
        with wire.connect() as second:
            second.sendall(b"de")

            assert wire.port.settle(2) == 2

    def test_answer_that_nobody_reads_is_lost_whole(self, wire: Wire, client: socket.socket) -> None:
        """A full line takes answers whole or not at all: what is read later is no torn escape."""
        answer = IAC * 5_000
        wire.port.handler = lambda _data: answer
        while not wire.port.lost:
            client.sendall(b"x")
            wire.port.drain()
        got = everything(client) + wire.ask(client, b"x")
        got += everything(client)

        assert wire.port.lost % len(answer) == 0
        assert set(got) == {255}
        assert len(got) == 2 * wire.port.emitted


class TestTurnedAway:
    """A second client while the first is there, on a loop as in a server."""

    @pytest.fixture
    def loop(self, wire: Wire) -> Iterator[asyncio.AbstractEventLoop]:
        """The port's loop."""
        loop = asyncio.new_event_loop()
        wire.port.listen(loop)
        yield loop
        wire.port.close()
        loop.close()

    @staticmethod
    def hears(loop: asyncio.AbstractEventLoop, client: socket.socket, data: bytes) -> bytes:
        """Send, let the loop run until something is said."""
        client.settimeout(WAIT_S)
        client.sendall(data)
        for _ in range(10):
            loop.call_soon(loop.stop)
            loop.run_forever()
        return client.recv(4096)

    def test_negotiates_a_line_that_is_nobodys(self, wire: Wire, client: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        """Its settings are acknowledged and forgotten; its first byte for the pump is answered PORT_BUSY, and reaches no pump."""
        setting = IAC + SB + telnet.COM_PORT_OPTION + telnet.SET_BAUDRATE + struct.pack("!I", 300) + IAC + SE
        with wire.connect() as second:
            said(second)
            acknowledged = self.hears(loop, second, setting)
            told = self.hears(loop, second, b"\0")
        line = wire.port.line

        assert struct.pack("!I", 300) in acknowledged
        assert told == port_busy_frame()
        assert line is not None
        assert (line.baudrate, wire.heard) == (115_200, b"")
        assert client.fileno() >= 0

    @pytest.mark.usefixtures("client")
    def test_is_hung_up_on_when_it_speaks_no_telnet(self, wire: Wire, loop: asyncio.AbstractEventLoop) -> None:
        """Nonsense ends its stay at once."""
        with wire.connect() as second:
            said(second)

            assert self.hears(loop, second, IAC + SE) == b""


@pytest.mark.parametrize(
    "nonsense",
    [
        pytest.param(IAC + SE, id="end without a beginning"),
        pytest.param(IAC + SB + telnet.COM_PORT_OPTION + telnet.SET_BAUDRATE + b"\x01" + IAC + SE, id="half a baud rate"),
        pytest.param(IAC + SB + telnet.COM_PORT_OPTION + telnet.SET_PARITY + b"\x63" + IAC + SE, id="no such parity"),
        pytest.param(IAC + SB + telnet.COM_PORT_OPTION + telnet.SET_MODEMSTATE_MASK + IAC + SE, id="no mask"),
        pytest.param(IAC + SB + bytes(NEGOTIATION_BYTES_MAX + 1), id="no end"),
    ],
)
def test_client_that_speaks_no_telnet_is_hung_up_on(wire: Wire, client: socket.socket, nonsense: bytes) -> None:
    """What came before counts, the port is free again, and the server lives."""
    wire.ask(client, b"ab" + nonsense)
    client.setblocking(True)

    assert wire.heard == b"ab"
    assert client.recv(1) == b""
    with wire.connect() as second:
        assert wire.ask(second, b"cd").endswith(b"CD")


def test_lines_of_the_port_are_told_to_nobody_else(tmp_path: Path) -> None:
    """A pty has no line settings of ours."""
    port = open_port(f"pty:{tmp_path / 'pump'}")
    port.close()

    assert port.line is None
