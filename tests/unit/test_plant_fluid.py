"""Fluid in truth: mixing with the residual, fronts in the catheter, an empty reservoir, occlusion, faults on the step."""

from __future__ import annotations

from fractions import Fraction

import pytest

from firmware_sim import Pump
from firmware_sim.errors import BenchRefused, LimitExceeded
from firmware_sim.limits import CATHETER_PIECES_MAX
from firmware_sim.plant.catheter import Catheter
from firmware_sim.plant.reservoir import Reservoir
from firmware_sim.plant.stretch import Stretch
from tests.support.therapies import ML, active_causes, refill_of, running, simple

FL = 1_000_000
RESIDUAL_NL = 1_400_000
PATH_NL = 140_000 + 890 * 220


def mixed(*parts: tuple[int, int | Fraction]) -> Fraction:
    """Concentration of (volume, concentration) parts together."""
    return sum((volume * Fraction(concentration) for volume, concentration in parts), Fraction(0)) / sum(volume for volume, _ in parts)


# -- reservoir ------------------------------------------------------------------------------------------------------------------


def test_first_fill_is_diluted_by_the_residual() -> None:
    """20 mL of 2,000 mcg/mL over 1.4 mL of drug-free residual are 1,869 mcg/mL."""
    pump = Pump()
    result = pump.needle(inject_nl=20 * ML, concentration_ng_per_ml=2_000_000)

    assert result.concentration_ng_per_ml == int(mixed((RESIDUAL_NL, 0), (20 * ML, 2_000_000))) == 1_869_158
    assert pump.truth().reservoir_concentration_ng_per_ml // 1_000 == 1_869


def test_every_fill_mixes_with_what_was_left() -> None:
    """Three refills with rests: each concentration is that of residual, rest and new fluid together, rounded down once."""
    pump, expected, rest = Pump(), Fraction(0), 0
    for withdraw_nl, inject_nl, strength in ((0, 20 * ML, 2_000_000), (15 * ML, 10 * ML, 500_000), (None, 18 * ML, 1_000_000)):
        result = pump.needle(withdraw_nl=withdraw_nl, inject_nl=inject_nl, concentration_ng_per_ml=strength)
        rest -= rest if withdraw_nl is None else withdraw_nl
        expected = mixed((RESIDUAL_NL + rest, int(expected * FL) / Fraction(FL)), (inject_nl, strength))
        rest += inject_nl

        assert result.concentration_ng_per_ml == int(expected)
        assert result.available_nl == rest


def test_rinsing_is_an_act_that_helps() -> None:
    """A rinse with saline and a withdrawal leave far less of the old drug in the residual."""
    plain, rinsed = Pump(), Pump()
    for pump in (plain, rinsed):
        pump.needle(inject_nl=20 * ML, concentration_ng_per_ml=2_000_000)
    rinsed.needle(withdraw_nl=None, inject_nl=20 * ML)
    for pump in (plain, rinsed):
        pump.needle(withdraw_nl=None, inject_nl=20 * ML, concentration_ng_per_ml=500_000)

    wrong = [abs(pump.truth().reservoir_concentration_ng_per_ml - 500_000) for pump in (plain, rinsed)]
    assert wrong[1] < wrong[0] / 2


@pytest.mark.parametrize(
    ("act", "word"),
    [
        ({"inject_nl": 40 * ML + 1}, "fit|put in"),
        ({"withdraw_nl": 1}, "taken out|withdrawn"),
        ({"withdraw_nl": -1}, "not negative"),
        ({"inject_nl": -1}, "not negative"),
        ({"inject_nl": 1, "concentration_ng_per_ml": -1}, "not negative"),
    ],
    ids=["over capacity", "more than there is", "negative out", "negative in", "negative strength"],
)
def test_needle_cannot_do_what_a_reservoir_cannot(act: dict[str, int], word: str) -> None:
    """Capacity counts above the residual, which no needle reaches; a refused act changes nothing."""
    pump = Pump()
    before = pump.digest()

    with pytest.raises(BenchRefused, match=word):
        pump.needle(**act)
    assert pump.digest() == before
    assert pump.needle(inject_nl=40 * ML).available_nl == 40 * ML


