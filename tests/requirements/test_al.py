"""Section AL, alarms, each row by its observable."""

from __future__ import annotations

import pytest

from firmware_sim import Pump
from firmware_sim.errors import ProfileError
from firmware_sim.firmware.alarms import number_of
from firmware_sim.firmware.journal import EventKind
from firmware_sim.profile import Profile, load_profile_text
from hil.cli.program_view import interrogation_lines, status_lines
from protocol.codes import AlarmCause
from tests.link.bedside import Bedside
from tests.support.therapies import ML, US_PER_H, US_PER_S, active_causes, refill_of, running, simple

STALL, LOW = "motor_stall", "low_reservoir"


def pattern(pump: Pump) -> str:
    """What can be heard now."""
    sound = pump.truth().sound
    return sound.pattern if sound else ""


def low_then_stalled() -> tuple[Pump, int]:
    """A running pump that is low, then stalls; and the stall's handle."""
    pump = running(simple(20_000))
    pump.refill(refill_of(2 * ML))
    pump.advance(minutes=1)
    handle = pump.inject("motor.stall")
    pump.advance(hours=1)
    assert active_causes(pump) == [LOW, STALL]
    return pump, handle


@pytest.mark.pump_requirement("AL-01", "AL-02")
def test_alarm_is_heard_and_read_by_its_cause() -> None:
    """A stall: the pump sounds, and a programmer reads that very cause in the alarm word and in the interrogation."""
    bedside = Bedside.running()
    bedside.unit.pump.inject("motor.stall")
    bedside.advance(hours=1)
    with bedside.programmer() as programmer:
        status, condition = programmer.status(), programmer.interrogate().condition
    raised_us = bedside.unit.pump.status().alarms[0].raised_us
    bedside.advance(us=raised_us + 6 * 600 * US_PER_S - bedside.unit.pump.device_us + 1_000)

    assert pattern(bedside.unit.pump) == "two-tone"
    assert status.alarms == 1 << AlarmCause.MOTOR_STALL == 1 << number_of(STALL)
    assert [alarm.cause for alarm in condition.alarms] == [AlarmCause.MOTOR_STALL]


@pytest.mark.pump_requirement("AL-08")
def test_highest_alarm_is_the_one_that_is_heard() -> None:
    """Low reservoir sounds one tone; with a stall on top two tones are heard, at the low one's hour too; the stall gone, one tone again."""
    pump = running(simple(20_000))
    pump.refill(refill_of(2 * ML))
    low_us = pump.status().alarms[0].raised_us
    heard = [pattern(pump)]
    pump.advance(minutes=1)
    handle = pump.inject("motor.stall")
    pump.advance_to(pump.true_us_of(low_us + US_PER_H))
    heard.append(pattern(pump))
    stall_us = pump.status().alarms[1].raised_us
    pump.advance_to(pump.true_us_of(stall_us + 6 * 600 * US_PER_S))
    heard.append(pattern(pump))
    pump.clear(handle)
    pump.advance_to(pump.true_us_of(low_us + 3 * US_PER_H))
    heard.append(pattern(pump))

    assert heard == ["single-tone", "", "two-tone", "single-tone"]


@pytest.mark.pump_requirement("AL-09")
def test_alarms_stand_in_the_order_of_their_occurrence() -> None:
    """The list that is told and the log have the same causes in the same order, with the same times."""
    pump, handle = low_then_stalled()
    pump.clear(handle)
    pump.stop()
    pump.advance(hours=49)
    listed = [(number_of(alarm.cause), alarm.raised_us) for alarm in pump.status().alarms]
    logged = [(record.detail, record.device_us) for record in pump.read_log(0, 100)[2] if record.kind == EventKind.ALARM_RAISED]

    assert listed == logged
    assert [number for number, _ in listed] == [number_of(cause) for cause in (LOW, STALL, "stopped_too_long")]


