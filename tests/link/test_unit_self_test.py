"""A pump that has just started tests itself for four seconds: what it answers then, and what a client makes of BUSY."""

from __future__ import annotations

from typing import Any

import pytest

from protocol.client import Programmer
from protocol.codes import AlarmCause, Answer, DoseState, StatusFlag
from protocol.errors import Busy, Refused
from protocol.message_table import BY_NAME
from protocol.messages import Begin, Bolus, Bridge, Cause, Commit, Interrogate, Log, Outcome, PatientBolus, Prime, Refill, SetClock, Start
from protocol.refusals import RefusalCode
from protocol.waiting import BenchWaiter
from tests.link.bedside import BOLUS_DOSE_NG, BOLUS_NL, BOLUS_S, CONCENTRATION, FILL_NL, NEW, Bedside
from tests.link.faulty_line import FaultyLine

SELF_TEST_US = 4_000_000
CLOCK_US = 850_000_000_000_000

HELD_UP: dict[str, Any] = {
    "COMMIT": lambda i: Commit(i, bytes(32), ()),
    "START": lambda i: Start(i, 1),
    "REFILL": lambda i: Refill(i, FILL_NL, 0, 1, CONCENTRATION),
    "BOLUS": lambda i: Bolus(i, BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S, 0),
    "PATIENT_BOLUS": PatientBolus,
    "PRIME": lambda i: Prime(i, BOLUS_NL),
    "BRIDGE": lambda i: Bridge(i, BOLUS_NL, 100_000),
    "SET_CLOCK": lambda i: SetClock(i, CLOCK_US),
}
"""Every command; with nothing staged COMMIT is refused for that, whatever the pump does."""
NOT_HELD_UP: dict[str, tuple[Any, ...]] = {
    "STATUS": (),
    "INTERROGATE": Interrogate(2, 0),
    "LOG": Log(0),
    "FAULT_LOG": Log(0),
    "OUTCOME": Outcome(1),
    "STOP": (),
    "ALARM_TEST": (),
}


@pytest.fixture
def restarted() -> Bedside:
    """A pump that ran, reset this very instant."""
    bedside = Bedside.running()
    bedside.unit.reset()
    return bedside


def until_us(bedside: Bedside) -> int:
    """Device time at which the test that has just begun is over."""
    return bedside.unit.pump.device_us + SELF_TEST_US


class TestDuring:
    """Four seconds of device time from the start of the firmware."""

    def test_status_says_so_to_its_last_microsecond(self, restarted: Bedside) -> None:
        """The flag is there from the start and gone when the test is over."""
        programmer, over_us = restarted.programmer(), until_us(restarted)
        assert programmer.status().flags & StatusFlag.SELF_TESTING
        restarted.unit.advance_to(restarted.unit.pump.true_us_of(over_us) - 1)
        assert programmer.status().flags & StatusFlag.SELF_TESTING
        restarted.advance(us=1)

        assert not programmer.status().flags & StatusFlag.SELF_TESTING

    @pytest.mark.parametrize("name", [name for name in HELD_UP if name != "COMMIT"])
    def test_command_is_answered_busy_and_uses_its_id_up(self, restarted: Bedside, name: str) -> None:
        """BUSY tells when it will be over; nothing was done, and the same id again gets the same answer."""
        programmer, over_us = restarted.programmer(), until_us(restarted)
        command_id, before = programmer.status().last_command_id + 1, restarted.unit.digest("therapy")

        answered = programmer.request(name, HELD_UP[name](command_id))

        assert (answered.answer, answered.body) == (Answer.BUSY, (over_us,))
        assert programmer.status().last_command_id == command_id
        assert programmer.outcome(command_id).state == DoseState.REFUSED
        assert restarted.unit.digest("therapy") == before
        restarted.advance(seconds=5)
        assert programmer.request(name, HELD_UP[name](command_id)) == answered

    def test_update_is_held_up_before_it_stops_the_pump(self, restarted: Bedside) -> None:
        """BEGIN is answered BUSY too, and the pump goes on with its old therapy after the test."""
        programmer = restarted.programmer()
        assert programmer.request("BEGIN", Begin(1, 0)).answer is Answer.BUSY
        with pytest.raises(Busy):
            programmer.update(NEW)
        restarted.pass_self_test()

        assert restarted.unit.pump.status().mode == "flex"
        assert programmer.update(NEW).generation == 2

    @pytest.mark.parametrize("name", NOT_HELD_UP)
    def test_everything_else_is_answered(self, restarted: Bedside, name: str) -> None:
        """Reads, OUTCOME, STOP and the sounds wait for nothing."""
        assert restarted.programmer().request(name, NOT_HELD_UP[name]).answer is Answer.OK

    def test_no_request_is_left_out_here(self) -> None:
        """What needs an id waits, and what does not is tried or belongs to a session or an update."""
        assert set(HELD_UP) == {spec.name for spec in BY_NAME.values() if spec.command}

    def test_alarm_is_silenced_all_the_same(self, restarted: Bedside) -> None:
        """A cause that outlived the reset takes SILENCE and ACK while the pump tests itself."""
        restarted.pass_self_test()
        restarted.unit.pump.inject("battery.premature_eri")
        restarted.unit.reset()
        programmer = restarted.programmer()
        assert programmer.status().alarms == 1 << AlarmCause.ERI

        assert [programmer.request(name, Cause(AlarmCause.ERI)).answer for name in ("SILENCE", "ACK")] == [Answer.OK, Answer.OK]
        assert programmer.status().flags & StatusFlag.SELF_TESTING


