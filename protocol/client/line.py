"""One blocking exchange at a time: a programmer role, a transport, and a waiter between them."""

from __future__ import annotations

from collections.abc import Callable

from protocol.limits import ENCODED_BYTES_MAX
from protocol.programmer import Answered, ProgrammerRole
from protocol.transport.base import Transport
from protocol.waiting import Waiter

__all__ = ["Line", "OnFrame"]

OnFrame = Callable[[str, bytes], None]
"""Called with "host" or "pump" and each run of bytes up to and with its zero."""

_FLUSH_READS_MAX = 64
"""Reads that clear old bytes at the start; who babbles on after that is heard as noise."""


class Line:
    """Sends what the role says, until the exchange ends. Totals count bytes since the line was opened."""

    def __init__(
        self, transport: Transport, role: ProgrammerRole, waiter: Waiter, reply_timeout_s: float, on_frame: OnFrame | None = None
    ) -> None:
        self.transport = transport
        self.role = role
        self._waiter = waiter
        self._reply_timeout_s = reply_timeout_s
        self._sent_total = 0
        self._got_total = 0
        self._on_frame = on_frame
        self._seen = {"host": b"", "pump": b""}

    def open(self) -> Answered:
        """End whatever a predecessor left half sent, clear what waits, open a session. Raises LinkError, DeviceAnswer.

        What is cleared is not quite unheard: a server that turns us away may have said so before our first byte left.
        """
        self._write(b"\0")
        old = b""
        for _ in range(_FLUSH_READS_MAX):
            more = self.transport.read(0.0)
            if not more:
                break
            old += more
            self.role.overhear(old)
        return self.exchange(self.role.hello())

    def ask(self, name: str, body: tuple[object, ...]) -> Answered:
        """One request and its answer, whatever it is. Raises LinkError; DeviceAnswer if a new session is refused."""
        return self.exchange(self.role.request(name, body))

    def exchange(self, data: bytes) -> Answered:
        """Send bytes that the role made, and whatever it wants sent after them, until it has its answer."""
        while True:
            self._write(data)
            step = self._await()
            if type(step) is Answered:
                return step
            data = self.role.resend() if step is None else bytes(step)

    def pause(self, seconds: float) -> None:
        """Let time pass with nothing asked."""
        self._waiter.pause(seconds)

    def _await(self) -> bytes | Answered | None:
        """The role's next step, or None when the reply timer ran out."""
        while True:
            data = self._waiter.wait(self.transport, self._sent_total, self._got_total, self._reply_timeout_s)
            if not data:
                return None
            self._got_total += len(data)
            if self._on_frame is not None:
                self._show(self._on_frame, "pump", data)
            step = self.role.receive(data)
            if step is not None:
                return step

    def _write(self, data: bytes) -> None:
        self.transport.write(data)
        self._sent_total += len(data)
        if self._on_frame is not None:
            self._show(self._on_frame, "host", data)

    def _show(self, on_frame: OnFrame, direction: str, data: bytes) -> None:
        """Tell the listener of every run that is complete, and of noise that grows too long to be a frame."""
        *runs, rest = (self._seen[direction] + data).split(b"\0")
        for run in runs:
            on_frame(direction, run + b"\0")
        if len(rest) > ENCODED_BYTES_MAX:
            on_frame(direction, rest)
            rest = b""
        self._seen[direction] = rest
