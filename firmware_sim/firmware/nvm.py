"""Where things lie in memory, and the two banks that hold the therapy.

A commit blanks the header of the bank that is not in force, writes the image, then the header: its CRC is the one commit point.
The other bank is then brought to the same image, so that one bad bank never brings back an older therapy. A bank is blank, bad
or valid; blank never alarms.
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

from firmware_sim.firmware.prescription import Command, Prescription
from firmware_sim.firmware.records import CRC, keep, seal, unseal
from firmware_sim.hal import MemoryPort
from firmware_sim.limits import ERASED_BYTE

__all__ = ["Bank", "Banks", "LAYOUT_VERSION", "Layout"]

LAYOUT_VERSION = 1
_HEADER = Struct("<HHIIQ16s")
_HEADER_BYTES = _HEADER.size + CRC.size


class Layout:
    """Offsets of the memory regions: sizes from the profile, in its order, summed."""

    def __init__(self, sizes: dict[str, int]) -> None:
        self.sizes = sizes
        self.offsets: dict[str, int] = {}
        self.total = 0
        for name, size in sizes.items():
            self.offsets[name] = self.total
            self.total += size


class Bank(NamedTuple):
    """A bank as read: `state` is blank, bad or valid; the rest speaks only when valid."""

    place: int
    state: str
    generation: int = 0
    command: Command = Command(0, 0, b"")
    prescription: Prescription | None = None


class Banks:
    """The two therapy banks."""

    def __init__(self, memory: MemoryPort, layout: Layout) -> None:
        self._memory = memory
        self._offsets = (layout.offsets["bank_a"], layout.offsets["bank_b"])
        self._bytes = layout.sizes["bank_a"]
        self._seen_writes = -1
        self._seen: tuple[Bank, Bank] | None = None
        self._seen_bytes: list[bytes] = []

    def read(self) -> tuple[Bank, Bank]:
        """Both banks, looked at again after memory has changed, and decoded anew where that changed them."""
        if self._seen is None or self._seen_writes != self._memory.writes:
            self._seen_writes = self._memory.writes
            data = [self._memory.read(offset, self._bytes) for offset in self._offsets]
            if self._seen is None or data != self._seen_bytes:
                self._seen, self._seen_bytes = (self._read(0), self._read(1)), data
        return self._seen

    def newest(self) -> Bank | None:
        """The valid bank of the highest generation."""
        valid = [bank for bank in self.read() if bank.state == "valid"]
        return max(valid, key=lambda bank: bank.generation, default=None)

    def commit(self, generation: int, prescription: Prescription, command: Command) -> None:
        """Write a new therapy into the bank not in force. The last byte written is the commit point."""
        newest = self.newest()
        self._write(1 - newest.place if newest else 0, generation, prescription, command)

    def mirror(self) -> None:
        """Bring the other bank to what the newest holds, unless it does already or is bad (which an alarm tells)."""
        newest = self.newest()
        if newest is None or newest.prescription is None:
            return
        other = self.read()[1 - newest.place]
        if other.state == "blank" or (other.state == "valid" and other.generation != newest.generation):
            self._write(other.place, newest.generation, newest.prescription, newest.command)

    def repair(self, generation: int) -> None:
        """Bring the other bank to what the newest holds even if it is bad: a commit of this generation has just been made."""
        newest = self.newest()
        if newest is None or newest.prescription is None or newest.generation != generation:
            return
        other = self.read()[1 - newest.place]
        if other.state != "valid" or other.generation != newest.generation:
            self._write(other.place, newest.generation, newest.prescription, newest.command)

    def _write(self, place: int, generation: int, prescription: Prescription, command: Command) -> None:
        image, offset = prescription.encode(), self._offsets[place]
        header = _HEADER.pack(LAYOUT_VERSION, len(image), generation, command.command_id, command.programmer_id, command.digest)
        keep(self._memory, offset, bytes([ERASED_BYTE]) * _HEADER_BYTES)
        keep(self._memory, offset + _HEADER_BYTES, image)
        keep(self._memory, offset, header + seal(header + image)[-CRC.size :])

    def _read(self, place: int) -> Bank:
        offset = self._offsets[place]
        header = self._memory.read(offset, _HEADER_BYTES)
        if header == bytes([ERASED_BYTE]) * _HEADER_BYTES:
            return Bank(place, "blank")
        layout, length, generation, command_id, programmer_id, digest = _HEADER.unpack_from(header)
        if layout != LAYOUT_VERSION or length > self._bytes - _HEADER_BYTES:
            return Bank(place, "bad")
        image = self._memory.read(offset + _HEADER_BYTES, length)
        body = header[: _HEADER.size] + image
        if unseal(body + header[_HEADER.size :]) is None:
            return Bank(place, "bad")
        try:
            prescription = Prescription.decode(image)
        except ValueError:
            return Bank(place, "bad")
        return Bank(place, "valid", generation, Command(command_id, programmer_id, digest), prescription)
