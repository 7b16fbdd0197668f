"""A magnet that is held over the pump: the bench's for a simulated one; for a real one an operator's, or one that a relay moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from hil.bench.calls import BenchCalls
from hil.errors import InstrumentError, UsageError
from hil.instruments.line import serial_place
from hil.wording.causes import cause

__all__ = ["BenchMagnet", "Magnet", "OperatorMagnet", "RelayMagnet", "ask_on_terminal", "held"]


class Magnet(Protocol):
    """Is over the pump or is not. All raise InstrumentError."""

    def hold(self) -> None:
        """Bring it over the pump; it stays there."""

    def take_away(self) -> None:
        """Take it away from the pump."""

    def close(self) -> None:
        """Take it away, and let go of what moves it."""


@contextmanager
def held(magnet: Magnet) -> Iterator[None]:
    """Hold it for the length of a block."""
    magnet.hold()
    try:
        yield
    finally:
        magnet.take_away()


class BenchMagnet:
    """The one of a simulated pump."""

    def __init__(self, bench: BenchCalls) -> None:
        self._bench = bench

    def hold(self) -> None:
        self._bench.call("magnet", held=True)

    def take_away(self) -> None:
        self._bench.call("magnet", held=False)

    def close(self) -> None:
        """It stays with the simulated pump."""


class OperatorMagnet:
    """A person does it, and says when it is done. `ask` shows a sentence and returns when somebody has confirmed it."""

    def __init__(self, ask: Callable[[str], None]) -> None:
        self._ask = ask
        self._held = False

    def hold(self) -> None:
        self._ask("Hold the magnet over the pump")
        self._held = True

    def take_away(self) -> None:
        self._ask("Take the magnet away from the pump")
        self._held = False

    def close(self) -> None:
        if self._held:
            self.take_away()


class RelayMagnet:
    """The RTS wire of a serial port switches what brings the magnet over the pump. Raises UsageError."""

    def __init__(self, url: str) -> None:
        import serial

        try:
            self._port = serial.serial_for_url(serial_place(url))
            self._port.rts = False
        except (serial.SerialException, ValueError) as error:
            raise UsageError(
                f"cannot open the relay's port: {cause(error)}", where=url, do="look at the path and who else has it"
            ) from None
        self._url = url

    @property
    def is_held(self) -> bool:
        """What the wire says."""
        return bool(self._port.rts)

    def hold(self) -> None:
        self._switch(on=True)

    def take_away(self) -> None:
        self._switch(on=False)

    def close(self) -> None:
        if self._port.is_open:
            self._switch(on=False)
            self._port.close()

    def _switch(self, *, on: bool) -> None:
        try:
            self._port.rts = on
        except OSError as error:  # pyserial's errors are such too
            raise InstrumentError(f"the relay does not switch: {error}", where=self._url, do="look at the cable") from None


def ask_on_terminal(sentence: str) -> None:
    """Ask whoever sits at the terminal and wait for the Enter key, past what pytest does with input and output. Raises InstrumentError."""
    try:
        with open("/dev/tty", "r+", encoding="utf-8", buffering=1) as terminal:  # noqa: PTH123  # a device, read and written
            terminal.write(f"\n{sentence}, then press Enter: ")
            terminal.readline()
    except OSError:
        raise InstrumentError("there is no operator: this process has no terminal", where="magnet", do="run it in a terminal") from None
