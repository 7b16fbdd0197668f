"""A number in the pump's memory that only grows, kept in two copies so that one torn or flipped copy never loses it.

Each copy is the number and a CRC-32C over region name and number: an erased copy (all 0xFF) is therefore no number. A write
goes first to the copy that does not hold the greatest value, so the greatest stays readable at every byte, and then to the other, so
that a bit which flips later brings no number back.
"""

from __future__ import annotations

import struct

from protocol.app import DeviceApp
from protocol.crc import crc32c

__all__ = ["COPY", "Cell"]

COPY = struct.Struct("<II")


class Cell:
    """The growing number of one region."""

    def __init__(self, app: DeviceApp, region: str) -> None:
        self._app = app
        self._region = region
        self._name = region.encode()
        self._seen, self._seen_writes = b"", -1
        self._copies = (0, 0)

    @property
    def value(self) -> int:
        """The greatest readable copy; 0 if none is."""
        return max(self._read())

    def store(self, value: int) -> None:
        """Write a greater value; it counts once the first copy's last byte is written."""
        first, second = self._read()
        copy = COPY.pack(value, self._crc(value))
        for offset in (COPY.size, 0) if first > second else (0, COPY.size):
            self._app.store(self._region, offset, copy)

    def _read(self) -> tuple[int, int]:
        writes = self._app.memory_writes()
        if writes == self._seen_writes:
            return self._copies
        self._seen_writes = writes
        data = self._app.load(self._region)
        if data != self._seen:
            self._seen = data
            self._copies = (self._copy(data, 0), self._copy(data, COPY.size))
        return self._copies

    def _copy(self, data: bytes, offset: int) -> int:
        value: int
        value, crc = COPY.unpack_from(data, offset)
        return value if crc == self._crc(value) else 0

    def _crc(self, value: int) -> int:
        return crc32c(self._name + value.to_bytes(4, "little"))
