"""Faults of the reservoir and of what needles do to it: the refill is what the programmer says, the truth is what was done."""

from __future__ import annotations

from math import exp

import pytest

from firmware_sim.errors import BenchRefused
from firmware_sim.plant.needle import NeedleResult
from firmware_sim.pump import Pump
from tests.faults.cases import shows
from tests.support.bed import CAPACITY_NL, PATH_NL, RATE, Bed, mixed
from tests.support.therapies import ML, US_PER_H, active_causes, listed_causes, refill_of

CATHETER_NL = 195_800
STRONG = 2_000_000
HALF_LIFE_H = 2
OVERFILL_PER_ML = 0.005
"""The flow rises by this share for each mL above capacity."""


def refilled(bed: Bed, volume_nl: int, concentration: int) -> NeedleResult:
    """A refill as it is meant: all out, so much in; and the pump is told what was meant."""
    result = bed.pump.needle(withdraw_nl=None, inject_nl=volume_nl, concentration_ng_per_ml=concentration)
    bed.pump.refill(refill_of(volume_nl, concentration, result.withdrawn_nl))
    bed.mark()
    return result


def told_as_meant(pump: Pump, volume_nl: int) -> bool:
    """The pump believes the fill that it was told, and has no cause."""
    return pump.status().computed_reservoir_nl == volume_nl and listed_causes(pump) == []


def pumped_of_excess_nl(excess_nl: float, hours: float, bed: Bed) -> float:
    """Volume given while dE/dt = -r (1 + kE): the flow rises with the excess E above capacity, which it carries away."""
    per_nl, rate = OVERFILL_PER_ML / ML, RATE * bed.unit
    left_nl = ((1 + per_nl * excess_nl) * exp(-per_nl * rate * hours) - 1) / per_nl
    return excess_nl - left_nl


# -- how much is in -----------------------------------------------------------------------------------------------------------------


@shows("reservoir.overfill", "truth", "notices")
def test_overfilled_reservoir_gives_too_much_until_the_excess_is_gone() -> None:
    """Two millilitres above capacity: for the first day the flow follows the excess; when that is gone it is the rate."""
    bed = Bed()
    bed.pump.inject("reservoir.overfill", excess_nl=2 * ML)
    refilled(bed, CAPACITY_NL, bed.concentration)
    assert told_as_meant(bed.pump, CAPACITY_NL)
    assert bed.pump.truth().excess_nl == 2 * ML
    bed.pump.advance(days=1)
    meant_nl, given_nl = bed.meant_nl(), bed.given_nl
    assert given_nl - meant_nl == pytest.approx(pumped_of_excess_nl(2 * ML, bed.hours, bed) - meant_nl, rel=0.005, abs=bed.step_nl)
    assert given_nl > meant_nl * 1.005

    bed.pump.advance(days=2)
    bed.mark()
    bed.pump.advance(days=1)
    assert (bed.pump.truth().excess_nl, listed_causes(bed.pump)) == (0, [])
    assert bed.given_nl == pytest.approx(bed.meant_nl(), rel=1e-3)


@shows("reservoir.overfill", "misses")
def test_reservoir_takes_no_more_than_its_bellows_give() -> None:
    """What is not known to be too much goes in as far as there is room: 5 mL above capacity, and no word to the pump."""
    bed = Bed()
    with pytest.raises(BenchRefused, match="above capacity"):
        bed.pump.inject("reservoir.overfill", excess_nl=6 * ML)
    for _ in range(2):
        bed.pump.inject("reservoir.overfill", excess_nl=4 * ML)
    result = refilled(bed, CAPACITY_NL, bed.concentration)

    assert result.available_nl == CAPACITY_NL + 5 * ML
    assert told_as_meant(bed.pump, CAPACITY_NL)


