"""One run of bytes on its way along the line, and what faults make of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from hil.faults.line_fault import LineFault

__all__ = ["Notes", "Passage", "Piece", "bend_bytes", "bend_frame"]

Notes = dict[str, object]
PLACES_TOLD_MAX = 16
"""Bytes named in one record; past it only their count tells."""
BYTE_VALUES = 256
BYTE_BITS = 8


class Piece(NamedTuple):
    """Bytes that arrive together, so much later than they were sent."""

    delay_us: int
    data: bytes


@dataclass(slots=True)
class Passage:
    """A run in one direction, as pieces. `replies` go back to where it came from; `reboot` resets the pump."""

    direction: str
    pieces: list[Piece]
    replies: list[bytes] = field(default_factory=list)
    reboot: bool = False

    @property
    def data(self) -> bytes:
        """All pieces in order of sending."""
        return b"".join(piece.data for piece in self.pieces)

    def replace(self, data: bytes) -> None:
        """Other bytes in one piece, at the time of the first one."""
        self.pieces = [Piece(self.pieces[0].delay_us, data)]


def bend_frame(fault: LineFault, passage: Passage, number: int) -> Notes:
    """Do what a frame fault of the line does; returns what to note of it."""
    pieces, way = passage.pieces, passage.direction
    notes: Notes = {}
    if fault.name == "link.drop":
        notes["lost_bytes"] = len(passage.data)
        passage.pieces = []
    elif fault.name == "link.duplicate":
        passage.pieces = pieces + [Piece(piece.delay_us + fault.number("delay_us"), piece.data) for piece in pieces]
    elif fault.name == "link.delay":
        jitter_us = fault.draw(way, "jitter", number, fault.number("jitter_us") + 1)
        notes["delay_us"] = delay_us = fault.number("delay_us") + jitter_us
        passage.pieces = [Piece(piece.delay_us + delay_us, piece.data) for piece in pieces]
    elif fault.name == "link.split":
        data, first_us = passage.data, pieces[0].delay_us
        notes["at_byte"] = at = 1 + fault.draw(way, "place", number, max(1, len(data) - 1))
        passage.pieces = [Piece(first_us, data[:at]), Piece(first_us + fault.number("pause_us"), data[at:])]
    else:
        passage.pieces = [*pieces[:-1], Piece(pieces[-1].delay_us, pieces[-1].data.removesuffix(b"\0"))]
    return notes


def bend_bytes(fault: LineFault, passage: Passage) -> Notes | None:
    """Do what a byte fault does to each byte that it strikes; None if it strikes none."""
    before = fault.next_octets(passage.direction, len(passage.data))
    if fault.name == "link.cut":
        return _cut(fault, passage, before)
    places: list[int] = []
    bent: list[Piece] = []
    for delay_us, data in passage.pieces:
        out = bytearray()
        for byte in data:
            before += 1
            if fault.strikes(passage.direction, before):
                places.append(before)
                out += _bent(fault, passage.direction, before, byte)
            else:
                out.append(byte)
        bent.append(Piece(delay_us, bytes(out)))
    passage.pieces = bent
    return {"bytes": places[:PLACES_TOLD_MAX], "count": len(places)} if places else None


def _bent(fault: LineFault, direction: str, number: int, byte: int) -> bytes:
    if fault.name == "link.flip":
        return bytes((byte ^ 1 << fault.draw(direction, "bit", number, BYTE_BITS),))
    if fault.name == "link.insert":
        return bytes((fault.draw(direction, "byte", number, BYTE_VALUES), byte))
    return b""


def _cut(fault: LineFault, passage: Passage, before: int) -> Notes | None:
    left = fault.number("at_byte") - 1 - before
    size = len(passage.data)
    if left >= size:
        return None
    kept: list[Piece] = []
    for delay_us, data in passage.pieces:
        kept.append(Piece(delay_us, data[: max(0, left)]))
        left -= len(data)
    passage.pieces = [piece for piece in kept if piece.data]
    return {"lost_bytes": size - len(passage.data)}
