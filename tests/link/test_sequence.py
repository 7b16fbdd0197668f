"""Sequence numbers: a retransmission is answered again and done once."""

from __future__ import annotations

import random

import pytest

from protocol.codes import Answer
from protocol.errors import BadImage
from protocol.framing import Frame, FrameDecoder
from protocol.limits import INTER_BYTE_US
from protocol.messages import Bolus, Cause, Expected, Status
from protocol.testing import Pair
from tests.link.raw_host import RawHost

STATUS = 0x10
ALARM_TEST = 0x42


def code_of(raw: bytes) -> int:
    """The Answer byte of the one answer in some bytes."""
    (frame,) = FrameDecoder().feed(raw)
    assert isinstance(frame, Frame)
    return frame.body[0]


def test_retransmission_gets_the_cached_answer(host: RawHost, pair: Pair) -> None:
    """The same bytes again get the same bytes back, and nothing is done again."""
    host.ask("ALARM_TEST")
    notes = len(pair.pump.journal)
    first = host.again()
    pair.pump.advance(1_000_000)

    assert host.again() == first
    assert pair.pump.alarm_tests == 1
    assert len(pair.pump.journal) == notes


def test_cached_answer_is_that_of_the_time(host: RawHost, pair: Pair) -> None:
    """A retransmitted STATUS tells the old state, not the present one."""
    host.ask("STATUS")
    first = host.again()
    pair.pump.advance(1_000_000)

    assert host.again() == first


def test_other_content_under_the_last_number_is_a_replay(host: RawHost) -> None:
    """A number is for one content only, opcode and body."""
    host.ask("STATUS")

    assert host.send(Frame(ALARM_TEST, host.session, 1, b"")).answer is Answer.REPLAY
    assert host.send(Frame(STATUS, host.session, 1, b"x")).answer is Answer.REPLAY


def test_lower_number_is_a_replay(host: RawHost, pair: Pair) -> None:
    """A late copy of an older request is told so and not done."""
    host.ask("ALARM_TEST")
    host.ask("STATUS")

    assert host.send(Frame(ALARM_TEST, host.session, 1, b"")).answer is Answer.REPLAY
    assert host.send(Frame(ALARM_TEST, host.session, 0, b"")).answer is Answer.REPLAY
    assert pair.pump.alarm_tests == 1


def test_number_zero_is_never_a_first_request(host: RawHost) -> None:
    """Requests count from 1."""
    assert host.send(Frame(STATUS, host.session, 0, b"")).answer is Answer.REPLAY


def test_higher_number_is_a_gap(host: RawHost, pair: Pair) -> None:
    """A number too high is told which one is due, and nothing is done."""
    reply = host.send(Frame(ALARM_TEST, host.session, 3, b""))

    assert reply == (Answer.SEQUENCE_GAP, Expected(1))
    assert pair.pump.alarm_tests == 0


@pytest.mark.parametrize(
    "opcode,body,answer",
    [
        pytest.param(0x99, b"", Answer.UNSUPPORTED, id="unsupported"),
        pytest.param(STATUS, b"x", Answer.REFUSED, id="bad length"),
        pytest.param(0x40, b"\x09", Answer.REFUSED, id="refused"),
        pytest.param(0x33, bytes(17), Answer.STALE, id="stale id"),
    ],
)
def test_number_is_used_up_whatever_the_answer(host: RawHost, opcode: int, body: bytes, answer: Answer) -> None:
    """After any answer to a new number the next number is due."""
    assert host.ask_raw(opcode, body).answer is answer
    assert host.send(Frame(STATUS, host.session, 1, b"")).answer is Answer.REPLAY
    assert host.ask("STATUS").answer is Answer.OK


