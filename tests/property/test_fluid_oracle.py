"""The plant's closed forms against continuous physics integrated by scipy: flow under wear, ramps and pressure, mixing, leaks, uptake.

The two know nothing of each other. They may differ by what the model says it leaves out: a step is whole (0.25 uL), a slope is 64 level
slices (each as strong as its middle, so that only the slice under way counts), a mixing act rounds to one fg/mL.
"""

from __future__ import annotations

from math import inf

import pytest

from firmware_sim import Pump
from firmware_sim.plant.motor import Motor
from firmware_sim.plant.pocket import Pocket
from tests.oracle.fluid_oracle import Leak, Stroke, absorbed, arrival, mixed, overfilled, pushed, trapezoid
from tests.support.therapies import ML, US_PER_H, filled, refill_of, running, simple

RATE_NL_PER_H = 100_000
STEP_ML = 0.00025
DRIFT = 1 + 20e-6
"""The device's clock, and with it the flow, runs fast by 20 ppm."""
SLICES = 64
RESIDUAL_ML = 1.4
TUBING_ML = 0.140
PATH_ML = TUBING_ML + 890 * 0.00022


def on_therapy(volume_nl: int = 20 * ML) -> Pump:
    """A pump on 100 uL/h."""
    return running(simple(RATE_NL_PER_H), volume_nl=volume_nl, seed=3)


def flow_of(pump: Pump) -> float:
    """What truly flows from a sound pump, in mL/h: the rate, the unit's error and the drift of its clock."""
    return RATE_NL_PER_H / ML * (1 + pump.truth().unit_error_ppm / ML) * DRIFT


def out_ml(pump: Pump) -> float:
    """Volume that has left the reservoir."""
    balance = pump.truth().balance
    return (balance.delivered_fl + balance.leaked_fl) / 1e12


def slip_ml(flow: float, full: float, over: float) -> float:
    """How far level slices may be from their slope: a whole step, and an eighth of what one slice changes (the slope over its stair)."""
    return STEP_ML + flow * abs(full) / SLICES * over / SLICES / 8


# -- flow under a factor that changes -------------------------------------------------------------------------------------------------

CHANGES = [
    ("environment.pressure", {"pressure_mmhg": 4_000, "over_minutes": 30, "minutes": 90}, -0.0324, 0.5, 1.5),
    ("environment.pressure", {"pressure_mmhg": 5_000, "over_minutes": 600}, -0.0424, 10, inf),
    ("environment.temperature", {"temperature_mdegc": 39_500, "over_minutes": 720, "minutes": 600}, 0.005, 12, 10),
    ("environment.altitude", {"altitude_m": 2_500, "over_minutes": 20, "minutes": 600}, 0.002, 1 / 3, 10),
    ("motor.over_infusion", {"excess_ppm": 800_000, "over_days": 2}, 0.8, 48, inf),
    ("motor.gear_wear", {"loss_ppm": 600_000, "over_days": 3}, -0.6, 72, inf),
    ("catheter.slow_occlusion", {"fraction_ppm": 1_000_000, "over_days": 3}, -1.0, 72, inf),
    ("reservoir.unapproved_drug", {"precipitate_ppm": 300_000, "over_days": 1}, -0.3, 24, inf),
]


@pytest.mark.parametrize(
    "name, parameters, full, over, stay", CHANGES, ids=["dive", "chamber", "fever", "flight", "excess", "gears", "closing", "precipitate"]
)
def test_volume_under_a_slope_is_the_integral_of_the_flow(
    name: str, parameters: dict[str, int], full: float, over: float, stay: float
) -> None:
    """At every look through a dive, a fever, a flight or a slow fault, what has left is the integral of rate times factor."""
    pump = on_therapy()
    pump.advance(hours=1)
    began, flow, size = out_ml(pump), flow_of(pump), trapezoid(full, over, stay)
    pump.inject(name, **parameters)

    for look in range(1, 25):
        hours = look * 4
        pump.advance(hours=4)
        wanted = pushed(lambda hour: flow * (1 + size(hour)), hours, (over, over + stay, 2 * over + stay))
        assert out_ml(pump) - began == pytest.approx(wanted, abs=2 * slip_ml(flow, full, over)), hours


def test_two_slopes_together_are_the_integral_of_their_product() -> None:
    """A fever in the first days of an over-infusion: the factors multiply at each instant, to the change of one slice."""
    pump = on_therapy()
    flow, fever, excess = flow_of(pump), trapezoid(0.006, 6, 24), trapezoid(0.5, 48)
    began = out_ml(pump)
    pump.inject("environment.temperature", temperature_mdegc=40_000, over_minutes=360, minutes=24 * 60)
    pump.inject("motor.over_infusion", excess_ppm=500_000, over_days=2)
    pump.advance(hours=72)
    wanted = pushed(lambda hour: flow * (1 + fever(hour)) * (1 + excess(hour)), 72, (6, 30, 36, 48))

    assert out_ml(pump) - began == pytest.approx(wanted, abs=2 * STEP_ML + flow * 0.006 * 0.5 / SLICES)


