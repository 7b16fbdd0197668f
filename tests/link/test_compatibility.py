"""One pump serves an older, its own and a newer minor version, and so does one programmer: the lower of the two is spoken."""

from __future__ import annotations

import pytest

from hil.unit import Unit
from protocol import messages as m
from protocol.answers import read_answer
from protocol.codec import encode
from protocol.codes import AlarmClass, Answer, DoseState, Role
from protocol.errors import BadAnswer, Refused, Uncertain, Unsupported
from protocol.framing import Frame, FrameDecoder, decode_frame
from protocol.message_table import BY_NAME, EDITION, MESSAGES, PROTOCOL_MINOR, SPECS, Spec
from protocol.programmer import Answered
from protocol.refusals import Field, RefusalCode
from protocol.testing import Pair
from tests.golden import wire_1_1
from tests.link.bedside import BOLUS_NL, Bedside
from tests.link.editions import (
    AWAKE_S,
    LAMP,
    LEFT_NL,
    NEWER,
    OLDER,
    Cause3,
    NewerPump,
    Status3,
    exchange,
    pair_of,
    programmer_of,
    replace_role,
)
from tests.link.raw_host import RawHost

BOLUS = (50_000, 100_000, 600)
NEW_SINCE_1_1 = [spec for spec in MESSAGES if spec.since > 1]


def answer_body(host: RawHost) -> bytes:
    """The body that came back for the host's last frame, as bytes; that frame is sent again for it."""
    frame = decode_frame(host.again().removesuffix(b"\0"))
    assert isinstance(frame, Frame)
    return frame.body


def bolus_answer(host: RawHost) -> bytes:
    """Ask for a bolus as the first command after `running`; returns the answer's body, whatever version it is of."""
    host.sequence += 1
    host.last = host.sealed(Frame(BY_NAME["BOLUS"].opcode, host.session, host.sequence, encode(m.Bolus(3, *BOLUS, 0))))
    return answer_body(host)


def turned_away(pair: Pair) -> int:
    """What STATUS says of it."""
    host = RawHost(pair)
    host.hello()
    return int(host.ask("STATUS").body.turned_away)


class TestOlderClient:
    def test_programs_and_boluses_a_pump_of_today(self) -> None:
        """Byte for byte what the client of 1.1 sent: every answer is OK and reads as 1.1 has it, and the pump does what was asked."""
        bedside = Bedside(Unit.new("itp-40", seed=1, security="no-auth"))
        bedside.pass_self_test()
        bedside.fill()

        asked = []
        for run in wire_1_1.session():
            for frame in FrameDecoder().feed(bedside.carry(run)):
                assert isinstance(frame, Frame)
                assert read_answer(frame.opcode, frame.body, wire_1_1.MINOR).answer is Answer.OK
                asked.append(SPECS[frame.opcode].name)
        bedside.advance(hours=1)

        told = {
            "HELLO",
            "INTERROGATE",
            "REFILL",
            "BEGIN",
            "PUT",
            "SEAL",
            "READBACK",
            "COMMIT",
            "BOLUS",
            "STATUS",
            "LOG",
            "FAULT_LOG",
            "OUTCOME",
        }
        assert told < set(asked)
        assert asked[-1] == "CLOSE"
        assert bedside.unit.pump.status().mode == "flex"
        assert bedside.totals().bolus_nl == BOLUS_NL

    def test_is_turned_away_where_keys_are_wanted(self) -> None:
        """It has none: its HELLO opens nothing on a pump that insists on them."""
        wake, hello = wire_1_1.session()[:2]
        bedside = Bedside()
        answer = decode_frame((bedside.carry(wake) + bedside.carry(hello)).removesuffix(b"\0"))

        assert isinstance(answer, Frame)
        assert answer.body == bytes((Answer.NOT_AUTHENTICATED,))

    @pytest.mark.parametrize("spec", NEW_SINCE_1_1, ids=lambda spec: spec.name)
    def test_does_not_find_newer_messages(self, spec: Spec) -> None:
        """What came after its version is UNSUPPORTED to its session, even in the right role, and the sequence number is used."""
        pair = Pair()
        pair.pump.magnet_held = True
        host = RawHost(pair, role=spec.roles[0])
        host.hello(minor=1)

        assert host.ask_raw(spec.opcode, b"").answer is Answer.UNSUPPORTED
        assert host.ask("CLOSE").answer is Answer.OK

    def test_hears_status_as_it_was(self) -> None:
        """A body ends where its version ends."""
        pair = Pair()
        sizes = []
        for minor in (1, 2, 3, 255):
            host = RawHost(pair)
            host.hello(nonce=bytes([minor]) * 16, minor=minor)
            assert host.ask("STATUS").answer is Answer.OK
            sizes.append(len(answer_body(host)) - 1)

        assert sizes == [97, 101, 101, 101]

    def test_of_the_first_version_is_served_as_1_1_without_its_messages(self) -> None:
        """1.0 knows no FAULT_LOG; its bodies are spoken as 1.1 has them."""
        host = RawHost(Pair())
        host.hello(minor=0)

        assert host.ask("FAULT_LOG", m.Log(0)).answer is Answer.UNSUPPORTED
        assert host.ask("LOG", m.Log(0)).answer is Answer.OK

    def test_keeps_its_version_over_save_and_restore(self) -> None:
        """A restored session speaks as it did."""
        pair = Pair()
        host = RawHost(pair)
        host.hello(minor=1)
        host.ask("STATUS")

        again = Pair(pair.pump)
        again.role.restore(pair.role.save())
        host.pair = again
        host.ask("STATUS")

        assert len(answer_body(host)) == 98


