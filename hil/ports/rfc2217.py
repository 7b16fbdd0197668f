"""rfc2217://HOST:PORT: a serial port over TCP whose client also sets baud rate, parity and modem wires (RFC 2217, telnet inside).

pyserial's PortManager does the negotiation; it is driven by the bytes as they come and needs no thread. Counts are of the pump's bytes,
not of what telnet adds. Two ways are our own:

* A second client is told PORT_BUSY when it first sends something, not when it connects, and leaves by itself: pyserial's client empties its
  input once it has negotiated, and reads nothing that is waiting once the other end has closed. The line it negotiates is nobody's.
* A client whose telnet makes no sense, or that begins a negotiation and never ends it, is hung up on.

Not acknowledged, because PortManager does not: questions for the state of break, DTR and RTS, and flow control of one direction alone.
"""

from __future__ import annotations

import contextlib
import socket
import struct
from typing import Any, ClassVar, cast

from serial.rfc2217 import IAC, IAC_DOUBLED, M_NORMAL, PortManager

from hil.ports.tcp import TcpPort
from hil.ports.virtual_line import VirtualLine
from protocol.transport.tcp import port_busy_frame

__all__ = ["Rfc2217Port"]

NEGOTIATION_BYTES_MAX = 64
"""The longest option that RFC 2217 knows has seven bytes; a server's signature is text of a line at most."""

NONSENSE = (KeyError, TypeError, ValueError, struct.error)
"""What PortManager raises for settings that are cut short or unknown, and for an end without a beginning."""


class TelnetEnd:
    """Our end of one client's connection: options are answered here, the pump's bytes pass."""

    def __init__(self, client: socket.socket, line: VirtualLine) -> None:
        self._client = client
        self._rest = b""
        self.broken = False
        self._manager = PortManager(cast(Any, line), cast(Any, self))

    def hear(self, raw: bytes) -> bytes:
        """The bytes meant for the pump; what telnet is in between is answered. `broken` is set where it makes no sense."""
        manager = self._manager
        if IAC not in raw and manager.mode == M_NORMAL and manager.suboption is None:
            return raw
        heard = bytearray()
        try:
            for byte in manager.filter(raw):
                heard += byte
        except NONSENSE:
            self.broken = True
        self.broken |= len(manager.suboption or b"") > NEGOTIATION_BYTES_MAX
        return bytes(heard)

    def write(self, raw: bytes) -> None:
        """What PortManager has to say. A client that has gone is noticed when it is read."""
        with contextlib.suppress(OSError):
            self._put(raw)

    def say(self, data: bytes) -> int:
        """Send the pump's bytes, all or none of them; returns how many. Raises OSError."""
        return len(data) if self._put(data.replace(IAC, IAC_DOUBLED)) else 0

    def _put(self, raw: bytes) -> bool:
        """Send whole or not at all: half an escape would turn all that follows into commands. What is stuck goes with the next."""
        try:
            if self._rest:
                self._rest = self._rest[self._client.send(self._rest) :]
            if self._rest:
                return False
            self._rest = raw[self._client.send(raw) :]
        except BlockingIOError:
            return False
        return True


class Rfc2217Port(TcpPort):
    """A TCP port that speaks RFC 2217; `line` is what the client has made of it."""

    scheme: ClassVar[str] = "rfc2217"

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self._virtual = self.line = VirtualLine()
        self._end: TelnetEnd | None = None
        self._leaving: dict[socket.socket, TelnetEnd] = {}

    def _welcome(self, client: socket.socket) -> None:
        self._end = TelnetEnd(client, self._virtual)

    def _hear(self, client: socket.socket, data: bytes) -> None:
        if self._end is None:
            return
        heard = self._end.hear(data)
        if heard:
            self._answer(heard, self._end.say)
        if self._end.broken:
            self._drop_client()

    def _refuse(self, client: socket.socket) -> None:
        self._leaving[client] = TelnetEnd(client, VirtualLine())

    def _hear_off(self, client: socket.socket, data: bytes) -> None:
        end = self._leaving.get(client)
        if end is None:
            return
        if end.hear(data):
            del self._leaving[client]
            with contextlib.suppress(OSError):
                end.say(port_busy_frame())
        elif end.broken:
            self._dismiss(client)

    def _forget(self, client: socket.socket) -> None:
        self._leaving.pop(client, None)
        super()._forget(client)
