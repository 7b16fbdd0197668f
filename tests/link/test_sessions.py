"""Sessions: one at a time, numbered for life, ended by CLOSE, by time or by a newcomer."""

from __future__ import annotations

import hmac
import struct
from typing import Any

import pytest

from protocol.app import Region
from protocol.codec import encode
from protocol.codes import AlarmClass, Answer, Role, Unit
from protocol.device.cell import COPY, Cell
from protocol.framing import ANSWER, Frame, FrameDecoder, encode_frame
from protocol.limits import SESSION_IDLE_US, SESSION_LIFE_US, U32_MAX
from protocol.mac import SessionKeys
from protocol.message_table import HELLO, MESSAGES, PROTOCOL_MAJOR, PROTOCOL_MINOR, Spec
from protocol.messages import Begin, Cause, Hello, Nothing, Refusal
from protocol.refusals import Field, RefusalCode
from protocol.testing import Pair
from tests.link.raw_host import RawHost


@pytest.fixture
def pair() -> Pair:
    """A new pump and its role."""
    return Pair()


class TestHello:
    def test_tells_identity_and_versions(self, pair: Pair) -> None:
        """The answer names pump and versions and gives the session's number."""
        answer = RawHost(pair).hello().body

        assert (answer.session, answer.major, answer.minor, answer.boot_count) == (1, PROTOCOL_MAJOR, PROTOCOL_MINOR, 1)
        assert (answer.model, answer.serial, answer.firmware) == ("paper", "P-0001", "1.0")

    def test_proves_that_the_pump_has_the_key(self, pair: Pair) -> None:
        """The proof is over all that both ends said, with the proof itself as zeros."""
        answer = RawHost(pair).hello().body
        said = encode(Hello(PROTOCOL_MAJOR, PROTOCOL_MINOR, Role.CLINICIAN, 2, 1, bytes(16))) + encode(answer._replace(proof=bytes(16)))

        assert answer.proof == hmac.digest(b"\x02" * 32, b"pumpsim proof" + said, "sha256")[:16]

    def test_proves_nothing_where_nobody_has_to(self) -> None:
        """Under no-auth the proof is zero."""
        assert RawHost(Pair(security="no-auth")).hello().body.proof == bytes(16)

    @pytest.mark.parametrize("changes", [{"key_id": 1}, {"key_id": 0}, {"key_id": 4}, {"key_id": 9}, {"role": 3}])
    def test_of_a_key_that_is_not_this_roles_is_turned_away(self, pair: Pair, changes: dict[str, Any]) -> None:
        """An id without a key, and another role's, open nothing, and it is not told which of the two it was."""
        assert RawHost(pair).hello(**changes) == (Answer.NOT_AUTHENTICATED, Nothing())

    def test_same_hello_gets_the_same_answer(self, pair: Pair) -> None:
        """A retransmitted HELLO opens nothing new."""
        host = RawHost(pair)

        assert host.hello() == host.hello()

    def test_new_hello_replaces_the_session(self, host: RawHost, pair: Pair) -> None:
        """The newcomer's session works and the old one does not."""
        newcomer = RawHost(pair, programmer_id=2)

        assert newcomer.hello().body.session == 2
        assert newcomer.ask("STATUS").answer is Answer.OK
        assert host.ask("STATUS").answer is Answer.NOT_AUTHENTICATED

    def test_new_hello_changes_nothing_until_its_first_right_mac(self, host: RawHost, pair: Pair) -> None:
        """Who only says HELLO, or signs with a key of his own, ends nobody's session."""
        assert host.ask("STATUS").answer is Answer.OK
        stranger = RawHost(pair, programmer_id=2)
        stranger.hello()
        stranger.keys = SessionKeys(bytes(32), bytes(32), "P-0001")

        assert host.ask("STATUS").answer is Answer.OK
        assert stranger.ask("STATUS").answer is Answer.NOT_AUTHENTICATED
        assert host.ask("STATUS").answer is Answer.OK

    @pytest.mark.parametrize(
        "changes,refusal",
        [
            pytest.param({"major": 2}, (RefusalCode.UNKNOWN_VERSION, Field.VERSION, 0, 2, 1, Unit.NONE), id="major version"),
            pytest.param({"role": 0}, (RefusalCode.UNKNOWN_ROLE, Field.ROLE, 0, 0, 4, Unit.NONE), id="no role"),
            pytest.param({"role": 9}, (RefusalCode.UNKNOWN_ROLE, Field.ROLE, 0, 9, 4, Unit.NONE), id="unknown role"),
            pytest.param({"role": 4}, (RefusalCode.NO_MAGNET, Field.ROLE, 0, 4, 0, Unit.NONE), id="provisioner without a magnet"),
        ],
    )
    def test_is_refused_with_a_code(self, pair: Pair, changes: dict[str, Any], refusal: tuple[int, ...]) -> None:
        """What the pump does not know is refused with field, value and limit."""
        reply = RawHost(pair).hello(**changes)

        assert reply == (Answer.REFUSED, Refusal(*refusal))

    def test_of_another_minor_version_is_accepted(self, pair: Pair) -> None:
        """A minor version breaks nothing."""
        assert RawHost(pair).hello(minor=7).answer is Answer.OK

    @pytest.mark.parametrize("session,sequence", [(1, 0), (0, 1)])
    def test_outside_session_zero_is_refused(self, pair: Pair, session: int, sequence: int) -> None:
        """A HELLO carries no session and no sequence number."""
        body = encode(Hello(1, 0, 2, 0, 1, bytes(16)))

        assert RawHost(pair).send(Frame(HELLO, session, sequence, body)).body.code == RefusalCode.MALFORMED

    @pytest.mark.parametrize("size", [0, 27, 29])
    def test_of_a_wrong_length_is_refused(self, pair: Pair, size: int) -> None:
        """The refusal says which length was due."""
        reply = RawHost(pair).send(Frame(HELLO, 0, 0, bytes(size)))

        assert reply.body == Refusal(RefusalCode.LENGTH, Field.LENGTH, 0, size, 28, Unit.BYTES)


