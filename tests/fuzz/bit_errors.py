"""Every 1- and 2-bit error of a frame on the wire, refused or not: by decoding each, and by an argument that is as exact and much shorter.

The argument splits the bits of an encoded frame. A bit is *structural* if turning it round moves where COBS puts its bytes: a bit of a code
byte, of the ending zero, or the only bit of a byte, which then becomes a zero. All others keep every decoded byte in its place, so turning
them round turns one bit of the decoded frame round, and a CRC is linear: what it comes to depends on that bit's place alone, its syndrome.

* Without a structural bit among them, one error is its syndrome and two are the sum of two; no syndrome is zero and no two are equal, so no
  such error passes the CRC. The exception is a byte of two bits, both turned: it becomes a zero, and is decoded.
* Each structural bit is turned round and the result taken apart anew. A second bit that is not structural there adds its syndrome to the
  CRC of that result, so that one look into a table tells which second bits would make it right. Those, and all that are structural there,
  are decoded.

Whatever the CRC lets pass is decoded by `decode_frame`, which has the last word: lengths and reserved bits may still refuse it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

from cobs import cobs

from protocol.crc import RESIDUE, crc32c
from protocol.framing import Frame, decode_frame

__all__ = ["Passed", "bits_of", "by_argument", "by_brute_force", "decoded", "flipped"]

ALL_BITS = 0xFFFF_FFFF


class Passed(NamedTuple):
    """What was found: the errors that pass, as tuples of bits, and how many errors were looked at, how many of them decoded."""

    errors: set[tuple[int, ...]]
    looked: int
    decoded: int


def bits_of(data: bytes) -> int:
    """Bits on the wire."""
    return 8 * len(data)


def flipped(data: bytes, *bits: int) -> bytes:
    """Bytes with some bits turned round; bit 0 is the lowest of the first byte."""
    bent = bytearray(data)
    for bit in bits:
        bent[bit >> 3] ^= 1 << (bit & 7)
    return bytes(bent)


def passes(run: bytes, mask: int) -> bool:
    """Whether a run of bytes is taken for a frame. A mask that is not all ones stands for a weaker CRC, and then the CRC alone decides."""
    if mask == ALL_BITS:
        return isinstance(decode_frame(run), Frame)
    try:
        return not (crc32c(cobs.decode(run)) ^ RESIDUE) & mask
    except cobs.DecodeError:
        return False


def decoded(wire: bytes, mask: int = ALL_BITS) -> bool:
    """Whether anything in some bytes is taken for a frame; what stands behind the last zero has not ended and counts for nothing."""
    return any(run and passes(run, mask) for run in wire.split(b"\0")[:-1])


def by_brute_force(frame: bytes, behind: bytes = b"", mask: int = ALL_BITS) -> Passed:
    """Turn round each bit and each pair of bits of a frame, and decode. `behind` is heard with it where the frame has lost its end."""
    count, errors, looked = bits_of(frame), set(), 0
    for size in (1, 2):
        for bits in combinations(range(count), size):
            looked += 1
            if _found(frame, behind, bits, mask):
                errors.add(bits)
    return Passed(errors, looked, looked)


def _found(frame: bytes, behind: bytes, bits: tuple[int, ...], mask: int) -> bool:
    """Whether an error passes."""
    return decoded(_heard(flipped(frame, *bits), behind), mask)


def _heard(bent: bytes, behind: bytes) -> bytes:
    """A frame without its end runs on into what follows; what follows a whole one is a frame of its own by right, and not looked at."""
    return bent + behind if bent[-1] else bent


def by_argument(frame: bytes, behind: bytes = b"", mask: int = ALL_BITS) -> Passed:
    """The same by the split argument."""
    return _Search(frame, behind, mask).run()


class _Run(NamedTuple):
    """One run of an encoded piece taken apart: where its data bytes went, and what its CRC comes to."""

    places: dict[int, int]
    size: int
    sum: int


class _Search:
    """One frame's errors."""

    def __init__(self, frame: bytes, behind: bytes, mask: int) -> None:
        self.frame = frame
        self.behind = behind
        self.mask = mask
        self.count = bits_of(frame)
        self.errors: set[tuple[int, ...]] = set()
        self.tries = 0

    def run(self) -> Passed:
        structural = _structural(self.frame, self.count)
        done: set[int] = set()
        for one in sorted(structural):
            done.add(one)
            self._try(one)
            self._seconds(one, done)
        self._linear(structural)
        return Passed(self.errors, self.count + self.count * (self.count - 1) // 2, self.tries)

    def _try(self, *bits: int) -> None:
        """Decode an error for real."""
        self.tries += 1
        if _found(self.frame, self.behind, tuple(sorted(bits)), self.mask):
            self.errors.add(tuple(sorted(bits)))

    def _seconds(self, one: int, done: set[int]) -> None:
        """All errors of two bits, this structural one and any that is not done with."""
        wire = _heard(flipped(self.frame, one), self.behind)
        structural = _structural(wire, self.count)
        for other in structural - done:
            self._try(one, other)
        others = [other for other in range(self.count) if other not in structural and other not in done]
        for start, end in _runs(wire):
            run = _taken_apart(wire[start:end])
            if run is not None:
                self._mending(one, start, run, others)

    def _mending(self, one: int, start: int, run: _Run, others: list[int]) -> None:
        """Second bits that make the CRC of a run right, and, where it is right already, those that leave the run alone."""
        missing, table = run.sum & self.mask, _syndromes(run.size)
        for other in others:
            place = run.places.get((other >> 3) - start)
            syndrome = 0 if place is None else table[8 * place + (other & 7)] & self.mask
            if syndrome == missing:
                self._try(one, other)

    def _linear(self, structural: set[int]) -> None:
        """Errors without a structural bit."""
        run = _taken_apart(self.frame[:-1])
        assert run is not None
        assert not run.sum, "the frame itself must be right"
        table = _syndromes(run.size)
        seen: dict[int, list[int]] = {}
        for bit in range(self.count):
            if bit in structural:
                continue
            syndrome = table[8 * run.places[bit >> 3] + (bit & 7)] & self.mask
            for other in seen.get(syndrome, ()):
                self._try(other, bit)
            seen.setdefault(syndrome, []).append(bit)
            if not syndrome:
                self._try(bit)
        for byte, value in enumerate(self.frame):
            low = value & -value
            pair = (8 * byte + low.bit_length() - 1, 8 * byte + value.bit_length() - 1)
            if value.bit_count() == 2 and not structural & set(pair):
                self._try(*pair)


def _runs(wire: bytes) -> Iterator[tuple[int, int]]:
    """Where the ended runs of some bytes lie."""
    start = 0
    while (end := wire.find(b"\0", start)) >= 0:
        if end > start:
            yield start, end
        start = end + 1


def _structural(wire: bytes, count: int) -> set[int]:
    """Bits, of the first `count`, that COBS depends on."""
    places = {8 * byte + bit for byte in range(count // 8) for bit in range(8) if wire[byte] == 0 or wire[byte] == 1 << bit}
    for start, end in _runs(wire + b"\0"):
        at = start
        while at < end:
            places |= {8 * at + bit for bit in range(8)}
            at += wire[at]
    return {place for place in places if place < count}


def _taken_apart(run: bytes) -> _Run | None:
    """Where each data byte of a run lies once decoded; None where COBS refuses it, whatever its data bytes are."""
    places: dict[int, int] = {}
    at = size = 0
    while at < len(run):
        code = run[at]
        if at + code > len(run):
            return None
        for step in range(1, code):
            places[at + step] = size
            size += 1
        at += code
        if code < 0xFF and at < len(run):
            size += 1
    return _Run(places, size, crc32c(cobs.decode(run)) ^ RESIDUE)


@lru_cache(maxsize=256)
def _syndromes(size: int) -> tuple[int, ...]:
    """What each bit of `size` bytes adds to their CRC."""
    nothing = crc32c(bytes(size))
    return tuple(crc32c(bytes(byte) + bytes((1 << bit,)) + bytes(size - byte - 1)) ^ nothing for byte in range(size) for bit in range(8))
