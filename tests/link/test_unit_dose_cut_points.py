"""Every point at which a dose's exchange can break, with what truly left the pump: given once or not at all, and its outcome known."""

from __future__ import annotations

import pytest

from protocol.client.commander import CARRIED_OUT
from protocol.codes import Answer, DoseState, StatusFlag
from protocol.errors import NoAnswer, Uncertain
from protocol.message_table import BY_NAME
from protocol.messages import Bolus
from protocol.testing import drop, duplicate, keep
from tests.link.bedside import BOLUS_DOSE_NG, BOLUS_NL, BOLUS_S, Bedside

STATUS_FIRST = 1
"""A dose is two requests: STATUS for the id, then BOLUS."""


def given(bedside: Bedside, *, start_nl: int) -> int:
    """Bolus volume given since `start_nl` once any bolus must have ended; the steps that truly moved agree with it."""
    before = bedside.totals()
    bedside.advance(seconds=2 * BOLUS_S)
    after = bedside.totals()
    moved_nl, believed_nl = after.moved_nl - before.moved_nl, sum(after[:2]) - sum(before[:2])
    assert abs(moved_nl - believed_nl) <= bedside.unit.pump.profile.motor.step_nl * 2
    return after.bolus_nl - start_nl


@pytest.mark.pump_requirement("PR-02")
def test_dose_whose_request_is_lost_is_resent_and_given_once() -> None:
    """The first copy never arrives; the identical resend is the first that the pump sees."""
    bedside = Bedside.running()
    programmer = bedside.programmer()
    bedside.to_pump.extend([keep] * STATUS_FIRST + [drop])

    programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)

    assert given(bedside, start_nl=0) == BOLUS_NL


@pytest.mark.pump_requirement("PR-03")
def test_dose_whose_every_copy_is_lost_is_never_given_and_abandoned_when_asked_for() -> None:
    """With no copy through the client is uncertain; OUTCOME uses the id up, and no late copy can dose."""
    bedside = Bedside.running()
    programmer = bedside.programmer()
    late: list[bytes] = []

    def hold(data: bytes) -> bytes:
        late.append(data)
        return b""

    bedside.to_pump.extend([keep] * STATUS_FIRST + [hold] * 4)
    with pytest.raises(Uncertain):
        programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)
    outcome = programmer.settle()
    bedside.carry(late[0])

    assert outcome is not None
    assert outcome.state == DoseState.ABANDONED
    assert given(bedside, start_nl=0) == 0


@pytest.mark.pump_requirement("PR-02")
@pytest.mark.parametrize("lost", range(1, 4))
def test_dose_whose_replies_are_lost_is_given_once_and_claimed(lost: int) -> None:
    """Started, reply lost: each resend gets the cached answer again and moves nothing."""
    bedside = Bedside.running()
    programmer = bedside.programmer()
    bedside.to_host.extend([keep] * STATUS_FIRST + [drop] * lost)

    programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)

    assert given(bedside, start_nl=0) == BOLUS_NL


@pytest.mark.pump_requirement("PR-03")
def test_dose_whose_every_reply_is_lost_is_uncertain_until_outcome_says_executing() -> None:
    """No further command leaves while the dose is uncertain; OUTCOME tells that it runs, and it is given once."""
    bedside = Bedside.running()
    programmer = bedside.programmer()
    bedside.to_host.extend([keep] * STATUS_FIRST + [drop] * 4)
    with pytest.raises(Uncertain):
        programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)
    with pytest.raises(Uncertain):
        programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)

    outcome = programmer.settle()

    assert outcome is not None
    assert (outcome.state, outcome.programmed_nl) == (DoseState.EXECUTING, BOLUS_NL)
    assert given(bedside, start_nl=0) == BOLUS_NL


@pytest.mark.pump_requirement("PR-03")
def test_dose_done_before_anybody_asks_is_told_as_executed_with_all_of_it() -> None:
    """Done, reply lost: an hour later, in a new session, OUTCOME says executed and how much was delivered."""
    bedside = Bedside.running()
    programmer = bedside.programmer()
    bedside.to_host.extend([keep] * STATUS_FIRST + [drop] * 4)
    with pytest.raises(Uncertain):
        programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)
    bedside.advance(hours=1)

    outcome = programmer.settle()

    assert outcome is not None
    assert (outcome.state, outcome.delivered_nl) == (DoseState.EXECUTED, BOLUS_NL)
    assert given(bedside, start_nl=0) == BOLUS_NL


def test_dose_received_and_not_stored_is_never_given() -> None:
    """The power dies before the answer entry is whole: no record, no dose, and the id is free or abandoned."""
    bedside = Bedside.running()
    programmer = bedside.programmer()
    bedside.unit.pump.power_cut(after_bytes=30, off_us=bedside.off_us)
    with pytest.raises(Uncertain):
        programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)
    bedside.advance(us=bedside.off_us)

    outcome = programmer.settle()

    assert outcome is not None
    assert outcome.state == DoseState.ABANDONED
    assert given(bedside, start_nl=0) == 0


@pytest.mark.pump_requirement("PR-02")
def test_dose_stored_and_not_started_is_received_and_never_given() -> None:
    """The power dies between answer entry and delivery record: RECEIVED, which is a dose never given, and not by a resend either."""
    bedside = Bedside.running()
    programmer = bedside.programmer()
    bedside.unit.pump.power_cut(after_bytes=80, off_us=bedside.off_us)
    with pytest.raises(Uncertain):
        programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)
    bedside.advance(us=bedside.off_us)

    outcome = programmer.settle()

    assert outcome is not None
    assert outcome.state == DoseState.RECEIVED
    assert outcome.state not in CARRIED_OUT
    assert given(bedside, start_nl=0) == 0