class TestNewerClient:
    def test_reads_what_an_older_pump_tells(self) -> None:
        """It says 1.3, hears 1.2, and what it does not hear has its default."""
        pair, programmer = Pair(), programmer_of(NEWER)
        exchange(pair, programmer, programmer.hello())
        status = exchange(pair, programmer, programmer.request("STATUS")).body

        assert programmer.minor == PROTOCOL_MINOR
        assert isinstance(status, Status3)
        assert (status.boot_count, status.turned_away, status.awake_s) == (1, 0, 0)

    def test_sends_what_an_older_pump_expects(self) -> None:
        """A request is cut where the pump's version ends, also one that has to open the session first."""
        pair, programmer = Pair(), programmer_of(NEWER)
        pair.pump.alarms[2] = AlarmClass.CRITICAL

        answered = exchange(pair, programmer, programmer.request("SILENCE", Cause3(2, 60)))

        assert answered.answer is Answer.OK
        assert pair.pump.silenced == {2}

    def test_does_not_send_what_an_older_pump_does_not_know(self) -> None:
        """It says so in words, before a byte has left, and the session goes on."""
        pair, programmer = Pair(), programmer_of(NEWER)
        exchange(pair, programmer, programmer.hello())
        carried = len(pair.link.carried)

        with pytest.raises(Unsupported, match=r"LAMP: not sent, it came with protocol 1\.3 and the pump speaks 1\.2"):
            programmer.request("LAMP")

        assert len(pair.link.carried) == carried
        assert exchange(pair, programmer, programmer.request("STATUS")).answer is Answer.OK

    def test_finds_out_in_the_session_that_a_request_opens(self) -> None:
        """A first request that the pump turns out to be too old for is not sent after the HELLO."""
        pair, programmer = Pair(), programmer_of(NEWER)
        hello = programmer.request("LAMP")

        with pytest.raises(Unsupported):
            programmer.receive(pair.link.carry(hello))

        assert len(pair.link.carried) == 1

    def test_that_sends_it_all_the_same_is_answered(self) -> None:
        """An opcode that the pump does not know is UNSUPPORTED, noted, and uses its sequence number."""
        pair = Pair()
        host = RawHost(pair)
        host.hello(minor=3)

        assert host.ask_raw(LAMP.opcode, b"\1\2\3").answer is Answer.UNSUPPORTED
        assert pair.pump.journal[-1][:3] == (LAMP.opcode, 0, Answer.UNSUPPORTED)
        assert host.ask("STATUS").answer is Answer.OK

    def test_may_not_make_its_requests_longer_than_the_session_says(self) -> None:
        """Lengths stay strict: a field too many is a wrong length, and so is a HELLO with more in it, whatever minor version it names."""
        pair = Pair()
        host = RawHost(pair)
        longer = encode(m.Hello(1, 3, Role.CLINICIAN, 2, 1, bytes(16))) + b"\0"
        refused = host.send(Frame(BY_NAME["HELLO"].opcode, 0, 0, longer))
        host.hello(minor=3)

        assert (refused.body.code, refused.body.value, refused.body.limit) == (RefusalCode.LENGTH, 29, 28)
        assert host.ask_raw(BY_NAME["SILENCE"].opcode, encode(Cause3(2, 60))).body.code == RefusalCode.LENGTH