@shows("reservoir.underfill", "truth", "misses", "notices")
def test_underfilled_reservoir_is_dry_before_the_low_alarm() -> None:
    """Three millilitres short: the last drop goes when the pump computes 3 mL, and it alarms at 2."""
    bed = Bed()
    bed.pump.inject("reservoir.underfill", missing_nl=3 * ML)
    refilled(bed, 10 * ML, bed.concentration)
    assert told_as_meant(bed.pump, 10 * ML)
    dry_h = 7 * ML / (RATE * bed.unit)
    bed.pump.advance(hours=int(dry_h) + 1)
    assert bed.pump.truth().reservoir_nl == 0
    assert listed_causes(bed.pump) == []
    assert bed.given_ng == pytest.approx(7 * bed.concentration, abs=bed.step_ng)

    bed.pump.advance(hours=8 * ML // RATE - int(dry_h))
    assert active_causes(bed.pump) == ["low_reservoir"]
    assert bed.live(hours=10) == 0


@shows("reservoir.deformed", "truth", "notices", "misses")
def test_dented_reservoir_pushes_like_an_overfilled_one() -> None:
    """Full when 5 mL of its room are lost: as much above what it holds, and a flow that follows."""
    bed = Bed(volume_nl=CAPACITY_NL)
    bed.pump.inject("reservoir.deformed", lost_nl=5 * ML)
    assert bed.pump.truth().excess_nl == 5 * ML
    bed.mark()
    bed.pump.advance(days=2)
    meant_nl = bed.meant_nl()

    assert bed.given_nl - meant_nl == pytest.approx(pumped_of_excess_nl(5 * ML, bed.hours, bed) - meant_nl, rel=0.005, abs=bed.step_nl)
    assert listed_causes(bed.pump) == []


@shows("reservoir.deformed", "truth")
def test_needle_finds_the_room_that_is_left() -> None:
    """A fill that used to fit is refused with what fits."""
    bed = Bed()
    bed.pump.inject("reservoir.deformed", lost_nl=5 * ML)
    with pytest.raises(BenchRefused, match=f"{15 * ML} nL put in"):
        bed.pump.needle(inject_nl=16 * ML)

    assert bed.pump.needle(withdraw_nl=None, inject_nl=35 * ML).available_nl == 35 * ML


@shows("reservoir.backflow", "truth", "notices", "misses")
@pytest.mark.parametrize("pressure_mmhg", [0, 40, 900])
def test_pressure_pushes_fluid_back_into_the_syringe(pressure_mmhg: int) -> None:
    """10 uL for each mmHg come back, at most what went in; the act tells, the pump believes the whole fill."""
    bed = Bed()
    bed.pump.inject("reservoir.backflow", pressure_mmhg=pressure_mmhg)
    result = refilled(bed, 8 * ML, bed.concentration)
    back_nl = min(8 * ML, pressure_mmhg * 10_000)

    assert (result.injected_nl, result.returned_nl, result.available_nl) == (8 * ML, back_nl, 8 * ML - back_nl)
    assert bed.pump.truth().reservoir_nl == 8 * ML - back_nl
    assert told_as_meant(bed.pump, 8 * ML)


@shows("reservoir.valve_closed", "truth", "notices", "misses")
@pytest.mark.pump_requirement("OC-02")
def test_closed_valve_lets_nothing_in_or_out() -> None:
    """The act says so; the pump is told of a fill and believes it, and runs dry with what was there."""
    bed = Bed(volume_nl=4 * ML)
    bed.pump.inject("reservoir.valve_closed")
    result = refilled(bed, 20 * ML, bed.concentration)
    assert (result.withdrawn_nl, result.injected_nl, result.available_nl) == (0, 0, 4 * ML)
    assert told_as_meant(bed.pump, 20 * ML)
    bed.pump.advance(days=6)

    assert bed.given_ng == pytest.approx(4 * bed.concentration, abs=bed.step_ng)
    assert listed_causes(bed.pump) == []


@shows("reservoir.no_propellant", "truth", "notices", "misses")
@pytest.mark.pump_requirement("OC-02")
@pytest.mark.parametrize("loss_ppm", [200_000, 1_000_000])
def test_reservoir_without_push_keeps_what_does_not_come(loss_ppm: int) -> None:
    """Its share of every step stays in, the computed reservoir falls as programmed, and the refill finds the difference."""
    bed = Bed()
    bed.pump.inject("reservoir.no_propellant", loss_ppm=loss_ppm)
    bed.pump.advance(days=8)
    meant_nl, hours = bed.meant_nl(), bed.hours
    assert bed.given_ng == pytest.approx(bed.meant_ng() * (1 - loss_ppm / ML), abs=bed.step_ng)
    assert listed_causes(bed.pump) == []
    withdrawn_nl, expected_nl = bed.visit(20 * ML)

    assert expected_nl == int(20 * ML - RATE * hours)
    assert withdrawn_nl == pytest.approx(20 * ML - meant_nl * (1 - loss_ppm / ML), abs=bed.step_nl)


# -- where it went ------------------------------------------------------------------------------------------------------------------


@shows("reservoir.pocket_fill", "truth", "notices")
@pytest.mark.parametrize("share_ppm", [100_000, 1_000_000])
def test_pocket_takes_its_share_and_the_body_takes_it_up(share_ppm: int) -> None:
    """Half of it in two hours, and so on: M (1 - 2^(-t/2 h)) beside what the pump gives; the pump has noticed nothing."""
    bed = Bed()
    bed.pump.inject("reservoir.pocket_fill", share_ppm=share_ppm)
    refilled(bed, 10 * ML, STRONG)
    pocket_ng = 10 * STRONG * share_ppm / ML
    assert told_as_meant(bed.pump, 10 * ML)
    assert (bed.pump.truth().pocket_nl, bed.pump.truth().pocket_ng) == (10 * share_ppm, int(pocket_ng))
    assert bed.pump.truth().reservoir_nl == 10 * ML - 10 * share_ppm
    filled_us = bed.pump.now_us
    for hours in (1, 1, 2, 6):
        bed.pump.advance(hours=hours)
        passed_h = (bed.pump.now_us - filled_us) / US_PER_H
        assert bed.pump.truth().absorbed_ng == pytest.approx(pocket_ng * (1 - 2 ** (-passed_h / HALF_LIFE_H)), abs=2)


@shows("reservoir.pocket_fill", "misses")
def test_pocket_fill_is_an_overdose_and_then_nothing() -> None:
    """All of 10 mL of 2,000 mcg/mL: 40 days' dose within half a day, and an empty reservoir that is believed full."""
    bed = Bed()
    bed.pump.inject("reservoir.pocket_fill")
    refilled(bed, 10 * ML, STRONG)
    first_ng = bed.live(hours=12)
    bed.pump.advance(days=3)

    assert first_ng > 40 * bed.meant_ng(24) / bed.unit
    assert bed.live(days=3) <= 1
    assert listed_causes(bed.pump) == []


@shows("reservoir.wrong_port", "truth", "notices")
def test_refill_through_the_access_port_goes_into_the_sac() -> None:
    """The catheter's contents and all of the syringe but one catheter volume, at once; the reservoir keeps its old fill."""
    bed = Bed()
    bed.pump.inject("reservoir.wrong_port")
    before_nl = bed.pump.truth().reservoir_nl
    bed.mark()
    result = bed.pump.needle(withdraw_nl=None, inject_nl=18 * ML, concentration_ng_per_ml=STRONG)
    bed.pump.refill(refill_of(18 * ML, STRONG, result.withdrawn_nl))

    assert bed.given_ng == pytest.approx((CATHETER_NL * bed.concentration + (18 * ML - CATHETER_NL) * STRONG) / ML, abs=3)
    assert (result.withdrawn_nl, result.available_nl, bed.pump.truth().reservoir_nl) == (0, before_nl, before_nl)
    assert told_as_meant(bed.pump, 18 * ML)


@shows("reservoir.wrong_port", "misses")
def test_syringe_that_draws_at_the_access_port_draws_the_catheter() -> None:
    """What is withdrawn by number comes out of the catheter with its drug, and as much CSF comes in at the tip."""
    bed = Bed()
    bed.pump.inject("reservoir.wrong_port")
    result = bed.pump.needle(withdraw_nl=100_000)
    assert result.withdrawn_nl == 100_000
    assert result.withdrawn_concentration_ng_per_ml == pytest.approx(bed.concentration, abs=1)

    lacking_ng = 100_000 * bed.concentration / ML
    bed.mark()
    bed.pump.advance(days=1)
    assert bed.given_ng == pytest.approx(bed.meant_ng() - lacking_ng, abs=bed.step_ng)


# -- what is in ---------------------------------------------------------------------------------------------------------------------


def given_after_fill_ng(bed: Bed, new: float) -> float:
    """Drug of the hours since a fill: the path's old fluid first, then the new."""
    given_nl = bed.meant_nl()
    return (PATH_NL * bed.concentration + (given_nl - PATH_NL) * new) / ML


@shows("reservoir.air", "truth", "notices", "misses")
@pytest.mark.parametrize("air_nl", [0, 2 * ML, 30 * ML])
def test_air_takes_room_and_carries_no_drug(air_nl: int) -> None:
    """A fill that is partly air is weaker by its share; the pump computes with what was entered."""
    bed = Bed()
    bed.pump.inject("reservoir.air", air_nl=air_nl)
    refilled(bed, 20 * ML, bed.concentration)
    level = mixed(0, bed.concentration, 20 * ML, bed.concentration * max(0, 20 * ML - air_nl) / (20 * ML))
    assert bed.pump.truth().reservoir_nl == 20 * ML
    assert bed.pump.truth().reservoir_concentration_ng_per_ml == pytest.approx(level, abs=1)
    assert told_as_meant(bed.pump, 20 * ML)
    bed.pump.advance(days=3)

    assert bed.given_ng == pytest.approx(given_after_fill_ng(bed, level), rel=1e-5, abs=bed.step_ng)


@shows("reservoir.wrong_concentration", "truth", "notices", "misses")
@pytest.mark.parametrize("true_level", [50_000, STRONG])
def test_wrong_strength_is_given_by_volume(true_level: int) -> None:
    """500 mcg/mL entered, another strength filled: one path later every dose is off by the ratio; the pump computes what was entered."""
    bed = Bed()
    bed.pump.inject("reservoir.wrong_concentration", concentration_ng_per_ml=true_level)
    refilled(bed, 20 * ML, bed.concentration)
    level = mixed(0, bed.concentration, 20 * ML, true_level)
    assert bed.pump.truth().reservoir_concentration_ng_per_ml == pytest.approx(level, abs=1)
    assert told_as_meant(bed.pump, 20 * ML)
    bed.pump.advance(days=3)

    assert bed.given_ng == pytest.approx(given_after_fill_ng(bed, level), rel=1e-5, abs=4 * bed.step_ng)
    assert bed.pump.status().computed_reservoir_nl == int(20 * ML - RATE * bed.hours)


@shows("reservoir.wrong_concentration", "truth")
def test_drug_free_syringe_stays_drug_free() -> None:
    """The mistake is about syringes that hold drug."""
    bed = Bed()
    bed.pump.inject("reservoir.wrong_concentration", concentration_ng_per_ml=STRONG)
    result = bed.pump.needle(withdraw_nl=None, inject_nl=20 * ML)

    assert result.concentration_ng_per_ml == int(mixed(0, bed.concentration, 20 * ML, 0))


@shows("reservoir.unapproved_drug", "truth", "notices", "misses")
def test_precipitate_closes_the_path_like_a_slow_occlusion() -> None:
    """Eight days growing to 60 %, two days there; nothing is noticed, and what did not come is found by the needle."""
    bed = Bed()
    bed.pump.inject("reservoir.unapproved_drug", precipitate_ppm=600_000, over_days=8)
    bed.pump.advance(days=10)
    share = (8 * 0.7 + 2 * 0.4) / 10
    meant_nl = bed.meant_nl()
    assert bed.given_ng == pytest.approx(bed.meant_ng() * share, rel=1e-4, abs=bed.step_ng)
    assert listed_causes(bed.pump) == []
    withdrawn_nl, _ = bed.visit(20 * ML)

    assert withdrawn_nl == pytest.approx(20 * ML - meant_nl * share, rel=1e-5, abs=bed.step_nl)
