"""A link tap on the host's side of a line: any transport with faults on it, a real pump's too.

Nothing at the far end knows of it. It works for clients that wait by the wall clock; one that waits by a bench counts bytes at the pump's
end, and takes its faults there, by the verb `inject`.
"""

from __future__ import annotations

from collections.abc import Callable

from hil.errors import BenchError
from hil.faults.link_tap import LinkTap
from hil.faults.registry import check
from hil.faults.wire_faults import TO_PUMP
from hil.pacing import wall_us
from protocol.transport import Transport

__all__ = ["TappedTransport"]


class TappedTransport:
    """Another transport with a tap before it. `now_us` tells the time by which bytes are late; the wall clock's unless given.

    Late bytes move when the client writes or reads.
    """

    def __init__(self, inner: Transport, *, now_us: Callable[[], int] = wall_us) -> None:
        self.tap = LinkTap()
        self._inner = inner
        self._now_us = now_us
        self._arrived = b""
        self._next_handle = 1

    @property
    def name(self) -> str:
        """The inner transport's."""
        return self._inner.name

    @property
    def default_reply_timeout_s(self) -> float:
        """The inner transport's."""
        return self._inner.default_reply_timeout_s

    def inject(self, fault: str, **params: int | str) -> int:
        """Bring a `link.*` or `answer.*` fault into force; returns its handle. Raises BenchError."""
        spec, values = check(fault, params)
        if spec.owner != "link tap":
            raise BenchError(f"{fault} is no fault of the line", where="inject", do="inject it at the pump's bench")
        handle, self._next_handle = self._next_handle, self._next_handle + 1
        self.tap.inject(handle, spec.name, values, self._now_us())
        return handle

    def clear(self, handle: int) -> bool:
        """End a fault; tells whether it was in force."""
        return self.tap.clear(handle)

    def write(self, data: bytes) -> None:
        """Send it over the line. Raises LinkLost."""
        if self.tap.idle:
            self._inner.write(data)
            return
        self._move()
        for direction, arrived in self.tap.from_host(data, self._now_us()):
            self._out(direction, arrived)

    def read(self, timeout_s: float, /) -> bytes:
        """What comes over the line within the timeout. Raises LinkLost."""
        end_us = self._now_us() + round(timeout_s * 1_000_000)
        while True:
            self._move()
            if self._arrived:
                data, self._arrived = self._arrived, b""
                return data
            now_us, due_us = self._now_us(), self.tap.next_due()
            until_us = end_us if due_us is None else min(end_us, due_us)
            data = self._inner.read(max(0, until_us - now_us) / 1_000_000)
            if data:
                self._arrived += data if self.tap.idle else self.tap.from_pump(data, self._now_us())
            elif until_us == end_us:
                return self._arrived

    def close(self) -> None:
        """Close the inner transport."""
        self._inner.close()

    def _move(self) -> None:
        """Let out of the line what is due."""
        for direction, arrived in self.tap.due(self._now_us()):
            self._out(direction, arrived)

    def _out(self, direction: str, data: bytes) -> None:
        if direction == TO_PUMP:
            self._inner.write(data)
        else:
            self._arrived += data