class TestNumber:
    def test_is_stored_before_it_is_used(self, pair: Pair) -> None:
        """However many sessions and power cuts, no number comes twice."""
        seen = []
        for cut in range(1, 40):
            pair.pump.cut_at_byte = pair.pump.written_bytes + cut
            host = RawHost(pair, programmer_id=cut)
            try:
                seen.append(host.hello().body.session)
                host.ask("CLOSE")
            except AssertionError:  # no answer: the power went
                continue

        assert pair.link.power_cuts
        assert seen == sorted(set(seen))

    def test_survives_one_torn_copy(self, pair: Pair) -> None:
        """The count goes on from the copy that is whole."""
        for nonce in range(3):
            RawHost(pair).hello(bytes([nonce]) * 16)
        memory = pair.pump.memory[Region.SESSION]
        memory[COPY.size] ^= 1

        assert RawHost(pair).hello(bytes([9]) * 16).body.session == 4

    def test_never_wraps(self, pair: Pair) -> None:
        """After the last number there are no more sessions."""
        Cell(pair.pump, Region.SESSION).store(U32_MAX)
        reply = RawHost(pair).hello()

        assert reply.body == Refusal(RefusalCode.RANGE, Field.NONE, 0, U32_MAX + 1, U32_MAX, Unit.COUNT)


class TestWithoutSession:
    @pytest.mark.parametrize("spec", [spec for spec in MESSAGES if spec.opcode != HELLO], ids=lambda spec: spec.name)
    def test_nothing_works(self, pair: Pair, spec: Spec) -> None:
        """Every request but HELLO needs a session."""
        reply = RawHost(pair).send(Frame(spec.opcode, 0, 1, b""))

        assert reply == (Answer.NOT_AUTHENTICATED, Nothing())

    def test_a_wrong_number_does_not_work(self, host: RawHost) -> None:
        """The session's number must fit."""
        host.session += 1

        assert host.ask("STATUS").answer is Answer.NOT_AUTHENTICATED

    def test_no_mac_and_a_wrong_one_are_not_admitted(self, host: RawHost, pair: Pair) -> None:
        """Without its right MAC a frame belongs to no session, and uses nothing up."""
        frame = Frame(0x10, host.session, 1, b"")
        assert host.keys is not None
        right, host.keys = host.keys, None
        wrong = bytes((right.mac(frame)[0] ^ 1,)) + right.mac(frame)[1:]

        assert host.send(frame).answer is Answer.NOT_AUTHENTICATED
        assert host.send(frame._replace(mac=wrong)).answer is Answer.NOT_AUTHENTICATED
        assert host.send(right.signed(frame)).answer is Answer.OK

    def test_a_mac_that_cannot_be_checked_is_not_admitted(self) -> None:
        """Where nothing is proved, a MAC counts as no proof either."""
        host = RawHost(Pair(security="no-auth"))
        host.hello()

        assert host.send(Frame(0x10, host.session, 1, b"", 0, bytes(8))).answer is Answer.NOT_AUTHENTICATED