@pytest.mark.pump_requirement("AL-03", "AL-10")
@pytest.mark.parametrize("how", ["closed", "lost"])
def test_silence_ends_with_a_lost_session_and_not_with_a_closed_one(how: str) -> None:
    """A programmer that went away without a word leaves no silence behind; one that said goodbye does, until it expires."""
    bedside = Bedside.running()
    bedside.unit.pump.inject("motor.stall")
    bedside.advance(hours=1)
    programmer = bedside.programmer()
    until_us = programmer.silence(AlarmCause.MOTOR_STALL).until_us
    assert bedside.unit.pump.status().alarms[0].silenced_until_us == until_us
    if how == "closed":
        programmer.close()
    bedside.advance(minutes=11)

    assert (bedside.unit.pump.status().alarms[0].silenced_until_us == until_us) == (how == "closed")
    bedside.unit.advance_to(bedside.unit.pump.true_us_of(until_us))
    assert bedside.unit.pump.status().alarms[0].silenced_until_us == 0
    assert bedside.unit.pump.next_sound_us() is not None


def quiet_for(text: str) -> Profile:
    """The 40 mL pump whose critical silence is so many seconds."""
    return load_profile_text("mine", f"extends: itp-40\nalarm:\n  critical_silence_s: {{value: {text}, provenance: assumed}}\n")


@pytest.mark.pump_requirement("AL-03", "AL-04")
@pytest.mark.parametrize("seconds", [60, 7_200])
def test_silence_can_be_set_and_ends_to_the_microsecond(seconds: int) -> None:
    """As long as the profile says, from the command on: a microsecond before its end it is quiet, then the next repeat is heard."""
    pump = running(simple(20_000), profile=quiet_for(str(seconds)))
    pump.inject("motor.stall")
    pump.advance(hours=1)
    until_us = pump.silence(STALL)
    assert until_us == pump.device_us + seconds * US_PER_S
    pump.advance_to(pump.true_us_of(until_us) - 1)
    assert pump.status().alarms[0].silenced_until_us == until_us
    pump.advance(us=1)

    assert pump.status().alarms[0].silenced_until_us == 0
    assert [sound.pattern for sound in pump.listen(600 * US_PER_S)] == ["two-tone"]


@pytest.mark.pump_requirement("AL-03", "AL-04")
@pytest.mark.parametrize("text", ["0", "-1", "10_000_000_000", "forever", "null"])
def test_no_silence_is_for_ever(text: str) -> None:
    """What is no time, or beyond any time a pump lives, is no profile."""
    with pytest.raises(ProfileError):
        quiet_for(text)


@pytest.mark.pump_requirement("AL-18")
def test_alarm_test_is_logged_and_leaves_everything_alone() -> None:
    """With an alarm on: therapy, alarms and the raised and cleared records are as before; the test is one record of its own."""
    pump, _ = low_then_stalled()
    regions, records = ("bank_a", "bank_b", "delivery_state", "fault_ring"), pump.read_log(0, 100)[2]
    before = [pump.load(region) for region in regions], pump.status()._replace(log_newest=0)
    pump.alarm_test()

    assert before == ([pump.load(region) for region in regions], pump.status()._replace(log_newest=0))
    told = pump.read_log(0, 100)[2]
    assert told[: len(records)] == records
    assert [EventKind(record.kind) for record in told[len(records) :]] == [EventKind.ALARM_TEST]


@pytest.mark.pump_requirement("AL-20")
def test_silenced_alarm_is_shown_as_such() -> None:
    """The status has a bit for it; the programmer's two views name the cause and until when it is silent."""
    bedside = Bedside.running()
    bedside.unit.pump.inject("motor.stall")
    bedside.advance(hours=1)
    with bedside.programmer() as programmer:
        loud = programmer.status()
        programmer.silence(AlarmCause.MOTOR_STALL)
        status, known = programmer.status(), programmer.interrogate()

    assert (loud.silenced, status.silenced) == (0, 1 << AlarmCause.MOTOR_STALL)
    assert "silenced      motor stall" in status_lines(status)
    assert any("motor stall" in line and "silent until" in line for line in interrogation_lines(known))
