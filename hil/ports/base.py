"""The ports a pump is served on. A port moves bytes and counts them; it knows nothing of pumps, sessions or time.

::

    Port                 handler(bytes) -> bytes, counters, settle
    ├── FdPort           one file descriptor
    │   ├── PtyPort      pty:PATH, a pseudo-terminal behind a stable link   (hil/ports/pty.py)
    │   └── SerialPort   serial:PATH, a real UART opened through pyserial
    └── TcpPort          tcp://HOST:PORT, one client at a time              (hil/ports/tcp.py)
        └── Rfc2217Port  rfc2217://HOST:PORT, the same with line settings   (hil/ports/rfc2217.py)

The way of a request is short on purpose: the loop says readable, one read, the handler, one write. No task, no queue, no stream.
Bytes that the other side does not take at once are lost and counted, as they are on a UART that nobody reads.
"""

from __future__ import annotations

import errno
import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hil.errors import BenchError, UsageError
from hil.pacing import Deadline
from hil.ports.virtual_line import VirtualLine
from hil.system.terminals import FREE_TCP_PORT, has_terminals
from hil.system.waiting import wait_readable

if TYPE_CHECKING:
    import asyncio

    import serial

__all__ = ["READ_BYTES_MAX", "SETTLE_S", "FdPort", "Port", "SerialPort", "open_port"]

READ_BYTES_MAX = 65_536
SETTLE_S = 5.0
"""Wall time that `settle` waits for bytes that were said to be on their way; a byte on a loopback needs microseconds."""

Handler = Callable[[bytes], bytes]


class Port(ABC):
    """One way in. `received` and `emitted` count since the client connected (TCP) or since `attach`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.device: str | None = None
        self.received = 0
        self.emitted = 0
        self.lost = 0
        """Bytes of answers that nobody took, since the port was opened."""
        self.line: VirtualLine | None = None
        """The line that the client believes to talk over, where one can be told: on RFC 2217 only."""
        self.handler: Handler = lambda _data: b""
        self.on_end: Callable[[str], None] = lambda _why: None
        """Called once if the port itself goes away under the server."""
        self._write_last: Callable[[bytes], int] = lambda _data: 0

    @abstractmethod
    def listen(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have the loop call us when there is something to read."""

    @abstractmethod
    def drain(self) -> None:
        """Handle all that is waiting now."""

    @abstractmethod
    def wait(self, seconds: float) -> None:
        """Block until something may be waiting, at most so long."""

    @abstractmethod
    def close(self) -> None:
        """Give everything back. May be called twice."""

    def attach(self) -> None:
        """A client is about to connect: handle what is left of the one before, and count from zero."""
        self.drain()
        self.received = self.emitted = 0

    def settle(self, sent_bytes: int, seconds: float = SETTLE_S) -> int:
        """Read until `sent_bytes` have come in since the client connected, handle them, and return how many went out.

        Raises BenchError if they do not come, or if more have come than were said to be sent.
        """
        deadline = Deadline(seconds)
        self.drain()
        while self.received < sent_bytes:
            left_s = deadline.left_s()
            if not left_s:
                raise BenchError(
                    f"{self.received} of {sent_bytes} bytes have arrived", where="settle", do="look whether the client wrote them"
                )
            self.wait(left_s)
            self.drain()
        if self.received > sent_bytes:
            raise BenchError(
                f"{self.received} bytes have arrived, {sent_bytes} were said to be sent",
                where="settle",
                do="call attach before a client connects",
            )
        return self.emitted

    def _answer(self, data: bytes, write: Callable[[bytes], int]) -> None:
        """Hand bytes to the pump and write what it answers."""
        self.received += len(data)
        self._write_last = write
        answer = self.handler(data)
        if answer:
            self.send(answer)

    def send(self, data: bytes) -> None:
        """Write to the client that spoke last, in answer or by ourselves; what nobody takes is lost and counted."""
        try:
            taken = self._write_last(data)
        except OSError:
            taken = 0
        self.emitted += taken
        self.lost += len(data) - taken


