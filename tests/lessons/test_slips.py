"""Lessons of a slip in the programming: the pump does what it is told, and what that is.

Who types what, and what the programmer's checks say to it, is the clinic's part; here the wrong therapy is simply committed.
"""

from __future__ import annotations

import pytest

from firmware_sim.errors import Busy, Refused
from firmware_sim.firmware.prescription import PatientRule, Prescription
from tests.lessons.lessons import lesson
from tests.support.bed import RATE, Bed
from tests.support.therapies import ML, US_PER_MIN, flex, listed_causes, simple

BOLUS_NL, BOLUS_NG = 20_000, 10_000
SIX_HOURS_S, SIX_MINUTES_S = 21_600, 360
MOST_PER_DAY = 24
MORNING_NL_PER_H = 120_000
"""60 mcg in an hour of 500 mcg/mL."""
MINIMUM_RATE = 250
SOFT_DOSE_RULE = 33
"""What a clinician names to set the soft limit of the daily dose aside."""


def with_boluses(lockout_s: int, window_nl: int) -> Prescription:
    """480 mcg a day, and 10 mcg when the patient asks."""
    return simple(RATE)._replace(patient=(PatientRule(BOLUS_NL, BOLUS_NG, 120, lockout_s, MOST_PER_DAY, window_nl),))


def asks_whenever_he_likes(bed: Bed, hours: int) -> int:
    """The patient asks every two minutes; returns how many boluses he is given."""
    granted = 0
    for _ in range(hours * 30):
        try:
            bed.pump.patient_bolus()
            granted += 1
        except (Refused, Busy):
            pass
        bed.pump.advance(us=2 * US_PER_MIN)
    return granted


@lesson("Minutes typed for hours in a bolus interval")
def test_six_minutes_for_six_hours_is_all_the_day_allows_in_an_afternoon() -> None:
    """Meant: one bolus in six hours. Given: all 24 of the day within two and a half hours, 240 mcg on top of 50 of basal."""
    meant, typed = Bed(with_boluses(SIX_HOURS_S, 4 * ML)), Bed(with_boluses(SIX_MINUTES_S, 4 * ML))
    counts = []
    for bed, lockout_s in ((meant, SIX_HOURS_S), (typed, SIX_MINUTES_S)):
        bed.pump.advance(us=(lockout_s + 1) * 1_000_000)
        bed.mark()
        counts.append(asks_whenever_he_likes(bed, 5))
        assert bed.given_ng == pytest.approx(bed.meant_ng() + counts[-1] * BOLUS_NG * bed.unit, abs=bed.step_ng)

    assert counts == [1, MOST_PER_DAY]
    assert listed_causes(typed.pump) == []


@lesson("Minutes typed for hours in a bolus interval")
def test_limit_for_a_day_catches_what_the_interval_does_not() -> None:
    """The same slip with a window of the day's basal and four boluses: the fifth is refused, whatever the interval says."""
    bed = Bed(with_boluses(SIX_MINUTES_S, 24 * RATE + 4 * BOLUS_NL))
    bed.pump.advance(us=(SIX_MINUTES_S + 1) * 1_000_000)
    bed.mark()
    granted = asks_whenever_he_likes(bed, 5)

    assert granted == 4
    assert bed.given_ng == pytest.approx(bed.meant_ng() + 4 * BOLUS_NG * bed.unit, abs=bed.step_ng)
    with pytest.raises(Refused, match="DOSE_LIMIT"):
        bed.pump.patient_bolus()


@lesson("Once a morning programmed as every hour")
def test_every_hour_for_once_a_morning_is_nearly_24_times_the_dose() -> None:
    """60 mcg from 08:00 to 09:00 was meant; 60 mcg in each hour is 1,440 a day, and 20 mL last a week. The soft limit asks once."""
    morning, hourly = Bed(flex((MINIMUM_RATE, MORNING_NL_PER_H, MINIMUM_RATE), (0, 480, 540))), Bed()
    slip = simple(MORNING_NL_PER_H)
    with pytest.raises(Refused, match="OVERRIDE"):
        hourly.pump.commit(slip)
    hourly.pump.commit(slip, overrides=(SOFT_DOSE_RULE,))
    hourly.mark()
    meant_ng, given_ng = morning.live(days=1), hourly.live(days=1)

    assert meant_ng == pytest.approx(morning.meant_ng(1, MORNING_NL_PER_H) + morning.meant_ng(23, MINIMUM_RATE), abs=3 * morning.step_ng)
    assert given_ng == pytest.approx(24 * hourly.meant_ng(1, MORNING_NL_PER_H), abs=hourly.step_ng)
    assert given_ng / meant_ng == pytest.approx(24 * 60 / (60 + 23 * MINIMUM_RATE * 0.5 / 1_000), rel=0.01)
    assert listed_causes(hourly.pump) == []
    hourly.pump.advance(days=6)
    assert "empty_reservoir" in listed_causes(hourly.pump)
