"""Where an examination is made: a pump that can be looked at, and the physical acts, done so that whoever keeps books learns of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from firmware_sim.plant.needle import NeedleResult, SidePortResult
from firmware_sim.pump import Pump
from firmware_sim.units import US_PER_S

if TYPE_CHECKING:
    from hil.bench.bench import Bench

__all__ = ["Bedside", "BenchBedside", "PumpBedside", "Sounding"]


class Sounding(NamedTuple):
    """A sound that began: its pattern, and when by the device's counter."""

    pattern: str
    began_us: int


class Bedside(Protocol):
    """What examinations need."""

    @property
    def pump(self) -> Pump:
        """The pump, to look at."""

    def side_port(self, *, aspirate_nl: int, inject_nl: int = 0) -> SidePortResult:
        """Draw out of the catheter, then push drug-free fluid in."""

    def needle(self, *, withdraw_nl: int | None, inject_nl: int = 0, concentration_ng_per_ml: int = 0) -> NeedleResult:
        """Draw out of the reservoir (None: all in reach), then fill in."""

    def listen(self, duration_s: int) -> list[Sounding]:
        """Let time pass; every sound that began in it."""


class PumpBedside:
    """A bare pump."""

    def __init__(self, pump: Pump) -> None:
        self.pump = pump

    def side_port(self, *, aspirate_nl: int, inject_nl: int = 0) -> SidePortResult:
        return self.pump.side_port(aspirate_nl=aspirate_nl, inject_nl=inject_nl)

    def needle(self, *, withdraw_nl: int | None, inject_nl: int = 0, concentration_ng_per_ml: int = 0) -> NeedleResult:
        return self.pump.needle(withdraw_nl=withdraw_nl, inject_nl=inject_nl, concentration_ng_per_ml=concentration_ng_per_ml)

    def listen(self, duration_s: int) -> list[Sounding]:
        return [Sounding(sound.pattern, sound.began_us) for sound in self.pump.listen(duration_s * US_PER_S)]


class BenchBedside:
    """A unit on a bench. Acts are verbs of the bench: its journal and script hold them, so that the examination need not be in there."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    @property
    def pump(self) -> Pump:
        return self._bench.unit.pump

    def side_port(self, *, aspirate_nl: int, inject_nl: int = 0) -> SidePortResult:
        done = self._bench.call("side_port", {"aspirate_nl": aspirate_nl, "inject_nl": inject_nl})
        return SidePortResult(**done)  # type: ignore[arg-type]  # a verb's result is plain data

    def needle(self, *, withdraw_nl: int | None, inject_nl: int = 0, concentration_ng_per_ml: int = 0) -> NeedleResult:
        withdraw = "all" if withdraw_nl is None else withdraw_nl
        filled = {"inject_nl": inject_nl, "concentration_ng_per_ml": concentration_ng_per_ml}
        return NeedleResult(**self._bench.call("needle", {"withdraw_nl": withdraw, **filled}))  # type: ignore[arg-type]  # as above

    def listen(self, duration_s: int) -> list[Sounding]:
        heard = self._bench.call("listen", {"duration_s": duration_s})["sounds"]
        assert isinstance(heard, list)
        return [Sounding(**sound) for sound in heard]
