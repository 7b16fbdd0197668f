"""Faults of the oscillator and the clock chip: what the watchdog sees, what the firmware has no means to see."""

from __future__ import annotations

import pytest

from firmware_sim.errors import PowerOff, Refused
from firmware_sim.firmware.prescription import PatientRule
from firmware_sim.hal import RESET_CAUSES
from tests.faults.cases import shows
from tests.support.bed import RATE, Bed
from tests.support.therapies import ML, US_PER_DAY, US_PER_H, active_causes, flex, listed_causes, simple

OWN_DRIFT_PPM = 20
"""What the quartz of the profile is off by when it is sound."""
RATES = (30_000, 40_000, 80_000)
"""nL/h from 00:00, 08:00 and 16:00."""
RULE = PatientRule(50_000, 25_000, 600, 6 * 3_600, 6, 4 * ML)


@shows("clock.drift", "truth", "misses")
@pytest.mark.pump_requirement("SF-16")
@pytest.mark.parametrize("drift_ppm", [-20_000, 300, 20_000])
def test_drift_is_an_error_of_the_rate(drift_ppm: int) -> None:
    """Ten days by the calendar: the dose is off by what the oscillator is off, and so is the clock."""
    bed = Bed()
    off_us = bed.pump.truth().clock_error_us
    bed.pump.inject("clock.drift", drift_ppm=drift_ppm)
    bed.pump.advance(days=10)

    share = (OWN_DRIFT_PPM + drift_ppm) / ML
    assert bed.given_ng == pytest.approx(bed.meant_ng(240) * (1 + share), abs=bed.step_ng)
    assert bed.pump.truth().clock_error_us - off_us == pytest.approx(10 * US_PER_DAY * share, abs=2)


@shows("clock.drift", "notices")
@pytest.mark.pump_requirement("SF-16")
def test_drifting_pump_logs_the_same_at_the_same_time_of_its_own() -> None:
    """At each of its own hours it is where its sound twin is at that hour, but for the battery: nothing tells it."""
    bed, twin = Bed(), Bed()
    bed.pump.inject("clock.drift", drift_ppm=50_000)
    for hours in (10, 100, 450, 500):
        for pump in (bed.pump, twin.pump):
            at_us = pump.true_us_of(hours * US_PER_H)
            pump.advance_to(max(pump.now_us, at_us))
        told = [pump.status()._replace(supply_mv=0, replace_by_clock_us=0) for pump in (bed.pump, twin.pump)]
        assert told[0] == told[1]


@shows("clock.jump", "truth")
@pytest.mark.pump_requirement("SF-16")
@pytest.mark.parametrize("jump_h", [-8, 8, 16])
def test_jump_shifts_the_day(jump_h: int) -> None:
    """A day from 16:00 with the clock off by a third of a day or two: the same dose, at other hours."""
    bed = Bed(flex(RATES))
    bed.pump.inject("clock.jump", jump_us=jump_h * US_PER_H)
    for block in range(3):
        rate = RATES[(2 + block + jump_h // 8) % 3]
        bed.mark()
        bed.pump.advance(hours=8)
        assert bed.given_nl == pytest.approx(bed.meant_nl(rate=rate), abs=2 * bed.step_nl)


@shows("clock.jump", "notices")
@pytest.mark.pump_requirement("SF-16")
def test_jump_leaves_no_record_and_no_cause() -> None:
    """The step of the new time is in force at once; the log has nothing to say about why."""
    bed = Bed(flex(RATES))
    newest = bed.pump.status().log_newest
    bed.pump.inject("clock.jump", jump_us=8 * US_PER_H)

    assert bed.pump.status().rate_nl_per_h == RATES[0]
    bed.pump.advance(days=1)
    assert (bed.pump.status().log_newest, listed_causes(bed.pump)) == (newest, [])


@shows("clock.jump", "misses")
def test_jump_neither_shortens_nor_lengthens_a_lockout() -> None:
    """Six hours of lockout are six hours of the counter, though the clock has jumped a day on."""
    bed = Bed(simple(RATE)._replace(patient=(RULE,)))
    begin_us = bed.pump.status().device_us
    bed.pump.inject("clock.jump", jump_us=US_PER_DAY)
    with pytest.raises(Refused, match="LOCKOUT"):
        bed.pump.patient_bolus()
    at_us = bed.pump.true_us_of(begin_us + RULE.lockout_s * 1_000_000)
    bed.pump.advance_to(at_us)

    assert bed.pump.check_patient_bolus().duration_s == RULE.duration_s


@shows("clock.stuck", "truth", "misses")
@pytest.mark.pump_requirement("SF-16")
def test_stuck_oscillator_commands_nothing_and_does_not_know() -> None:
    """For 90 s the counter stands, no host gets an answer, no step goes out."""
    bed = Bed()
    device_us, steps = bed.pump.device_us, bed.pump.truth().steps_commanded
    bed.pump.inject("clock.stuck")
    bed.pump.advance(seconds=89)

    assert (bed.pump.device_us, bed.pump.truth().steps_commanded) == (device_us, steps)
    with pytest.raises(PowerOff, match="does not answer"):
        bed.pump.status()


@shows("clock.stuck", "notices", "truth")
@pytest.mark.pump_requirement("SF-16", "SF-13")
def test_watchdog_resets_a_stuck_oscillator_and_the_self_test_stops_the_pump() -> None:
    """At 90 s of true time a reset, four seconds later the alarm of the clock's test: motor off until service, whatever comes."""
    bed = Bed()
    bed.pump.inject("clock.stuck")
    boots = bed.pump.boots
    bed.pump.advance(seconds=90)
    assert bed.pump.boots == boots + 1
    boot = next(record for record in reversed(bed.pump.events()) if record.get("event") == "BOOT")
    assert boot["detail"] == RESET_CAUSES.index("watchdog")
    bed.pump.advance(seconds=4)

    assert active_causes(bed.pump) == ["self_test_rtc"]
    assert bed.pump.status().stop_reason == "failure"
    with pytest.raises(Refused, match="MOTOR_OFF"):
        bed.pump.start()
    assert bed.live(days=1) == 0


@shows("clock.stuck", "truth")
def test_service_brings_a_mended_clock_back() -> None:
    """The oscillator runs again, service resets, and the therapy is given when it is started."""
    bed = Bed()
    handle = bed.pump.inject("clock.stuck")
    bed.pump.advance(minutes=5)
    bed.pump.clear(handle)
    bed.pump.service_reset()
    bed.pump.advance(minutes=1)
    bed.pump.start()
    bed.mark()

    assert bed.live(hours=5) == pytest.approx(bed.meant_ng(), abs=bed.step_ng)
    assert active_causes(bed.pump) == []
