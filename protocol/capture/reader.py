"""Reads pcapng piece by piece: bytes in, packets out, and where the damage is if there is any.

Any well-formed pcapng file is read, also one that another program has written, joined or cut: either byte order, any resolution of time,
several sections, interfaces and kinds of block. Blocks that carry no packets are passed over.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from protocol.capture.about import facts_in
from protocol.capture.blocks import BYTE_ORDER_MAGIC, INTERFACE, LINK_TYPE, PACKET, SECTION, SIMPLE_PACKET, TO_HOST, TO_PUMP
from protocol.capture.runs import HOST, PUMP

__all__ = ["CaptureReader", "Damage", "Packet", "Section"]

BLOCK_BYTES_MAX = 16_777_216
"""A block that says it is longer is taken for damage; ours have some thousands of bytes."""

_HEAD_BYTES, _BLOCK_BYTES_MIN = 8, 12
_SECTION_BYTES, _INTERFACE_BYTES, _PACKET_BYTES, _SIMPLE_BYTES = 16, 8, 20, 4
_COMMENT, _APPLICATION, _IF_NAME, _IF_DESCRIPTION, _IF_RESOLUTION, _IF_OFFSET, _PACKET_FLAGS = 1, 4, 2, 3, 9, 14, 2
_US_PER_S = 1_000_000
_DEFAULT_RESOLUTION = 6
_BEGINNING = SECTION.to_bytes(4, "little")
_OLD_FORM = (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d")
_SENDERS = {TO_HOST: PUMP, TO_PUMP: HOST}


class Section(NamedTuple):
    """The head of one run: `number` from 1, what its writer says of it, and comments as they stand."""

    number: int
    application: str
    facts: dict[str, Any]
    comments: tuple[str, ...]


class Packet(NamedTuple):
    """One packet. `number` counts from 1 through the whole file, as other tools do; `sender` is `host`, `pump`, or empty if not told.

    `ours` is False for a packet of another link type, which is counted and nothing else.
    """

    number: int
    section: int
    interface: int
    place: str
    at_us: int
    sender: str
    raw: bytes
    ours: bool = True


class Damage(NamedTuple):
    """What is wrong, at which byte, after how many packets; `torn` if bytes are missing at the end and nothing else is wrong."""

    what: str
    at_byte: int
    packets: int
    torn: bool = False


@dataclass(slots=True)
class _Interface:
    link_type: int
    place: str = ""
    per_s: int = _US_PER_S
    offset_s: int = 0

    def us(self, ticks: int) -> int:
        return ticks * _US_PER_S // self.per_s + self.offset_s * _US_PER_S


@dataclass(slots=True)
class _Place:
    """Where reading has come to."""

    order: str = "<"
    section: int = 0
    packets: int = 0
    interfaces: list[_Interface] = field(default_factory=list)


class _Wrong(Exception):
    """A block that does not fit."""


class CaptureReader:
    """Feed it the file's bytes in order; `damage` is set at the first thing that does not fit, and then nothing more is read."""

    def __init__(self) -> None:
        self.damage: Damage | None = None
        self.whole_bytes = 0
        """End of the last block that was read whole."""
        self._rest = b""
        self._place = _Place()

    @property
    def packets(self) -> int:
        """Packets read so far."""
        return self._place.packets

    def feed(self, data: bytes) -> Iterator[Section | Packet]:
        """Take bytes; yields what they complete. A block that is not complete yet waits for the rest."""
        self._rest += data
        at = 0
        try:
            while self.damage is None and (end := self._block_end(at)):
                found = self._block(self._rest[at:end])
                at, self.whole_bytes = end, self.whole_bytes + end - at
                if found is not None:
                    yield found
        except _Wrong as wrong:
            self.damage = Damage(str(wrong), self.whole_bytes, self.packets)
        finally:
            self._rest = self._rest[at:]

    def end(self) -> Damage | None:
        """Nothing more comes: what is missing then is damage too."""
        if self.damage is None and self._rest:
            missing = self._size(0) - len(self._rest) if len(self._rest) >= _BLOCK_BYTES_MIN else 0
            what = f"it breaks off in the middle of a block{f', {missing:,} bytes are missing' if missing > 0 else ''}"
            self.damage = Damage(what, self.whole_bytes, self.packets, torn=True)
        elif self.damage is None and not self._place.section:
            self.damage = Damage("it is empty", 0, 0, torn=True)
        return self.damage

    # -- blocks ----------------------------------------------------------------------------------------------------------------

    def _block_end(self, at: int) -> int:
        """Where the block that begins here ends, 0 while it is not complete. Raises _Wrong."""
        left = len(self._rest) - at
        head = self._rest[at : at + 4]
        if not self._place.section and not _BEGINNING.startswith(head):
            raise _Wrong("it is a capture of the old form, pcap" if head in _OLD_FORM else "it does not begin as a capture does")
        if left < _BLOCK_BYTES_MIN:
            return 0
        size = self._size(at)
        if size % 4 or not _BLOCK_BYTES_MIN <= size <= BLOCK_BYTES_MAX:
            raise _Wrong(f"a block says that it has {size:,} bytes")
        if left < size:
            return 0
        if self._u32(at + size - 4) != size:
            raise _Wrong("the two lengths of a block differ")
        return at + size

    def _size(self, at: int) -> int:
        """What a block says of its length; a section header says first in which order its bytes stand."""
        if int.from_bytes(self._rest[at : at + 4], "little") == SECTION:
            little = int.from_bytes(self._rest[at + 8 : at + 12], "little") == BYTE_ORDER_MAGIC
            if not little and int.from_bytes(self._rest[at + 8 : at + 12], "big") != BYTE_ORDER_MAGIC:
                raise _Wrong("a section has no byte order")
            self._place.order = "<" if little else ">"
        return self._u32(at + 4)

    def _u32(self, at: int) -> int:
        return int(struct.unpack_from(self._place.order + "I", self._rest, at)[0])

    def _block(self, block: bytes) -> Section | Packet | None:
        kind = struct.unpack_from(self._place.order + "I", block)[0]
        body = block[_HEAD_BYTES:-4]
        if kind == SECTION:
            return self._section(body)
        if kind == INTERFACE:
            self._interface(body)
        elif kind == PACKET:
            return self._packet(body)
        elif kind == SIMPLE_PACKET:
            return self._simple_packet(body)
        return None

    def _section(self, body: bytes) -> Section:
        _, major, _, _ = self._unpack("IHHq", body, _SECTION_BYTES, "section header")
        if major != 1:
            raise _Wrong(f"a section is of version {major}, which is not known")
        place = self._place
        place.section, place.interfaces = place.section + 1, []
        comments, application = [], ""
        for code, value in self._options(body[_SECTION_BYTES:]):
            if code == _COMMENT:
                comments.append(_text(value))
            elif code == _APPLICATION:
                application = _text(value)
        return Section(place.section, application, facts_in(comments), tuple(comments))

    def _interface(self, body: bytes) -> None:
        link_type, _, _ = self._unpack("HHI", body, _INTERFACE_BYTES, "interface")
        found = _Interface(link_type)
        name = ""
        for code, value in self._options(body[_INTERFACE_BYTES:]):
            if code == _IF_DESCRIPTION:
                found.place = _text(value)
            elif code == _IF_NAME:
                name = _text(value)
            elif code == _IF_RESOLUTION and value:
                found.per_s = 2 ** (value[0] & 0x7F) if value[0] & 0x80 else 10 ** value[0]
            elif code == _IF_OFFSET and len(value) == 8:
                found.offset_s = struct.unpack(self._place.order + "q", value)[0]
        found.place = found.place or name
        self._place.interfaces.append(found)

    def _packet(self, body: bytes) -> Packet:
        interface, high, low, kept, size = self._unpack("IIIII", body, _PACKET_BYTES, "packet")
        raw = self._kept(body[_PACKET_BYTES:], kept, size)
        flags = 0
        for code, value in self._options(body[_PACKET_BYTES + kept + -kept % 4 :]):
            if code == _PACKET_FLAGS and len(value) == 4:
                flags = struct.unpack(self._place.order + "I", value)[0]
        return self._made(interface, high << 32 | low, _SENDERS.get(flags & 3, ""), raw)

    def _simple_packet(self, body: bytes) -> Packet:
        (size,) = self._unpack("I", body, _SIMPLE_BYTES, "packet")
        return self._made(0, 0, "", self._kept(body[_SIMPLE_BYTES:], min(size, len(body) - _SIMPLE_BYTES), size))

    def _kept(self, rest: bytes, kept: int, size: int) -> bytes:
        """A packet's bytes. Raises _Wrong if not all of them are there."""
        if kept > len(rest):
            raise _Wrong(f"a packet says that it has {kept:,} bytes in a block of fewer")
        if kept < size:
            raise _Wrong(f"a packet was kept to {kept:,} of its {size:,} bytes")
        return rest[:kept]

    def _made(self, interface: int, ticks: int, sender: str, raw: bytes) -> Packet:
        place = self._place
        if interface >= len(place.interfaces):
            raise _Wrong(f"a packet is of interface {interface}, which the file has not described")
        on = place.interfaces[interface]
        place.packets += 1
        return Packet(place.packets, place.section, interface, on.place, on.us(ticks), sender, raw, on.link_type == LINK_TYPE)

    def _unpack(self, form: str, body: bytes, size: int, what: str) -> tuple[Any, ...]:
        if len(body) < size:
            raise _Wrong(f"a {what} is shorter than any can be")
        return struct.unpack_from(self._place.order + form, body)

    def _options(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Code and value of each option. Raises _Wrong."""
        at = 0
        while at + 4 <= len(data):
            code, size = struct.unpack_from(self._place.order + "HH", data, at)
            if not code:
                return
            if at + 4 + size > len(data):
                raise _Wrong("an option is longer than its block")
            yield code, data[at + 4 : at + 4 + size]
            at += 4 + size + -size % 4


def _text(value: bytes) -> str:
    return value.decode(errors="replace")
