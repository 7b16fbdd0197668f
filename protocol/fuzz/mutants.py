"""Mutants of a frame, by three depths.

* On the wire: the encoded bytes are bent, so that most of it is noise to a decoder.
* Under the CRC: header and bytes are bent and the CRC is made anew, so that what arrives is a frame, or fails at its length or flags.
* Under the MAC: opcode, numbers and body are bent and the frame is signed after that, so that it gets as far as a programmer gets.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

from cobs import cobs

from protocol.codec import fields_of
from protocol.crc import crc32c
from protocol.framing import ANSWER, HEADER, MAC, MAC_BYTES, Frame, encode_frame
from protocol.fuzz.draws import Draw, edges, weighted
from protocol.limits import ENCODED_BYTES_MAX, PAYLOAD_BYTES_MAX
from protocol.message_table import SPECS

__all__ = ["DEPTHS", "Mutant", "Mutator", "Sign", "sealed"]

Sign = Callable[[Frame], Frame]
"""Gives a frame the MAC that it needs, or leaves it as it is where none is due."""

_HEADER_FIELDS = ((0, 1), (1, 1), (2, 2), (4, 4), (8, 4), (12, 2), (14, 2))
_ENDLESS_BYTES_MAX = 3 * ENCODED_BYTES_MAX
_BURST_FRAMES_MAX = 12
_WIDTHS = (1, 2, 4, 8)


class Mutant(NamedTuple):
    """What a frame was made into, and how: `kind` is the name of the way."""

    kind: str
    data: bytes


def sealed(raw: bytes) -> bytes:
    """Any bytes with a right CRC behind them, encoded and ended, however wrong they are."""
    run: bytes = cobs.encode(raw + struct.pack("<I", crc32c(raw)))
    return run + b"\0"


class Mutator:
    """Bends frames. `corpus` is what is spliced, repeated and joined."""

    def __init__(self, draw: Draw, corpus: Sequence[Frame]) -> None:
        self._draw = draw
        self._corpus = corpus

    def mutate(self, frame: Frame, sign: Sign) -> Mutant:
        """One mutant, of a depth and kind drawn."""
        way = weighted(self._draw, DEPTHS)
        if way in _UNDER_MAC:
            return Mutant(way, encode_frame(sign(_UNDER_MAC[way](self, frame))))
        good = sign(frame)
        if way in _UNDER_CRC:
            return Mutant(way, sealed(_UNDER_CRC[way](self, _raw(good))))
        return Mutant(way, _ON_WIRE[way](self, encode_frame(good)))

    def on_wire(self, data: bytes) -> Mutant:
        """A mutant of encoded bytes, none of whose frames is a new one."""
        way = self._draw.choice(_HONEST)
        return Mutant(way, _ON_WIRE[way](self, data))

    def other(self) -> Frame:
        """A frame of the corpus."""
        return self._draw.choice(self._corpus)

    # -- on the wire

    def flip(self, data: bytes) -> bytes:
        """One to eight bits, the ending zero's too."""
        bent = bytearray(data)
        for _ in range(self._draw.choice((1, 1, 2, 2, 3, 8))):
            bent[self._draw.randrange(len(bent))] ^= 1 << self._draw.randrange(8)
        return bytes(bent)

    def insert(self, data: bytes) -> bytes:
        at = self._draw.randrange(len(data) + 1)
        return data[:at] + self._bytes(8) + data[at:]

    def delete(self, data: bytes) -> bytes:
        at = self._draw.randrange(len(data))
        return data[:at] + data[at + self._draw.randint(1, 8) :]

    def double(self, data: bytes) -> bytes:
        """A stretch twice, or the whole of it."""
        at, end = self._stretch(data)
        return data[:end] + data[at:end] + data[end:]

    def overwrite(self, data: bytes) -> bytes:
        at = self._draw.randrange(len(data))
        return (data[:at] + self._bytes(16) + data[at:])[: len(data)]

    def truncate(self, data: bytes) -> bytes:
        return data[: self._draw.randrange(len(data))] + self._draw.choice((b"", b"\0"))

    def splice(self, data: bytes) -> bytes:
        """The beginning of one and the end of another."""
        other = encode_frame(self.other())
        return data[: self._draw.randrange(len(data))] + other[self._draw.randrange(len(other)) :]

    def unended(self, data: bytes) -> bytes:
        """Two frames with no zero between them."""
        return data[:-1] + encode_frame(self.other())

    def repeat(self, data: bytes) -> bytes:
        return data * self._draw.randint(2, 4)

    def burst(self, data: bytes) -> bytes:
        """Many frames in one write."""
        return data + b"".join(encode_frame(self.other()) for _ in range(self._draw.randint(2, _BURST_FRAMES_MAX))) + data

    def noise(self, _data: bytes) -> bytes:
        return self._bytes(200) + self._draw.choice((b"", b"\0"))

    def zeros(self, data: bytes) -> bytes:
        return bytes(self._draw.randint(1, 600)) + self._draw.choice((b"", data))

    def endless(self, data: bytes) -> bytes:
        """A run without a zero that no frame is as long as; what follows its zero is good again."""
        run = bytes((self._draw.randint(1, 255),)) * self._draw.randint(ENCODED_BYTES_MAX - 4, _ENDLESS_BYTES_MAX)
        return run + self._draw.choice((b"", b"\0", b"\0" + data))

    # -- under the CRC

    def header(self, raw: bytes) -> bytes:
        """One or two header fields at an edge."""
        for _ in range(self._draw.randint(1, 2)):
            at, size = self._draw.choice(_HEADER_FIELDS)
            raw = self._edge(raw, at, size)
        return raw

    def bend(self, raw: bytes) -> bytes:
        """Bits of anything."""
        return self.flip(raw)

    def cut(self, raw: bytes) -> bytes:
        return raw[: self._draw.randrange(len(raw))]

    def grow(self, raw: bytes) -> bytes:
        return raw + self._bytes(self._draw.choice((1, 8, 40, 600)))

    def wrong_mac(self, raw: bytes) -> bytes:
        """A MAC that is not there, too much, or wrong."""
        flags = raw[1] ^ MAC if self._draw.randrange(2) else raw[1] | MAC
        mac = self._draw.randbytes(MAC_BYTES) if flags & MAC else b""
        return raw[:1] + bytes((flags,)) + raw[2:] + mac

    # -- under the MAC

    def field(self, frame: Frame) -> Frame:
        """One or two fields of the body at an edge, its length kept."""
        spans, body = _spans(frame.opcode), frame.body
        for _ in range(self._draw.randint(1, 2)):
            if body:
                at, size = self._draw.choice(spans) if spans and self._draw.randrange(4) else self._place(body)
                body = self._edge(body, at, size)
        return frame._replace(body=body)

    def body_length(self, frame: Frame) -> Frame:
        """A body of a wrong length."""
        body = frame.body[: self._draw.randrange(len(frame.body) + 1)] if self._draw.randrange(2) else frame.body + self._bytes(40)
        return frame._replace(body=body[:PAYLOAD_BYTES_MAX])

    def body_bits(self, frame: Frame) -> Frame:
        return frame._replace(body=self.flip(frame.body)) if frame.body else self.body_length(frame)

    def other_body(self, frame: Frame) -> Frame:
        return frame._replace(body=self.other().body)

    def other_opcode(self, frame: Frame) -> Frame:
        """A known opcode as often as an unknown one."""
        opcode = self._draw.choice(tuple(SPECS)) if self._draw.randrange(2) else edges(self._draw, 2, frame.opcode)
        return frame._replace(opcode=opcode)

    def numbers(self, frame: Frame) -> Frame:
        """A session or a sequence number that is not due."""
        if self._draw.randrange(3):
            return frame._replace(sequence=edges(self._draw, 4, frame.sequence))
        return frame._replace(session=edges(self._draw, 4, frame.session))

    def echo(self, frame: Frame) -> Frame:
        """An answer where a request is due, or the other way about."""
        return frame._replace(flags=frame.flags ^ ANSWER)

    def _bytes(self, most: int) -> bytes:
        return self._draw.randbytes(self._draw.randint(1, most))

    def _stretch(self, data: bytes) -> tuple[int, int]:
        one, other = self._draw.randrange(len(data)), self._draw.randrange(len(data) + 1)
        return min(one, other), max(one, other)

    def _place(self, body: bytes) -> tuple[int, int]:
        size = self._draw.choice([width for width in _WIDTHS if width <= len(body)])
        return self._draw.randrange(len(body) - size + 1), size

    def _edge(self, data: bytes, at: int, size: int) -> bytes:
        value = int.from_bytes(data[at : at + size], "little")
        if at + size > len(data):
            return data
        return data[:at] + edges(self._draw, size, value).to_bytes(size, "little") + data[at + size :]


