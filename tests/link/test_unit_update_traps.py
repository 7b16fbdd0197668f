"""The traps this class of pump is known for, kept faithfully: what a broken-off update leaves behind, what START and STOP ask for."""

from __future__ import annotations

import hashlib

import pytest

from firmware_sim.firmware.alarms import number_of
from hil.unit import Unit
from protocol.codec import encode
from protocol.codes import Answer, DoseState, EventKind, Mode, StagingState, StatusFlag
from protocol.errors import Busy, Refused, Rejected
from protocol.messages import Begin, Commit, Nothing, Put, Seal, Start
from protocol.refusals import Field, RefusalCode
from tests.link.bedside import BOLUS_DOSE_NG, BOLUS_NL, BOLUS_S, CONCENTRATION, FILL_NL, NEW, OLD, SALINE, Bedside, flex, minimum_rate

STOPPED_TOO_LONG = 1 << number_of("stopped_too_long")


@pytest.mark.pump_requirement("FR-04", "PG-05", "PR-10", deviates=("itp-20", "itp-40"))
@pytest.mark.pump_requirement("ST-05")
@pytest.mark.parametrize("profile", ["itp-20", "itp-40"])
def test_update_broken_off_leaves_the_pump_stopped_and_after_48_hours_it_alarms(profile: str) -> None:
    """BEGIN stops the motor; nobody goes on; the staged image lapses, the pump stays stopped, and 48 h after BEGIN it sounds."""
    bedside = Bedside(Unit.new(profile, seed=1))
    bedside.fill(volume_nl=15_000_000)
    programmer = bedside.programmer()
    programmer.refill(15_000_000, 0, 1, CONCENTRATION)
    programmer.update(OLD)
    bedside.advance(days=1)
    programmer.request("BEGIN", Begin(1, False))
    begun, given = bedside.unit.pump.device_us, bedside.totals()
    bedside.unit.advance_to(bedside.unit.pump.true_us_of(begun + 48 * 3_600 * 1_000_000) - 1)
    quiet, _ = bedside.look()
    bedside.advance(us=1)
    alarmed, _ = bedside.look()

    assert (quiet.mode, quiet.alarms, quiet.staging) == (Mode.STOPPED, 0, StagingState.NONE)
    assert quiet.flags & StatusFlag.STOPPED_BY_UPDATE
    assert alarmed.alarms == STOPPED_TOO_LONG
    assert bedside.unit.pump.truth().sound is not None
    assert bedside.totals() == given


@pytest.mark.pump_requirement("ST-05")
def test_48_hours_run_from_begin_and_survive_a_reset() -> None:
    """A reset in between does not start the 48 h anew, nor does it start the pump."""
    bedside = Bedside.running()
    bedside.programmer().request("BEGIN", Begin(1, False))
    begun = bedside.unit.pump.device_us
    bedside.advance(hours=40)
    bedside.unit.reset()
    after_reset, _ = bedside.look()
    bedside.unit.advance_to(bedside.unit.pump.true_us_of(begun + 48 * 3_600 * 1_000_000))

    assert (after_reset.mode, after_reset.alarms) == (Mode.STOPPED, 0)
    assert bedside.look()[0].alarms == STOPPED_TOO_LONG


def test_abort_leaves_the_pump_stopped_until_start() -> None:
    """ABORT drops the image and says that the pump is stopped; START brings the old therapy back and ends the alarm's clock."""
    bedside = Bedside.running()
    programmer = bedside.programmer()
    programmer.request("BEGIN", Begin(1, False))
    aborted = programmer.request("ABORT", Nothing())
    bedside.advance(hours=47)
    programmer.start()
    bedside.advance(hours=47)

    status, _ = bedside.look()

    assert aborted.body.mode == Mode.STOPPED
    assert (status.mode, status.alarms, status.generation) == (Mode.FLEX, 0, 1)
    assert bedside.programmer().interrogate().therapy == OLD


def test_staged_update_that_lapses_is_logged_and_starts_nothing() -> None:
    """After ten minutes the journal tells of a dropped update, and the pump is as stopped as before."""
    bedside = Bedside.running()
    bedside.programmer().request("BEGIN", Begin(1, False))
    bedside.advance(minutes=11)

    dropped = [entry for entry in bedside.programmer().read_log() if entry.kind == EventKind.UPDATE_DROPPED]

    assert len(dropped) == 1
    assert bedside.look()[0].mode == Mode.STOPPED