class FdPort(Port):
    """A port behind one file descriptor that reads without blocking."""

    def __init__(self, url: str, fd: int) -> None:
        super().__init__(url)
        self._fd = fd
        self._loop: asyncio.AbstractEventLoop | None = None

    def listen(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        loop.add_reader(self._fd, self._read)

    def drain(self) -> None:
        while self._read():
            pass

    def wait(self, seconds: float) -> None:
        wait_readable([self._fd], seconds)

    def close(self) -> None:
        if self._loop is not None:
            self._loop.remove_reader(self._fd)
            self._loop = None

    def _read(self) -> bool:
        """Read once and answer; False when nothing was waiting."""
        try:
            data = os.read(self._fd, READ_BYTES_MAX)
        except BlockingIOError:
            return False
        except OSError as error:
            self._gone(error.strerror or "input/output error")
            return False
        if not data:
            self._gone("it ended")
            return False
        self._answer(data, self._write)
        return True

    def _write(self, data: bytes) -> int:
        return os.write(self._fd, data)

    def _gone(self, why: str) -> None:
        """The descriptor is dead: stop listening, or the loop would call for ever."""
        if self._loop is not None:
            self._loop.remove_reader(self._fd)
            self._loop = None
            self.on_end(f"port {self.url} is gone: {why}")


class SerialPort(FdPort):
    """A UART. pyserial sets it up; bytes then go through the descriptor, which is several times faster."""

    def __init__(self, path: str) -> None:
        import serial

        _demand_descriptors(path)
        _refuse_our_own(path)
        try:
            self._serial: serial.Serial = serial.Serial(path, 115_200, timeout=0, exclusive=True)
        except (serial.SerialException, ValueError) as error:
            number = getattr(error, "errno", None)
            text = os.strerror(number) if number else str(error)
            do = "look at the path, its rights and who else has it"
            if number == errno.ENOENT and not path.startswith("/dev/"):
                do = f"for a pseudo-terminal of that name say --port pty:{path}"
            raise UsageError(f"cannot open the serial port: {text}", where=path, do=do) from None
        super().__init__(f"serial:{path}", self._serial.fileno())
        self.device = path
        os.set_blocking(self._fd, False)
        _tell_silence_from_end(self._fd)

    def close(self) -> None:
        super().close()
        self._serial.close()


def _demand_descriptors(path: str) -> None:
    """Raises UsageError where a serial line cannot be waited for together with the rest, as on Windows."""
    if not has_terminals():
        do = f"use --port {FREE_TCP_PORT}, which a redirector of serial ports can lead to a COM port"
        raise UsageError("Windows cannot wait for a serial line together with the rest", where=path, do=do)


def _refuse_our_own(path: str) -> None:
    """The client's end of a pump that is served is no line to serve another on. Raises UsageError."""
    from hil.ports.pty import is_served, spare_name

    if is_served(Path(path)):
        do = f"to serve another: --port pty:{spare_name(path)}"
        raise UsageError("it is the port of a running pump", where=path, do=do)


def _tell_silence_from_end(fd: int) -> None:
    """Have a read with nothing waiting say so: pyserial's VMIN of 0 makes it look like the end of the line."""
    import termios

    attributes = termios.tcgetattr(fd)
    attributes[6][termios.VMIN] = 1
    termios.tcsetattr(fd, termios.TCSANOW, attributes)


def open_port(url: str) -> Port:
    """Open the port of a URL to serve on: `pty:PATH`, `tcp://HOST:PORT`, `rfc2217://HOST:PORT`, `serial:PATH` or a bare path.

    Raises UsageError.
    """
    scheme, colon, rest = url.partition(":")
    if scheme == "pty" and rest:
        from hil.ports.pty import PtyPort

        return PtyPort(rest)
    if scheme == "tcp" and rest.startswith("//"):
        from hil.ports.tcp import TcpPort

        return TcpPort(rest[2:])
    if scheme == "rfc2217" and rest.startswith("//"):
        from hil.ports.rfc2217 import Rfc2217Port

        return Rfc2217Port(rest[2:])
    if scheme == "serial" and rest:
        return SerialPort(rest)
    if url and (not colon or "/" in scheme):
        return SerialPort(url)
    do = "use rfc2217://HOST:PORT, pty:PATH, tcp://HOST:PORT or serial:PATH"
    raise UsageError(f"no port to serve on: {url!r}", where="--port", do=do)
