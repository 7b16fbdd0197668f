"""The line that a client believes to talk over: what it has set of it, and the wires that it would read.

Nothing here delays or bends a byte. It is what a client has asked for, kept for whoever wants to see it or make it felt.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["LineSettings", "VirtualLine"]

BAUD = 115_200
DATA_BITS = (5, 6, 7, 8)


class LineSettings(NamedTuple):
    """How bytes look on the line; `parity` is N, E, O, M or S."""

    baud: int = BAUD
    data_bits: int = 8
    parity: str = "N"
    stop_bits: float = 1


class VirtualLine:
    """A line without wires, under the names that pyserial gives to a port's settings. Settings outlive the client that made them."""

    def __init__(self) -> None:
        self._settings = LineSettings()
        self.xonxoff = False
        self.rtscts = False
        self.dtr = False
        self.rts = False
        self.break_condition = False

    @property
    def settings(self) -> LineSettings:
        """As they are now."""
        return self._settings

    @property
    def baudrate(self) -> int:
        """Bits a second; any that is not 0 (which only asks)."""
        return self._settings.baud

    @baudrate.setter
    def baudrate(self, baud: int) -> None:
        self._settings = self._settings._replace(baud=baud)

    @property
    def bytesize(self) -> int:
        """Data bits, 5 to 8."""
        return self._settings.data_bits

    @bytesize.setter
    def bytesize(self, data_bits: int) -> None:
        if data_bits not in DATA_BITS:
            raise ValueError(f"{data_bits} data bits; a line has 5 to 8")
        self._settings = self._settings._replace(data_bits=data_bits)

    @property
    def parity(self) -> str:
        """N, E, O, M or S."""
        return self._settings.parity

    @parity.setter
    def parity(self, parity: str) -> None:
        self._settings = self._settings._replace(parity=parity)

    @property
    def stopbits(self) -> float:
        """1, 1.5 or 2."""
        return self._settings.stop_bits

    @stopbits.setter
    def stopbits(self, stop_bits: float) -> None:
        self._settings = self._settings._replace(stop_bits=stop_bits)

    @property
    def cts(self) -> bool:
        """Clear to send: a pump always listens."""
        return True

    @property
    def dsr(self) -> bool:
        """Data set ready."""
        return True

    @property
    def ri(self) -> bool:
        """Never rings."""
        return False

    @property
    def cd(self) -> bool:
        """A pump is there."""
        return True

    def reset_input_buffer(self) -> None:
        """What has arrived is with the pump already."""

    def reset_output_buffer(self) -> None:
        """What was answered has left already."""