class TestEnd:
    def test_close_ends_it(self, host: RawHost) -> None:
        """After CLOSE the number is worth nothing."""
        assert host.ask("CLOSE").answer is Answer.OK
        assert host.ask("STATUS").answer is Answer.NOT_AUTHENTICATED

    def test_malformed_close_does_not(self, host: RawHost) -> None:
        """A CLOSE that is refused closes nothing."""
        assert host.ask_raw(0x02, b"x").answer is Answer.REFUSED
        assert host.ask("STATUS").answer is Answer.OK

    def test_idle_time_ends_it(self, host: RawHost, pair: Pair) -> None:
        """Ten minutes of silence end a session, and not one microsecond less."""
        pair.pump.advance(SESSION_IDLE_US - 1)
        assert host.ask("STATUS").answer is Answer.OK

        assert pair.role.next_deadline() == pair.pump.time_us + SESSION_IDLE_US
        pair.pump.advance(SESSION_IDLE_US)
        assert host.ask("STATUS").answer is Answer.NOT_AUTHENTICATED

    def test_an_hour_ends_it_however_busy(self, host: RawHost, pair: Pair) -> None:
        """No session lives longer than its life."""
        for _ in range(7):
            pair.pump.advance(SESSION_LIFE_US // 8)
            assert host.ask("STATUS").answer is Answer.OK
        assert pair.role.next_deadline() == SESSION_LIFE_US
        pair.pump.advance(SESSION_LIFE_US // 8)

        assert host.ask("STATUS").answer is Answer.NOT_AUTHENTICATED

    def test_last_sequence_number_ends_it(self, host: RawHost, pair: Pair) -> None:
        """The request with the last number is answered, and then the session is over."""
        host.ask("ALARM_TEST")
        saved = pair.role.save()
        late = saved.replace(struct.pack("<IHHHB", 1, 0x42, 0, 1, 0), struct.pack("<IHHHB", U32_MAX - 1, 0x42, 0, 1, 0))
        assert late != saved
        pair.role.restore(late)
        host.sequence = U32_MAX - 1

        assert host.ask("STATUS").answer is Answer.OK
        assert host.send(Frame(0x10, host.session, U32_MAX, b"")).answer is Answer.NOT_AUTHENTICATED

    def test_reset_ends_it(self, host: RawHost, pair: Pair) -> None:
        """A reboot forgets the session and the line error count."""
        pair.link.carry(b"junk\0")
        pair.role.reset()

        assert pair.role.line_errors == 0
        assert pair.role.next_deadline() is None
        assert host.ask("STATUS").answer is Answer.NOT_AUTHENTICATED


class TestSilences:
    @pytest.fixture
    def silenced(self, host: RawHost, pair: Pair) -> Pair:
        """A pump with one alarm, muted by the open session."""
        pair.pump.alarms[2] = AlarmClass.CRITICAL
        assert host.ask("SILENCE", Cause(2)).answer is Answer.OK
        assert pair.pump.silenced == {2}
        return pair

    def test_outlive_close(self, silenced: Pair, host: RawHost) -> None:
        """CLOSE keeps what was muted."""
        host.ask("CLOSE")
        silenced.pump.advance(SESSION_LIFE_US)
        silenced.role.on_time()

        assert silenced.pump.silenced == {2}

    def test_outlive_a_new_session_of_the_same_programmer(self, silenced: Pair) -> None:
        """The same programmer coming back keeps what it muted."""
        again = RawHost(silenced)
        again.hello(b"n" * 16)
        again.ask("STATUS")

        assert silenced.pump.silenced == {2}

    @pytest.mark.pump_requirement("AL-10")
    def test_end_with_a_lost_session(self, silenced: Pair) -> None:
        """A session that times out is lost, and what it muted sounds again."""
        silenced.pump.advance(SESSION_IDLE_US)
        silenced.role.on_time()

        assert silenced.pump.silenced == set()

    def test_end_when_another_programmer_takes_over(self, silenced: Pair) -> None:
        """A session that was pushed out was not closed; it is pushed out by the other's first right MAC, not by a HELLO."""
        other = RawHost(silenced, programmer_id=2)
        other.hello()
        assert silenced.pump.silenced == {2}
        other.ask("STATUS")

        assert silenced.pump.silenced == set()


class TestRoles:
    @pytest.mark.parametrize("role", [Role.PATIENT, Role.CLINICIAN, Role.SERVICE, Role.PROVISIONER])
    @pytest.mark.parametrize("spec", [spec for spec in MESSAGES if spec.opcode != HELLO], ids=lambda spec: spec.name)
    def test_table_decides_who_may(self, pair: Pair, spec: Spec, role: Role) -> None:
        """A role that the message table does not name is answered NOT_AUTHORISED, whatever the body."""
        pair.pump.magnet_held = True
        host = RawHost(pair, role=role)
        host.hello()
        reply = host.ask_raw(spec.opcode, b"")

        assert (reply.answer is Answer.NOT_AUTHORISED) == (role not in spec.roles)

    def test_patient_sees_condition_and_counters_only(self, pair: Pair) -> None:
        """The short interrogation has two parts, and completing them counts as one."""
        host = RawHost(pair, role=Role.PATIENT)
        host.hello()
        answers = [host.ask_raw(0x11, bytes((part, 0, 0))).answer for part in range(4)]

        assert answers == [Answer.NOT_AUTHORISED, Answer.NOT_AUTHORISED, Answer.OK, Answer.OK]
        assert pair.pump.interrogations == 1

    def test_patient_acknowledges_non_critical_alarms_only(self, pair: Pair) -> None:
        """A critical alarm is for a clinician to acknowledge."""
        pair.pump.alarms = {1: AlarmClass.CRITICAL, 2: AlarmClass.NON_CRITICAL}
        patient, clinician = RawHost(pair, 5, Role.PATIENT), RawHost(pair)
        patient.hello()

        assert patient.ask("ACK", Cause(1)).answer is Answer.NOT_AUTHORISED
        assert patient.ask("ACK", Cause(2)).answer is Answer.OK
        clinician.hello()
        assert clinician.ask("ACK", Cause(1)).answer is Answer.OK

    def test_refusals_in_a_session_are_journalled(self, pair: Pair) -> None:
        """What a role may not do is noted with its answer."""
        host = RawHost(pair, role=Role.SERVICE)
        host.hello()
        host.ask("BEGIN", Begin(0, 0))

        assert [(note.opcode, note.answer) for note in pair.pump.journal] == [(0x20, Answer.NOT_AUTHORISED)]


class TestStrangers:
    def test_unknown_opcode_is_unsupported(self, host: RawHost) -> None:
        """An opcode that nobody knows is answered by name, and its number is used up."""
        assert host.ask_raw(0x7777, b"abc") == (Answer.UNSUPPORTED, Nothing())
        assert host.ask("STATUS").answer is Answer.OK

    def test_frame_of_another_version_is_refused(self, host: RawHost) -> None:
        """A frame that decodes is answered even if its version is unknown, and uses nothing up."""
        reply = host.send(Frame(0x10, host.session, 1, b"", version=2))

        assert reply.body == Refusal(RefusalCode.UNKNOWN_VERSION, Field.VERSION, 0, 2, 1, Unit.NONE)
        assert host.ask("STATUS").answer is Answer.OK

    def test_answers_are_counted_and_never_answered(self, host: RawHost, pair: Pair) -> None:
        """A line that echoes falls silent at once."""
        echo = encode_frame(Frame(0x10, host.session, 1, b"\0", ANSWER))

        assert pair.link.carry(echo) == b""
        assert pair.role.line_errors == 1

    def test_several_requests_in_one_piece_are_all_answered(self, host: RawHost, pair: Pair) -> None:
        """Each of several frames that come together gets its answer."""
        sent = b"".join(host.sealed(Frame(0x10, host.session, number, b"")) for number in (1, 2, 3))
        answers = FrameDecoder().feed(pair.link.carry(sent))

        told = [(item.sequence, item.body[0]) for item in answers if isinstance(item, Frame)]
        assert told == [(1, Answer.OK), (2, Answer.OK), (3, Answer.OK)]