@pytest.mark.pump_requirement("PR-02")
@pytest.mark.parametrize("after_s", [0, 1, 299, 599])
def test_reset_while_delivering_ends_the_dose_with_what_was_given(after_s: int) -> None:
    """A reset interrupts a bolus for good: OUTCOME tells how much had been commanded, and nothing of the rest follows."""
    bedside = Bedside.running()
    programmer = bedside.programmer()
    programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)
    command_id = programmer.status().last_command_id
    bedside.advance(seconds=after_s)
    bedside.unit.reset()

    outcome = programmer.outcome(command_id)

    assert outcome.state == DoseState.INTERRUPTED
    assert abs(outcome.delivered_nl - BOLUS_NL * after_s // BOLUS_S) <= 4
    assert given(bedside, start_nl=0) == outcome.delivered_nl


def test_late_duplicate_after_outcome_gets_the_same_answer_and_no_dose() -> None:
    """The frame of a dose that was asked for and done comes once more, in its old session and in a new one."""
    bedside = Bedside.running()
    programmer = bedside.programmer()
    programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)
    frame, command_id = bedside.heard[-1], programmer.status().last_command_id
    bedside.advance(minutes=9)
    programmer.outcome(command_id)
    body = Bolus(command_id, BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S, False)

    bedside.carry(frame)
    bedside.advance(minutes=5)
    again = bedside.programmer().request("BOLUS", body)

    assert again.answer is Answer.OK
    assert given(bedside, start_nl=0) == BOLUS_NL


@pytest.mark.pump_requirement("PR-02")
def test_every_request_carried_twice_doses_once() -> None:
    """A line that doubles everything changes nothing."""
    bedside = Bedside.running()
    programmer = bedside.programmer()
    bedside.to_pump.extend([duplicate] * 20)

    programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)

    assert given(bedside, start_nl=0) == BOLUS_NL


def test_second_programmer_between_send_and_outcome_is_told_apart_from_the_first() -> None:
    """Another programmer uses the id before the first asks: the first learns that its own dose was not given, the other's is given once."""
    bedside = Bedside.running()
    first = bedside.programmer()
    bedside.to_pump.extend([keep] * STATUS_FIRST + [drop] * 4)
    with pytest.raises(Uncertain):
        first.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)
    second = bedside.programmer(programmer_id=8)
    second.bolus(BOLUS_NL // 2, BOLUS_DOSE_NG // 2, BOLUS_S)

    outcome = first.settle()

    assert outcome is not None
    assert outcome.state == DoseState.NEVER_SEEN
    assert given(bedside, start_nl=0) == BOLUS_NL // 2


def test_late_copy_of_the_first_dose_meets_a_conflict_with_the_second() -> None:
    """Both programmers took the same id; the pump answers the late one CONFLICT and gives only the other's dose."""
    bedside = Bedside.running()
    command_id = bedside.unit.pump.last_effect_id() + 1
    bedside.programmer(programmer_id=8).bolus(BOLUS_NL // 2, BOLUS_DOSE_NG // 2, BOLUS_S)

    late = bedside.programmer().request("BOLUS", Bolus(command_id, BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S, False))

    assert late.answer is Answer.CONFLICT
    assert given(bedside, start_nl=0) == BOLUS_NL // 2


def test_lost_session_between_copies_does_not_dose_twice() -> None:
    """The session times out between the lost reply and the resend: the client renews it, resends, and OUTCOME says once."""
    bedside = Bedside.running()
    programmer = bedside.programmer()

    def wait(data: bytes) -> bytes:
        bedside.advance(minutes=11)
        return data

    bedside.to_pump.extend([keep] * (STATUS_FIRST + 1) + [wait])
    bedside.to_host.extend([keep] * STATUS_FIRST + [drop])

    programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)

    assert given(bedside, start_nl=0) == BOLUS_NL


def test_second_bolus_is_told_until_when_it_must_wait() -> None:
    """One bolus at a time: BUSY carries the device time at which the running one ends, and uses the id up."""
    bedside = Bedside.running()
    programmer = bedside.programmer()
    end_us = programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S).end_us
    command_id = programmer.status().last_command_id + 1

    answer = programmer.request("BOLUS", Bolus(command_id, BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S, False))

    assert answer.answer is Answer.BUSY
    assert answer.body.until_us == end_us
    assert programmer.status().last_command_id == command_id
    assert programmer.outcome(command_id).state == DoseState.REFUSED
    assert given(bedside, start_nl=0) == BOLUS_NL


def test_dose_is_seen_running_in_the_status_and_gone_after_it() -> None:
    """STATUS carries the flag and the last command's state while the dose runs and when it has ended."""
    bedside = Bedside.running()
    programmer = bedside.programmer()
    programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)
    running = programmer.status()
    bedside.advance(seconds=BOLUS_S)
    ended = programmer.status()

    assert running.flags & StatusFlag.BOLUS_RUNNING
    assert not ended.flags & StatusFlag.BOLUS_RUNNING
    assert (running.last_command_state, ended.last_command_state) == (DoseState.EXECUTING, DoseState.EXECUTED)


def test_dead_pump_answers_nothing_and_keeps_the_client_waiting_for_a_bounded_time() -> None:
    """A request that is no command ends in NoAnswer when the pump has no power, and nothing is left open."""
    bedside = Bedside.running()
    programmer = bedside.programmer()
    bedside.unit.pump.power_cut(off_us=bedside.off_us)

    with pytest.raises(NoAnswer):
        programmer.status()

    assert programmer.open_command_id is None
    assert BY_NAME["STATUS"].command is False
