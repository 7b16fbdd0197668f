"""Lessons of a slip, played whole: what somebody means, the slip in force, what goes over the wire, and what the patient is given.

Each dose that is expected is worked out from rate, strength, volumes and the unit's own error. The pump notices none of it.
"""

from __future__ import annotations

import pytest

from firmware_sim.errors import Busy, Refused
from firmware_sim.firmware.prescription import PatientRule
from firmware_sim.profile import load_profile
from firmware_sim.pump import Pump
from hil.clinic.bridge import bridge
from hil.clinic.human import Bridge, Intent, Prime, Update
from hil.clinic.priming import priming
from hil.therapy.prescription import to_therapy
from protocol.errors import Rejected
from tests.lessons.lessons import lesson
from tests.support.bed import PATH_NL, RATE, RESIDUAL_NL, Bed, mixed
from tests.support.therapies import ML, US_PER_H, US_PER_MIN, flex, listed_causes, refill_of, simple
from tests.support.wards import Ward, update_of

DAY_NG = 480_000
WEAK, STRONG = 500_000, 2_000_000
RATES = {WEAK: 40_000, STRONG: 10_000}
"""Both give 480 mcg a day."""
FILL_NL = 20 * ML
TUBING_NL, OLD_TUBING_NL, CATHETER_NL = 140_000, 199_000, 195_800
BOLUS_NL, BOLUS_NG, MOST_PER_DAY = 20_000, 10_000, 24
MORNING_NL_PER_H, MINIMUM_RATE = 120_000, 250
"""60 mcg in an hour of 500 mcg/mL, and the pump's minimum rate for the rest of the day."""


def strength_after(old: int, new: int) -> float:
    """What a rinse (10 mL, three times) and a fill of another strength make."""
    return mixed(0, old * (RESIDUAL_NL / (RESIDUAL_NL + 10 * ML)) ** 3, FILL_NL, new)


@lesson("Minutes typed for hours in a bolus interval")
def test_six_hours_typed_as_six_minutes() -> None:
    """Meant: a bolus of 10 mcg in six hours. Given to a patient who asks when he likes: all 24 of the day in two and a half."""
    rule = PatientRule(BOLUS_NL, BOLUS_NG, 120, 6 * 3_600, MOST_PER_DAY, 4 * ML)
    meant = update_of(simple(RATE)._replace(patient=(rule,)))
    granted = {}
    for slip in (False, True):
        with Ward(Bed()) as ward:
            if slip:
                ward.bench.inject("human.minutes_for_hours")
            ward.programme(meant)
            ward.bench.advance(hours=6, seconds=1)
            ward.bed.mark()
            granted[slip] = 0
            for _ in range(150):
                try:
                    ward.bed.pump.patient_bolus()
                    granted[slip] += 1
                except (Refused, Busy):
                    pass
                ward.bench.advance(minutes=2)
            expected_ng = ward.bed.meant_ng() + granted[slip] * BOLUS_NG * ward.bed.unit
            assert ward.bed.given_ng == pytest.approx(expected_ng, abs=2 * ward.bed.step_ng)
            assert listed_causes(ward.bed.pump) == []

    assert granted == {False: 1, True: MOST_PER_DAY}


@lesson("Once a morning programmed as every hour")
def test_once_a_morning_typed_as_every_hour() -> None:
    """60 mcg from 08:00 to 09:00 become 1,440 a day. The soft limit asks once; whoever passes it gives 22 times the dose."""
    meant = Update(to_therapy(flex((MINIMUM_RATE, MORNING_NL_PER_H, MINIMUM_RATE), (0, 480, 540))))
    with Ward(Bed()) as right:
        right.programme(meant)
        right.bed.mark()
        right_ng = right.bed.live(days=1)
        unit = right.bed.unit
    with Ward(Bed()) as ward:
        handle = ward.bench.inject("human.hourly_for_daily", acts="until_cleared")
        with pytest.raises(Rejected, match="33"):
            ward.programme(meant)
        ward.programme(meant._replace(overrides=(33,)))
        ward.bed.mark()
        given_ng = ward.bed.live(days=1)

        assert right_ng == pytest.approx((60_000 + 23 * MINIMUM_RATE / 2) * unit, abs=3 * right.bed.step_ng)
        assert given_ng == pytest.approx(24 * 60_000 * unit, abs=ward.bed.step_ng)
        assert given_ng / right_ng == pytest.approx(24 * 60_000 / (60_000 + 23 * MINIMUM_RATE / 2), rel=0.01)
        assert listed_causes(ward.bed.pump) == []
        ward.bench.clear(handle)
        ward.programme(meant)
        prescription = ward.bed.pump.status().prescription
        assert prescription is not None
        assert prescription == flex((MINIMUM_RATE, MORNING_NL_PER_H, MINIMUM_RATE), (0, 480, 540))