@pytest.mark.parametrize("moved", [1_000, 99_999, 100_000, 250_001, 1_234_567])
@pytest.mark.parametrize("wear", [120_000, -120_000])
def test_wear_is_the_integral_of_a_step_that_changes_with_use(moved: int, wear: int) -> None:
    """A step that changes evenly with use pushes what the block-wise one does, to half a block's change for each step."""
    motor = Motor(step_fl=240_000_000, wear_fl=wear, block_steps=100_000)
    wanted = pushed(lambda step: 240_000_000 + wear * step / 100_000, moved)

    assert abs(motor.pushed_since_anchor_fl(moved) - wanted) <= abs(wear) / 2 * moved + 1


def test_wear_and_a_slope_together_are_the_integral_of_their_product() -> None:
    """Six days at the highest rate, refilled daily, an over-infusion that grows for four: to half a block's wear of all that was pushed."""
    pump = running(simple(ML, concentration=50_000), volume_nl=35 * ML, seed=3)
    flow, excess, steps_per_h = 10 * flow_of(pump), trapezoid(0.25, 96), 4_000 / (pump.calibration_ppm / ML) * DRIFT
    began = out_ml(pump)
    pump.inject("motor.over_infusion", excess_ppm=250_000, over_days=4)
    for day in range(1, 7):
        pump.advance(days=1)
        pump.needle(withdraw_nl=None, inject_nl=35 * ML, concentration_ng_per_ml=50_000)
        pump.refill(refill_of(35 * ML, concentration=50_000))
        wanted = pushed(lambda hour: flow * (1 + 0.0005 * steps_per_h * hour / 100_000) * (1 + excess(hour)), 24 * day, (96,))
        assert out_ml(pump) - began == pytest.approx(wanted, abs=0.0005 / 2 * wanted + slip_ml(flow, 0.25, 96))
    wanted = pushed(lambda hour: flow * (1 + 0.0005 * steps_per_h * hour / 100_000) * (1 + excess(hour)), 144, (96,))
    assert wanted - pushed(lambda hour: flow * (1 + excess(hour)), 144, (96,)) > 0.0005 * wanted, "the wear is there to be seen"


@pytest.mark.parametrize("excess_ml", [1, 2.7, 4.9])
def test_overfilled_reservoir_empties_along_the_curve(excess_ml: float) -> None:
    """The flow above capacity falls as the excess does; slices of an eighth of a millilitre are off by less than a step."""
    pump = on_therapy(36 * ML)
    flow = flow_of(pump)
    pump.inject("reservoir.overfill", excess_nl=round(excess_ml * ML))
    pump.needle(inject_nl=40 * ML - pump.truth().reservoir_nl, concentration_ng_per_ml=500_000)
    began = out_ml(pump)
    for day in range(1, 5):
        pump.advance(days=1)
        wanted = overfilled(excess_ml, flow, 0.005, 24 * day)
        assert out_ml(pump) - began == pytest.approx(wanted, abs=2 * STEP_ML)
    assert out_ml(pump) - began - flow * 96 > 8 * STEP_ML, "the excess is there to be seen"


# -- mixing -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_refills_and_rinses_mix_as_a_stirred_vessel_does(seed: int) -> None:
    """Refills with rests, rinses with saline and an emptying, stroke by stroke: the strength is that of the stirred vessel, to a ng/mL."""
    pump, strokes = Pump(seed=seed), []
    acts = [(0, 18, 2_000), (10, 5, 500), (12, 0, 0), (1, 20, 0), (20, 20, 0), (19.5 - seed, 30, 1_000), (0, 4 + seed, 4_000)]
    for out, in_ml, strength in acts:
        pump.needle(withdraw_nl=round(out * ML), inject_nl=in_ml * ML, concentration_ng_per_ml=strength * 1_000)
        strokes += [Stroke(0, 0, out), Stroke(in_ml, strength, 0)]

        told = pump.truth().reservoir_concentration_ng_per_ml / 1_000
        assert told == pytest.approx(mixed(RESIDUAL_ML, 0, strokes), abs=0.002)


