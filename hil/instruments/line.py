"""Instruments that answer a line of text with a line of text: both ends of such a line.

`AskLine` is what a driver talks over: a serial port, or a simulated instrument in this process. `LineEnd` is the other end: it makes
lines out of bytes and hands them to whoever answers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from hil.errors import InstrumentError, UsageError
from hil.wording.causes import cause

__all__ = ["LINE_BYTES_MAX", "REPLY_S", "AskLine", "Clock", "LineEnd", "MemoryLine", "SerialLine", "serial_place"]

LINE_BYTES_MAX = 256
"""A longer line is thrown away up to its end, and answered as one that makes no sense."""
REPLY_S = 2.0
"""Wall time in which an instrument on a serial port answers, unless the driver gives it longer."""
BAUD = 9_600


class Clock(Protocol):
    """What a driver waits by: the wall, or a bench that owns time."""

    def pause(self, seconds: float, /) -> None: ...
    def now_us(self) -> int: ...


class AskLine(Protocol):
    """One line out, one line back."""

    def ask(self, text: str, timeout_s: float = REPLY_S) -> str:
        """Send a line and return the answer without its end. Raises InstrumentError if none comes."""

    def close(self) -> None: ...


class LineEnd:
    """The instrument's end: `receive` takes bytes as they come and returns what goes back.

    `answer` has one line without its end, None for one that is too long or no ASCII, and returns the lines to send.
    """

    def __init__(self, answer: Callable[[str | None], list[str]]) -> None:
        self._answer = answer
        self._waiting = b""
        self._too_long = False

    def receive(self, data: bytes) -> bytes:
        """Handle bytes from the line; what is no whole line yet is kept."""
        out = b""
        *whole, self._waiting = (self._waiting + data).split(b"\n")
        for line in whole:
            out += self._answered(line)
        if len(self._waiting) > LINE_BYTES_MAX:
            self._waiting, self._too_long = b"", True
        return out

    def _answered(self, line: bytes) -> bytes:
        line = line.rstrip(b"\r")
        fits = not self._too_long and len(line) <= LINE_BYTES_MAX and line.isascii()
        self._too_long = False
        if not line and fits:
            return b""
        return "".join(f"{text}\r\n" for text in self._answer(line.decode("ascii") if fits else None)).encode("ascii")


class MemoryLine:
    """A simulated instrument in this process."""

    def __init__(self, receive: Callable[[bytes], bytes]) -> None:
        self._receive = receive

    def ask(self, text: str, timeout_s: float = REPLY_S) -> str:
        reply = self._receive(f"{text}\r\n".encode("ascii"))
        if not reply:
            raise InstrumentError(f"no answer to {text!r}", where="instrument", do="look whether it knows the command")
        return reply.decode("ascii").splitlines()[0]

    def close(self) -> None:
        """Nothing to give back."""


def serial_place(url: str) -> str:
    """What pyserial calls this place; `pty:PATH`, `serial:PATH` and `tcp://HOST:PORT` are ours."""
    scheme, _, rest = url.partition(":")
    return {"pty": rest, "serial": rest, "tcp": f"socket:{rest}"}.get(scheme, url)


class SerialLine:
    """A serial port by path or pyserial URL; `pty:PATH`, `serial:PATH` and `tcp://HOST:PORT` are understood too. Raises UsageError."""

    def __init__(self, url: str, *, baud: int = BAUD) -> None:
        import serial

        self._url = url
        try:
            self._port = serial.serial_for_url(serial_place(url), baud, timeout=REPLY_S, write_timeout=REPLY_S)
        except (serial.SerialException, ValueError) as error:
            raise UsageError(
                f"cannot open the instrument's port: {cause(error)}", where=url, do="look at the path and who else has it"
            ) from None

    def ask(self, text: str, timeout_s: float = REPLY_S) -> str:
        try:
            self._port.read(self._port.in_waiting)  # what came too late for the question before
            self._port.timeout = timeout_s
            self._port.write(f"{text}\r\n".encode("ascii"))
            reply = self._port.read_until(b"\n", LINE_BYTES_MAX)
        except OSError as error:  # pyserial's errors are such too
            raise InstrumentError(f"the line is gone: {error}", where=self._url, do="look at the cable") from None
        if not reply.endswith(b"\n"):
            raise InstrumentError(f"no answer to {text!r} in {timeout_s:g} s", where=self._url, do="look at cable, power and baud rate")
        return reply.decode("ascii", errors="replace").rstrip("\r\n")

    def close(self) -> None:
        self._port.close()