class TestNoise:
    def test_is_counted_and_never_answered(self, host: RawHost, pair: Pair, seed: int) -> None:
        """A megabyte of noise brings no answer, and STATUS tells that it was there."""
        before = pair.role.line_errors

        assert pair.link.carry(random.Random(seed).randbytes(1 << 20) + b"\0") == b""
        assert pair.role.line_errors > before
        assert host.ask("STATUS").body.line_errors == pair.role.line_errors

    def test_before_a_frame_costs_only_itself(self, host: RawHost, pair: Pair) -> None:
        """A zero ends the noise, and the request after it is answered."""
        frame = host.sealed(Frame(STATUS, host.session, 1, b""))

        assert code_of(pair.link.carry(b"\xaa" * 700 + b"\0" + frame)) == Answer.OK
        assert pair.role.line_errors == 1

    def test_pause_in_a_frame_drops_it(self, host: RawHost, pair: Pair) -> None:
        """Half a frame is given up after 50 ms, and the same frame sent whole is answered."""
        frame = host.sealed(Frame(STATUS, host.session, 1, b""))
        pair.link.carry(frame[:10])

        assert pair.role.next_deadline() == pair.pump.time_us + INTER_BYTE_US
        pair.pump.advance(INTER_BYTE_US)
        pair.role.on_time()
        assert pair.role.line_errors == 1
        assert code_of(pair.link.carry(frame)) == Answer.OK

    def test_slow_bytes_within_the_pause_are_one_frame(self, host: RawHost, pair: Pair) -> None:
        """A frame may come one byte at a time, each just in time."""
        frame = host.sealed(Frame(STATUS, host.session, 1, b""))
        answer = b""
        for at in range(len(frame)):
            answer += pair.link.carry(frame[at : at + 1])
            pair.pump.advance(INTER_BYTE_US - 1)

        assert code_of(answer) == Answer.OK
        assert pair.role.line_errors == 0

    def test_count_stays_at_its_limit(self, host: RawHost, pair: Pair) -> None:
        """The count does not start again from zero."""
        pair.role.line_errors = 2**32 - 1
        pair.link.carry(b"junk\0")

        assert host.ask("STATUS").body.line_errors == 2**32 - 1


class TestLengths:
    @pytest.mark.parametrize("extra", [-1, 1])
    def test_every_wrong_body_length_is_refused(self, host: RawHost, pair: Pair, extra: int) -> None:
        """A body one byte off is refused with both lengths, uses no id and starts nothing."""
        size = 17 + extra
        reply = host.ask_raw(0x33, bytes(size))

        assert (reply.body.value, reply.body.limit) == (size, 17)
        assert host.ask("STATUS").body.last_command_id == 2
        assert 0x33 not in [effect.opcode for effect in pair.pump.effects.values()]


class TestSavedRole:
    def test_goes_on_bit_for_bit(self, host: RawHost, pair: Pair) -> None:
        """A role restored in any moment answers as the one that was saved."""
        host.stage(pair.pump.in_force, 1)  # type: ignore[arg-type]  # a running pump has a therapy
        host.ask("SILENCE", Cause(7))
        frame = host.sealed(Frame(STATUS, host.session, host.sequence + 1, b""))
        pair.link.carry(frame[:7])
        other = Pair(pair.pump)
        other.role.restore(pair.role.save())

        assert other.role.save() == pair.role.save()
        assert other.role.next_deadline() == pair.role.next_deadline()
        assert other.link.carry(frame[7:]) == pair.link.carry(frame[7:])
        assert other.role.save() == pair.role.save()

    def test_keeps_the_cached_answer(self, host: RawHost, pair: Pair) -> None:
        """A retransmission after a restore is answered from before it."""
        host.ask("BOLUS", Bolus(3, 1000, 2000, 600, 0))
        first = host.again()
        pair.role.restore(pair.role.save())

        assert host.again() == first

    def test_of_other_bytes_is_refused_and_changes_nothing(self, host: RawHost, pair: Pair) -> None:
        """What is no saved role, or one of another version, is not restored."""
        saved = pair.role.save()
        for junk in (b"", saved[:-1], saved + b"\0", b"\x01" + saved[1:], saved.replace(bytes((1, 2, 2, 2)), bytes((1, 2, 0x77, 2)))):
            with pytest.raises(BadImage):
                pair.role.restore(junk)

        assert pair.role.save() == saved

    def test_of_a_new_pump_is_empty(self) -> None:
        """Nothing begun is nothing to restore."""
        pair = Pair()
        pair.role.restore(pair.role.save())

        assert pair.role.next_deadline() is None


def test_status_reads_as_declared(host: RawHost) -> None:
    """The answer to STATUS is a Status."""
    assert isinstance(host.ask("STATUS").body, Status)