class TestNewerPump:
    def test_serves_our_programmer(self) -> None:
        """Our programmer says 1.2 to a pump of 1.3 and notices nothing."""
        pair = pair_of(NEWER, NewerPump()).running()

        with pair.programmer() as programmer:
            known = programmer.interrogate()
            answer = programmer.bolus(*BOLUS)
            status = programmer.status()

        assert programmer.identity_hello.minor == 3
        assert known.therapy is not None
        assert isinstance(answer, m.BolusAnswer)
        assert (type(status), status.last_command_state) == (m.Status, DoseState.EXECUTING)

    def test_tells_a_newer_programmer_more(self) -> None:
        """Between two ends of 1.3 the new fields are heard."""
        pair, programmer = pair_of(NEWER, NewerPump()), programmer_of(NEWER)
        pair.pump.alarms[2] = AlarmClass.CRITICAL

        assert exchange(pair, programmer, programmer.request("STATUS")).body.awake_s == AWAKE_S
        assert exchange(pair, programmer, programmer.request("SILENCE", Cause3(2, 60))).answer is Answer.OK

    def test_may_use_numbers_that_we_do_not_know(self) -> None:
        """A code of a newer pump is carried as its number."""
        pump = NewerPump()
        pump.mode = 200  # type: ignore[assignment]  # a mode that has no name yet
        pump.alarms[30] = AlarmClass.NON_CRITICAL

        with pair_of(NEWER, pump).programmer() as programmer:
            status, (condition, _) = programmer.status(), programmer.interrogate_short()

        assert (status.mode, status.alarms) == (200, 1 << 30)
        assert [alarm.cause for alarm in condition.alarms] == [30]

    def test_refuses_with_numbers_that_we_do_not_know(self) -> None:
        """A refusal of a newer pump is still a refusal, and says its numbers."""
        error = Refused("BOLUS", m.Refusal(900, 901, 0, 5, 6, 200))

        assert str(error) == "BOLUS refused: 900, field 901: value 5 200, limit 6 200"

    def test_outcome_that_we_do_not_know_leaves_a_command_open(self) -> None:
        """A state without a name here settles nothing: no other command goes out."""
        pair = Pair().running()

        with pair.programmer(retries=0) as programmer:
            pair.link.to_host.extend([lambda data: data, lambda data: b""])
            with pytest.raises(Uncertain):
                programmer.bolus(*BOLUS)
            effect = pair.pump.effects[3]
            pair.pump.effects[3] = effect._replace(state=99)  # type: ignore[arg-type]  # a state that has no name yet

            with pytest.raises(Uncertain, match="state 99"):
                programmer.settle()
            assert programmer.open_command_id == 3


class TestOlderPump:
    def test_serves_our_programmer(self) -> None:
        """Our programmer works with a pump of 1.1 and hears no more than that tells."""
        pair = pair_of(OLDER).running()
        RawHost(pair).ask("STATUS")

        with pair.programmer() as programmer:
            programmer.bolus(*BOLUS)
            status = programmer.status()

        assert programmer.identity_hello.minor == 1
        assert (status.last_command_state, status.turned_away) == (DoseState.EXECUTING, 0)

    def test_is_not_asked_for_what_it_does_not_know(self) -> None:
        """Service acts that came with 1.2 are not sent to it."""
        pair = pair_of(OLDER)
        with pair.programmer(role="service") as programmer:
            carried = len(pair.link.carried)
            for act in (programmer.self_test, programmer.service_reset):
                with pytest.raises(Unsupported, match=r"came with protocol 1\.2 and the pump speaks 1\.1"):
                    act()

            assert len(pair.link.carried) == carried
        assert not pair.pump.services