class TestOnceOnly:
    """A dose on its way when the pump restarts."""

    def test_dose_that_never_began_is_certain_and_may_be_asked_for_anew(self) -> None:
        """The request is lost with the power, its resend meets the test: Busy, nothing open, nothing given; asked anew it is given once."""
        bedside = Bedside.running()
        programmer = bedside.programmer()

        def lost(_request: bytes) -> bytes:
            bedside.unit.reset()
            return b""

        bedside.to_pump.append(lambda data: data)
        bedside.to_pump.append(lost)

        with pytest.raises(Busy):
            programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)

        assert programmer.open_command_id is None
        bedside.pass_self_test()
        assert bedside.totals().bolus_nl == 0
        programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)
        bedside.advance(hours=1)
        assert bedside.totals().bolus_nl == BOLUS_NL

    def test_dose_that_had_begun_is_not_begun_again(self) -> None:
        """The answer is lost with a reset: the resend gets the stored answer though the pump tests itself, and nothing is given twice."""
        bedside = Bedside.running()
        programmer = bedside.programmer()

        def lost(_answer: bytes) -> bytes:
            bedside.advance(seconds=BOLUS_S + 1)
            bedside.unit.reset()
            return b""

        bedside.to_host.append(lambda answer: answer)
        bedside.to_host.append(lost)
        programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)
        bedside.advance(hours=1)

        assert bedside.totals().bolus_nl == BOLUS_NL
        assert programmer.open_command_id is None


class TestPatience:
    """A client that may wait does so before it sends, never after."""

    @staticmethod
    def restarted_line(patience_s: float) -> tuple[FaultyLine, Programmer]:
        """A line whose pump has just been reset, and a programmer on it."""
        line = FaultyLine()
        line.bench.reset()
        return line, line.programmer(patience_s=patience_s)

    def test_none_means_busy(self) -> None:
        """Nobody waits who was not told to: the time is the caller's."""
        line, programmer = self.restarted_line(0)
        now_us = line.bench.now_us()
        with pytest.raises(Busy):
            programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)

        assert line.bench.now_us() == now_us

    def test_enough_of_it_gives_the_dose_with_its_first_id(self) -> None:
        """Only STATUS is asked meanwhile; the command leaves once, when the test is over."""
        line, programmer = self.restarted_line(10)
        last_id = programmer.status().last_command_id
        begun_us = line.bench.now_us()

        programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)

        assert SELF_TEST_US <= line.bench.now_us() - begun_us <= SELF_TEST_US + 500_000
        assert programmer.status().last_command_id == last_id + 1
        line.bench.advance(hours=1)
        assert line.totals().bolus_nl == BOLUS_NL

    def test_update_waits_before_begin(self) -> None:
        """The pump is not stopped for an update that would have to wait."""
        line, programmer = self.restarted_line(10)

        assert programmer.update(NEW).generation == 2
        assert line.unit.pump.status().mode == "flex"

    def test_too_little_ends_in_busy(self) -> None:
        """The wait is as long as was allowed, then the pump's own answer counts."""
        line, programmer = self.restarted_line(1.2)
        begun_us = line.bench.now_us()
        with pytest.raises(Busy):
            programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)

        assert line.bench.now_us() - begun_us == 1_200_000
        assert programmer.open_command_id is None

    def test_test_that_fails_ends_the_wait_with_the_pump_s_refusal(self) -> None:
        """What was waited for may be bad news: the motor is off until service."""
        line, _ = self.restarted_line(0)
        line.bench.inject("firmware.selftest_fail", test="rtc")
        programmer = line.programmer(patience_s=10)
        with pytest.raises(Refused) as caught:
            programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)

        assert caught.value.refusal.code == RefusalCode.MOTOR_OFF

    def test_busy_of_another_kind_is_not_waited_for(self) -> None:
        """A bolus that runs may take hours; that is for the caller to decide."""
        line = FaultyLine()
        programmer = line.programmer(patience_s=3_600)
        programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)
        now_us = line.bench.now_us()
        with pytest.raises(Busy):
            programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)

        assert line.bench.now_us() == now_us

    def test_pause_of_the_bench_is_virtual(self) -> None:
        """A waiter on a bench lets virtual time pass, and no other."""
        line = FaultyLine()
        begun_us = line.bench.now_us()
        BenchWaiter(line.bench).pause(0.25)

        assert line.bench.now_us() - begun_us == 250_000


def test_old_therapy_runs_again_when_the_test_is_over(restarted: Bedside) -> None:
    """Nothing moves in the four seconds, and nothing is caught up."""
    before = restarted.totals()
    restarted.advance(us=SELF_TEST_US - 100)
    assert restarted.totals() == before
    restarted.advance(hours=1)

    assert restarted.totals().basal_nl > before.basal_nl
    assert restarted.unit.pump.status().prescription is not None
