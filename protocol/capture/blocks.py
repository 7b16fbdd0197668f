"""The blocks of a pcapng file that a capture of ours is made of, as bytes.

Our own, and not a library's: a capture needs three kinds of block written and read piece by piece while the file grows, with the place of
any damage told by its byte. All of that is less code than the joints to a library would be.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

__all__ = [
    "BYTE_ORDER_MAGIC",
    "INTERFACE",
    "LINK_TYPE",
    "PACKET",
    "SECTION",
    "SIMPLE_PACKET",
    "TO_HOST",
    "TO_PUMP",
    "interface_block",
    "packet_block",
    "section_block",
]

SECTION = 0x0A0D0D0A
INTERFACE = 1
SIMPLE_PACKET = 3
PACKET = 6
"""Block types: section header, interface description, simple packet, enhanced packet."""
BYTE_ORDER_MAGIC = 0x1A2B3C4D
LINK_TYPE = 147
"""USER0: what is in a packet is agreed between those who write and read it."""
TO_HOST = 1
TO_PUMP = 2
"""Directions in a packet's flags as the host sees them, whoever captured: inbound comes from the pump, outbound goes to it."""

_HEAD = struct.Struct("<II")
_TAIL = struct.Struct("<I")
_OPTION = struct.Struct("<HH")
_SECTION_BODY = struct.Struct("<IHHq")
_INTERFACE_BODY = struct.Struct("<HHI")
_PACKET_BODY = struct.Struct("<IIIII")
_FLAGS = struct.Struct("<HHIHH")

_COMMENT, _APPLICATION = 1, 4
_IF_NAME, _IF_DESCRIPTION, _IF_RESOLUTION = 2, 3, 9
_PACKET_FLAGS = 2
_MICROSECONDS = b"\x06"
_NO_LENGTH = -1
"""Length of a section that is still being written."""


def section_block(application: str, comments: Iterable[str]) -> bytes:
    """The head of one run."""
    named = [(_COMMENT, text.encode()) for text in comments]
    return _block(
        SECTION, _SECTION_BODY.pack(BYTE_ORDER_MAGIC, 1, 0, _NO_LENGTH) + _options([*named, (_APPLICATION, application.encode())])
    )


def interface_block(name: str, description: str) -> bytes:
    """One place on the wire where bytes are seen; its packets are timed in microseconds."""
    options = [(_IF_NAME, name.encode()), (_IF_DESCRIPTION, description.encode()), (_IF_RESOLUTION, _MICROSECONDS)]
    return _block(INTERFACE, _INTERFACE_BODY.pack(LINK_TYPE, 0, 0) + _options(options))


def packet_block(interface: int, at_us: int, direction: int, raw: bytes) -> bytes:
    """One run of bytes."""
    size = len(raw)
    body = _PACKET_BODY.pack(interface, at_us >> 32, at_us & 0xFFFF_FFFF, size, size)
    return _block(PACKET, body + _padded(raw) + _FLAGS.pack(_PACKET_FLAGS, 4, direction, 0, 0))


def _block(kind: int, body: bytes) -> bytes:
    size = _HEAD.size + len(body) + _TAIL.size
    return _HEAD.pack(kind, size) + body + _TAIL.pack(size)


def _options(options: Iterable[tuple[int, bytes]]) -> bytes:
    found = [_OPTION.pack(code, len(value)) + _padded(value) for code, value in options]
    return b"".join(found) + _OPTION.pack(0, 0)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
