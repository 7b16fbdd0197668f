"""Lessons of pumps that do not infuse: somebody stopped them, or a scan, or their age; and of the way back to the full dose."""

from __future__ import annotations

import pytest

from firmware_sim.errors import Refused
from firmware_sim.profile import load_profile
from tests.lessons.lessons import lesson
from tests.support.bed import RATE, Bed
from tests.support.therapies import ML, US_PER_DAY, US_PER_H, US_PER_MIN, US_PER_S, active_causes, listed_causes, minimum, simple

MINIMUM_RATE = 250
STOPPED_H = 48
SERVICE_DAYS = 90
SLOW = 4_000
NEARLY_A_DAY_US = US_PER_DAY - 5 * US_PER_MIN
"""So that the first sound of the next day is not in it."""


@lesson("Update abandoned")
@pytest.mark.pump_requirement("ST-05")
@pytest.mark.parametrize("found_days", [2, 8, 21])
def test_update_that_is_broken_off_leaves_the_pump_stopped_until_somebody_finds_it(found_days: int) -> None:
    """Nothing is given from its first request on; the alarm comes after 48 h and changes nothing; the dose of all those days is missing."""
    bed = Bed()
    bed.pump.begin_update()
    bed.pump.advance(minutes=10)
    bed.pump.drop_update(expired=True)
    begin_us = bed.pump.now_us
    bed.pump.advance(days=found_days)

    assert bed.given_ng == 0
    assert (bed.pump.status().mode, bed.pump.status().stop_reason) == ("stopped", "update")
    alarm = next(alarm for alarm in bed.pump.status().alarms if alarm.cause == "stopped_too_long")
    assert alarm.raised_us - STOPPED_H * US_PER_H == pytest.approx(begin_us - 600 * US_PER_S, rel=1e-4)
    bed.pump.start()
    bed.mark()
    assert bed.live(hours=5) == pytest.approx(bed.meant_ng(), abs=bed.step_ng)
    assert active_causes(bed.pump) == []


@lesson("Update abandoned")
def test_next_pump_runs_on_through_an_abandoned_update() -> None:
    """The same on a pump that does not stop for updates: no dose is lost."""
    bed = Bed(profile=load_profile("itp-40-next"))
    bed.pump.begin_update()
    bed.pump.advance(minutes=10)
    bed.pump.drop_update(expired=True)
    bed.pump.advance(days=8)

    assert bed.given_ng == pytest.approx(bed.meant_ng(), abs=bed.step_ng)
    assert listed_causes(bed.pump) == []


@lesson("MRI with the telemetry trap")
@pytest.mark.parametrize("days", [1, 3])
def test_scan_while_an_alarm_sounds_stops_the_pump_until_it_is_interrogated(days: int) -> None:
    """Low reservoir sounds, half an hour in the scanner, and then days without a drop: neither stall nor 48 h are told."""
    bed = Bed(volume_nl=2 * ML)
    assert active_causes(bed.pump) == ["low_reservoir"]
    computed_nl = bed.pump.status().computed_reservoir_nl
    bed.pump.inject("motor.mri", minutes=30)
    assert bed.live(days=days) == 0
    assert listed_causes(bed.pump) == ["low_reservoir"]
    assert bed.pump.status().computed_reservoir_nl == computed_nl

    bed.pump.interrogated()
    bed.mark()
    assert bed.live(hours=10) == pytest.approx(bed.meant_ng(), abs=bed.step_ng)


@lesson("MRI with the telemetry trap")
def test_alarm_silenced_before_the_scan_costs_three_quarters_of_an_hour() -> None:
    """The same scan: the rotor is held for its half hour and the quarter until it comes free, and no more."""
    bed = Bed(volume_nl=2 * ML)
    bed.pump.silence("low_reservoir")
    bed.pump.inject("motor.mri", minutes=30)
    bed.pump.advance(days=1)

    assert bed.given_ng == pytest.approx(bed.meant_ng(bed.hours - 0.75), abs=2 * bed.step_ng)
    assert "motor_stall" in listed_causes(bed.pump)