@lesson("Concentration raised without a bridge bolus")
@lesson("Concentration lowered without a bridge bolus")
@pytest.mark.parametrize(("old", "new"), [(WEAK, STRONG), (STRONG, WEAK)])
def test_bridge_that_is_forgotten(old: int, new: int) -> None:
    """Four days after a visit: with the bridge the dose is right, without it the path's volume is off by the difference in strength."""
    plan = bridge(PATH_NL, old, new, DAY_NG)
    level = strength_after(old, new)
    wards = {slip: Ward(Bed(simple(RATES[old], concentration=old))) for slip in (False, True)}
    error_ng = {}
    for slip, ward in wards.items():
        with ward:
            if slip:
                ward.bench.inject("human.bridge_forgotten")
            ward.fill(FILL_NL, new)
            ward.programme(update_of(simple(RATES[new], concentration=new)))
            told = ward.programme(Bridge(plan.volume_nl, plan.rate_nl_per_h, TUBING_NL))
            ward.bench.advance(days=4)

            assert (told.intent is None) == slip
            bridge_h = 0.0 if slip else float(plan.programmed_s) / 3_600
            due_ng = (RATES[old] * bridge_h * old + RATES[new] * (ward.bed.hours - bridge_h) * level) * ward.bed.unit / ML
            error_ng[slip] = ward.bed.given_ng - due_ng
            assert listed_causes(ward.bed.pump) == []

    unit, step_ng = wards[True].bed.unit, 2 * max(old, new) / ML * wards[True].bed.step_nl
    assert error_ng[True] == pytest.approx(PATH_NL * (old - level) / ML, abs=step_ng)
    assert error_ng[False] == pytest.approx(0, abs=abs(unit - 1) * PATH_NL * abs(level - old) / ML + step_ng)
    assert abs(error_ng[True]) > 0.95 * DAY_NG


