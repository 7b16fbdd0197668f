"""Lessons of a new concentration: the catheter still holds the old one.

480 mcg a day all the time. 500 mcg/mL need 40 uL/h for it, 2,000 mcg/mL need 10 uL/h; the path is 335.8 uL.
"""

from __future__ import annotations

import pytest

from tests.lessons.lessons import lesson
from tests.support.bed import PATH_NL, RESIDUAL_NL, Bed, mixed
from tests.support.therapies import ML, US_PER_H, refill_of, simple

WEAK, STRONG = 500_000, 2_000_000
FAST, SLOW = 40_000, 10_000
DAY_NG = 480_000
FILL_NL = 20 * ML
RINSE_NL, TURNS = 10 * ML, 3


def refilled(bed: Bed, new: int) -> float:
    """The reservoir is rinsed and filled with another strength, and the pump told; returns the strength that comes of it."""
    bed.pump.rinse(volume_nl=RINSE_NL, turns=TURNS)
    bed.pump.needle(inject_nl=FILL_NL, concentration_ng_per_ml=new)
    bed.pump.refill(refill_of(FILL_NL, new))
    bed.mark()
    rinsed = bed.concentration * (RESIDUAL_NL / (RESIDUAL_NL + RINSE_NL)) ** TURNS
    return mixed(0, rinsed, FILL_NL, new)


@lesson("Concentration raised without a bridge bolus")
def test_raised_without_a_bridge_gives_a_quarter_until_the_path_is_through() -> None:
    """C_old/C_new of the dose for path/new rate: 33 h at a quarter; nearly a day's dose is missing."""
    bed = Bed(simple(FAST, concentration=WEAK))
    level = refilled(bed, STRONG)
    bed.pump.commit(simple(SLOW, concentration=STRONG))
    through_h = PATH_NL / (SLOW * bed.unit)
    bed.pump.advance(hours=int(through_h))
    assert bed.given_ng == pytest.approx(DAY_NG * bed.unit * bed.hours / 24 * WEAK / STRONG, abs=bed.step_ng)

    bed.pump.advance(days=3)
    due_ng = bed.meant_nl(rate=SLOW) * level / ML
    assert due_ng - bed.given_ng == pytest.approx(PATH_NL * (level - WEAK) / ML, abs=4 * bed.step_ng)
    assert due_ng - bed.given_ng > 0.95 * DAY_NG


@lesson("Concentration lowered without a bridge bolus")
def test_lowered_without_a_bridge_gives_four_times_the_dose_until_the_path_is_through() -> None:
    """C_old/C_new of the dose for path/new rate: 8.4 h at four times; more than a day's dose too much."""
    bed = Bed(simple(SLOW, concentration=STRONG))
    level = refilled(bed, WEAK)
    bed.pump.commit(simple(FAST, concentration=WEAK))
    through_h = PATH_NL / (FAST * bed.unit)
    bed.pump.advance(hours=int(through_h))
    assert bed.given_ng == pytest.approx(DAY_NG * bed.unit * bed.hours / 24 * STRONG / WEAK, abs=bed.step_ng)

    bed.pump.advance(days=3)
    due_ng = bed.meant_nl(rate=FAST) * level / ML
    assert bed.given_ng - due_ng == pytest.approx(PATH_NL * (STRONG - level) / ML, abs=4 * bed.step_ng)
    assert bed.given_ng - due_ng > DAY_NG


@lesson("Concentration raised without a bridge bolus")
@lesson("Concentration lowered without a bridge bolus")
@pytest.mark.parametrize(("old", "new"), [(WEAK, STRONG), (STRONG, WEAK)])
def test_bridge_bolus_keeps_the_dose(old: int, new: int) -> None:
    """The path's volume at the old rate, then the new therapy: what is left of the error is what this unit's steps are off by."""
    rates = {WEAK: FAST, STRONG: SLOW}
    bed = Bed(simple(rates[old], concentration=old))
    level = refilled(bed, new)
    bed.pump.commit(simple(rates[new], concentration=new))
    plan = bed.pump.bridge(PATH_NL, rates[old])
    assert plan.duration_s == pytest.approx(PATH_NL / rates[old] * 3_600, abs=1)
    bridge_h = (plan.end_us - bed.pump.device_us) / US_PER_H
    bed.pump.advance(days=4)

    due_ng = (rates[old] * bridge_h * old + rates[new] * (bed.hours - bridge_h) * level) * bed.unit / ML
    left_ng = abs(bed.unit - 1) * PATH_NL * abs(level - old) / ML
    assert bed.given_ng == pytest.approx(due_ng, abs=left_ng + 2 * max(old, new) / ML * bed.step_nl)


@lesson("Concentration raised without a bridge bolus")
def test_pump_knows_of_the_new_strength_and_waits_for_its_therapy() -> None:
    """Between REFILL and COMMIT it runs on at the old volume: nearly four times the dose once the new drug is at the tip; it says so."""
    bed = Bed(simple(FAST, concentration=WEAK))
    level = refilled(bed, STRONG)
    assert bed.pump.status().concentration_pending
    bed.pump.advance(days=1)
    bed.mark()
    bed.pump.advance(days=1)

    assert bed.given_ng == pytest.approx(bed.meant_nl(rate=FAST) * level / ML, abs=4 * bed.step_ng)
    assert bed.given_ng > 3.7 * DAY_NG * bed.unit
