"""What the last day was: starts of doses and changes of plan, in a ring of records that outlives a reset.

The patient-bolus rules read it: how long ago the last grant was, how many there were, and how much any 24 hours hold.
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

from firmware_sim.firmware.dosing import DOSE_KINDS, BolusRun
from firmware_sim.firmware.records import seal, unseal
from firmware_sim.hal import MemoryPort

__all__ = ["Happening", "Lockouts", "PLAN_CHANGE"]

_LAYOUT = Struct("<BBIQQI")
RECORD_BYTES = len(seal(bytes(_LAYOUT.size)))
PLAN_CHANGE = "plan"
_KINDS = (PLAN_CHANGE, *DOSE_KINDS)


class Happening(NamedTuple):
    """A dose (volume in nL, start and end as planned), or a change of plan at `start_us` (`amount`: the old plan's highest rate, nL/h)."""

    kind: str
    amount: int
    start_us: int
    end_us: int
    command_id: int

    def units_between(self, from_us: int, to_us: int, volume_units: int) -> int:
        """Units of a dose that fall between two device times, rounded up; `volume_units` is what it delivered or may."""
        overlap_us = min(self.end_us, to_us) - max(self.start_us, from_us)
        if overlap_us <= 0:
            return 0
        return -(-volume_units * overlap_us // (self.end_us - self.start_us))


class Lockouts:
    """The ring; decoded anew only after memory has changed."""

    def __init__(self, memory: MemoryPort, offset: int, size_bytes: int) -> None:
        self._memory = memory
        self._offset = offset
        self.slots = size_bytes // RECORD_BYTES
        self._seen_writes = -1
        self._seen: list[tuple[int, Happening]] = []

    def add_dose(self, run: BolusRun) -> None:
        """A dose is about to begin."""
        self._add(Happening(run.kind, run.volume_nl, run.start_us, run.end_us, run.command_id))

    def add_plan_change(self, now_us: int, rate_nl_per_h: int) -> None:
        """Another plan from now on; the one before ran at `rate_nl_per_h` at most."""
        self._add(Happening(PLAN_CHANGE, rate_nl_per_h, now_us, now_us, 0))

    def all(self) -> list[Happening]:
        """Every whole record, oldest first."""
        return [happening for _, happening in self._read()]

    def _add(self, happening: Happening) -> None:
        kept = self._read()
        taken = {slot for slot, _ in kept}
        free = next((slot for slot in range(self.slots) if slot not in taken), None)
        slot = kept[0][0] if free is None else free
        fields = (_KINDS.index(happening.kind), 0, *happening[1:])
        self._memory.write(self._offset + slot * RECORD_BYTES, seal(_LAYOUT.pack(*fields)))

    def _read(self) -> list[tuple[int, Happening]]:
        if self._seen_writes != self._memory.writes:
            found = [(slot, record) for slot in range(self.slots) if (record := self._read_slot(slot)) is not None]
            self._seen = sorted(found, key=lambda item: (item[1].start_us, item[0]))
            self._seen_writes = self._memory.writes
        return self._seen

    def _read_slot(self, slot: int) -> Happening | None:
        body = unseal(self._memory.read(self._offset + slot * RECORD_BYTES, RECORD_BYTES))
        if body is None:
            return None
        kind, _, amount, start_us, end_us, command_id = _LAYOUT.unpack(body)
        return Happening(_KINDS[kind], amount, start_us, end_us, command_id) if kind < len(_KINDS) else None
