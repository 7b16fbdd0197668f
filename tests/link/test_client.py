"""The blocking programmer against a real device role: every call, and every way it can fail."""

from __future__ import annotations

import pytest

from protocol import Programmer
from protocol.codes import AlarmClass, Answer, Mode, Role
from protocol.errors import (
    BadAnswer,
    Busy,
    LinkLost,
    NoAnswer,
    NotAuthorised,
    PortBusy,
    ProtocolError,
    Refused,
    Unsupported,
)
from protocol.framing import ANSWER, Frame, encode_frame
from protocol.limits import SESSION_IDLE_US
from protocol.message_table import BY_NAME
from protocol.messages import Bolus, SetClock
from protocol.testing import TEST_KEYS, Pair, drop
from protocol.transcript import describe
from protocol.transport.memory import MemoryTransport
from protocol.transport.tcp import port_busy_frame
from tests.link.defective_pump import answer_with
from tests.link.visits import large_therapy


class TestCalls:
    def test_status_tells_the_pump(self, pair: Pair) -> None:
        """The short look has the pump's own numbers and the role's."""
        with pair.programmer() as programmer:
            status = programmer.status()

        assert (status.mode, status.generation, status.last_command_id) == (Mode.SIMPLE, 1, 2)

    def test_interrogation_is_complete(self, pair: Pair) -> None:
        """All parts come together, the therapy read as one."""
        before = pair.pump.interrogations
        with pair.programmer() as programmer:
            programmer.update(large_therapy())
            told = programmer.interrogate()

        assert told.identity.model == programmer.identity_hello.model == "paper"
        assert (told.therapy, told.generation) == (large_therapy(), 2)
        assert told.condition.rate_nl_per_h == 5000
        assert told.counters.last_command_id == 3
        assert pair.pump.interrogations == before + 2

    def test_interrogation_of_a_new_pump_has_no_therapy(self) -> None:
        """Before the first commit there is none."""
        with Pair().programmer() as programmer:
            told = programmer.interrogate()

        assert (told.therapy, told.generation, told.digest) == (None, 0, bytes(32))

    def test_patient_has_the_short_interrogation(self, pair: Pair) -> None:
        """Condition and counters, and no more."""
        with pair.programmer(role="patient", programmer_id=5) as patient:
            condition, counters = patient.interrogate_short()
            with pytest.raises(NotAuthorised, match="INTERROGATE: the pump answers NOT_AUTHORISED"):
                patient.interrogate()

        assert (condition.mode, counters.last_command_id) == (Mode.SIMPLE, 2)

    def test_stop_and_start(self, pair: Pair) -> None:
        """The mode in force comes back."""
        with pair.programmer() as programmer:
            assert programmer.stop().mode == Mode.STOPPED
            assert programmer.stop().mode == Mode.STOPPED
            assert programmer.start().mode == Mode.SIMPLE

    def test_refill_bolus_and_clock(self, pair: Pair) -> None:
        """Commands return what the pump answered."""
        with pair.programmer() as programmer:
            assert programmer.refill(30_000_000, 1_000_000, 1, 2_000_000).computed_nl == 30_000_000
            assert programmer.bolus(1000, 2000, 600, may_lengthen=True).end_us == 600_000_000
            assert programmer.set_clock(7).new_us == 7
            assert programmer.outcome(4).programmed_nl == 1000

    def test_alarms(self, pair: Pair) -> None:
        """Silence, acknowledge and test act on the pump."""
        pair.pump.alarms[2] = AlarmClass.CRITICAL
        with pair.programmer() as programmer:
            assert programmer.silence(2).until_us == 3600 * 1_000_000
            programmer.acknowledge(2)
            programmer.alarm_test()
            with pytest.raises(Refused, match="SILENCE refused: NOT_ACTIVE, field CAUSE: value 9"):
                programmer.silence(9)
            status = programmer.status()

        assert (status.alarms, status.silenced, status.acknowledged) == (4, 4, 4)
        assert pair.pump.alarm_tests == 1

    def test_log_is_read_page_by_page(self, pair: Pair) -> None:
        """All records from a number on, and none that came while reading."""
        with pair.programmer() as programmer:
            for _ in range(20):
                programmer.alarm_test()
            numbers = [entry.number for entry in programmer.read_log()]

            assert numbers == list(range(1, len(pair.pump.journal) + 1))
            assert [entry.number for entry in programmer.read_log(numbers[-1])] == numbers[-1:]

    def test_log_of_a_new_pump_is_empty(self) -> None:
        """No record is no page."""
        with Pair().programmer() as programmer:
            assert programmer.read_log() == []

    def test_any_request_may_be_made_by_name_or_bytes(self, pair: Pair) -> None:
        """For tests of a pump's manners there is a way around the checks."""
        with pair.programmer() as programmer:
            assert programmer.request("STATUS").answer is Answer.OK
            assert programmer.request("BOLUS", Bolus(3, 1, 1, 1, 0)).answer is Answer.REFUSED
            assert programmer.raw_request(0x7777, b"").answer is Answer.UNSUPPORTED

    def test_refusals_of_the_pump_carry_their_numbers(self, pair: Pair) -> None:
        """BUSY says until when, REFUSED says what."""
        with pair.programmer() as programmer:
            with pytest.raises(Refused) as refused:
                programmer.bolus(1, 2, 600)
            programmer.bolus(1000, 2000, 600)
            with pytest.raises(Busy, match="BOLUS: the pump answers BUSY until device time 600000000 us") as caught:
                programmer.bolus(1000, 2000, 600)

        assert caught.value.until_us == 600_000_000
        assert (refused.value.answer, refused.value.refusal.limit) == (Answer.REFUSED, 250)


