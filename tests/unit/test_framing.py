"""Frames: what goes in comes out, and nothing else comes out."""

from __future__ import annotations

import random
from itertools import combinations

import pytest
from cobs import cobs
from hypothesis import given
from hypothesis import strategies as st

from protocol.crc import crc32c
from protocol.errors import FrameTooLong
from protocol.framing import ANSWER, Bad, BadReason, Frame, FrameDecoder, decode_frame, encode_frame
from protocol.limits import DECODED_BYTES_MAX, ENCODED_BYTES_MAX, PAYLOAD_BYTES_MAX
from tests.golden.frames import frames, stored

U16, U32 = st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF)
FRAMES = st.builds(
    Frame,
    opcode=U16,
    session=U32,
    sequence=U32,
    body=st.binary(max_size=PAYLOAD_BYTES_MAX) | st.integers(0, PAYLOAD_BYTES_MAX).map(bytes),
    flags=st.sampled_from([0, ANSWER]),
    mac=st.just(b"") | st.binary(min_size=8, max_size=8),
    version=st.integers(0, 255),
)
SHORT = [name for name, raw in frames().items() if len(raw) <= 64]


def bitwise_crc32c(data: bytes) -> int:
    """CRC-32C from its definition, one bit at a time."""
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0x82F63B78 if register & 1 else 0)
    return register ^ 0xFFFFFFFF


def by_bytes(decoder: FrameDecoder, data: bytes) -> list[Frame | Bad]:
    """Feed one byte at a time."""
    return [item for at in range(len(data)) for item in decoder.feed(data[at : at + 1])]


def sealed(raw: bytes) -> bytes:
    """A COBS run of any content with a right CRC."""
    run: bytes = cobs.encode(raw + crc32c(raw).to_bytes(4, "little"))
    return run


class TestCrc:
    def test_has_the_published_check_value(self) -> None:
        """The checksum is CRC-32C as others compute it."""
        assert crc32c(b"123456789") == 0xE3069283

    @given(st.binary(max_size=64))
    def test_agrees_with_the_definition(self, data: bytes) -> None:
        """Any data has the checksum that the polynomial gives it bit by bit."""
        assert crc32c(data) == bitwise_crc32c(data)


class TestRoundTrip:
    @given(FRAMES)
    def test_decodes_what_was_encoded(self, frame: Frame) -> None:
        """Every frame comes back equal, and one byte at a time gives the same."""
        raw = encode_frame(frame)

        assert FrameDecoder().feed(raw) == [frame]
        assert by_bytes(FrameDecoder(), raw) == [frame]

    @given(FRAMES)
    def test_stays_inside_the_limits(self, frame: Frame) -> None:
        """No frame is longer than the limits say, and its only zero ends it."""
        raw = encode_frame(frame)

        assert len(raw) <= ENCODED_BYTES_MAX
        assert len(cobs.decode(raw[:-1])) <= DECODED_BYTES_MAX
        assert raw.index(0) == len(raw) - 1

    @given(st.lists(FRAMES, max_size=4), st.data())
    def test_does_not_mind_how_bytes_are_cut(self, sent: list[Frame], data: st.DataObject) -> None:
        """Several frames in pieces of any size come out in order."""
        raw = b"".join(map(encode_frame, sent))
        decoder = FrameDecoder()
        found: list[Frame | Bad] = []
        while raw:
            size = data.draw(st.integers(1, len(raw)))
            found += decoder.feed(raw[:size])
            raw = raw[size:]

        assert found == sent

    def test_longest_frame_fits(self) -> None:
        """A full payload with a MAC reaches the limits and not beyond."""
        frame = Frame(0xFFFF, 1, 1, b"\xff" * PAYLOAD_BYTES_MAX, ANSWER, b"\xff" * 8)
        raw = encode_frame(frame)

        assert len(cobs.decode(raw[:-1])) == DECODED_BYTES_MAX
        assert decode_frame(raw[:-1]) == frame

    def test_refuses_a_payload_above_the_limit(self) -> None:
        """A payload that is one byte too long is not sent."""
        with pytest.raises(FrameTooLong, match="513 bytes, at most 512"):
            encode_frame(Frame(1, 1, 1, bytes(PAYLOAD_BYTES_MAX + 1)))


