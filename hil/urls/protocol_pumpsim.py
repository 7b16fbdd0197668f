"""pumpsim://PROFILE?seed=N&catheter=NAME&pace=lock-step&security=NAME: a serial port with a pump of its own behind it, in the same process.

Answers are there as soon as the request is written. In lock-step no time passes between the two, and none afterwards: what is not waiting
never comes, unless another thread writes. A read keeps to its timeout all the same, since a program may count on it; only a read that
would wait for ever, with no other thread to end it, is refused.
"""

from __future__ import annotations

import threading
from typing import Any

from serial import PortNotOpenError, SerialBase, SerialException

from hil.errors import HilError
from hil.pacing import Pacer, wait_for
from hil.unit import Unit
from hil.urls.pump_url import parse_pump_url

__all__ = ["Serial"]


class Serial(SerialBase):
    """What `serial.serial_for_url` returns. `unit` is the pump behind the port, for programs that know where they are."""

    unit: Unit | None = None

    def open(self) -> None:
        """Make the pump. Raises SerialException for a URL that names none."""
        if self.is_open:
            raise SerialException("the port is already open")
        if self.port is None:
            raise SerialException("the port must be set before it is opened")
        try:
            asked = parse_pump_url(self.port)
            self.unit = Unit.new(asked.profile, seed=asked.seed, catheter=asked.catheter, security=asked.security, wire=asked.wire)
        except HilError as error:
            raise SerialException(str(error)) from None
        self._pacer = Pacer(asked.pace)
        self._waiting = bytearray()
        self.unit.on_emit = self._take_late
        self._cancelled = False
        self._news = threading.Condition()
        self.is_open = True

    def from_url(self, url: str) -> None:
        """Check a URL, as pyserial's other handlers do. Raises SerialException."""
        try:
            parse_pump_url(url)
        except HilError as error:
            raise SerialException(str(error)) from None

    def close(self) -> None:
        """Let go of the pump; a read that waits ends."""
        if self.is_open:
            self.is_open = False
            with self._news:
                self._news.notify_all()

    def _reconfigure_port(self) -> None:
        """Any baud rate and parity will do: there is no line."""

    @property
    def in_waiting(self) -> int:
        """Bytes that a read would get now."""
        self._must_be_open()
        return len(self._waiting)

    def read(self, size: int = 1) -> bytes:
        """Up to `size` bytes: what is waiting, and what comes within the timeout."""
        self._must_be_open()
        with self._news:
            self._cancelled = False
            if len(self._waiting) < size and self.timeout is None and threading.active_count() == 1:
                raise SerialException(
                    f"{len(self._waiting)} of {size} bytes are waiting and no more will come: set a timeout, or write a request first"
                )
            if len(self._waiting) < size and self.timeout != 0:
                wait_for(self._news, lambda: len(self._waiting) >= size or self._cancelled or not self.is_open, self.timeout)
            data = bytes(self._waiting[:size])
            del self._waiting[:size]
        return data

    def write(self, data: Any, /) -> int:
        """Hand bytes to the pump; its answer is waiting when this returns."""
        self._must_be_open()
        raw = bytes(data)
        with self._news:
            if self.unit is not None:
                self._catch_up(self.unit)
                self._waiting += self.unit.receive(raw)
                self._pacer.regard(self.unit.talking, self.unit.now_us)
            self._news.notify_all()
        return len(raw)

    def _take_late(self, data: bytes) -> None:
        """Bytes that a fault of the line held back have come; time passes in `write` only."""
        self._waiting += data

    def _catch_up(self, unit: Unit) -> None:
        due_us = self._pacer.due_us()
        if due_us > unit.now_us:
            unit.advance_to(due_us)

    def flush(self) -> None:
        """Nothing is ever on its way."""
        self._must_be_open()

    def reset_input_buffer(self) -> None:
        """Forget what is waiting."""
        self._must_be_open()
        with self._news:
            self._waiting.clear()

    def reset_output_buffer(self) -> None:
        """Nothing is ever on its way."""
        self._must_be_open()

    @property
    def out_waiting(self) -> int:
        """Bytes not yet handed over: none."""
        self._must_be_open()
        return 0

    def cancel_read(self) -> None:
        """End a read that waits in another thread."""
        self._must_be_open()
        with self._news:
            self._cancelled = True
            self._news.notify_all()

    def _update_break_state(self) -> None:
        """A break reaches nobody."""

    def _update_rts_state(self) -> None:
        """No wire for it."""

    def _update_dtr_state(self) -> None:
        """No wire for it."""

    @property
    def cts(self) -> bool:
        """Ready, always: there is no such wire."""
        self._must_be_open()
        return True

    @property
    def dsr(self) -> bool:
        """Ready, always: there is no such wire."""
        self._must_be_open()
        return True

    @property
    def ri(self) -> bool:
        """Never rings."""
        self._must_be_open()
        return False

    @property
    def cd(self) -> bool:
        """A pump is there."""
        self._must_be_open()
        return True

    def _must_be_open(self) -> None:
        if not self.is_open:
            raise PortNotOpenError