class TestSession:
    def test_is_opened_again_without_being_asked(self, pair: Pair) -> None:
        """A session that timed out, was replaced or forgotten costs the caller nothing."""
        with pair.programmer() as programmer:
            pair.pump.advance(SESSION_IDLE_US)
            assert programmer.status().mode == Mode.SIMPLE
            pair.role.reset()
            assert programmer.set_clock(7).new_us == 7 + pair.pump.clock_offset_us - pair.pump.clock_offset_us
            with pair.programmer(programmer_id=2) as other:
                other.status()
            assert programmer.status().mode == Mode.SIMPLE

    def test_restored_to_an_earlier_moment_is_replaced(self, pair: Pair) -> None:
        """A client whose numbers are ahead of a restored unit opens a new session."""
        with pair.programmer() as programmer:
            saved = pair.role.save()
            programmer.status()
            programmer.status()
            pair.role.restore(saved)

            assert programmer.status().mode == Mode.SIMPLE

    def test_that_is_refused_is_an_error_and_closes_the_port(self, pair: Pair) -> None:
        """Nothing is left open behind a failure."""
        transport = MemoryTransport(lambda _: port_busy_frame())
        with pytest.raises(PortBusy):
            Programmer.over(transport)

        with pytest.raises(LinkLost):
            transport.write(b"x")

    def test_is_closed_quietly_when_the_pump_is_gone(self, pair: Pair) -> None:
        """Leaving a dead pump is no error, twice neither."""
        programmer = pair.programmer()
        pair.link.to_pump.extend([drop] * 10)
        programmer.close()
        programmer.close()

    def test_of_an_unknown_role_is_refused_at_once(self, pair: Pair) -> None:
        """A role that does not exist is told with those that do."""
        with pytest.raises(ProtocolError, match="role 'king' is not known; there are patient, clinician, service"):
            pair.programmer(role="king")

    def test_of_the_service_role_may_read_and_not_dose(self, pair: Pair) -> None:
        """The pump decides by role."""
        with pair.programmer(role="service", programmer_id=7) as service:
            service.interrogate()
            service.read_log()
            with pytest.raises(NotAuthorised):
                service.bolus(1000, 2000, 600)
            with pytest.raises(NotAuthorised):
                service.stop()

        assert Role.SERVICE not in BY_NAME["BOLUS"].roles


class TestAnswers:
    def test_that_never_come_are_one_line(self, pair: Pair) -> None:
        """What was sent, how often, and what to do."""
        with pair.programmer(retries=1) as programmer:
            pair.link.to_pump.extend([drop] * 2)
            with pytest.raises(NoAnswer, match=r"sent STATUS \(30 bytes, session 2, sequence 1\) 2 times; nothing came back: check"):
                programmer.status()

    def test_that_cannot_be_read_are_one_line(self, pair: Pair) -> None:
        """What was sent and what came back."""
        with pair.programmer(retries=0) as programmer:
            pair.link.to_host.append(lambda _: b"login: \0")
            with pytest.raises(BadAnswer, match=r"7 bytes that are no frame \(not COBS\): 6c 6f 67 69 6e 3a 20 00"):
                programmer.status()

    def test_out_of_place_are_errors_with_their_name(self, pair: Pair) -> None:
        """Every answer code has an error class."""
        with pair.programmer() as programmer:
            pair.link.to_host.append(answer_with(pair, lambda _: bytes((Answer.UNSUPPORTED,))))
            with pytest.raises(Unsupported, match="STATUS: the pump answers UNSUPPORTED"):
                programmer.status()
            pair.link.to_host.append(answer_with(pair, lambda _: bytes((Answer.UNSUPPORTED,))))
            with pytest.raises(Unsupported, match="STATUS"):
                programmer.set_clock(1)
            assert programmer.open_command_id is None


class TestListener:
    def test_hears_every_run_of_both_sides(self, pair: Pair) -> None:
        """Each frame is heard once, whole, in order, with its zero."""
        heard: list[tuple[str, bytes]] = []
        with pair.programmer(on_frame=lambda side, raw: heard.append((side, raw))) as programmer:
            programmer.set_clock(5)
        told = [(side, describe(raw).get("name"), describe(raw).get("answer")) for side, raw in heard[1:]]

        assert heard[0] == ("host", b"\0")
        assert told == [
            (side, name, answer) for name in ("HELLO", "STATUS", "SET_CLOCK", "CLOSE") for side, answer in (("host", None), ("pump", "OK"))
        ]

    def test_hears_noise_in_pieces_of_a_frame(self, pair: Pair) -> None:
        """Endless noise is handed on and not hoarded."""
        heard: list[bytes] = []
        with pair.programmer(retries=0, on_frame=lambda _, raw: heard.append(raw)) as programmer:
            pair.link.to_host.append(lambda _: b"\xaa" * 5000)
            with pytest.raises(BadAnswer):
                programmer.status()

        assert b"\xaa" * 5000 in heard


def test_old_bytes_are_flushed_before_the_session(pair: Pair) -> None:
    """What a predecessor left in the line is not taken for an answer, however much it is."""
    stale = encode_frame(Frame(0x01, 0, 0, b"\0junk", ANSWER))
    left = [stale] * 100

    class Littered(MemoryTransport):
        def read(self, timeout_s: float, /) -> bytes:
            return left.pop() if left else super().read(timeout_s)

    with pytest.raises(BadAnswer, match=r"sent HELLO .* the answer cannot be read"):
        Programmer.over(Littered(pair.link.carry), keys=TEST_KEYS)
    del left[10:]
    with Programmer.over(Littered(pair.link.carry), keys=TEST_KEYS) as programmer:
        assert programmer.request("SET_CLOCK", SetClock(9, 9)).answer is Answer.ID_GAP
