"""rfc2217://HOST:PORT: a serial port over TCP, by pyserial's client.

That client sleeps while it negotiates: opening takes about 0.4 s, closing 0.3 s. It has no write timeout, so none is set, and it would
negotiate anew each time its read timeout changes, which here is with every wait for an answer.
"""

from __future__ import annotations

import socket
import warnings

import serial.rfc2217

from protocol.errors import LinkError, LinkLost, PortMissing
from protocol.transport.serial_port import BAUD, UrlTransport
from protocol.transport.tcp import split_address

__all__ = ["Rfc2217Transport"]


class _Port(serial.rfc2217.Serial):
    """pyserial's client, negotiating only what the far end needs to know."""

    _socket: socket.socket | None
    _told: tuple[object, ...] = ()

    def _reconfigure_port(self) -> None:
        """Called by pyserial for every setting that changes, the local read timeout among them."""
        settings = (self.baudrate, self.bytesize, self.parity, self.stopbits, self.xonxoff, self.rtscts)
        if settings != self._told:
            super()._reconfigure_port()  # type: ignore[misc]  # a hook of pyserial's base class; its stubs leave it out
            self._told = settings

    def close(self) -> None:
        """Close, also when the far end has gone: pyserial then forgets its socket without closing it."""
        connection, self._told = self._socket, ()
        super().close()
        if connection is not None:
            connection.close()


class Rfc2217Transport(UrlTransport):
    """A client's end. Raises PortMissing, LinkError."""

    def __init__(self, url: str) -> None:
        super().__init__(_open(url), url)

    def read(self, timeout_s: float) -> bytes:
        """What is waiting, or what comes first within the timeout. Raises LinkLost."""
        ended = bool(self._port.in_waiting) if self._port.is_open else False
        data = super().read(timeout_s)
        if ended and not data:
            raise LinkLost(f"{self.name}: the other end closed the line; start the pump again, then connect again")
        return data


def _open(url: str) -> _Port:
    split_address(url.removeprefix("rfc2217://").partition("?")[0], "rfc2217")
    port = _Port(timeout=0, baudrate=BAUD)
    port.port = url
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"set\w+\(\) is deprecated", DeprecationWarning)  # pyserial 3.5 since Python 3.10
            port.open()
    except serial.SerialException as error:
        if isinstance(error.__context__, OSError):
            reason = error.__context__.strerror or error.__context__
            raise PortMissing(f"{url}: cannot connect ({reason}); start one with: pumpsim serve itp-40 --port {url}") from None
        said = str(error).partition(" [")[0]
        raise LinkError(f"{url}: cannot be opened ({said}); a plain TCP port is tcp://HOST:PORT") from None
    return port
