"""A settled pump (`Bed`) joined to a wire and a bench: what somebody programmes goes over the wire, with the slips in force."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Self

from firmware_sim.firmware.prescription import Prescription
from hil.bench.bench import Bench
from hil.bench.calls import InProcessBench
from hil.clinic.human import Intent, Refill, Told, Update, programmed
from hil.rig import Rig
from hil.therapy.prescription import to_therapy
from hil.unit import Unit
from tests.support.bed import Bed
from tests.support.therapies import BACLOFEN, overrides_for

__all__ = ["Ward", "update_of"]


def update_of(prescription: Prescription) -> Update:
    """A therapy as it is meant, with the override that it needs."""
    return Update(to_therapy(prescription), overrides_for(prescription))


class Ward:
    """One bed, its programmer and its bench; a context."""

    def __init__(self, bed: Bed) -> None:
        self.bed = bed
        unit = Unit(bed.pump)
        self.bench = InProcessBench(Bench(unit))
        self._stack = ExitStack()
        self.programmer = Rig(self._stack, unit=unit, bench=self.bench).another_programmer(programmer_id=7)

    def programme(self, intent: Intent) -> Told:
        """What somebody means, told to the pump with the slips in force."""
        return programmed(self.bench, self.programmer, intent)

    def fill(self, volume_nl: int, concentration: int) -> Told:
        """The reservoir is rinsed and filled, and somebody tells the pump."""
        self.bench.rinse(volume_nl=10_000_000, turns=3)
        self.bench.needle(inject_nl=volume_nl, concentration_ng_per_ml=concentration)
        told = self.programme(Refill(volume_nl, 0, BACLOFEN, concentration))
        self.bed.mark()
        return told

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