@pytest.mark.pump_requirement("ST-06")
def test_stop_is_always_accepted() -> None:
    """STOP works in shelf, twice, during a bolus, while another programmer's update is staged, and with an alarm on."""
    new_pump = Bedside()
    assert new_pump.programmer().stop().mode == Mode.SHELF
    bedside = Bedside.running()
    programmer = bedside.programmer()
    programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)
    assert programmer.stop().mode == Mode.STOPPED
    assert programmer.stop().mode == Mode.STOPPED
    programmer.start()
    programmer.request("BEGIN", Begin(1, False))
    assert bedside.programmer(programmer_id=8).stop().mode == Mode.STOPPED
    bedside.advance(hours=49)

    assert bedside.programmer().stop().mode == Mode.STOPPED
    assert bedside.look()[0].alarms == STOPPED_TOO_LONG


def test_second_stop_does_not_put_off_the_alarm() -> None:
    """The 48 h count from the first STOP, however often it is repeated."""
    bedside = Bedside.running()
    bedside.programmer().stop()
    stopped = bedside.unit.pump.device_us
    bedside.advance(hours=30)
    bedside.programmer().stop()
    bedside.unit.advance_to(bedside.unit.pump.true_us_of(stopped + 48 * 3_600 * 1_000_000))

    assert bedside.look()[0].alarms == STOPPED_TOO_LONG