def test_reservoir_keeps_its_accounts_to_the_last_integer() -> None:
    """The rounding of a mixing act is booked, so that mass in equals mass held."""
    reservoir = Reservoir(capacity_fl=10**13, residual_fl=1_400_000_000_001)
    reservoir.inject(7_777_777_777_777, 123_456_789_123)
    reservoir.withdraw(3_333)
    reservoir.inject(3_333, 999_999_999_999)
    held = (reservoir.residual_fl + reservoir.available_fl) * reservoir.concentration_fg_per_ml

    assert reservoir.injected_mass == held + reservoir.withdrawn_mass + reservoir.mixing_rounding_mass
    with pytest.raises(BenchRefused):
        reservoir.inject(10**13, 0)
    with pytest.raises(BenchRefused):
        reservoir.withdraw(10**13)


# -- catheter -------------------------------------------------------------------------------------------------------------------


def test_front_arrives_after_the_path_volume() -> None:
    """New fluid reaches the tip when tubing and catheter have been run out, not a femtolitre earlier."""
    catheter = Catheter.drug_free(1_000, 400)
    catheter.append(0, 7)

    assert (catheter.tip_concentration(999), catheter.tip_concentration(1_000)) == (0, 7)
    assert (catheter.delivered_mass(1_000), catheter.delivered_mass(1_001)) == (0, 7)
    assert catheter.pieces(300) == ((700, 0), (300, 7))


def test_fronts_follow_each_other() -> None:
    """Three fluids in the path come out in order, each with its mass; forgetting what has left changes no sum."""
    catheter = Catheter.drug_free(1_000, 0)
    catheter.append(0, 5)
    catheter.append(300, 9)
    catheter.append(800, 2)

    assert catheter.delivered_mass(2_500) == 300 * 5 + 500 * 9 + 700 * 2
    catheter.append(2_500, 4)
    assert len(catheter.near.starts_fl) == 2
    assert catheter.delivered_mass(2_500) == 300 * 5 + 500 * 9 + 700 * 2
    assert catheter.held_mass(2_500) == 1_000 * 2
    assert catheter.delivered_mass(4_000) == 300 * 5 + 500 * 9 + 1_700 * 2 + 500 * 4


def test_same_fluid_begins_no_piece() -> None:
    """A refill of equal strength leaves no front; two acts at one instant leave only the last."""
    catheter = Catheter.drug_free(1_000, 0)
    catheter.append(100, 0)
    assert len(catheter.near.starts_fl) == 1
    catheter.append(100, 6)
    catheter.append(100, 8)

    assert catheter.pieces(150) == ((950, 0), (50, 8))


def test_catheter_has_a_limit_of_pieces() -> None:
    """More fronts than the named limit is an error, not a slow death."""
    full = Stretch(10**9, tuple(range(CATHETER_PIECES_MAX)), tuple(range(1, CATHETER_PIECES_MAX + 1)), -(10**9))
    catheter = Catheter(10**9, 0, full)

    with pytest.raises(LimitExceeded, match="pieces"):
        catheter.append(10**6, 0)


def test_refill_changes_the_tip_one_path_later() -> None:
    """With a new strength in the reservoir, the tip has the old one until 335.8 uL have gone; rate changes act at once."""
    pump = running(simple(100_000, concentration=50_000))
    pump.advance(hours=10)
    old = pump.truth().tip_concentration_ng_per_ml
    pump.needle(withdraw_nl=None, inject_nl=20 * ML, concentration_ng_per_ml=40_000)
    begun = pump.truth().delivered_nl
    new = pump.truth().reservoir_concentration_ng_per_ml
    while pump.truth().tip_concentration_ng_per_ml == old:
        pump.advance(minutes=1)

    assert old != new == pump.truth().tip_concentration_ng_per_ml
    assert PATH_NL <= pump.truth().delivered_nl - begun <= PATH_NL + 2_000 + 250
    assert (pump.truth().tubing_nl, pump.truth().catheter_nl) == (140_000, 890 * 220)


def test_drawn_path_adds_up_to_its_volume() -> None:
    """The pieces told for drawings fill tubing and catheter, from the tip back to the motor."""
    pump = running(simple(100_000, concentration=50_000))
    pump.advance(hours=1)
    path = pump.truth().path

    assert len(path) == 2
    assert abs(sum(volume for volume, _ in path) - PATH_NL) <= 1
    assert path[0][1] == 0 < path[1][1]


