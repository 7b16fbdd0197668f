"""Records in memory: whole, with a CRC, or not there at all.

`Cell` keeps one record in two copies, each with a rising serial; a torn write leaves the other whole.
The CRC is CRC-32 as zlib computes it: these bytes never leave the pump, and the wire's CRC belongs to another package.
"""

from __future__ import annotations

from struct import Struct
from typing import Any
from zlib import crc32

from firmware_sim.hal import MemoryPort

__all__ = ["CRC", "Cell", "seal", "unseal"]

CRC = Struct("<I")
_SERIAL = Struct("<I")


def seal(body: bytes) -> bytes:
    """The body with its CRC behind it."""
    return body + CRC.pack(crc32(body))


def unseal(record: bytes) -> bytes | None:
    """The body of a record, or None when its CRC does not fit."""
    body, crc = record[: -CRC.size], record[-CRC.size :]
    return body if CRC.pack(crc32(body)) == crc else None


class Cell:
    """One record of fixed layout in two copies."""

    def __init__(self, memory: MemoryPort, offset: int, layout: str) -> None:
        self._memory = memory
        self._offset = offset
        self._layout = Struct(layout)
        self.copy_bytes = _SERIAL.size + self._layout.size + CRC.size

    def read(self) -> tuple[Any, ...] | None:
        """Fields of the newest whole copy; None when there is none."""
        newest = self._newest()
        return None if newest is None else self._layout.unpack(newest[1])

    def write(self, *fields: Any) -> None:
        """Write both copies, the older first: a cut leaves one whole, and a spoilt bit never brings back an older record."""
        newest = self._newest()
        serial, older = (newest[0] + 1, 1 - newest[2]) if newest else (0, 0)
        record = seal(_SERIAL.pack(serial) + self._layout.pack(*fields))
        for place in (older, 1 - older):
            self._memory.write(self._offset + place * self.copy_bytes, record)

    def _newest(self) -> tuple[int, bytes, int] | None:
        copies = []
        for place in (0, 1):
            body = unseal(self._memory.read(self._offset + place * self.copy_bytes, self.copy_bytes))
            if body is not None:
                copies.append((_SERIAL.unpack_from(body)[0], body[_SERIAL.size :], place))
        return max(copies, default=None)
