"""A dose is given at most once, wherever the link or the power dies, and the programmer learns which it was."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from protocol.client import Programmer
from protocol.client.commander import CARRIED_OUT
from protocol.codes import DoseState, Mode
from protocol.errors import AnswerLost, Conflict, CutShort, DeviceAnswer, Uncertain
from protocol.messages import BolusAnswer, Outcome
from protocol.testing import Fault, Pair, cut, drop, duplicate, flip, keep, simple_therapy
from tests.link.raw_host import RawHost
from tests.link.visits import EVERY_COPY, NEXT, doses, give


class TestLine:
    @pytest.mark.parametrize(
        "to_pump,to_host",
        [
            pytest.param([keep, drop], [], id="request lost"),
            pytest.param([keep, cut(12)], [], id="request cut"),
            pytest.param([keep, flip(40)], [], id="request bent"),
            pytest.param([keep, duplicate], [], id="request doubled"),
            pytest.param([], [keep, drop], id="answer lost"),
            pytest.param([], [keep, cut(9)], id="answer cut"),
            pytest.param([], [keep, flip(77)], id="answer bent"),
            pytest.param([], [keep, duplicate], id="answer doubled"),
            pytest.param([keep, drop, drop, drop], [], id="three copies lost"),
            pytest.param([keep, duplicate], [keep, drop, drop], id="doubled and two answers lost"),
        ],
    )
    def test_one_dose_and_its_own_answer(self, pair: Pair, to_pump: list[Fault], to_host: list[Fault]) -> None:
        """What the line loses, bends or doubles costs a resend and never a second dose."""
        with pair.programmer() as programmer:
            pair.link.to_pump.extend(to_pump)
            pair.link.to_host.extend(to_host)
            answer = give(programmer)

            assert answer == BolusAnswer(600, 600_000_000)
            assert programmer.open_command_id is None
        assert doses(pair) == [DoseState.EXECUTING]

    def test_every_copy_lost_is_uncertain_and_settles_as_abandoned(self, pair: Pair) -> None:
        """A request that never arrived is settled: no dose, and a late copy can do nothing."""
        with pair.programmer() as programmer:
            pair.link.to_pump.extend([keep] + [drop] * EVERY_COPY)
            with pytest.raises(Uncertain) as caught:
                give(programmer)
            lost = pair.link.carried[-1]
            outcome = programmer.settle()

            assert caught.value.command_id == NEXT
            assert outcome is not None
            assert outcome.state == DoseState.ABANDONED
            assert lost == b""
            assert give(programmer)
        assert doses(pair) == [DoseState.EXECUTING]

    def test_every_answer_lost_is_uncertain_and_settles_as_given(self, pair: Pair) -> None:
        """A dose whose answer never came back is found by OUTCOME."""
        with pair.programmer() as programmer:
            pair.link.to_host.extend([keep] + [drop] * EVERY_COPY)
            with pytest.raises(Uncertain):
                give(programmer)
            outcome = programmer.settle()

            assert outcome is not None
            assert (outcome.state, outcome.programmed_nl) == (DoseState.EXECUTING, 1000)
        assert doses(pair) == [DoseState.EXECUTING]

    def test_done_and_reply_lost(self, pair: Pair) -> None:
        """Found when it is long over, the dose is told as executed."""
        with pair.programmer() as programmer:
            pair.link.to_host.extend([keep] + [drop] * EVERY_COPY)
            with pytest.raises(Uncertain):
                give(programmer)
            pair.pump.advance(700_000_000)
            outcome = programmer.settle()

        assert outcome is not None
        assert (outcome.state, outcome.delivered_nl) == (DoseState.EXECUTED, 1000)

    def test_reset_while_delivering(self, pair: Pair) -> None:
        """A reset interrupts the dose, tells how much of it was given, and never resumes it."""
        with pair.programmer() as programmer:
            give(programmer)
            pair.pump.advance(300_000_000)
            pair.pump.reboot()
            pair.role.reset()
            pair.pump.advance(400_000_000)
            outcome = programmer.outcome(NEXT)

        assert (outcome.state, outcome.programmed_nl, outcome.delivered_nl) == (DoseState.INTERRUPTED, 1000, 500)

    def test_late_duplicate_after_outcome(self, pair: Pair) -> None:
        """The first copy, coming after the programmer has asked, does nothing."""
        with pair.programmer() as programmer:
            pair.link.to_pump.extend([keep] + [drop] * EVERY_COPY)
            with pytest.raises(Uncertain):
                give(programmer)
            programmer.settle()
            host = RawHost(pair)
            host.hello()
            late = host.ask_raw(0x33, bytes.fromhex("03000000 e8030000 d0070000 58020000 00"))

        assert late.answer.name == "CONFLICT"
        assert doses(pair) == []


class TestSecondProgrammer:
    def test_between_send_and_outcome_took_the_id(self, pair: Pair) -> None:
        """An id that another programmer used meanwhile means that ours was not carried out."""
        with pair.programmer() as programmer:
            pair.link.to_pump.extend([keep] + [drop] * EVERY_COPY)
            with pytest.raises(Uncertain):
                give(programmer)
            with pair.programmer(programmer_id=2) as other:
                other.set_clock(5)
            outcome = programmer.settle()

            assert outcome is not None
            assert (outcome.state, outcome.programmer_id) == (DoseState.NEVER_SEEN, 2)
            assert give(programmer)
        assert doses(pair) == [DoseState.EXECUTING]

    def test_between_send_and_outcome_asked_about_ours(self, pair: Pair) -> None:
        """A dose of ours stays ours when another programmer has looked at it."""
        with pair.programmer() as programmer:
            pair.link.to_host.extend([keep] + [drop] * EVERY_COPY)
            with pytest.raises(Uncertain):
                give(programmer)
            with pair.programmer(programmer_id=2) as other:
                assert other.outcome(NEXT).programmer_id == 1
            outcome = programmer.settle()

        assert outcome is not None
        assert outcome.state == DoseState.EXECUTING

    def test_gave_its_own_between_our_two_copies(self, pair: Pair) -> None:
        """Our resend under an id that went to another's dose fails for certain, and only the other's is given."""
        with pair.programmer() as programmer:

            def take_the_id(data: bytes) -> bytes:
                with pair.programmer(programmer_id=2) as other:
                    give(other)
                return data[:0]

            pair.link.to_pump.extend([keep, take_the_id])
            with pytest.raises(Conflict):
                give(programmer)

            assert programmer.open_command_id is None
        assert doses(pair) == [DoseState.EXECUTING]

    def test_abandoned_the_id_between_our_two_copies(self, pair: Pair) -> None:
        """An id that another programmer asked about is gone; ours fails for certain."""
        with pair.programmer() as programmer:

            def ask_about_it(data: bytes) -> bytes:
                host = RawHost(pair, programmer_id=2)
                host.hello()
                host.ask("OUTCOME", Outcome(NEXT))
                return data[:0]

            pair.link.to_pump.extend([keep, ask_about_it])
            with pytest.raises(Conflict):
                give(programmer)
        assert doses(pair) == []

    def test_starts_at_the_id_after_the_last(self, pair: Pair) -> None:
        """Programmers that take turns do not get in each other's way."""
        one, other = pair.programmer(), pair.programmer(programmer_id=2)
        for number in range(1, 21):
            (one if number % 2 else other).set_clock(number)

        assert one.status().last_command_id == 2 + 20


