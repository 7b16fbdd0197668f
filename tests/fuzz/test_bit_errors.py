"""Every error of one or two bits in a golden frame, as it lies on the wire and with its ending zero, is refused: no frame comes out."""

from __future__ import annotations

import pytest

from protocol.framing import Frame, decode_frame, encode_frame
from protocol.limits import ENCODED_BYTES_MAX, PAYLOAD_BYTES_MAX
from tests.fuzz.bit_errors import ALL_BITS, bits_of, by_argument, by_brute_force, decoded, flipped
from tests.golden.frames import frames

LONGEST = encode_frame(Frame(0x21, 7, 3, bytes(at % 254 + 1 for at in range(PAYLOAD_BYTES_MAX)), 0, b"\xa5\x5a" * 4))
FRAMES = {**frames(), "the longest frame": LONGEST}
SHORT_BYTES = 61
SHORT = [name for name, raw in FRAMES.items() if len(raw) <= SHORT_BYTES]
LONG = [name for name in FRAMES if name not in SHORT]
WEAK = 0x3F
"""The lowest six bits of the CRC: one error in 64 passes, so that two searches have something to agree on."""


def behind(name: str) -> bytes:
    """What follows a frame on the wire: the same once more, as a client resends it."""
    return FRAMES[name]


@pytest.mark.parametrize("name", FRAMES)
def test_every_error_of_one_or_two_bits_is_refused(name: str) -> None:
    """Of all single bits and all pairs of bits, none leaves anything that decodes, also where the frame runs into the next one."""
    raw = FRAMES[name]
    found = by_argument(raw, behind(name))

    assert isinstance(decode_frame(raw[:-1]), Frame)
    assert found.looked == bits_of(raw) * (bits_of(raw) + 1) // 2
    assert not found.errors, [flipped(raw, *bits).hex(" ") for bits in sorted(found.errors)[:3]]


@pytest.mark.parametrize("name", SHORT)
@pytest.mark.parametrize("mask", [ALL_BITS, WEAK], ids=["CRC-32C", "a weak CRC"])
def test_argument_finds_what_decoding_each_error_finds(name: str, mask: int) -> None:
    """On short frames the split argument and the decoding of every error agree, also where a weak CRC lets many pass."""
    slow, quick = by_brute_force(FRAMES[name], behind(name), mask), by_argument(FRAMES[name], behind(name), mask)

    assert quick.errors == slow.errors
    assert quick.looked == slow.looked == slow.decoded > quick.decoded
    assert bool(slow.errors) == (mask == WEAK)


@pytest.mark.parametrize("name", FRAMES)
def test_error_in_the_end_of_one_frame_and_in_the_next_is_refused(name: str) -> None:
    """A frame whose zero is lost and the next one, with one more bit wrong in it, are no frame together."""
    raw, other = FRAMES[name], FRAMES["status"]
    for pair in (raw + other, other + raw):
        first = pair.index(b"\0")
        for bit in range(8):
            lost = flipped(pair, 8 * first + bit)
            assert not any(decoded(flipped(lost, second)) for second in range(8 * first + 8, bits_of(pair)))


def test_longest_frame_is_the_longest() -> None:
    """The frame that stands for the longest has all the bytes there can be."""
    assert len(LONGEST) == ENCODED_BYTES_MAX


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", LONG)
def test_every_error_of_a_long_frame_is_decoded_and_refused(name: str) -> None:
    """The same for long frames without any argument: each error is decoded, some millions of them."""
    assert not by_brute_force(FRAMES[name], behind(name)).errors