class TestGolden:
    def test_bytes_are_those_on_file(self) -> None:
        """What this version sends is what the file says every version sends."""
        assert frames() == stored()

    @pytest.mark.parametrize("name", frames())
    def test_every_single_bit_error_is_refused(self, name: str) -> None:
        """With any one bit turned, no frame comes out."""
        raw = stored()[name]

        for bit in range(8 * len(raw)):
            bent = bytearray(raw)
            bent[bit // 8] ^= 1 << bit % 8
            assert not [item for item in FrameDecoder().feed(bytes(bent)) if isinstance(item, Frame)], bit

    @pytest.mark.parametrize("name", SHORT)
    def test_every_double_bit_error_is_refused(self, name: str) -> None:
        """With any two bits turned, no frame comes out."""
        raw = stored()[name]
        number = int.from_bytes(raw, "little")

        for one, two in combinations(range(8 * len(raw)), 2):
            bent = (number ^ 1 << one ^ 1 << two).to_bytes(len(raw), "little")
            assert not any(isinstance(decode_frame(run), Frame) for run in bent.split(b"\0") if run), (one, two)

    @pytest.mark.parametrize("name", frames())
    def test_every_truncation_is_refused(self, name: str) -> None:
        """A frame cut anywhere and ended there is no frame."""
        raw = stored()[name]

        for end in range(1, len(raw) - 1):
            assert isinstance(decode_frame(raw[:end]), Bad)


class TestBad:
    @pytest.mark.parametrize(
        "run,reason",
        [
            pytest.param(b"\x05abc", BadReason.COBS, id="a count beyond the end"),
            pytest.param(b"\x04abc", BadReason.TOO_SHORT, id="three bytes"),
            pytest.param(sealed(bytes(15)), BadReason.TOO_SHORT, id="one byte less than a header"),
            pytest.param(cobs.encode(bytes(20)), BadReason.CRC, id="a wrong CRC"),
            pytest.param(sealed(b"\1\4" + bytes(14)), BadReason.HEADER, id="an unknown flag"),
            pytest.param(sealed(b"\1" + bytes(14) + b"\1"), BadReason.HEADER, id="the reserved field set"),
            pytest.param(sealed(b"\1" + bytes(11) + b"\1\0\0\0"), BadReason.LENGTH, id="a length without its byte"),
            pytest.param(sealed(b"\1" + bytes(16)), BadReason.LENGTH, id="a byte without its length"),
            pytest.param(sealed(b"\1\2" + bytes(14)), BadReason.LENGTH, id="a flagged MAC that is not there"),
            pytest.param(b"\xff" * ENCODED_BYTES_MAX, BadReason.TOO_LONG, id="a run above the limit"),
            pytest.param(b"\x01" * (ENCODED_BYTES_MAX - 1), BadReason.TOO_LONG, id="zeros that decode above the limit"),
        ],
    )
    def test_says_why_a_run_is_no_frame(self, run: bytes, reason: BadReason) -> None:
        """Each way of being wrong has its name and comes out once."""
        item = decode_frame(run)

        assert isinstance(item, Bad)
        assert item.reason is reason

    def test_ignores_empty_runs(self) -> None:
        """Zeros between frames are no frames and no errors."""
        assert FrameDecoder().feed(b"\0\0\0") == []

    @pytest.mark.parametrize("piece", [1, 7, 600, 5000])
    def test_tells_a_run_without_end_once_and_goes_on_at_the_next_zero(self, piece: int) -> None:
        """However long the noise, it is one error, and the frame behind its zero is read."""
        frame = Frame(1, 2, 3, b"x")
        data = b"\xaa" * 5000 + b"\0" + encode_frame(frame)
        decoder = FrameDecoder()
        found = [item for at in range(0, len(data), piece) for item in decoder.feed(data[at : at + piece])]

        assert [type(item) for item in found] == [Bad, Frame]
        assert found[1] == frame

    @given(st.binary(max_size=3000))
    def test_holds_no_more_than_one_frame(self, data: bytes) -> None:
        """Whatever comes, what is kept is bounded and nothing is raised."""
        decoder = FrameDecoder()
        decoder.feed(data)
        rest, _ = decoder.state

        assert len(rest) < ENCODED_BYTES_MAX

    def test_a_megabyte_of_noise_yields_nothing(self, seed: int) -> None:
        """Random bytes make no frame, and a frame after them is read."""
        noise = random.Random(seed).randbytes(1 << 20)
        frame = Frame(9, 9, 9, b"")
        decoder = FrameDecoder()

        assert not [item for item in decoder.feed(noise) if isinstance(item, Frame)]
        assert decoder.feed(b"\0" + encode_frame(frame))[-1] == frame


class TestBreakOff:
    def test_drops_half_a_frame(self) -> None:
        """What was begun is one error, and the next frame needs no zero before it."""
        frame = Frame(1, 2, 3, b"abc")
        raw = encode_frame(frame)
        decoder = FrameDecoder()
        decoder.feed(raw[:9])

        assert decoder.break_off() == [Bad(BadReason.PAUSE, 9)]
        assert not decoder.pending
        assert decoder.feed(raw) == [frame]

    def test_tells_nothing_twice(self) -> None:
        """A run that was told as too long is not told again, and nothing begun is nothing to tell."""
        decoder = FrameDecoder()
        decoder.feed(b"\xaa" * 1000)

        assert decoder.pending
        assert decoder.break_off() == []
        assert decoder.break_off() == []

    def test_goes_on_from_saved_state(self) -> None:
        """A new decoder made from another's state finishes the frame."""
        frame = Frame(1, 2, 3, b"abc")
        raw = encode_frame(frame)
        decoder = FrameDecoder()
        decoder.feed(raw[:5])

        assert FrameDecoder(*decoder.state).feed(raw[5:]) == [frame]
