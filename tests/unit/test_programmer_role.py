"""The programmer's end without a wire: what it sends, what it takes as an answer, and when it gives up."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from protocol.answers import failed, ok
from protocol.codes import Answer, Role
from protocol.device import DeviceRole
from protocol.errors import BadAnswer, DeviceAnswer, NoAnswer, PortBusy, Refused, Unproved
from protocol.framing import ANSWER, MAC_BYTES, Frame, FrameDecoder, encode_frame
from protocol.key_file import key_for
from protocol.limits import U32_MAX
from protocol.messages import Expected, HelloAnswer, Nothing, Refusal, SetClock
from protocol.paper_pump import PaperPump
from protocol.programmer import Answered, ProgrammerRole
from protocol.testing import TEST_KEYS, Pair
from protocol.transport.tcp import port_busy_frame

STATUS = 0x10
HELLO = 0x01
NONCE = bytes(16)


def frame_of(raw: bytes) -> Frame:
    """The one frame in some bytes."""
    (item,) = FrameDecoder().feed(raw)
    assert isinstance(item, Frame)
    return item


def answer_to(raw: bytes, body: bytes) -> bytes:
    """An answer to a request, as a pump would send it."""
    return encode_frame(frame_of(raw)._replace(body=body, flags=ANSWER))


def opened(session: int = 5) -> bytes:
    """The body of an OK to HELLO."""
    return ok(HelloAnswer(session, 1, 0, 1, NONCE, bytes(16), "m", "s", "f"))


@pytest.fixture
def role() -> ProgrammerRole:
    """A role with session 5 open."""
    role = ProgrammerRole(1, Role.CLINICIAN, retries=2, nonce=NONCE)
    assert role.receive(answer_to(role.hello(), opened())) == Answered(Answer.OK, role.hello_answer, resent=False)
    return role


class TestRequests:
    def test_are_numbered_from_one(self, role: ProgrammerRole) -> None:
        """Each request has the session's number and the next sequence number."""
        first = frame_of(role.request("STATUS"))
        role.receive(answer_to(role.request("STATUS"), b"\x0b"))
        third = frame_of(role.request("STATUS"))

        assert (first.session, first.sequence, third.sequence) == (5, 1, 3)

    def test_without_a_session_open_one_first(self) -> None:
        """The first request of all is preceded by a HELLO."""
        role = ProgrammerRole(1, Role.CLINICIAN)
        hello = role.request("STATUS")
        behind = role.receive(answer_to(hello, opened()))

        assert frame_of(hello).opcode == HELLO
        assert isinstance(behind, bytes)
        assert frame_of(behind)[:3] == (STATUS, 5, 1)

    def test_draw_a_nonce_of_their_own(self) -> None:
        """Two programmers that are told no nonce do not say the same HELLO."""
        assert ProgrammerRole(1, Role.CLINICIAN).hello() != ProgrammerRole(1, Role.CLINICIAN).hello()

    def test_beyond_the_last_number_open_a_new_session(self, role: ProgrammerRole) -> None:
        """A session whose numbers are used up is left behind."""
        role.sequence = U32_MAX

        assert frame_of(role.request("STATUS")).opcode == HELLO


class TestAnswers:
    def test_of_other_requests_are_passed_over(self, role: ProgrammerRole) -> None:
        """Late answers, requests and noise do not end the exchange."""
        asked = frame_of(role.request("SET_CLOCK", SetClock(1, 2)))
        strangers = [
            asked._replace(flags=ANSWER, sequence=0),
            asked._replace(flags=ANSWER, session=4),
            asked._replace(flags=ANSWER, opcode=STATUS),
            asked,
        ]
        for stranger in strangers:
            assert role.receive(encode_frame(stranger)) is None

        assert role.receive(b"noise\0") is None
        assert role.receive(encode_frame(asked._replace(body=b"\x0b", flags=ANSWER))) == Answered(
            Answer.UNSUPPORTED, Nothing(), resent=False
        )

    def test_in_single_bytes_are_taken_whole(self, role: ProgrammerRole) -> None:
        """However an answer is cut, it ends the exchange with its last byte."""
        raw = answer_to(role.request("STATUS"), b"\x0a")
        steps = [role.receive(raw[at : at + 1]) for at in range(len(raw))]

        assert steps[:-1] == [None] * (len(raw) - 1)
        assert steps[-1] == Answered(Answer.NOT_AUTHORISED, Nothing(), resent=False)

    def test_doubled_are_taken_once(self, role: ProgrammerRole) -> None:
        """A second copy of an answer belongs to nothing."""
        raw = answer_to(role.request("STATUS"), b"\x0a")

        assert role.receive(raw + raw) == Answered(Answer.NOT_AUTHORISED, Nothing(), resent=False)
        assert role.receive(raw) is None

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(b"", id="no answer byte"),
            pytest.param(b"\0short", id="short body"),
            pytest.param(b"\x63", id="unknown code"),
        ],
    )
    def test_that_cannot_be_read_are_told(self, role: ProgrammerRole, body: bytes) -> None:
        """A frame that is right and a body that is not: one line with what was sent and what came."""
        raw = role.request("STATUS")
        with pytest.raises(BadAnswer, match=r"sent STATUS \(22 bytes, session 5, sequence 1\); the answer cannot be read"):
            role.receive(answer_to(raw, body))

    def test_of_a_busy_port_are_told(self) -> None:
        """A server that has a client already says so."""
        role = ProgrammerRole(1, Role.CLINICIAN)
        role.hello()
        with pytest.raises(PortBusy, match="in use by another client"):
            role.receive(port_busy_frame())


