"""Frames: COBS bytes ended by 0x00, a 16-byte header, a payload, room for a MAC, a CRC-32C.

COBS finds its feet again at the next zero, so a decoder never has to guess where a frame begins. Everything that does not
decode comes out as `Bad` and is for counting only; a decoder raises nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from cobs import cobs

from protocol.crc import RESIDUE, crc32c
from protocol.errors import FrameTooLong
from protocol.limits import DECODED_BYTES_MAX, ENCODED_BYTES_MAX, PAYLOAD_BYTES_MAX

__all__ = [
    "ANSWER",
    "COBS_ACCELERATED",
    "HEADER",
    "MAC",
    "MAC_BYTES",
    "VERSION",
    "Bad",
    "BadReason",
    "Frame",
    "FrameDecoder",
    "decode_frame",
    "encode_frame",
]

VERSION = 1
ANSWER = 1
MAC = 2
MAC_BYTES = 8

HEADER = struct.Struct("<BBHIIHH")
"""version, flags, opcode, session, sequence, payload length, zero."""

COBS_ACCELERATED: bool = type(cobs.encode).__name__ == "builtin_function_or_method"
"""False where `cobs` fell back to pure Python, some thirty times slower."""

_CRC = struct.Struct("<I")
_HEADER_BYTES = HEADER.size
_OVERHEAD = HEADER.size + _CRC.size
_RUN_BYTES_MAX = ENCODED_BYTES_MAX - 1


class Frame(NamedTuple):
    """One frame. `mac` is empty or eight bytes; `flags` says what it is (`ANSWER`), the MAC's bit follows from `mac`."""

    opcode: int
    session: int
    sequence: int
    body: bytes
    flags: int = 0
    mac: bytes = b""
    version: int = VERSION


class BadReason(Enum):
    """Why a run of bytes is no frame."""

    COBS = "not COBS"
    TOO_SHORT = "too short"
    TOO_LONG = "too long"
    CRC = "wrong CRC"
    LENGTH = "length field does not fit"
    HEADER = "reserved bits set"
    PAUSE = "broken off"


class Bad(NamedTuple):
    """A run of bytes that is no frame; `size` counts its bytes as far as they were kept."""

    reason: BadReason
    size: int


def encode_frame(frame: Frame, sign: Callable[[bytes], bytes] | None = None) -> bytes:
    """Bytes of a frame, ended by 0x00; `sign` makes the MAC over header and body of one that has none yet. Raises FrameTooLong."""
    opcode, session, sequence, body, flags, mac, version = frame
    if len(body) > PAYLOAD_BYTES_MAX:
        raise FrameTooLong(f"payload of {len(body)} bytes, at most {PAYLOAD_BYTES_MAX} go into a frame")
    if mac or sign:
        flags |= MAC
    raw = HEADER.pack(version, flags, opcode, session, sequence, len(body), 0) + body
    raw += sign(raw) if sign else mac
    run: bytes = cobs.encode(raw + _CRC.pack(crc32c(raw)))
    return run + b"\0"


def decode_frame(run: bytes) -> Frame | Bad:
    """Read one run of bytes, without its zero."""
    if len(run) > _RUN_BYTES_MAX:
        return Bad(BadReason.TOO_LONG, len(run))
    try:
        raw = cobs.decode(run)
    except cobs.DecodeError:
        return Bad(BadReason.COBS, len(run))
    size = len(raw)
    if size < _OVERHEAD:
        return Bad(BadReason.TOO_SHORT, len(run))
    if size > DECODED_BYTES_MAX:
        return Bad(BadReason.TOO_LONG, len(run))
    if crc32c(raw) != RESIDUE:
        return Bad(BadReason.CRC, len(run))
    version, flags, opcode, session, sequence, length, zero = HEADER.unpack_from(raw)
    if zero or flags & ~(ANSWER | MAC):
        return Bad(BadReason.HEADER, len(run))
    end = HEADER.size + length
    if end + (MAC_BYTES if flags & MAC else 0) + _CRC.size != size:
        return Bad(BadReason.LENGTH, len(run))
    return tuple.__new__(Frame, (opcode, session, sequence, raw[_HEADER_BYTES:end], flags & ~MAC, raw[end : -_CRC.size], version))


class FrameDecoder:
    """Bytes in, frames out, in pieces of any size. Holds at most one frame's bytes."""

    __slots__ = ("_rest", "_skipping")

    def __init__(self, rest: bytes = b"", skipping: bool = False) -> None:
        self._rest = rest
        self._skipping = skipping

    @property
    def pending(self) -> bool:
        """A frame has begun and not ended."""
        return bool(self._rest) or self._skipping

    @property
    def state(self) -> tuple[bytes, bool]:
        """What a new decoder needs to go on from here."""
        return self._rest, self._skipping

    def feed(self, data: bytes) -> list[Frame | Bad]:
        """Take bytes; return what they completed. A run that is too long is told once, when it gets too long."""
        if data.find(0) == len(data) - 1 > 0 and not self._rest and not self._skipping:  # one whole frame, as nearly always
            return [decode_frame(data[:-1])]
        *runs, rest = (self._rest + data).split(b"\0")
        found: list[Frame | Bad] = []
        if self._skipping and runs:
            self._skipping = False
            del runs[0]
        elif self._skipping:
            rest = b""
        found.extend(decode_frame(run) for run in runs if run)
        if len(rest) > _RUN_BYTES_MAX:
            found.append(Bad(BadReason.TOO_LONG, len(rest)))
            rest, self._skipping = b"", True
        self._rest = rest
        return found

    def break_off(self) -> list[Frame | Bad]:
        """Give up a frame that paused too long; what follows starts afresh. A run already told is not told again."""
        told = [] if self._skipping or not self._rest else [Bad(BadReason.PAUSE, len(self._rest))]
        self._rest, self._skipping = b"", False
        return list(told)
