"""Faults on the line as a test asks for them, whichever side has the tap: the bench of a simulated pump, or the host before a real one."""

from __future__ import annotations

from typing import Protocol

from hil.bench.calls import BenchCalls
from hil.errors import BenchError
from hil.faults.registry import check
from hil.instruments.tapped_transport import TappedTransport
from protocol.transport import Transport

__all__ = ["BenchTap", "HostTap", "LineTap"]

OWNER = "link tap"


class LineTap(Protocol):
    """Both raise BenchError for what is no `link.*` or `answer.*` fault."""

    def inject(self, fault: str, **params: int | str) -> int:
        """Bring a fault into force on the line; returns the handle that `clear` takes."""

    def clear(self, handle: int) -> None:
        """End it."""

    def close(self) -> None:
        """End all that are in force."""


class BenchTap:
    """The tap in front of a simulated pump."""

    def __init__(self, bench: BenchCalls) -> None:
        self._bench = bench
        self._handles: list[int] = []

    def inject(self, fault: str, **params: int | str) -> int:
        _of_the_line(fault, params)
        handle = self._bench.inject(fault, **params)
        self._handles.append(handle)
        return handle

    def clear(self, handle: int) -> None:
        self._handles.remove(handle)
        self._bench.clear(handle)

    def close(self) -> None:
        """A bench that is restored afterwards has none left."""
        self._handles.clear()


class HostTap:
    """The tap at the host's end; `before` puts it on a line. A fault is in force on the lines of all programmers that are open."""

    def __init__(self) -> None:
        self._lines: list[TappedTransport] = []
        self._faults: dict[int, tuple[str, dict[str, int | str]]] = {}
        self._placed: dict[tuple[int, int], int] = {}
        self._last = 0

    def before(self, inner: Transport) -> TappedTransport:
        """The line with this tap before it."""
        line = TappedTransport(inner)
        self._lines.append(line)
        for handle in self._faults:
            self._place(handle, len(self._lines) - 1)
        return line

    def inject(self, fault: str, **params: int | str) -> int:
        _of_the_line(fault, params)
        self._last += 1
        self._faults[self._last] = fault, params
        for number in range(len(self._lines)):
            self._place(self._last, number)
        return self._last

    def clear(self, handle: int) -> None:
        if self._faults.pop(handle, None) is None:
            raise BenchError(f"there is no fault {handle}", where="tap", do="give what inject returned")
        for number, line in enumerate(self._lines):
            line.clear(self._placed.pop((handle, number)))

    def close(self) -> None:
        for handle in list(self._faults):
            self.clear(handle)

    def _place(self, handle: int, number: int) -> None:
        fault, params = self._faults[handle]
        self._placed[handle, number] = self._lines[number].inject(fault, **params)


def _of_the_line(fault: str, params: dict[str, int | str]) -> None:
    spec, _ = check(fault, params)
    if spec.owner != OWNER:
        raise BenchError(f"{fault} is no fault of the line", where="tap", do="inject it at the pump's bench")
