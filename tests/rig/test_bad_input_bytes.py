"""Bytes that are no frame: no answer, counted, the pump untouched, and a good client works at once."""

from __future__ import annotations

import random

import pytest
from cobs import cobs

from protocol.codes import Mode
from protocol.crc import crc32c
from protocol.errors import BadAnswer
from protocol.framing import HEADER, Frame, FrameDecoder, encode_frame
from protocol.limits import ENCODED_BYTES_MAX
from protocol.message_table import BY_NAME
from tests.link.bedside import NEW, OLD, Bedside

MEGABYTE = 1_000_000
GOOD = encode_frame(Frame(BY_NAME["STOP"].opcode, 1, 3, b""))


def flipped(data: bytes, bit: int) -> bytes:
    """One bit turned around."""
    bent = bytearray(data)
    bent[bit // 8] ^= 1 << bit % 8
    return bytes(bent)


def decoded_frames(data: bytes) -> int:
    """How many good frames lie in some bytes, by a decoder of the test's own."""
    return sum(isinstance(item, Frame) for item in FrameDecoder().feed(data))


def test_a_megabyte_of_noise_is_counted_and_harms_nothing(seed: int) -> None:
    """Random bytes in pieces of any size: no answer, no change but the error count, and an update works straight after."""
    bedside = Bedside.running()
    noise = random.Random(seed).randbytes(MEGABYTE)
    digest, answers, at = bedside.unit.digest(), b"", 0
    sizes = random.Random(seed + 1)
    while at < len(noise):
        size = sizes.randint(1, 4096)
        answers += bedside.carry(noise[at : at + size])
        at += size
    runs = sum(1 for run in noise.split(b"\0")[:-1] if run)

    assert decoded_frames(noise) == 0
    assert answers == b""
    assert bedside.unit.digest() == digest
    programmer = bedside.programmer()
    assert runs <= programmer.status().line_errors <= runs + 1
    assert programmer.update(NEW).mode == Mode.FLEX


def test_a_megabyte_without_a_zero_is_one_error_and_takes_no_memory() -> None:
    """A run without end is told once, and the next frame after its zero is heard."""
    bedside = Bedside.running()
    for _ in range(MEGABYTE // 1000):
        assert bedside.carry(b"\x55" * 1000) == b""

    assert bedside.programmer().status().line_errors == 1
    assert len(bedside.unit.role.save()) < 4 * ENCODED_BYTES_MAX


def test_zero_bytes_are_silence() -> None:
    """Any number of zeros is neither a frame nor an error."""
    bedside = Bedside.running()

    assert bedside.carry(bytes(100_000)) == b""
    assert bedside.programmer().status().line_errors == 0


@pytest.mark.parametrize("size", [540, 541, 544, 545, 600, 5_000])
def test_frame_too_long_is_dropped_to_its_zero(size: int) -> None:
    """Past the longest encoded frame the decoder drops to the next zero, counts one error and is in step again."""
    bedside = Bedside.running()

    assert bedside.carry(b"\x11" * size + b"\0") == b""
    assert bedside.programmer().status().line_errors == 1


@pytest.mark.parametrize("length", range(1, len(GOOD) - 1))
def test_truncated_frame_gets_no_answer(length: int) -> None:
    """A frame that breaks off after any byte and ends there is counted and never answered; the pump does not stop."""
    bedside = Bedside.running()

    assert bedside.carry(GOOD[:length] + b"\0") == b""
    status, _ = bedside.look()
    assert (status.mode, status.line_errors) == (Mode.FLEX, 1)


def test_frame_broken_off_by_a_pause_is_counted_when_the_pause_is_over() -> None:
    """Half a frame is given up after 50 ms of the device's clock, and the rest of it is an error of its own."""
    bedside = Bedside.running()
    bedside.carry(GOOD[:10])
    bedside.advance(us=60_000)

    assert bedside.carry(GOOD[10:]) == b""
    assert bedside.look()[0].line_errors == 2


def test_no_single_bit_error_stops_a_pump() -> None:
    """A STOP in a live session with any one bit wrong is not carried out; where it still is a frame it is answered, not obeyed."""
    bedside = Bedside.running()
    programmer = bedside.programmer()
    sent = len(bedside.heard)
    programmer.stop()
    stop = bedside.heard[sent]
    for bit in range(8 * (len(stop) - 1)):
        fresh = Bedside.running()
        fresh.programmer()
        fresh.carry(flipped(stop, bit))
        assert fresh.unit.pump.status().mode == "flex", f"bit {bit}"


def test_answers_are_never_answered() -> None:
    """A line that echoes what the pump says falls silent: an answer frame is counted and dropped."""
    bedside = Bedside.running()
    bedside.programmer()
    answer = bedside.unit.receive(encode_frame(Frame(BY_NAME["STATUS"].opcode, 99, 1, b"")))

    assert answer
    assert bedside.carry(answer) == b""


def test_client_says_in_one_line_what_it_sent_and_what_came_back() -> None:
    """Answers that are noise end in BadAnswer after the resends: the request, its numbers, and the size of what came."""
    bedside = Bedside.running()
    programmer = bedside.programmer()
    bedside.to_host.extend([lambda data: b"\x07" * len(data) + b"\0"] * 4)

    with pytest.raises(BadAnswer) as bad:
        programmer.status()

    said = str(bad.value)
    assert "STATUS" in said
    assert "no frame" in said
    assert "\n" not in said
    assert programmer.interrogate().therapy == OLD


def handmade(length: int, zero: int = 0, flags: int = 0) -> bytes:
    """A STOP frame with a right CRC around a header of one's own."""
    raw = HEADER.pack(1, flags, BY_NAME["STOP"].opcode, 1, 3, length, zero)
    return bytes(cobs.encode(raw + crc32c(raw).to_bytes(4, "little"))) + b"\0"


@pytest.mark.parametrize(
    "frame",
    [handmade(1), handmade(512), handmade(0xFFFF), handmade(0, zero=1), handmade(0, flags=4), handmade(0, flags=2)],
    ids=["length 1", "length 512", "length 65535", "reserved field", "reserved flag", "flag of a MAC that is not there"],
)
def test_header_that_does_not_fit_gets_no_answer_though_its_crc_does(frame: bytes) -> None:
    """A length that is not the body's, or a reserved bit, makes it no frame: counted, never answered, not obeyed."""
    bedside = Bedside.running()

    assert bedside.carry(frame) == b""
    status, _ = bedside.look()
    assert (status.mode, status.line_errors) == (Mode.FLEX, 1)