def test_begin_during_a_bolus_waits_for_its_end_unless_it_may_interrupt() -> None:
    """BEGIN is BUSY until the bolus ends, and stops nothing; with `interrupt` the bolus ends there with what was given."""
    bedside = Bedside.running()
    programmer = bedside.programmer()
    end_us = programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S).end_us
    command_id = programmer.status().last_command_id
    bedside.advance(seconds=BOLUS_S // 2)

    with pytest.raises(Busy) as busy:
        programmer.update(NEW)
    untouched, _ = bedside.look()
    bedside.programmer().update(NEW, interrupt=True)

    assert busy.value.until_us == end_us
    assert (untouched.mode, untouched.staging) == (Mode.FLEX, StagingState.NONE)
    outcome = bedside.outcome(command_id)
    assert outcome.state == DoseState.INTERRUPTED
    assert abs(outcome.delivered_nl - BOLUS_NL // 2) <= 4
    bedside.advance(seconds=BOLUS_S)
    assert bedside.totals().bolus_nl == outcome.delivered_nl


def test_commit_with_another_concentration_than_the_fill_is_a_unit_mismatch() -> None:
    """A raw host that stages another concentration than the last REFILL's is refused at SEAL: refill first, commit second."""
    bedside = Bedside.running()
    programmer = bedside.programmer()
    image = encode(flex(4_000, 5_000, concentration=2 * CONCENTRATION))
    programmer.request("BEGIN", Begin(1, False))
    programmer.request("PUT", Put(0, image))

    sealed = programmer.request("SEAL", Seal(len(image), hashlib.sha256(image).digest()))

    assert sealed.answer is Answer.REFUSED
    assert sealed.body[:2] == (RefusalCode.UNIT_MISMATCH, Field.CONCENTRATION)
    assert sealed.body[3:5] == (2 * CONCENTRATION, CONCENTRATION)
    assert bedside.look()[0].mode == Mode.STOPPED


@pytest.mark.pump_requirement("PG-08")
def test_refill_between_seal_and_commit_is_judged_again_at_commit() -> None:
    """Limits are checked at SEAL and again at COMMIT: a REFILL of another concentration in between refuses the commit."""
    bedside = Bedside.running()
    programmer = bedside.programmer()
    image = encode(NEW)
    digest = hashlib.sha256(image).digest()
    programmer.request("BEGIN", Begin(1, False))
    programmer.request("PUT", Put(0, image))
    programmer.request("SEAL", Seal(len(image), digest))
    programmer.refill(FILL_NL, 0, 1, 2 * CONCENTRATION)

    answer = programmer.request("COMMIT", Commit(programmer.status().last_command_id + 1, digest, ()))

    assert answer.answer is Answer.REFUSED
    assert answer.body[:2] == (RefusalCode.UNIT_MISMATCH, Field.CONCENTRATION)
    assert bedside.programmer().interrogate().therapy == OLD


def test_concentration_is_pending_from_refill_to_commit() -> None:
    """REFILL with another concentration changes no flow; STATUS says CONCENTRATION_PENDING until a COMMIT fits it."""
    bedside = Bedside.running()
    programmer = bedside.programmer()
    programmer.refill(FILL_NL, 0, 1, 2 * CONCENTRATION)
    pending, _ = bedside.look()
    rate = bedside.unit.pump.status().rate_nl_per_h
    bedside.programmer().update(flex(4_000, 5_000, concentration=2 * CONCENTRATION))
    fitting, _ = bedside.look()

    assert pending.flags & StatusFlag.CONCENTRATION_PENDING
    assert (pending.mode, rate) == (Mode.FLEX, 8_000)
    assert not fitting.flags & StatusFlag.CONCENTRATION_PENDING


def test_client_sends_no_update_that_does_not_fit_the_fill() -> None:
    """The ordinary client judges the concentration before BEGIN, and the pump runs on."""
    bedside = Bedside.running()
    programmer = bedside.programmer()

    with pytest.raises(Rejected) as rejected:
        programmer.update(flex(4_000, 5_000, concentration=2 * CONCENTRATION))

    assert rejected.value.reason == "UNIT_MISMATCH"
    assert bedside.look()[0].mode == Mode.FLEX


def test_new_pump_takes_no_therapy_and_no_start_before_a_fill() -> None:
    """Shelf, no fill: COMMIT of a running mode is refused NO_FILL before it is sent, START has no therapy to start."""
    bedside = Bedside()
    programmer = bedside.programmer()

    with pytest.raises(Rejected) as rejected:
        programmer.update(OLD)
    with pytest.raises(Refused) as refused:
        programmer.start()

    assert rejected.value.reason == "NO_FILL"
    assert refused.value.refusal.code == RefusalCode.NO_THERAPY
    assert bedside.look()[0].mode == Mode.SHELF


def test_start_of_an_empty_pump_is_refused_no_fill() -> None:
    """A pump that has run empty by computation starts again only after a REFILL."""
    bedside = Bedside.running(flex(300_000, concentration=50_000), days=0)
    bedside.advance(hours=67)
    programmer = bedside.programmer()
    emptied = bedside.unit.pump.status()
    with pytest.raises(Refused) as refused:
        programmer.start()
    programmer.refill(FILL_NL, 0, 1, 50_000)
    stopped = bedside.look()[0].mode

    programmer.start()

    assert (emptied.mode, emptied.stop_reason) == ("stopped", "empty")
    assert refused.value.refusal.code == RefusalCode.NO_FILL
    assert stopped == Mode.STOPPED
    assert bedside.look()[0].mode == Mode.FLEX


def test_new_drug_stays_stopped_until_a_start_that_names_its_generation() -> None:
    """COMMIT of another drug leaves the pump stopped, through a reset too; START runs it."""
    bedside = Bedside.running()
    bedside.fill(0)
    programmer = bedside.programmer()
    programmer.refill(FILL_NL, 0, 2, 0)
    committed = programmer.update(SALINE)
    bedside.unit.reset()
    bedside.advance(hours=1)
    after_reset, _ = bedside.look()

    started = bedside.programmer().request("START", Start(after_reset.last_command_id + 1, committed.generation))

    assert committed.mode == after_reset.mode == Mode.STOPPED
    assert started.body.mode == Mode.FLEX


def test_commit_restarts_the_mode_it_carries() -> None:
    """An update of a stopped pump runs it again, in the mode of the new therapy."""
    bedside = Bedside.running()
    programmer = bedside.programmer()
    programmer.stop()

    answer = programmer.update(minimum_rate())

    assert (answer.mode, answer.generation) == (Mode.MINIMUM_RATE, 2)
    assert bedside.unit.pump.status().rate_nl_per_h == 250
