"""What a prime does to the fluid: drug and old fluid mix in the tubing, some drug arrives early, a diluted stretch follows."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim import Pump
from firmware_sim.plant.catheter import Catheter
from tests.support.strategies import pieces
from tests.support.therapies import ML, US_PER_H, refill_of, running, simple

CHAMBER_NL = 140_000
PATH_NL = CHAMBER_NL + 890 * 220
PRIME_US = PATH_NL * US_PER_H // 1_000_000
SHARE = 0.04
"""How far the 64 slices of the model may be from the smooth curve, as a share of the step from old to new fluid."""


class Curve(NamedTuple):
    """The mixing chamber by numbers: concentrations of what leaves it, at equal shares of the volume pushed through."""

    chamber_nl: float
    step_nl: float
    levels: tuple[float, ...]

    @classmethod
    def of(cls, chamber_nl: float, pushed_nl: float, old: float, new: float, steps: int = 4_000) -> Curve:
        """Integrate V dc/dv = new - c from c = old, by the midpoint rule."""
        step_nl, level, levels = pushed_nl / steps, old, [old]
        for _ in range(steps):
            middle = level + (new - level) * step_nl / (2 * chamber_nl)
            level += (new - middle) * step_nl / chamber_nl
            levels.append(level)
        return cls(chamber_nl, step_nl, tuple(levels))

    def at(self, pushed_nl: float) -> float:
        """The concentration that leaves the chamber after this much was pushed in."""
        return self.levels[max(0, min(len(self.levels) - 1, round(pushed_nl / self.step_nl)))]


def dry(seed: int = 0) -> Pump:
    """Drug in the reservoir, drug-free fluid in the path, a therapy, and no flow yet."""
    pump = running(simple(concentration=2_000_000), seed=seed)
    pump.stop()
    return pump


def pushed_nl(pump: Pump, began_fl: int) -> float:
    """What has truly left the reservoir since."""
    return (pump.truth().balance.delivered_fl - began_fl) / 1_000_000


def test_chamber_lets_out_what_the_equation_of_mixing_says() -> None:
    """The catheter behind the chamber holds, slice by slice, what a well-mixed chamber of the tubing's volume gave out."""
    catheter = Catheter.drug_free(PATH_NL * 1_000_000, CHAMBER_NL * 1_000_000)
    curve = Curve.of(CHAMBER_NL, PATH_NL, 0, 7_000)
    catheter.begin_mixing(0, PATH_NL * 1_000_000, CHAMBER_NL * 1_000_000, 7_000_000_000)

    for pushed in range(0, PATH_NL, 997):
        at_tip_fl = (pushed + PATH_NL - CHAMBER_NL) * 1_000_000
        assert catheter.tip_concentration(at_tip_fl) / 1_000_000 == pytest.approx(curve.at(pushed), abs=7_000 * SHARE)


@pytest.mark.parametrize("old", [0, 500_000, 4_000_000])
def test_mixing_begins_from_what_the_tubing_holds(old: int) -> None:
    """Old drug in the tubing, weaker or stronger, is washed out along the same curve."""
    catheter = Catheter.drug_free(PATH_NL * 1_000_000, CHAMBER_NL * 1_000_000)
    catheter.append(0, old * 1_000_000)
    out_fl = 2 * PATH_NL * 1_000_000
    catheter.begin_mixing(out_fl, PATH_NL * 1_000_000, CHAMBER_NL * 1_000_000, 2_000_000 * 1_000_000)
    curve = Curve.of(CHAMBER_NL, PATH_NL, old, 2_000_000)

    for pushed in range(0, PATH_NL, 9_973):
        at_tip_fl = out_fl + (pushed + PATH_NL - CHAMBER_NL) * 1_000_000
        assert catheter.tip_concentration(at_tip_fl) / 1_000_000 == pytest.approx(curve.at(pushed), abs=abs(2_000_000 - old) * SHARE + 1)


def test_drug_arrives_before_the_path_volume_is_pushed() -> None:
    """Plug flow would bring the first drug with the last drop of the prime; mixing brings it when the catheter alone has been pushed."""
    pump = dry()
    began_fl = pump.truth().balance.delivered_fl
    pump.prime(PATH_NL)
    while pump.truth().tip_concentration_ng_per_ml == 0:
        pump.advance(seconds=5)

    assert pump.status().bolus is not None, "the prime still runs"
    assert pushed_nl(pump, began_fl) == pytest.approx(PATH_NL - CHAMBER_NL, rel=0.05)


@pytest.mark.parametrize("seed", range(3))
def test_diluted_stretch_follows_a_prime(seed: int) -> None:
    """At the end of the prime the tip gets 63 % of the drug's strength, the tubing holds 91 %; full strength comes a path volume later."""
    pump = dry(seed)
    new = pump.truth().reservoir_concentration_ng_per_ml
    began_fl = pump.truth().balance.delivered_fl
    pump.prime(PATH_NL)
    pump.advance(us=PRIME_US + 1_000_000)
    pushed = pushed_nl(pump, began_fl)
    curve = Curve.of(CHAMBER_NL, pushed, 0, new)
    assert pump.truth().tip_concentration_ng_per_ml == pytest.approx(curve.at(pushed - PATH_NL + CHAMBER_NL), abs=new * SHARE)
    assert 0.55 < pump.truth().tip_concentration_ng_per_ml / new < 0.70
    tubing = [level for volume_nl, level in pump.truth().path if abs(volume_nl - CHAMBER_NL) < 500]
    assert tubing == [pytest.approx(curve.levels[-1], abs=new * SHARE)]

    pump.start()
    pump.advance(hours=40)
    assert pump.truth().tip_concentration_ng_per_ml == new


