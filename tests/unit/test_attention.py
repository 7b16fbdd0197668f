"""When a person is called: programming let be for five minutes, a question open for a quarter of an hour."""

from __future__ import annotations

import pytest

from protocol.client.attention import IDLE_US, REPEAT_US, Attendant, Attention, Call, Why
from protocol.codec import encode
from protocol.errors import NoAnswer
from protocol.messages import Begin, Nothing, Put
from protocol.testing import Pair, drop
from protocol.waiting import WallWaiter
from tests.link.bedside import NEW

MINUTE_US = 60_000_000


class TestAttention:
    """Times in, calls out."""

    def test_nothing_waits_at_first(self) -> None:
        """Who neither programs nor asks has no deadline."""
        attention = Attention()

        assert (attention.next_deadline(), attention.due(10**15), attention.question) == (None, [], "")

    @pytest.mark.pump_requirement("PG-04")
    def test_idle_programming_is_called_for_at_five_minutes_and_once(self) -> None:
        """Not a microsecond before; one call for one pause."""
        attention = Attention()
        attention.begin("update", 7)
        assert attention.next_deadline() == 7 + 5 * MINUTE_US
        assert attention.due(7 + 5 * MINUTE_US - 1) == []

        assert attention.due(7 + 5 * MINUTE_US) == [Call(Why.IDLE, "update", 7, 7 + 5 * MINUTE_US)]
        assert attention.due(10**12) == []
        assert attention.next_deadline() is None

    @pytest.mark.pump_requirement("PG-04")
    def test_an_act_counts_the_five_minutes_anew(self) -> None:
        """Each act puts the call off, and after a call allows the next; the end of programming ends it."""
        attention = Attention()
        attention.begin("update", 0)
        attention.act(4 * MINUTE_US)
        assert attention.due(8 * MINUTE_US) == []
        assert [call.at_us for call in attention.due(9 * MINUTE_US)] == [9 * MINUTE_US]
        attention.act(20 * MINUTE_US)
        assert attention.next_deadline() == 25 * MINUTE_US
        attention.end()
        attention.act(21 * MINUTE_US)

        assert attention.next_deadline() is None

    @pytest.mark.pump_requirement("PG-06")
    def test_open_question_is_called_every_fifteen_minutes(self) -> None:
        """At 15, 30 and 45 minutes, with how long it has waited, until it is answered."""
        attention = Attention()
        attention.ask("Send?", 0)
        heard = [call for minute in range(46) for call in attention.due(minute * MINUTE_US)]
        attention.answer(46 * MINUTE_US)

        assert [(call.why, call.what, call.at_us // MINUTE_US) for call in heard] == [(Why.PENDING, "Send?", at) for at in (15, 30, 45)]
        assert [call.waited_us for call in heard] == [call.at_us for call in heard]
        assert (attention.next_deadline(), attention.question) == (None, "")

    def test_same_question_asked_again_waits_on(self) -> None:
        """Who repeats himself does not put the call off; another question begins anew."""
        attention = Attention()
        attention.ask("Send?", 0)
        attention.ask("Send?", 10 * MINUTE_US)
        assert attention.next_deadline() == 15 * MINUTE_US
        attention.ask("Leave it stopped?", 10 * MINUTE_US)

        assert attention.next_deadline() == 25 * MINUTE_US

    def test_what_was_slept_through_comes_once(self) -> None:
        """Nobody looked for 50 minutes: one call, that of minute 45, and the next is due at 60."""
        attention = Attention()
        attention.ask("Send?", 0)

        assert [call.at_us for call in attention.due(50 * MINUTE_US)] == [45 * MINUTE_US]
        assert attention.next_deadline() == 60 * MINUTE_US

    def test_calls_of_one_look_come_in_the_order_of_their_times(self) -> None:
        """The idle pause was due before the question."""
        attention = Attention()
        attention.ask("Send?", 0)
        attention.begin("update", 0)

        assert [call.why for call in attention.due(REPEAT_US)] == [Why.IDLE, Why.PENDING]
        assert IDLE_US * 3 == REPEAT_US


class Clock:
    """The clock of a test."""

    def __init__(self) -> None:
        self.us = 0

    def __call__(self) -> int:
        return self.us


class TestAttendant:
    """A client that calls for its person."""

    @pytest.mark.pump_requirement("PG-04")
    def test_staged_update_let_be_calls_through_the_client(self) -> None:
        """From BEGIN on five minutes without an act are a call, reads are no acts, and ABORT ends it; by the client's own clock."""
        pair, calls, waiter = Pair(), list[Call](), Hand()
        programmer = pair.programmer(on_attention=calls.append, waiter=waiter)
        assert programmer.attendant is not None
        programmer.request("BEGIN", Begin(0, False))
        waiter.us += 4 * MINUTE_US
        programmer.request("PUT", Put(0, encode(NEW)))
        waiter.us += 4 * MINUTE_US
        programmer.status()
        assert programmer.attendant.look() == MINUTE_US
        assert calls == []
        waiter.us += MINUTE_US
        assert programmer.attendant.look() is None
        programmer.request("ABORT", Nothing())
        waiter.us += 60 * MINUTE_US
        programmer.status()

        assert [(call.why, call.what, call.waited_us) for call in calls] == [(Why.IDLE, "update", 5 * MINUTE_US)]

    def test_late_call_comes_with_the_next_frame(self) -> None:
        """A client that nobody looks after makes its calls when it is used again."""
        pair, calls, waiter = Pair(), list[Call](), Hand()
        programmer = pair.programmer(on_attention=calls.append, waiter=waiter)
        programmer.request("BEGIN", Begin(0, False))
        waiter.us += 30 * MINUTE_US
        programmer.status()

        assert [call.at_us for call in calls] == [5 * MINUTE_US]

    @pytest.mark.pump_requirement("PG-04")
    def test_refused_begin_is_no_programming(self) -> None:
        """A BEGIN upon another generation opens nothing, and nobody is called."""
        pair, calls, waiter = Pair(), list[Call](), Hand()
        programmer = pair.programmer(on_attention=calls.append, waiter=waiter)
        programmer.request("BEGIN", Begin(9, False))
        waiter.us += 30 * MINUTE_US
        assert programmer.attendant is not None

        assert programmer.attendant.look() is None
        assert calls == []

    @pytest.mark.pump_requirement("PG-06")
    def test_question_of_a_program_is_called_again_every_fifteen_minutes(self) -> None:
        """As long as its context is open, whoever looks after it."""
        calls, clock = list[Call](), Clock()
        attendant = Attendant(clock, calls.append)
        with attendant.asking("which catheter?"):
            for _ in range(31):
                clock.us += MINUTE_US
                attendant.look()
        clock.us += 60 * MINUTE_US

        assert attendant.look() is None
        assert [(call.why, call.at_us // MINUTE_US) for call in calls] == [(Why.PENDING, 15), (Why.PENDING, 30)]

    def test_frames_go_on_to_the_listener_behind_it(self) -> None:
        """`on_frame` hears what it heard without."""
        alone, behind = list[tuple[str, bytes]](), list[tuple[str, bytes]]()
        pair = Pair()
        pair.programmer(on_frame=lambda *run: alone.append(run)).status()
        pair.programmer(on_frame=lambda *run: behind.append(run), on_attention=lambda _call: None).status()

        assert [direction for direction, _ in behind] == [direction for direction, _ in alone]
        assert len(alone) >= 5

    def test_noise_and_silence_are_no_acts(self) -> None:
        """Bytes that are no frame say nothing of the person; a lost link leaves the call due."""
        pair, calls, waiter = Pair(), list[Call](), Hand()
        programmer = pair.programmer(on_attention=calls.append, waiter=waiter, retries=0)
        programmer.request("BEGIN", Begin(0, False))
        pair.link.to_host.append(lambda _data: b"\x01\x02\x00")
        with pytest.raises(Exception, match="no frame"):
            programmer.status()
        pair.link.to_pump.append(drop)
        with pytest.raises(NoAnswer):
            programmer.status()
        waiter.us += 5 * MINUTE_US
        assert programmer.attendant is not None
        programmer.attendant.look()

        assert len(calls) == 1


class Hand(WallWaiter):
    """The ordinary waiter, with its clock in the hand of a test."""

    def __init__(self) -> None:
        super().__init__()
        self.us = 0

    def now_us(self) -> int:
        return self.us