@pytest.mark.parametrize("typed", [100_000, 2_500_000])
def test_concentration_typed_wrong_multiplies_every_dose(typed: int) -> None:
    """A tenth of the true 1 mg/mL typed: ten times the dose. Two and a half times typed: two fifths of it. The pump agrees with itself."""
    true, rate, day_ng = 1_000_000, 8_000, 192_000
    with Ward(Bed(simple(rate, concentration=true))) as ward:
        ward.bench.inject("human.concentration_typed_wrong", typed_ng_per_ml=typed)
        ward.fill(FILL_NL, true)
        ward.programme(update_of(simple(rate, concentration=true)))
        status = ward.bed.pump.status()
        ward.bench.advance(days=5)
        ward.bed.mark()
        given_ng = ward.bed.live(days=2) / 2

        assert status.fill is not None
        assert (status.fill.concentration_ng_per_ml, status.rate_nl_per_h) == (typed, rate * true // typed)
        assert status.prescription is not None
        assert status.prescription.groups[0].daily_dose_ng == day_ng
        level = strength_after(true, true)
        assert given_ng == pytest.approx(day_ng * level / typed * ward.bed.unit, rel=0.002)
        assert listed_causes(ward.bed.pump) == []


class DryBed(Bed):
    """A new pump that has been filled, programmed and stopped: tubing and catheter hold no drug yet."""

    def __init__(self, concentration: int) -> None:
        self.therapy, self.concentration = simple(RATES[concentration], concentration=concentration), concentration
        self.pump = pump = Pump(seed=3)
        for _ in range(6):
            pump.needle(withdraw_nl=None, inject_nl=40 * ML, concentration_ng_per_ml=concentration)
        pump.refill(refill_of(40 * ML, concentration))
        pump.commit(self.therapy)
        pump.stop()
        self.mark()


@pytest.mark.parametrize("concentration", [WEAK, STRONG])
def test_old_tubing_constant_gives_59_microlitres_of_drug_too_much(concentration: int) -> None:
    """0.199 mL typed for 0.140: the prime is 17.6 % larger, and so much drug more leaves the tip, 118 mcg of 2 mg/mL.

    Most of it with the prime; all of it by the time at which what the prime has mixed is out of the catheter.
    """
    plan = priming(CATHETER_NL, concentration, dry=True)
    wards = {slip: Ward(DryBed(concentration)) for slip in (False, True)}
    primed_ng, later_ng = {}, {}
    for slip, ward in wards.items():
        with ward:
            if slip:
                ward.bench.inject("human.old_tubing_constant")
            told = ward.programme(Prime(plan.volume_nl, plan.tubing_nl))
            ward.bench.advance(hours=1)
            primed_ng[slip], primed_nl = ward.bed.given_ng, ward.bed.given_nl
            ward.programmer.start()
            ward.bench.advance(days=4)
            later_ng[slip] = ward.bed.given_ng

            volume_nl = CATHETER_NL + (OLD_TUBING_NL if slip else TUBING_NL)
            assert told.intent == Prime(volume_nl, OLD_TUBING_NL if slip else TUBING_NL)
            assert primed_nl == pytest.approx(volume_nl * ward.bed.unit, abs=ward.bed.step_nl)
            assert listed_causes(ward.bed.pump) == []

    bed = wards[True].bed
    over_ng = (OLD_TUBING_NL - TUBING_NL) * bed.unit * bed.pump.truth().reservoir_concentration_ng_per_ml / ML
    assert later_ng[True] - later_ng[False] == pytest.approx(over_ng, abs=bed.step_ng)
    assert later_ng[True] - later_ng[False] == pytest.approx(float(plan.over_ng), rel=0.01)
    assert 0.5 * over_ng < primed_ng[True] - primed_ng[False] <= over_ng


@lesson("Update abandoned")
@pytest.mark.parametrize("found_days", [3, 21])
def test_update_that_somebody_walks_away_from(found_days: int) -> None:
    """Stopped from the first message on, an alarm after 48 h, no dose for all those days; found, it is programmed and runs."""
    with Ward(Bed()) as ward:
        ward.bench.inject("human.update_abandoned")
        meant: Intent = update_of(simple(2 * RATE))
        ward.programme(meant)
        ward.bed.mark()
        ward.bench.advance(days=found_days)

        assert ward.bed.given_ng == 0
        assert listed_causes(ward.bed.pump) == ["stopped_too_long"]
        alarm = ward.bed.pump.status().alarms[0]
        assert alarm.raised_us == pytest.approx(ward.bed.pump.device_us - (24 * found_days - 48) * US_PER_H, abs=US_PER_MIN)
        ward.programme(meant)
        ward.bed.mark()
        assert ward.bed.live(hours=5) == pytest.approx(ward.bed.meant_ng(rate=2 * RATE), abs=ward.bed.step_ng)


@lesson("Update abandoned")
def test_next_pump_goes_on_with_the_old_therapy() -> None:
    """A pump that does not stop for updates gives the old dose until somebody finds that the new one never came."""
    with Ward(Bed(profile=load_profile("itp-40-next"))) as ward:
        ward.bench.inject("human.update_abandoned")
        ward.programme(update_of(simple(2 * RATE)))
        ward.bed.mark()
        ward.bench.advance(days=3)

        assert ward.bed.given_ng == pytest.approx(ward.bed.meant_ng(), abs=ward.bed.step_ng)
        assert listed_causes(ward.bed.pump) == []
