"""The syringe-pump dialect as text and bytes: packets in, requests out, answers as bytes. It knows no pump, no port and no time.

A basic packet is a line that ends with CR. A safe packet stands between STX and ETX and carries its length and a CRC. An answer stands
between STX and ETX in both modes: two digits of address, a status letter, then data, an error (`?` and a word) or an alarm.

A number has at most four digits, at most three of them behind the point. It is therefore a whole count of thousandths, and every unit
below is a whole count of nL (or nL/h) to a thousandth: what is set is exact, and nothing is ever rounded.
"""

from __future__ import annotations

import re
from binascii import crc_hqx
from collections.abc import Iterator, Mapping
from typing import NamedTuple

__all__ = [
    "RATE_UNITS",
    "VOLUME_UNITS",
    "Decoder",
    "DialectError",
    "Fill",
    "Packet",
    "Request",
    "Setting",
    "parse_fill",
    "parse_request",
    "parse_setting",
    "reading",
    "render",
]

STX, ETX, CR = 0x02, 0x03, 0x0D
SPACE, DELETE = 0x20, 0x7F
LINE_BYTES_MAX = 64
"""A basic packet longer than this is no command; the rest of it is dropped up to its end."""
SAFE_BYTES_MIN = 4
"""Length, two bytes of CRC, ETX."""
DIGITS_MAX, DECIMALS_MAX = 4, 3
THOUSANDTHS = 1_000
NG_PER_MCG = NL_PER_UL = 1_000

RATE_UNITS: Mapping[str, int] = {"UH": 1, "UM": 60, "MH": 1_000, "MM": 60_000}
"""nL/h to a thousandth of uL/h, uL/min, mL/h and mL/min."""
VOLUME_UNITS: Mapping[str, int] = {"UL": 1, "ML": 1_000}
"""nL to a thousandth of uL and mL."""

REQUEST = re.compile(r"(?P<address>\d{1,2})?(?:(?P<word>[A-Z]{3})(?P<argument>.*))?")
FILL = re.compile(r"(?P<drug>[A-Z]+),(?P<strength>\d{1,6}),(?P<volume>\d{1,6})", re.ASCII)
SETTING = re.compile(r"(?P<whole>\d*)(?:\.(?P<part>\d*))?(?P<units>[A-Z]{2})?")


class DialectError(Exception):
    """A command that cannot be followed. `word` is what the answer says: NA, OOR, COM, or nothing for not understood."""

    def __init__(self, word: str = "") -> None:
        super().__init__(f"?{word}")
        self.word = word


class Packet(NamedTuple):
    """One packet as it came in; `text` is None when it was damaged or too long."""

    text: str | None


class Request(NamedTuple):
    """What a packet asks: a three-letter word (empty for status) of the pump with this address."""

    address: int
    word: str
    argument: str


class Setting(NamedTuple):
    """A number with the units it was told in. `text` is told back in the same units."""

    thousandths: int
    units: str

    @property
    def text(self) -> str:
        """As the dialect writes it."""
        return _number(self.thousandths) + self.units


class Fill(NamedTuple):
    """What was filled in: a drug's name in capitals, its concentration, the volume."""

    drug: str
    ng_per_ml: int
    volume_nl: int

    @property
    def text(self) -> str:
        """As the dialect writes it: drug, mcg/mL, uL."""
        return f"{self.drug},{self.ng_per_ml // NG_PER_MCG},{self.volume_nl // NL_PER_UL}"


class Decoder:
    """Bytes of a line in any pieces, packets out; `held` are those of a packet that has not ended."""

    def __init__(self, held: bytes = b"") -> None:
        self._bytes = bytearray(held)

    @property
    def held(self) -> bytes:
        """What a decoder made with it goes on from."""
        return bytes(self._bytes)

    def feed(self, data: bytes) -> Iterator[Packet]:
        """Take bytes; yields the packets that they complete."""
        for byte in data:
            packet = self._take(byte)
            if packet is not None:
                yield packet

    def _take(self, byte: int) -> Packet | None:
        taken = self._bytes
        if taken[:1] == bytes([STX]):
            taken.append(byte)
            return self._safe_packet()
        if byte == STX:  # ends an unfinished line, so that a host that lost bytes is heard again
            taken[:] = [STX]
            return None
        if byte != CR:
            if len(taken) <= LINE_BYTES_MAX:  # one byte past the limit marks the line
                taken.append(byte)
            return None
        line = bytes(taken)
        taken.clear()
        return Packet(None if len(line) > LINE_BYTES_MAX else _plain(line))

    def _safe_packet(self) -> Packet | None:
        taken = self._bytes
        length = taken[1]
        if length < SAFE_BYTES_MIN:
            taken.clear()
            return Packet(None)
        if len(taken) <= length:
            return None
        body, crc, end = bytes(taken[2:-3]), bytes(taken[-3:-1]), taken[-1]
        taken.clear()
        return Packet(_plain(body) if crc == _crc(body) and end == ETX else None)


def parse_request(text: str) -> Request:
    """Read a packet's text. What does not fit the form is a request of an unknown word."""
    match = REQUEST.fullmatch(text)
    if match is None:
        return Request(0, text, "")
    return Request(int(match["address"] or 0), match["word"] or "", match["argument"] or "")


def parse_setting(argument: str, units: Mapping[str, int], units_before: str) -> Setting:
    """Read a number and its units, or units alone as those of before. Raises DialectError."""
    match = SETTING.fullmatch(argument)
    if match is None or not (match["whole"] or match["part"]) or (match["units"] or units_before) not in units:
        raise DialectError
    whole, part = match["whole"], match["part"] or ""
    if len(whole) + len(part) > DIGITS_MAX or len(part) > DECIMALS_MAX:
        raise DialectError("OOR")
    return Setting(int(whole or 0) * THOUSANDTHS + int(part.ljust(DECIMALS_MAX, "0")), match["units"] or units_before)


def parse_fill(argument: str) -> Fill:
    """Read a drug, whole mcg/mL and whole uL, with commas between. Raises DialectError."""
    match = FILL.fullmatch(argument)
    if match is None:
        raise DialectError
    return Fill(match["drug"], int(match["strength"]) * NG_PER_MCG, int(match["volume"]) * NL_PER_UL)


def reading(volume_nl: int, units: str) -> str:
    """A measured volume, cut (not rounded) to four digits. Raises DialectError when it has too many before the point."""
    return _number(volume_nl // VOLUME_UNITS[units])


def render(address: int, status: str, data: str, *, safe: bool) -> bytes:
    """An answer as bytes."""
    body = f"{address:02d}{status}{data}".encode("ascii")
    framed = bytes([len(body) + SAFE_BYTES_MIN]) + body + _crc(body) if safe else body
    return bytes([STX]) + framed + bytes([ETX])


def _number(thousandths: int) -> str:
    whole, part = divmod(thousandths, THOUSANDTHS)
    digits = len(str(whole))
    if digits > DIGITS_MAX:
        raise DialectError("OOR")
    decimals = min(DECIMALS_MAX, DIGITS_MAX - digits)
    return f"{whole}." + f"{part:03d}"[:decimals]


def _plain(line: bytes) -> str:
    """Text without spaces and control characters, in capitals. A byte above 7 bits stays, and makes the text no command."""
    return bytes(byte for byte in line if byte > SPACE and byte != DELETE).upper().decode("latin-1")


def _crc(body: bytes) -> bytes:
    return crc_hqx(body, 0).to_bytes(2, "big")
