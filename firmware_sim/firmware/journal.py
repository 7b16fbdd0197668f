"""The pump's own log: two rings of records in memory, oldest overwritten first, each record whole with a CRC.

The event ring takes everything; faults go to the fault ring too, where ordinary events cannot push them out. Numbers only rise, so a
reader sees a wrap by the oldest number.
"""

from __future__ import annotations

from enum import IntEnum, auto
from itertools import takewhile
from struct import Struct
from typing import NamedTuple

from firmware_sim.firmware.records import keep, seal, unseal
from firmware_sim.hal import MemoryPort
from firmware_sim.limits import ERASED_BYTE

__all__ = ["EventKind", "Entry", "Journal", "Ring"]

_LAYOUT = Struct("<IBxHIQqQQq8x")
RECORD_BYTES = len(seal(bytes(_LAYOUT.size)))


class EventKind(IntEnum):
    """What one record tells; the numbers are those of the wire."""

    COMMAND = auto()
    REFUSAL = auto()
    BOOT = auto()
    ALARM_RAISED = auto()
    ALARM_CLEARED = auto()
    THERAPY_COMMITTED = auto()
    STARTED = auto()
    STOPPED = auto()
    BOLUS_STARTED = auto()
    BOLUS_ENDED = auto()
    REFILL = auto()
    CLOCK_SET = auto()
    SILENCED = auto()
    ACKNOWLEDGED = auto()
    ALARM_TEST = auto()
    UPDATE_BEGUN = auto()
    UPDATE_DROPPED = auto()
    MEMORY_CORRECTED = auto()
    SERVICE_RESET = auto()
    WINDOW_SUM = auto()
    OVERRIDE = auto()
    TURNED_AWAY = auto()
    KEY_SET = auto()
    MAGNET_STOP = auto()


_FAULTS = frozenset((EventKind.ALARM_RAISED, EventKind.ALARM_CLEARED, EventKind.BOOT, EventKind.MEMORY_CORRECTED, EventKind.SERVICE_RESET))
"""Kinds that go to the fault ring too."""


class Entry(NamedTuple):
    """One record: number, kind, detail (alarm number, opcode or reason), times, programmed and delivered nL, and one value."""

    number: int
    kind: int
    detail: int
    command_id: int
    device_us: int
    clock_us: int
    programmed_nl: int
    delivered_nl: int
    value: int
    good: bool = True


class Ring:
    """Fixed slots; record n lies in slot n modulo their number."""

    def __init__(self, memory: MemoryPort, offset: int, size_bytes: int) -> None:
        self._memory = memory
        self._offset = offset
        self.slots = size_bytes // RECORD_BYTES
        self.next_number = 0

    @property
    def oldest(self) -> int:
        """Number of the oldest record still kept."""
        return max(0, self.next_number - self.slots)

    def append(self, entry: Entry) -> bool:
        """Write one record over the oldest, under the next number. Whether it reads back as written."""
        number = self.next_number
        record = seal(_LAYOUT.pack(number, *entry[1:-1]))
        offset = self._offset + number % self.slots * RECORD_BYTES
        self.next_number = number + 1
        return keep(self._memory, offset, record)

    def read(self, number: int) -> Entry:
        """One record; `good` is False where its CRC does not fit or another number lies there."""
        record = self._memory.read(self._offset + number % self.slots * RECORD_BYTES, RECORD_BYTES)
        fields = _LAYOUT.unpack_from(record)
        good = unseal(record) is not None and fields[0] == number
        return Entry(number, *fields[1:])._replace(good=good)

    def newest_us(self) -> int:
        """Device time of the newest whole record, 0 without one."""
        last = max(self.oldest, self.next_number - 1)
        entries = (self.read(number) for number in range(last, self.oldest - 1, -1))
        return next((entry.device_us for entry in entries if entry.good), 0)

    def find_next(self) -> None:
        """Look through memory for the next number, as boot must. Spoiled records behind the newest whole one keep their numbers, so that
        none is given twice.
        """
        numbers = self._numbers()
        newest = max((number for number in numbers if number is not None), default=-1)
        behind = ((newest + place) % self.slots for place in range(1, self.slots + 1))
        spoiled = takewhile(lambda slot: slot < len(numbers) and numbers[slot] is None, behind)
        self.next_number = newest + 1 + sum(1 for _ in spoiled)

    def _numbers(self) -> list[int | None]:
        """The number in each slot up to the last one written, None where it is spoiled or was passed over by cells that failed."""
        data = self._memory.read(self._offset, self.slots * RECORD_BYTES)
        written = len(data.rstrip(bytes([ERASED_BYTE])))
        records = (data[at : at + RECORD_BYTES] for at in range(0, written, RECORD_BYTES))
        bodies = (unseal(record) for record in records)
        return [None if body is None else _LAYOUT.unpack_from(body)[0] for body in bodies]


class Journal:
    """Both rings. `append` is the one way in."""

    def __init__(self, memory: MemoryPort, events: tuple[int, int], faults: tuple[int, int]) -> None:
        self.events = Ring(memory, *events)
        self.faults = Ring(memory, *faults)

    def newest_us(self) -> int:
        """Device time of the newest whole record of either ring."""
        rings = (self.events, self.faults)
        for ring in rings:
            ring.find_next()
        return max(ring.newest_us() for ring in rings)

    def append(self, entry: Entry) -> tuple[Entry, bool]:
        """Log it; faults go to the fault ring too. Returns the entry with its number, and whether it was written well."""
        if entry.number != self.events.next_number:
            entry = entry._replace(number=self.events.next_number)
        good = self.events.append(entry)
        if entry.kind in _FAULTS:
            good = self.faults.append(entry) and good
        return entry, good