@lesson("Stop of 48 h during a revision")
def test_stop_for_a_revision_alarms_after_48_hours_and_is_not_made_up() -> None:
    """To the microsecond; started again at 50 h the alarm goes, and two days' dose and two hours' are missing for good."""
    bed = Bed()
    bed.pump.stop()
    begin_us = bed.pump.device_us
    alarm_us = bed.pump.true_us_of(begin_us + STOPPED_H * US_PER_H)
    bed.pump.advance_to(alarm_us - 1)
    assert active_causes(bed.pump) == []
    bed.pump.advance(us=1)
    assert active_causes(bed.pump) == ["stopped_too_long"]
    bed.pump.advance(hours=2)
    stopped_h = bed.hours
    bed.pump.start()
    bed.pump.advance(days=5)

    assert active_causes(bed.pump) == []
    assert bed.meant_ng() - bed.given_ng == pytest.approx(bed.meant_ng(stopped_h), abs=bed.step_ng)
    assert bed.meant_ng(stopped_h) > 2 * bed.meant_ng(24)


@lesson("Restart at full dose after a holiday")
def test_full_dose_after_a_holiday_is_a_step_of_160_times() -> None:
    """Two weeks at the minimum rate, then yesterday's therapy: the pump takes it without a word, and all of it arrives the same day."""
    bed = Bed()
    bed.pump.commit(minimum())
    bed.pump.advance(days=13)
    last_day_ng = bed.live(days=1)
    bed.pump.commit(bed.therapy)
    first_day_ng = bed.live(days=1)

    assert last_day_ng == pytest.approx(bed.meant_ng(24, MINIMUM_RATE), abs=bed.step_ng)
    assert first_day_ng == pytest.approx(bed.meant_ng(24), abs=bed.step_ng)
    assert first_day_ng / last_day_ng == pytest.approx(RATE / MINIMUM_RATE, rel=0.1)
    assert listed_causes(bed.pump) == []


@lesson("Restart at full dose after a holiday")
def test_restart_in_steps_gives_what_each_step_says() -> None:
    """A quarter, a half, and then all: no day is more than twice the one before."""
    bed = Bed()
    bed.pump.commit(minimum())
    bed.pump.advance(days=14)
    days = []
    for share in (4, 2, 1):
        bed.pump.commit(simple(RATE // share))
        days.append(bed.live(days=1))

    assert days == pytest.approx([bed.meant_ng(24) / share for share in (4, 2, 1)], abs=bed.step_ng)


@lesson("ERI missed, EOS stop")
@pytest.mark.pump_requirement("PW-05", "AL-16")
def test_indicator_that_nobody_hears_ends_in_a_stop_for_good() -> None:
    """90 days of a single tone each hour with the full dose; then the two tones, no dose, no start: all that would follow is missing."""
    bed = Bed(simple(SLOW))
    bed.pump.inject("battery.premature_eri")
    heard = bed.pump.listen(NEARLY_A_DAY_US)
    assert [len({tone.hz for tone in sound.tones}) for sound in heard] == [1] * 24
    end_us = bed.pump.true_us_of(bed.pump.status().alarms[0].raised_us + SERVICE_DAYS * US_PER_DAY)
    bed.pump.advance_to(end_us)
    assert bed.given_ng == pytest.approx(bed.meant_ng(rate=SLOW), abs=bed.step_ng)

    heard = bed.pump.listen(NEARLY_A_DAY_US)
    assert [len({tone.hz for tone in sound.tones}) for sound in heard] == [2] * 144
    bed.mark()
    assert bed.live(days=5) == 0
    with pytest.raises(Refused, match="END_OF_SERVICE"):
        bed.pump.start()


@lesson("ERI missed, EOS stop")
def test_legacy_pump_does_not_stop_itself() -> None:
    """The same on the model before: it alarms and goes on infusing."""
    bed = Bed(simple(SLOW), volume_nl=15 * ML, profile=load_profile("legacy-18"))
    bed.pump.inject("battery.premature_eri")
    bed.pump.advance(days=SERVICE_DAYS + 5)

    assert active_causes(bed.pump) == ["eri", "eos"]
    assert bed.given_ng == pytest.approx(bed.meant_ng(rate=SLOW), abs=bed.step_ng)