def test_drug_that_a_prime_brings_adds_up_to_the_integral_of_the_curve() -> None:
    """What is past the tip at the end of a prime of two path volumes is the area under the curve."""
    pump = dry()
    new = pump.truth().reservoir_concentration_ng_per_ml
    began = pump.truth().balance
    pump.prime(2 * PATH_NL)
    pump.advance(hours=1)
    ended = pump.truth().balance
    pushed = (ended.delivered_fl - began.delivered_fl) / 1_000_000
    curve = Curve.of(CHAMBER_NL, pushed, 0, new)
    past_the_tip = [level for place, level in enumerate(curve.levels) if place * curve.step_nl <= pushed - PATH_NL + CHAMBER_NL]

    delivered_ng = (ended.delivered_mass - began.delivered_mass) / 10**18
    assert delivered_ng == pytest.approx(sum(past_the_tip) * curve.step_nl / ML, rel=SHARE)


# -- accounts -------------------------------------------------------------------------------------------------------------------


def after_a_stop(pump: Pump) -> None:
    """In mid-prime, by hand."""
    pump.stop()


def after_a_cut(pump: Pump) -> None:
    """In mid-prime, by the supply."""
    pump.power_cut(off_us=1)
    pump.advance(us=1)


def after_a_needle(pump: Pump) -> None:
    """In mid-prime the reservoir gets another strength."""
    pump.needle(inject_nl=ML, concentration_ng_per_ml=100_000)


def after_a_stall(pump: Pump) -> None:
    """The rotor stands still from mid-prime on."""
    pump.inject("motor.stall")


def after_an_occlusion(pump: Pump) -> None:
    """From mid-prime on less comes through."""
    pump.inject("catheter.occlusion", fraction_ppm=400_000)


def after_over_infusion(pump: Pump) -> None:
    """From mid-prime on more comes than is commanded."""
    pump.inject("motor.over_infusion", excess_ppm=900_000)


ACTS = (lambda pump: None, after_a_stop, after_a_cut, after_a_needle, after_a_stall, after_an_occlusion, after_over_infusion)


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("minutes", [0, 1, 7, 19])
def test_nothing_is_lost_or_made_during_a_prime(act: Callable[[Pump], object], minutes: int) -> None:
    """At every look volume and drug balance exactly, what was delivered never falls, and nothing is lent when the prime is over."""
    pump = dry()
    delivered = (0, 0)
    pump.prime(PATH_NL)
    for minute in range(40):
        if minute == minutes:
            act(pump)
        balance = pump.truth().balance
        assert (balance.volume_gap_fl(), balance.mass_gap()) == (0, 0)
        assert balance.delivered_fl >= delivered[0]
        assert balance.delivered_mass >= delivered[1]
        assert min(balance) >= 0
        assert all(level >= 0 for _, level in pump.truth().path)
        delivered = (balance.delivered_fl, balance.delivered_mass)
        if not pump.powered or pump.status().bolus is None:
            assert balance.mixing_lent_mass == 0
        pump.advance(minutes=1)

    assert pump.status().bolus is None
    pump.refill(refill_of(concentration=2_000_000))
    for fault in pump.faults():
        pump.clear(fault.handle)
    pump.start()
    pump.advance(hours=60)
    ended = pump.truth()
    assert (ended.balance.mass_gap(), ended.balance.mixing_lent_mass) == (0, 0)
    assert ended.tip_concentration_ng_per_ml == ended.reservoir_concentration_ng_per_ml


def test_rounding_of_a_prime_is_a_few_grains() -> None:
    """Mixing books what its integers cannot hold; that is far less than a nanogram."""
    pump = dry()
    before = pump.truth().balance.mixing_rounding_mass
    pump.prime(PATH_NL)
    pump.advance(hours=1)

    assert abs(pump.truth().balance.mixing_rounding_mass - before) < 10**18


@settings(max_examples=25)
@given(cuts=st.lists(st.integers(1, 9), min_size=2, max_size=12), seed=st.integers(0, 99))
def test_prime_in_pieces_of_time_and_from_images_is_the_same_prime(cuts: list[int], seed: int) -> None:
    """Advanced in one go, in pieces with looks between, or from an image taken at any piece: bit-identical."""
    whole, parts = dry(seed), dry(seed)
    restored = [parts]
    for pump in (whole, parts):
        pump.prime(PATH_NL)
    whole.advance(us=PRIME_US * 2)
    for piece in pieces(PRIME_US * 2, cuts):
        restored.append(Pump.restore(parts.save()))
        for pump in restored:
            pump.truth()
            pump.advance(us=piece)

    assert {pump.digest() for pump in restored} == {whole.digest()}


def test_second_prime_mixes_again() -> None:
    """Two primes one after the other bring the tubing nearer to full strength than one."""
    once, twice = dry(), dry()
    once.prime(PATH_NL)
    twice.prime(PATH_NL)
    for pump in (once, twice):
        pump.advance(hours=1)
    twice.prime(PATH_NL)
    twice.advance(hours=1)

    strongest = [max(level for _, level in pump.truth().path) for pump in (once, twice)]
    assert strongest[0] < strongest[1] <= once.truth().reservoir_concentration_ng_per_ml


def test_slow_flow_does_not_mix() -> None:
    """A single bolus and basal push a plug: the front is as sharp as the reservoir made it."""
    pump = running(simple(concentration=2_000_000))
    pump.advance(hours=20)

    assert {level for _, level in pump.truth().path} == {0, pump.truth().reservoir_concentration_ng_per_ml}