class TestResend:
    def test_is_the_same_bytes(self, role: ProgrammerRole) -> None:
        """A resend is a copy, and the answer to it says that there were two."""
        raw = role.request("STATUS")

        assert role.resend() == raw
        assert role.receive(answer_to(raw, b"\x0a")) == Answered(Answer.NOT_AUTHORISED, Nothing(), resent=True)

    def test_ends_with_no_answer(self, role: ProgrammerRole) -> None:
        """After the last copy the error says what was sent and how often."""
        role.request("STATUS")
        role.resend()
        role.resend()
        with pytest.raises(NoAnswer, match=r"sent STATUS \(.*\) 3 times; nothing came back"):
            role.resend()

    @pytest.mark.parametrize(
        "heard,says",
        [
            pytest.param(b"ATZ\r\n", "bytes without an end: 41 54 5a 0d 0a;", id="no zero"),
            pytest.param(b"junk\0", r"4 bytes that are no frame \(not COBS\): 6a 75 6e 6b 00;", id="no frame"),
            pytest.param(encode_frame(Frame(9, 9, 9, b"")), "an answer to something else: ", id="another frame"),
            pytest.param(bytes(range(1, 60)), r"17 18 \.\.\.;", id="much"),
        ],
    )
    def test_ends_with_what_came_instead(self, role: ProgrammerRole, heard: bytes, says: str) -> None:
        """If something came that was no answer, the error shows it."""
        role.raw_request(0x77, b"")
        role.resend()
        role.receive(heard)
        role.resend()
        with pytest.raises(BadAnswer, match=f"sent opcode 0x0077 .* 3 times; last came back .*{says}"):
            role.resend()

    def test_needs_a_request(self) -> None:
        """Nothing asked is nothing to send again."""
        with pytest.raises(AssertionError, match="nothing was asked"):
            ProgrammerRole(1, Role.CLINICIAN).resend()


class TestNewSession:
    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(failed(Answer.NOT_AUTHENTICATED), id="not authenticated"),
            pytest.param(failed(Answer.REPLAY), id="replay"),
            pytest.param(failed(Answer.SEQUENCE_GAP, Expected(9)), id="sequence gap"),
        ],
    )
    def test_is_opened_and_the_request_sent_again(self, role: ProgrammerRole, body: bytes) -> None:
        """A session that no longer fits is replaced, once, and the same body goes out again."""
        raw = role.request("SET_CLOCK", SetClock(4, 5))
        hello = role.receive(answer_to(raw, body))
        assert isinstance(hello, bytes)
        again = role.receive(answer_to(hello, opened(6)))
        assert isinstance(again, bytes)

        assert frame_of(again)._replace(session=5) == frame_of(raw)
        assert frame_of(again).session == 6
        assert role.receive(answer_to(again, body)) == Answered(Answer(body[0]), role_body(body), resent=True)

    def test_that_is_refused_ends_the_exchange(self, role: ProgrammerRole) -> None:
        """If the pump takes no new session, that is the error."""
        refusal = Refusal(18, 22, 0, 1, 2, 0)
        hello = role.receive(answer_to(role.request("STATUS"), failed(Answer.NOT_AUTHENTICATED)))
        assert isinstance(hello, bytes)
        with pytest.raises(Refused, match="HELLO refused: UNKNOWN_VERSION, field VERSION: value 1, limit 2"):
            role.receive(answer_to(hello, failed(Answer.REFUSED, refusal)))

    def test_that_is_not_given_ends_the_exchange(self, role: ProgrammerRole) -> None:
        """Any other answer to the second HELLO is an error too."""
        hello = role.receive(answer_to(role.request("STATUS"), failed(Answer.NOT_AUTHENTICATED)))
        assert isinstance(hello, bytes)
        with pytest.raises(DeviceAnswer, match="HELLO: the pump answers UNSUPPORTED"):
            role.receive(answer_to(hello, failed(Answer.UNSUPPORTED)))

    def test_at_the_start_hands_the_refusal_over(self) -> None:
        """A first HELLO that is refused is an answer like others."""
        role = ProgrammerRole(1, Role.CLINICIAN)
        refusal = Refusal(18, 22, 0, 1, 2, 0)

        assert role.receive(answer_to(role.hello(), failed(Answer.REFUSED, refusal))) == Answered(Answer.REFUSED, refusal, resent=False)

    def test_is_not_opened_for_close(self, role: ProgrammerRole) -> None:
        """A session that is gone needs no closing."""
        raw = role.request("CLOSE")

        assert role.receive(answer_to(raw, failed(Answer.NOT_AUTHENTICATED))) == Answered(Answer.NOT_AUTHENTICATED, Nothing(), resent=False)