# -- faults on the step -----------------------------------------------------------------------------------------------------------


@pytest.mark.pump_requirement("OC-01")
def test_occlusion_is_believed_delivered() -> None:
    """A blocked catheter: no alarm, the computed volume falls as programmed, the reservoir keeps its fluid."""
    pump = running(simple(20_000))
    pump.inject("catheter.occlusion", fraction_ppm=1_000_000)
    pump.advance(days=20)
    status, truth = pump.status(), pump.truth()

    assert (truth.delivered_nl, truth.reservoir_nl, truth.steps_moved) == (0, 20 * ML, truth.steps_commanded)
    assert status.computed_reservoir_nl is not None
    assert status.computed_reservoir_nl < 11 * ML
    assert (active_causes(pump), truth.faults) == ([], ("catheter.occlusion",))


@pytest.mark.parametrize("fraction_ppm", [1, 333_333, 500_000, 999_999])
def test_part_occlusion_takes_its_share_of_each_step(fraction_ppm: int) -> None:
    """Each step moves (1 - f) of its volume, floored to the femtolitre."""
    pump = running(simple(20_000))
    whole = pump.truth().step_fl
    pump.inject("catheter.occlusion", fraction_ppm=fraction_ppm)
    share = 250 * FL * pump.calibration_ppm * (1_000_000 + pump.truth().unit_error_ppm) * (1_000_000 - fraction_ppm) // 10**18
    pump.advance(days=1)

    assert pump.truth().step_fl == share < whole
    assert pump.truth().balance.delivered_fl == share * pump.truth().steps_commanded


def test_faults_multiply_and_their_order_does_not_matter() -> None:
    """Two occlusions and an excess together are the product, with one floor; cleared, the step is as it was."""
    steps = []
    for order in ((0, 1, 2), (2, 0, 1)):
        pump = running()
        acts = (
            lambda pump: pump.inject("catheter.occlusion", fraction_ppm=300_000),
            lambda pump: pump.inject("catheter.occlusion", fraction_ppm=123_457),
            lambda pump: pump.inject("motor.over_infusion", excess_ppm=77_777),
        )
        whole = pump.truth().step_fl
        for number in order:
            acts[number](pump)
        steps.append(pump.truth().step_fl)
        for fault in pump.faults():
            pump.clear(fault.handle)
        assert pump.truth().step_fl == whole

    assert steps[0] == steps[1]


def test_fault_between_steps_changes_only_steps_to_come() -> None:
    """What has been delivered stays; the next step is the first with the fault."""
    pump = running(simple(20_000))
    pump.advance(hours=3)
    delivered = pump.truth().balance.delivered_fl
    handle = pump.inject("catheter.occlusion", fraction_ppm=1_000_000)
    pump.advance(hours=3)
    pump.clear(handle)

    assert pump.truth().balance.delivered_fl == delivered


def test_stall_in_truth_stops_the_rotor_at_once() -> None:
    """No commanded step moves while it lasts; `step_fl` says 0."""
    pump = running(simple(20_000))
    pump.advance(hours=1)
    handle = pump.inject("motor.stall")
    moved, delivered = pump.truth().steps_moved, pump.truth().delivered_nl
    pump.advance(hours=1)
    assert (pump.truth().steps_moved, pump.truth().delivered_nl, pump.truth().step_fl, pump.truth().moving) == (moved, delivered, 0, False)

    pump.clear(handle)
    pump.advance(hours=1)
    assert pump.truth().steps_moved > moved


def test_dry_reservoir_delivers_nothing_and_takes_a_refill() -> None:
    """At the last femtolitre the flow ends, steps go on; new fluid flows from the next step."""
    pump = running(simple(20_000), volume_nl=ML)
    pump.refill(refill_of(20 * ML))
    pump.advance(days=5)
    assert (pump.truth().balance.reservoir_fl, pump.truth().delivered_nl) == (0, ML)

    pump.needle(inject_nl=ML, concentration_ng_per_ml=500_000)
    steps = pump.truth().steps_commanded
    pump.advance(hours=1)
    truth = pump.truth()
    assert truth.balance.delivered_fl == ML * FL + (truth.steps_commanded - steps) * truth.step_fl