def test_rinse_washes_out_as_a_stirred_vessel_does() -> None:
    """Three turns of 5 mL leave (1.4 / 6.4) to the third of what was there."""
    pump = filled()
    before = pump.truth().reservoir_concentration_ng_per_ml / 1_000
    told = pump.rinse(volume_nl=5 * ML, turns=3)
    strokes = [Stroke(20, 500, 0), Stroke(0, 0, 20), *[Stroke(5, 0, 0), Stroke(0, 0, 5)] * 3]

    assert told.concentration_ng_per_ml / 1_000 == pytest.approx(mixed(RESIDUAL_ML, 0, strokes), abs=0.002)
    assert told.concentration_ng_per_ml / 1_000 == pytest.approx(before * (1.4 / 6.4) ** 3, abs=0.002)


# -- leaks --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share_ppm", [100_000, 500_000, 900_000])
@pytest.mark.parametrize("at_mm", [0, 300, 880])
def test_leak_takes_its_share_and_slows_what_is_beyond(share_ppm: int, at_mm: int) -> None:
    """A front passes the leak with the flow and goes on with the rest of it: when it reaches the tip, and how much drug came and leaked."""
    pump = on_therapy()
    share, flow = share_ppm / ML, flow_of(pump)
    pump.advance(hours=10)
    old = pump.truth().tip_concentration_ng_per_ml / 1_000
    pump.inject("catheter.leak", at_mm=at_mm, share_ppm=share_ppm)
    pump.needle(withdraw_nl=None, inject_nl=20 * ML, concentration_ng_per_ml=2_000_000)
    new, before = pump.truth().reservoir_concentration_ng_per_ml / 1_000, pump.truth()
    place = TUBING_ML + at_mm * 0.00022
    leak = Leak(place, lambda hour: share)
    at_tip = arrival(0, PATH_ML, lambda hour: flow, leak, 200)
    at_leak = arrival(0, place, lambda hour: flow, leak, 200)

    for hours in (4, 12, 36, 60):
        pump.advance_to(before.now_us + hours * US_PER_H)
        truth = pump.truth()
        delivered = flow * (1 - share) * (min(hours, at_tip) * old + max(0, hours - at_tip) * new)
        leaked = flow * share * (min(hours, at_leak) * old + max(0, hours - at_leak) * new)
        assert (truth.delivered_ng - before.delivered_ng) / 1_000 == pytest.approx(delivered, abs=2 * STEP_ML * new)
        assert (truth.leaked_ng - before.leaked_ng) / 1_000 == pytest.approx(leaked, abs=2 * STEP_ML * new)
    assert (pump.truth().tip_concentration_ng_per_ml == round(new * 1_000)) == (at_tip < 60)


def test_leak_that_grows_and_heals_moves_a_front_as_the_flow_beyond_it() -> None:
    """No leak for an hour, then 40 %, then all of it, then none: a front comes to the tip when the differential equation has it there."""
    pump = on_therapy()
    pump.advance(hours=10)
    pump.needle(withdraw_nl=None, inject_nl=20 * ML, concentration_ng_per_ml=2_000_000)
    new, began_us, flow = pump.truth().reservoir_concentration_ng_per_ml, pump.now_us, flow_of(pump)
    for hour, share_ppm in ((1, 400_000), (2, 1_000_000), (3, 0)):
        pump.advance_to(began_us + hour * US_PER_H)
        for fault in pump.faults():
            pump.clear(fault.handle)
        if share_ppm:
            pump.inject("catheter.leak", at_mm=20, share_ppm=share_ppm)

    by_hour = {1: 0.4, 2: 1.0}
    at_tip = arrival(0, PATH_ML, lambda hour: flow, Leak(TUBING_ML + 20 * 0.00022, lambda hour: by_hour.get(int(hour), 0.0)), 20)
    step_us = round(STEP_ML / flow * US_PER_H)
    pump.advance_to(began_us + round(at_tip * US_PER_H) - 2 * step_us)
    assert pump.truth().tip_concentration_ng_per_ml != new
    pump.advance(us=4 * step_us)
    assert pump.truth().tip_concentration_ng_per_ml == new
    assert at_tip > PATH_ML / flow + 1


# -- uptake -------------------------------------------------------------------------------------------------------------------------


def test_pocket_is_taken_up_as_its_half_life_says() -> None:
    """Two deposits, an hour apart, against first-order uptake integrated by numbers."""
    pocket = Pocket()
    pocket.take(0, 10**12, 2_000)
    pocket.take(US_PER_H, 10**12, 500)

    for hours in (1, 1.5, 2, 4, 24):
        taken = pocket.absorbed_mass(round(hours * US_PER_H), 7_200)
        assert taken / 1e12 == pytest.approx(absorbed([(0, 2_000), (1, 500)], 2, hours), abs=1e-6)
    assert pocket.absorbed_mass(1_000 * 24 * US_PER_H, 7_200) == pocket.mass == 2_500 * 10**12
