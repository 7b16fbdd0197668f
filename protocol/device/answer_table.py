"""The last sixteen commands and the answers they got, in the pump's memory.

An entry is 64 bytes, written whole and once: id, opcode, length and bytes of the answer body, programmer id, digest, CRC-32C.
Its place is id mod 16. An entry that does not check is no entry.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from protocol.app import DeviceApp, Region
from protocol.command import Command
from protocol.crc import crc32c
from protocol.limits import ANSWER_BYTES_MAX, ENTRIES

__all__ = ["ABANDONED", "ENTRY_BYTES", "AnswerTable", "Entry"]

_ENTRY = struct.Struct("<IHBxQ16s28s")
_CRC = struct.Struct("<I")
ENTRY_BYTES = _ENTRY.size + _CRC.size
_TABLE = struct.Struct(f"{ENTRY_BYTES}s" * ENTRIES)

ABANDONED = 0
"""Opcode of an entry that stands for a command given up before the pump ever saw it."""


class Entry(NamedTuple):
    """One command as the table keeps it."""

    command: Command
    opcode: int
    answer: bytes


class AnswerTable:
    """Entries by command id. Each is decoded again only when its bytes changed, whoever changed them."""

    def __init__(self, app: DeviceApp) -> None:
        self._app = app
        self._seen, self._seen_writes = b"", -1
        self._raws = (b"",) * ENTRIES
        self._slots: list[Entry | None] = [None] * ENTRIES
        self._entries: dict[int, Entry] = {}

    def entries(self) -> dict[int, Entry]:
        """All readable entries."""
        writes = self._app.memory_writes()
        if writes == self._seen_writes:
            return self._entries
        self._seen_writes = writes
        data = self._app.load(Region.ANSWERS)
        if data != self._seen:
            self._seen = data
            raws = _TABLE.unpack_from(data)
            for slot, raw in enumerate(raws):
                if raw != self._raws[slot]:
                    self._slots[slot] = _read(raw)
            self._raws = raws
            self._entries = {entry.command.command_id: entry for entry in self._slots if entry is not None}
        return self._entries

    def write(self, entry: Entry) -> None:
        """Write an entry over the one sixteen ids older."""
        command, opcode, answer = entry
        if len(answer) > ANSWER_BYTES_MAX:
            raise AssertionError(f"answer of {len(answer)} bytes to a command, the table takes {ANSWER_BYTES_MAX}")
        raw = _ENTRY.pack(command.command_id, opcode, len(answer), command.programmer_id, command.digest, answer)
        self._app.store(Region.ANSWERS, command.command_id % ENTRIES * ENTRY_BYTES, raw + _CRC.pack(crc32c(raw)))


def _read(raw: bytes) -> Entry | None:
    if _CRC.unpack_from(raw, _ENTRY.size)[0] != crc32c(raw[: _ENTRY.size]):
        return None
    command_id, opcode, length, programmer_id, digest, answer = _ENTRY.unpack_from(raw)
    return Entry(Command(command_id, programmer_id, digest), opcode, answer[:length])