class TestAnswerTable:
    """The answer to a command is kept with every field there was, and told to each session in its own version."""

    @pytest.mark.parametrize("first,second", [(3, 2), (3, 1), (2, 3), (1, 3), (3, 3)])
    def test_repeats_an_answer_in_the_version_of_who_asks(self, first: int, second: int) -> None:
        """The same command from a session of another version gets the same answer, as that version has it; nothing is done twice."""
        pair = pair_of(NEWER, NewerPump()).running()
        bodies = []
        for nonce, minor in enumerate((first, second)):
            host = RawHost(pair)
            host.hello(nonce=bytes([nonce]) * 16, minor=minor)
            bodies.append(bolus_answer(host))

        assert [len(body) for body in bodies] == [17 if minor == 3 else 13 for minor in (first, second)]
        assert bodies[0][:13] == bodies[1][:13]
        assert {body[13:] for body in bodies} <= {b"", LEFT_NL.to_bytes(4, "little")}
        assert [note.opcode for note in pair.pump.journal].count(BY_NAME["BOLUS"].opcode) == 1

    def test_repeats_what_older_firmware_kept(self) -> None:
        """An entry from before an update of the firmware has fewer fields; the others have their default."""
        pair = pair_of(OLDER).running()
        host = RawHost(pair)
        host.hello()
        kept = bolus_answer(host)
        replace_role(pair, NEWER)
        host.hello(nonce=b"\1" * 16, minor=3)

        assert bolus_answer(host) == kept + bytes(4)

    def test_in_one_session_the_very_same_bytes_come_again(self) -> None:
        """A retransmission is answered from the session, which has one version all its life."""
        pair = pair_of(NEWER, NewerPump()).running()
        host = RawHost(pair)
        host.hello(minor=2)

        assert bolus_answer(host) == answer_body(host)


class TestAnotherVersionMidway:
    """The pump has other firmware when a session is opened anew."""

    def test_goes_on_if_the_request_is_the_same_in_both(self) -> None:
        """What the versions lay out alike is sent again and answered in the new one."""
        pair, programmer = pair_of(NEWER, NewerPump()), programmer_of(NEWER)
        exchange(pair, programmer, programmer.hello())
        replace_role(pair, OLDER)

        answered = exchange(pair, programmer, programmer.request("STATUS"))

        assert (answered.answer, programmer.minor) == (Answer.OK, 1)

    def test_does_not_send_other_bytes_under_the_same_request(self) -> None:
        """A request that would have to change on the way ends with words; the next one is made for the new version."""
        pair, programmer = pair_of(NEWER, NewerPump()), programmer_of(NEWER)
        pair.pump.alarms[2] = AlarmClass.CRITICAL
        exchange(pair, programmer, programmer.hello())
        replace_role(pair, OLDER)

        with pytest.raises(BadAnswer, match=r"speaks protocol 1\.1 now and spoke another before"):
            exchange(pair, programmer, programmer.request("SILENCE", Cause3(2, 60)))

        assert not pair.pump.silenced
        assert exchange(pair, programmer, programmer.request("SILENCE", Cause3(2, 60))).answer is Answer.OK

    def test_sends_bytes_of_the_owners_own_as_they_are(self) -> None:
        """Raw requests are nobody's to change."""
        pair, programmer = pair_of(NEWER, NewerPump()), programmer_of(NEWER)
        exchange(pair, programmer, programmer.hello())
        replace_role(pair, OLDER)

        answered: Answered = exchange(pair, programmer, programmer.raw_request(BY_NAME["SILENCE"].opcode, encode(Cause3(2, 60))))

        assert answered.body[:2] == (RefusalCode.LENGTH, Field.LENGTH)


class TestTurnedAway:
    def test_counts_who_has_no_session_or_no_key(self) -> None:
        """STATUS tells how many requests were turned away, whatever they asked."""
        pair = Pair()
        stranger, host = RawHost(pair), RawHost(pair)
        stranger.ask("STATUS")
        stranger.ask("STOP")
        stranger.hello(key_id=3)
        host.hello()

        assert host.ask("STATUS").body.turned_away == 3

    def test_is_kept_by_an_image_and_lost_with_a_reset(self) -> None:
        """It counts since the last start."""
        pair = Pair()
        RawHost(pair).ask("STATUS")
        image = pair.role.save()
        replace_role(pair, EDITION)
        pair.role.restore(image)

        assert pair.role.save() == image
        assert turned_away(pair) == 1
        pair.role.reset()
        assert turned_away(pair) == 0