def _raw(frame: Frame) -> bytes:
    """A frame as it lies before the CRC."""
    flags = frame.flags | (MAC if frame.mac else 0)
    return HEADER.pack(frame.version, flags, frame.opcode, frame.session, frame.sequence, len(frame.body), 0) + frame.body + frame.mac


@cache
def _spans(opcode: int) -> tuple[tuple[int, int], ...]:
    """Where the integers of a request lie, as far as their places are fixed."""
    spans: list[tuple[int, int]] = []
    at = 0
    spec = SPECS.get(opcode)
    for field in fields_of(spec.request) if spec else ():
        if field.form.kind not in ("int", "fixed"):
            break
        size = struct.calcsize("<" + field.form.code)
        if field.form.kind == "int":
            spans.append((at, size))
        at += size
    return tuple(spans)


_ON_WIRE: dict[str, Callable[[Mutator, bytes], bytes]] = {
    "flip": Mutator.flip,
    "insert": Mutator.insert,
    "delete": Mutator.delete,
    "double": Mutator.double,
    "overwrite": Mutator.overwrite,
    "truncate": Mutator.truncate,
    "splice": Mutator.splice,
    "unended": Mutator.unended,
    "repeat": Mutator.repeat,
    "burst": Mutator.burst,
    "noise": Mutator.noise,
    "zeros": Mutator.zeros,
    "endless": Mutator.endless,
}
_HONEST = tuple(name for name in _ON_WIRE if name not in ("splice", "unended", "burst"))
_UNDER_CRC: dict[str, Callable[[Mutator, bytes], bytes]] = {
    "header": Mutator.header,
    "bend": Mutator.bend,
    "cut": Mutator.cut,
    "grow": Mutator.grow,
    "wrong_mac": Mutator.wrong_mac,
}
_UNDER_MAC: dict[str, Callable[[Mutator, Frame], Frame]] = {
    "field": Mutator.field,
    "body_length": Mutator.body_length,
    "body_bits": Mutator.body_bits,
    "other_body": Mutator.other_body,
    "other_opcode": Mutator.other_opcode,
    "numbers": Mutator.numbers,
    "echo": Mutator.echo,
}
DEPTHS: tuple[tuple[str, int], ...] = (
    *((name, 1 if name in ("burst", "endless", "zeros") else 2) for name in _ON_WIRE),
    *((name, 4) for name in _UNDER_CRC),
    *((name, 8 if name == "field" else 3) for name in _UNDER_MAC),
)
"""Every kind of mutant and how often it comes."""
