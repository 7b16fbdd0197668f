"""Serial lines and whatever else pyserial opens.

pyserial opens, sets and locks the port; then bytes go through the descriptor itself, for its own reads cost several times
more. Where there is no descriptor (Windows, URL handlers) pyserial reads too.
"""

from __future__ import annotations

import errno
import os
import select
from typing import Any

import serial

from protocol.errors import LinkError, LinkLost, PortBusy, PortMissing
from protocol.transport.base import REPLY_TIMEOUT_S, SERIAL_REPLY_TIMEOUT_S, Transport
from protocol.transport.ready import ReadyTransport

__all__ = ["BAUD", "SerialTransport", "UrlTransport", "open_serial", "open_url"]

BAUD = 115_200
"""Bits a second on a real line; a pty has none."""

_PSEUDO = "/dev/pts/"


class SerialTransport(ReadyTransport):
    """A serial port on POSIX: opened by pyserial, read and written through its descriptor."""

    def __init__(self, port: serial.Serial, name: str, default_reply_timeout_s: float) -> None:
        self._port = port
        super().__init__(port.fileno(), name, default_reply_timeout_s)

    def _release(self) -> None:
        self._port.close()


class UrlTransport:
    """Any pyserial port, by pyserial's own calls."""

    def __init__(self, port: Any, name: str, default_reply_timeout_s: float = REPLY_TIMEOUT_S) -> None:
        self.name = name
        self.default_reply_timeout_s = default_reply_timeout_s
        self._port = port

    def write(self, data: bytes) -> None:
        """Send all of it. Raises LinkLost."""
        try:
            self._port.write(data)
        except (serial.SerialException, OSError) as error:
            raise self._lost(error) from None

    def read(self, timeout_s: float) -> bytes:
        """What is waiting, or what comes first within the timeout. Raises LinkLost."""
        try:
            waiting = self._port.in_waiting
            if not waiting:
                return self._first(timeout_s)
            return bytes(self._port.read(waiting))
        except (serial.SerialException, OSError) as error:
            raise self._lost(error) from None

    def close(self) -> None:
        """Let go; may be called again."""
        self._port.close()

    def _first(self, timeout_s: float) -> bytes:
        """Wait for a first byte, then take what came with it."""
        if self._port.timeout != timeout_s:
            self._port.timeout = timeout_s
        first = bytes(self._port.read(1))
        return first + bytes(self._port.read(self._port.in_waiting)) if first else b""

    def _lost(self, error: Exception) -> LinkLost:
        return LinkLost(f"{self.name}: the line is gone ({error}); start the pump again, then connect again")


def open_serial(path: str, *, pseudo: bool, exclusive: bool = True) -> Transport:
    """Open a serial port or a pty (`pseudo`: its answers may take as long as a simulator needs).

    Raises PortMissing, PortBusy, LinkError.
    """
    try:
        port = serial.Serial(path, BAUD, timeout=0, exclusive=exclusive or None)
    except (serial.SerialException, OSError, ValueError) as error:
        raise _open_error(path, error) from None
    patience_s = REPLY_TIMEOUT_S if pseudo or os.path.realpath(path).startswith(_PSEUDO) else SERIAL_REPLY_TIMEOUT_S
    if hasattr(port, "fileno") and hasattr(select, "poll"):
        return SerialTransport(port, path, patience_s)
    return UrlTransport(port, path, patience_s)


def open_url(url: str) -> Transport:
    """Open a URL that pyserial knows a handler for. Raises LinkError."""
    try:
        port = serial.serial_for_url(url, timeout=0)
    except (serial.SerialException, OSError, ValueError) as error:
        raise LinkError(f"{url}: cannot be opened: {error}") from None
    return UrlTransport(port, url)


_NO_PORT = {errno.EISDIR, errno.ENOTDIR, errno.ENOTTY}


def _open_error(path: str, error: Exception) -> LinkError:
    number = getattr(error, "errno", None) or (error.args[0] if error.args else None)
    if number == errno.ENOENT:
        return PortMissing(f"{path}: no such port; start one with: pumpsim serve itp-40 --port pty:{path}")
    if number in (errno.EBUSY, errno.EAGAIN) or "lock" in str(error):
        return PortBusy(f"{path}: the port is in use by another program; close that one first")
    if number == errno.EACCES:
        return LinkError(f"{path}: no permission to open the port; join the group that owns it, dialout on many systems")
    what = f"it cannot be opened ({os.strerror(number)})" if isinstance(number, int) and number not in _NO_PORT else "it is no serial port"
    return LinkError(f"{path}: {what}; name the pump's port, such as pty:./pump0 or /dev/ttyUSB0")
