"""Delivery records: one per dose, in a ring keyed by command id; what OUTCOME joins with the answer table.

A record is begun whole, with its CRC, before motion begins; its end is a second part with a CRC of its own. A record with no end
is a dose still running, or one that a reset caught: boot closes those as interrupted.
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

from firmware_sim.firmware.dosing import DOSE_KINDS, BolusRun
from firmware_sim.firmware.prescription import Command
from firmware_sim.firmware.records import CRC, keep, mend, seal
from firmware_sim.hal import MemoryPort
from firmware_sim.limits import ERASED_BYTE

__all__ = ["DOSE_ENDS", "Dose", "Doses"]

_BEGIN = Struct("<IQ16sQQIB")
_END = Struct("<BIQ")
_BEGIN_BYTES = _BEGIN.size + CRC.size
_END_BYTES = _END.size + CRC.size

DOSE_ENDS = ("done", "interrupted")


class Dose(NamedTuple):
    """One dose: who asked, when, how much was programmed; `end` is None while it runs."""

    slot: int
    command: Command
    start_us: int
    end_us: int
    programmed_nl: int
    kind: str
    end: str | None
    delivered_nl: int
    ended_us: int

    def run(self) -> BolusRun:
        """The dose as a bolus under way."""
        return BolusRun(self.command.command_id, self.start_us, self.end_us, self.programmed_nl, self.kind)


class Doses:
    """The ring of delivery records."""

    def __init__(self, memory: MemoryPort, offset: int, size_bytes: int) -> None:
        self._memory = memory
        self._offset = offset
        self._slot_bytes = _BEGIN_BYTES + _END_BYTES
        self._slots = size_bytes // self._slot_bytes
        self._seen = b""
        self._found: list[Dose] = []

    def begin(self, command: Command, run: BolusRun) -> int:
        """Open a record in the slot of the oldest dose; returns the slot. The old dose is forgotten beginning first, so that a cut
        never leaves it without its end.
        """
        slot = self._free_slot()
        offset = self._offset + slot * self._slot_bytes
        begin = _BEGIN.pack(*command, run.start_us, run.end_us, run.volume_nl, DOSE_KINDS.index(run.kind))
        keep(self._memory, offset, bytes([ERASED_BYTE]) * (_BEGIN_BYTES + _END_BYTES))
        keep(self._memory, offset, seal(begin))
        return slot

    def close(self, slot: int, end: str, delivered_nl: int, now_us: int) -> None:
        """Write how the dose ended: `end` is one of DOSE_ENDS."""
        record = seal(_END.pack(DOSE_ENDS.index(end), delivered_nl, now_us))
        keep(self._memory, self._offset + slot * self._slot_bytes + _BEGIN_BYTES, record)

    def all(self) -> list[Dose]:
        """Every whole record, in order of start; read anew only where the bytes are others, whoever changed them."""
        data = self._memory.read(self._offset, self._slots * self._slot_bytes)
        if data != self._seen:
            found = [dose for slot in range(self._slots) if (dose := self._read(slot)) is not None]
            self._seen, self._found = data, sorted(found, key=lambda dose: (dose.start_us, dose.command.command_id))
        return self._found

    def find(self, command_id: int) -> Dose | None:
        """The record of a command, the newest if several."""
        return next((dose for dose in reversed(self.all()) if dose.command.command_id == command_id), None)

    def scrub(self) -> int:
        """Write records with a flipped bit anew; returns how many parts there were."""
        mended = 0
        for slot in range(self._slots):
            offset = self._offset + slot * self._slot_bytes
            for at, length in ((offset, _BEGIN_BYTES), (offset + _BEGIN_BYTES, _END_BYTES)):
                record = self._memory.read(at, length)
                body = mend(record)
                if body is not None and seal(body) != record:
                    keep(self._memory, at, seal(body))
                    mended += 1
        return mended

    def _free_slot(self) -> int:
        taken = {dose.slot: dose.start_us for dose in self.all()}
        return min(range(self._slots), key=lambda slot: (taken.get(slot, -1), slot))

    def _read(self, slot: int) -> Dose | None:
        offset = self._offset + slot * self._slot_bytes
        begin = mend(self._memory.read(offset, _BEGIN_BYTES))
        if begin is None:
            return None
        command_id, programmer_id, digest, start_us, end_us, volume_nl, kind = _BEGIN.unpack(begin)
        end = mend(self._memory.read(offset + _BEGIN_BYTES, _END_BYTES))
        reason, delivered_nl, ended_us = _END.unpack(end) if end is not None else (-1, 0, 0)
        name = DOSE_ENDS[reason] if 0 <= reason < len(DOSE_ENDS) else None
        command, label = Command(command_id, programmer_id, digest), DOSE_KINDS[kind] if kind < len(DOSE_KINDS) else DOSE_KINDS[0]
        return Dose(slot, command, start_us, end_us, volume_nl, label, name, delivered_nl, ended_us)
