"""What the last day was: starts of doses and changes of plan, in a ring of records that outlives a reset.

The patient-bolus rules read it: how long ago the last grant was, how many there were, and how much any 24 hours hold.
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

from firmware_sim.firmware.dosing import DOSE_KINDS, BolusRun
from firmware_sim.firmware.records import keep, mend, seal
from firmware_sim.hal import MemoryPort
from firmware_sim.limits import ERASED_BYTE

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

    def is_spoilt(self) -> bool:
        """Whether a record lies there that nobody can read: it may have been the last grant."""
        return any(self._is_spoilt(slot) for slot in range(self.slots))

    def scrub(self, now_us: int, rate_nl_per_h_max: int) -> int:
        """Write records with a flipped bit anew, and what nobody can read as a change of plan now, from the highest rate there is."""
        mended = 0
        for slot in range(self.slots):
            record = self._record(slot)
            body = mend(record)
            if self._is_spoilt(slot):
                body = _pack(Happening(PLAN_CHANGE, rate_nl_per_h_max, now_us, now_us, 0))
            if body is not None and seal(body) != record:
                keep(self._memory, self._offset + slot * RECORD_BYTES, seal(body))
                mended += 1
        return mended

    def _record(self, slot: int) -> bytes:
        return self._memory.read(self._offset + slot * RECORD_BYTES, RECORD_BYTES)

    def _is_spoilt(self, slot: int) -> bool:
        """Whether a record lies there that was whole once; one whose end is erased was cut short in its writing, and nothing came of it."""
        record = self._record(slot)
        return record[-1] != ERASED_BYTE and mend(record) is None

    def _add(self, happening: Happening) -> None:
        kept = self._read()
        taken = {slot for slot, _ in kept}
        free = next((slot for slot in range(self.slots) if slot not in taken), None)
        slot = kept[0][0] if free is None else free
        keep(self._memory, self._offset + slot * RECORD_BYTES, seal(_pack(happening)))

    def _read(self) -> list[tuple[int, Happening]]:
        if self._seen_writes != self._memory.writes:
            found = [(slot, record) for slot in range(self.slots) if (record := self._read_slot(slot)) is not None]
            self._seen = sorted(found, key=lambda item: (item[1].start_us, item[0]))
            self._seen_writes = self._memory.writes
        return self._seen

    def _read_slot(self, slot: int) -> Happening | None:
        body = mend(self._record(slot))
        if body is None:
            return None
        kind, _, amount, start_us, end_us, command_id = _LAYOUT.unpack(body)
        return Happening(_KINDS[kind], amount, start_us, end_us, command_id) if kind < len(_KINDS) else None


def _pack(happening: Happening) -> bytes:
    return _LAYOUT.pack(_KINDS.index(happening.kind), 0, *happening[1:])
