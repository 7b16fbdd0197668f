"""The memory chip: bytes in sparse pages, written in rising order, which a power cut or a flipped bit can spoil."""

from __future__ import annotations

from dataclasses import dataclass, field

from firmware_sim.errors import BenchRefused, PowerCut
from firmware_sim.limits import BYTE_BITS, ERASED_BYTE, PAGE_BYTES

__all__ = ["Memory"]

_ERASED = bytes([ERASED_BYTE]) * PAGE_BYTES


@dataclass(slots=True)
class Memory:
    """Bytes and what happens to them. `cut_after_bytes` counts down to a power cut inside a write (-1: none ordered), `tear_after_bytes`
    to one write of which the rest is lost unnoticed. Writes between `deaf_from` and `deaf_to` do not stick.
    """

    size_bytes: int
    pages: dict[int, bytes] = field(default_factory=dict)
    writes: int = 0
    bytes_written: int = 0
    cut_after_bytes: int = -1
    tear_after_bytes: int = -1
    deaf_from: int = 0
    deaf_to: int = 0
    torn: bool = False
    disturbed_us: int | None = None

    def read(self, offset: int, length: int) -> bytes:
        """Bytes as they are; never-written ones read 0xFF."""
        page, start = divmod(offset, PAGE_BYTES)
        end = start + length
        if end <= PAGE_BYTES:  # a record, nearly always
            return self.pages.get(page, _ERASED)[start:end]
        if end <= 2 * PAGE_BYTES:
            return (self.pages.get(page, _ERASED) + self.pages.get(page + 1, _ERASED))[start:end]
        pages = range(page, page - -end // PAGE_BYTES)
        return b"".join([self.pages.get(page, _ERASED) for page in pages])[start:end]

    def write(self, offset: int, data: bytes) -> None:
        """Write bytes in rising order. Raises PowerCut where an ordered cut falls inside; bytes before it are new, the rest old."""
        cut = self.cut_after_bytes
        if 0 <= cut < len(data):
            self._put(offset, data[:cut])
            self.cut_after_bytes = -1
            raise PowerCut
        if cut >= 0:
            self.cut_after_bytes = cut - len(data)
        if self.tear_after_bytes >= 0:
            data = self._torn(data)
        if not self.deaf_from <= offset < self.deaf_to:
            self._put(offset, data)

    def flip(self, offset: int, bit: int, device_us: int) -> None:
        """Flip one bit, as a particle does; the firmware is told nothing and finds it at its next scrub. Raises BenchRefused."""
        if not 0 <= offset < self.size_bytes or not 0 <= bit < BYTE_BITS:
            raise BenchRefused(f"memory.bit_flip: offset {offset} bit {bit} is not in memory of {self.size_bytes} bytes; give one inside")
        self._put(offset, bytes([self.read(offset, 1)[0] ^ 1 << bit]))
        self.disturb(device_us)

    def _torn(self, data: bytes) -> bytes:
        """What of a write is not lost to an ordered tear."""
        tear = self.tear_after_bytes
        self.torn = tear < len(data)
        self.tear_after_bytes = -1 if self.torn else tear - len(data)
        return data[:tear] if self.torn else data

    def disturb(self, device_us: int) -> None:
        """Something happened to the bytes that no write meant: the scrub after this device time finds it."""
        if self.disturbed_us is None:
            self.disturbed_us = device_us

    def checked(self) -> None:
        """The firmware has read it all through."""
        self.disturbed_us = None

    def _put(self, offset: int, data: bytes) -> None:
        self.writes += 1
        self.bytes_written += len(data)
        page, start = divmod(offset, PAGE_BYTES)
        end = start + len(data)
        if end <= PAGE_BYTES:  # a record, nearly always
            old = self.pages.get(page, _ERASED)
            self.pages[page] = old[:start] + data + old[end:]
            return
        while data:
            old, piece = self.pages.get(page, _ERASED), data[: PAGE_BYTES - start]
            self.pages[page] = old[:start] + piece + old[start + len(piece) :]
            page, start, data = page + 1, 0, data[len(piece) :]