def role_body(body: bytes) -> object:
    """The body of an answer that is not OK."""
    return Expected(9) if len(body) > 1 else Nothing()


class TestKeyed:
    @pytest.fixture
    def pair(self) -> Pair:
        """A pump with the test keys."""
        return Pair()

    @pytest.fixture
    def keyed(self) -> ProgrammerRole:
        """A clinician's role with the key for it, and no session."""
        return ProgrammerRole(1, Role.CLINICIAN, key=key_for(TEST_KEYS, Role.CLINICIAN), retries=0, nonce=NONCE)

    def test_both_ends_agree(self, pair: Pair, keyed: ProgrammerRole) -> None:
        """What the programmer role signs, the device role answers, signed too, and the other way round."""
        behind = keyed.receive(pair.role.receive(keyed.request("STATUS")))
        assert isinstance(behind, bytes)
        answer = pair.role.receive(behind)
        step = keyed.receive(answer)

        assert len(frame_of(behind).mac) == len(frame_of(answer).mac) == MAC_BYTES
        assert isinstance(step, Answered)
        assert step.answer is Answer.OK

    def test_pump_that_proves_nothing_is_told(self, keyed: ProgrammerRole) -> None:
        """A proof of zeros, twice: nothing but the HELLO was sent, and that once more."""
        hello = keyed.hello()

        assert keyed.receive(answer_to(hello, opened())) == hello
        with pytest.raises(Unproved, match="does not prove that it has the key: it is another pump, it has another key"):
            keyed.receive(answer_to(hello, opened()))

    def test_late_answer_to_a_predecessor_is_not_believed(self, pair: Pair, keyed: ProgrammerRole) -> None:
        """What the line still held proves another HELLO; the answer to ours opens the session, behind it or after it."""
        hello = keyed.hello()
        late = answer_to(hello, opened())

        assert isinstance(keyed.receive(late + pair.role.receive(hello)), Answered)
        again = keyed.hello()
        assert keyed.receive(late) == again
        assert isinstance(keyed.receive(pair.role.receive(again)), Answered)

    @pytest.mark.parametrize("bend", [lambda mac: b"", lambda mac: bytes(8), lambda mac: bytes((mac[0] ^ 1,)) + mac[1:]])
    def test_answers_without_the_right_mac_are_passed_over(self, pair: Pair, keyed: ProgrammerRole, bend: Callable[[bytes], bytes]) -> None:
        """Unsigned or wrongly signed, an answer counts as none, and the right one is still taken."""
        keyed.receive(pair.role.receive(keyed.hello()))
        answer = frame_of(pair.role.receive(keyed.request("STATUS")))

        assert keyed.receive(encode_frame(answer._replace(mac=bend(answer.mac)))) is None
        with pytest.raises(BadAnswer, match="last came back an answer to something else"):
            keyed.resend()
        assert isinstance(keyed.receive(pair.role.receive(keyed.request("STATUS"))), Answered)

    def test_a_session_that_is_gone_may_be_told_unsigned(self, pair: Pair, keyed: ProgrammerRole) -> None:
        """A pump that forgot its session cannot sign; a new one is opened, and the request goes out again under new keys."""
        keyed.receive(pair.role.receive(keyed.hello()))
        pair.role.reset()
        hello = keyed.receive(pair.role.receive(keyed.request("STATUS")))
        assert isinstance(hello, bytes)
        again = keyed.receive(pair.role.receive(hello))
        assert isinstance(again, bytes)

        assert frame_of(hello).opcode == HELLO
        answered = keyed.receive(pair.role.receive(again))
        assert isinstance(answered, Answered)
        assert (answered.answer, answered.resent) == (Answer.OK, True)


def test_both_roles_agree_without_keys() -> None:
    """Where nobody has to prove anything, the same without MACs."""
    device, programmer = DeviceRole(PaperPump(), security="no-auth"), ProgrammerRole(1, Role.SERVICE)
    step: bytes | Answered | None = programmer.request("STATUS")
    while isinstance(step, bytes):
        assert frame_of(step).mac == b""
        step = programmer.receive(device.receive(step))

    assert step is not None
    assert step.answer is Answer.OK