def told(act: Callable[[Programmer], object], programmer: Programmer) -> str:
    """Run a command to a certain end; returns done, cut short, or not done."""
    try:
        act(programmer)
    except AnswerLost:
        return "done"
    except CutShort:
        return "cut short"
    except DeviceAnswer:
        return "not done"
    except Uncertain:
        outcome = programmer.settle()
        return "done" if outcome is not None and outcome.state in CARRIED_OUT else "not done"
    return "done"


def cuts(act: Callable[[Programmer], object]) -> range:
    """Every byte that a command writes, counted on a pump of its own."""
    pair = Pair().running()
    with pair.programmer() as programmer:
        before = pair.pump.written_bytes
        act(programmer)
    return range(pair.pump.written_bytes - before)


class TestPower:
    def test_cut_inside_every_byte_of_a_dose(self) -> None:
        """At each byte: one dose at most, and the programmer is told the truth about it."""
        seen = set()
        for byte in cuts(give):
            pair = Pair().running()
            with pair.programmer() as programmer:
                pair.pump.cut_at_byte = pair.pump.written_bytes + byte
                result = told(give, programmer)

            given = doses(pair)
            seen.add((result, *given))
            assert pair.link.power_cuts == 1
            assert (result, *given) in {
                ("done", DoseState.EXECUTING),
                ("cut short",),
                ("cut short", DoseState.INTERRUPTED),
            }, byte
        assert len(seen) == 3

    def test_cut_inside_every_byte_and_the_client_gone(self) -> None:
        """A programmer that is switched on again later, with only its file, learns what became of the dose."""
        seen = set()
        for byte in cuts(give):
            pair = Pair().running()
            programmer = pair.programmer(retries=0)
            pair.pump.cut_at_byte = pair.pump.written_bytes + byte
            with pytest.raises(Uncertain):
                give(programmer)
            outcome = programmer.settle()

            assert outcome is not None
            given = doses(pair)
            seen.add((DoseState(outcome.state), *given))
            assert (DoseState(outcome.state), *given) in {
                (DoseState.ABANDONED,),
                (DoseState.RECEIVED,),
                (DoseState.INTERRUPTED, DoseState.INTERRUPTED),
            }, byte
        assert len(seen) == 3

    @pytest.mark.parametrize(
        "act,done",
        [
            pytest.param(lambda p: p.set_clock(77), lambda pair: pair.pump.clock_offset_us == 77, id="set clock"),
            pytest.param(lambda p: p.refill(1_000_000, 0, 1, 2_000_000), lambda pair: pair.pump.fill.volume_nl == 1_000_000, id="refill"),
            pytest.param(lambda p: p.start(), lambda pair: pair.pump.mode is Mode.SIMPLE, id="start"),
        ],
    )
    def test_cut_inside_every_byte_of_other_commands(self, act: Callable[[Programmer], object], done: Callable[[Pair], bool]) -> None:
        """At each byte the command is done or not, as the programmer is told."""
        for byte in cuts(act):
            pair = Pair().running()
            pair.pump.mode = Mode.STOPPED
            with pair.programmer() as programmer:
                pair.pump.cut_at_byte = pair.pump.written_bytes + byte
                result = told(act, programmer)

            assert pair.link.power_cuts == 1
            assert (result == "done") == done(pair), byte

    def test_cut_inside_every_byte_of_an_update(self) -> None:
        """At each byte the therapy is the old or the new one, and the programmer knows which."""
        new = simple_therapy(7000)

        def update(programmer: Programmer) -> object:
            return programmer.update(new)

        for byte in cuts(update):
            pair = Pair().running()
            with pair.programmer() as programmer:
                pair.pump.cut_at_byte = pair.pump.written_bytes + byte
                result = told(update, programmer)
                status = programmer.status()

            assert pair.link.power_cuts == 1
            assert pair.pump.in_force in (new, simple_therapy())
            assert (result == "done") == (pair.pump.in_force == new), byte
            assert status.generation == pair.pump.generation

    def test_torn_entry_of_a_dose_that_was_begun_is_found_by_its_record(self, pair: Pair) -> None:
        """With the answer destroyed in memory, the resend is stale and OUTCOME tells that the dose runs."""
        with pair.programmer() as programmer:

            def destroy(_: bytes) -> bytes:
                pair.pump.memory["answer_table"][:] = b"\xff" * 1024
                pair.role.reset()
                return b""

            pair.link.to_host.extend([keep, destroy])
            with pytest.raises(AnswerLost) as caught:
                give(programmer)

        assert caught.value.outcome.state == DoseState.EXECUTING
        assert doses(pair) == [DoseState.EXECUTING]
