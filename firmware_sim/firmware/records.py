"""Records in memory: whole, with a CRC, or not there at all. What is written is read back (`keep`).

`Cell` keeps one record in two copies, each with a rising serial; a torn write leaves the other whole.
The CRC is CRC-32 as zlib computes it: these bytes never leave the pump, and the wire's CRC belongs to another package.
"""

from __future__ import annotations

from functools import lru_cache
from struct import Struct
from typing import Any
from zlib import crc32

from firmware_sim.hal import MemoryPort
from firmware_sim.limits import BYTE_BITS, CACHE_ENTRIES_MAX

__all__ = ["CRC", "Cell", "keep", "mend", "seal", "unseal"]

CRC = Struct("<I")
_SERIAL = Struct("<I")


_compiled = lru_cache(maxsize=CACHE_ENTRIES_MAX)(Struct)


def keep(memory: MemoryPort, offset: int, data: bytes) -> bool:
    """Write bytes, read them back, and write them once more when they differ; whether they are there now."""
    for _ in range(2):
        memory.write(offset, data)
        if memory.read(offset, len(data)) == data:
            return True
    return False


def seal(body: bytes) -> bytes:
    """The body with its CRC behind it."""
    return body + CRC.pack(crc32(body))


def mend(record: bytes) -> bytes | None:
    """The body of a record in which at most one bit has flipped, or None.

    In records this short each single flip leaves a difference of its own between the CRC and the body's, which tells the bit.
    """
    body = unseal(record)
    if body is not None:
        return body
    difference = crc32(record[: -CRC.size]) ^ CRC.unpack(record[-CRC.size :])[0]
    place = _flips(len(record)).get(difference)
    if place is None:
        return None
    mended = bytearray(record)
    mended[place // BYTE_BITS] ^= 1 << place % BYTE_BITS
    return bytes(mended[: -CRC.size])


@lru_cache(maxsize=CACHE_ENTRIES_MAX)
def _flips(length: int) -> dict[int, int]:
    """Difference -> flipped bit, for records of this length."""
    blank, sound = bytearray(length - CRC.size), crc32(bytes(length - CRC.size))
    found = {1 << bit: (length - CRC.size) * BYTE_BITS + bit for bit in range(CRC.size * BYTE_BITS)}
    for place in range(len(blank) * BYTE_BITS):
        blank[place // BYTE_BITS] ^= 1 << place % BYTE_BITS
        found[crc32(blank) ^ sound] = place
        blank[place // BYTE_BITS] ^= 1 << place % BYTE_BITS
    return found


def unseal(record: bytes) -> bytes | None:
    """The body of a record, or None when its CRC does not fit."""
    body, crc = record[: -CRC.size], record[-CRC.size :]
    return body if CRC.pack(crc32(body)) == crc else None


class Cell:
    """One record of fixed layout in two copies."""

    def __init__(self, memory: MemoryPort, offset: int, layout: str) -> None:
        self._memory = memory
        self._offset = offset
        self._layout = _compiled(layout)
        self.copy_bytes = _SERIAL.size + self._layout.size + CRC.size
        self._seen: tuple[bytes, tuple[int, bytes, int] | None] = (b"", None)

    def read(self) -> tuple[Any, ...] | None:
        """Fields of the newest whole copy; None when there is none."""
        newest = self.newest()
        return None if newest is None else self._layout.unpack(newest[1])

    def write(self, *fields: Any) -> None:
        """Write both copies, the older first: a cut leaves one whole, and a spoilt bit never brings back an older record."""
        newest = self.newest()
        serial, older = (newest[0] + 1, 1 - newest[2]) if newest else (0, 0)
        record = seal(_SERIAL.pack(serial) + self._layout.pack(*fields))
        for place in (older, 1 - older):
            keep(self._memory, self._offset + place * self.copy_bytes, record)
        self._seen = 2 * record, (serial, record[_SERIAL.size : -CRC.size], 1)

    def scrub(self) -> int:
        """Write spoilt copies anew from the newest whole one; returns how many there were."""
        newest = self.newest()
        if newest is None:
            return 0
        record = seal(_SERIAL.pack(newest[0]) + newest[1])
        offsets = [self._offset + place * self.copy_bytes for place in (0, 1)]
        spoilt = [offset for offset in offsets if self._memory.read(offset, self.copy_bytes) != record]
        for offset in spoilt:
            keep(self._memory, offset, record)
        return len(spoilt)

    def newest(self) -> tuple[int, bytes, int] | None:
        """Serial, body and place of the newest whole copy; looked for anew when the bytes are others, and until then the same object."""
        data, (seen, newest) = self._memory.read(self._offset, 2 * self.copy_bytes), self._seen
        if data != seen:
            newest = _newest_of(data[: self.copy_bytes], data[self.copy_bytes :])
            self._seen = data, newest
        return newest


def _newest_of(*records: bytes) -> tuple[int, bytes, int] | None:
    copies = []
    for place, record in enumerate(records):
        body = mend(record)
        if body is not None:
            copies.append((_SERIAL.unpack_from(body)[0], body[_SERIAL.size :], place))
    return max(copies, default=None)
