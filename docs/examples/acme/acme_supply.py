"""A bench supply that speaks SCPI: what a test asks of it, the driver of a real one, and the simulated one."""

from __future__ import annotations

from typing import Protocol

from hil.bench.calls import BenchCalls
from hil.errors import InstrumentError
from hil.instruments.line import AskLine, LineEnd, MemoryLine, SerialLine


class Supply(Protocol):
    """Feeds the pump. Raises InstrumentError."""

    def millivolts(self) -> int: ...
    def set_millivolts(self, millivolts: int) -> None: ...
    def close(self) -> None: ...


class ScpiSupply:
    """The driver. A setting is sent with a question behind it, so that it has been done when the answer is there."""

    def __init__(self, line: AskLine) -> None:
        self._line = line

    @classmethod
    def open(cls, url: str) -> ScpiSupply:
        """The real one, at the port that the rig file names."""
        return cls(SerialLine(url))

    @classmethod
    def simulated(cls, bench: BenchCalls) -> ScpiSupply:
        """The same driver, with a line to the simulated one."""
        return cls(MemoryLine(SimulatedSupply(bench).receive))

    def millivolts(self) -> int:
        answer = self._line.ask("MEAS:VOLT?")
        try:
            return round(float(answer) * 1_000)
        except ValueError:
            raise InstrumentError(f"{answer!r} is no voltage", where="supply", do="look whether it speaks SCPI") from None

    def set_millivolts(self, millivolts: int) -> None:
        if self._line.ask(f"VOLT {millivolts / 1_000:.3f};*OPC?") != "1":
            raise InstrumentError(f"{millivolts} mV was not set", where="supply", do="look at its limits")

    def close(self) -> None:
        self._line.close()


class SimulatedSupply:
    """The other end of the line for a simulated pump: less than full voltage is a dip of its battery, which the bench brings to bear."""

    FULL_MV, YEAR_S = 3_100, 31_536_000

    def __init__(self, bench: BenchCalls) -> None:
        self._bench = bench
        self._dip: int | None = None
        self.receive = LineEnd(self._answer).receive

    def _answer(self, line: str | None) -> list[str]:
        command, _, value = (line or "").removesuffix(";*OPC?").partition(" ")
        match command:
            case "*IDN?":
                return ["PUMPSIM,SUPPLY,0,1.0"]
            case "MEAS:VOLT?":
                return [f"{self._bench.truth()['supply_mv'] / 1_000:.3f}"]
            case "VOLT":
                return self._set(value)
            case _:
                return ['-113,"Undefined header"']

    def _set(self, value: str) -> list[str]:
        try:
            millivolts = round(float(value) * 1_000)
        except ValueError:
            return ['-104,"Data type error"']
        if not 0 <= millivolts <= self.FULL_MV:
            return ['-222,"Data out of range"']
        if self._dip is not None:
            self._bench.clear(self._dip)
            self._dip = None
        if millivolts < self.FULL_MV:
            self._dip = self._bench.inject("battery.dip", supply_mv=millivolts, seconds=self.YEAR_S)
        return ["1"]
