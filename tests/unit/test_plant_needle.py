"""Needles: refills as they go in truth, rinses, the pocket, and a reservoir filled beyond what it holds."""

from __future__ import annotations

from fractions import Fraction

import pytest

from firmware_sim import Pump
from firmware_sim.errors import BenchRefused, LimitExceeded
from firmware_sim.limits import POCKET_DEPOSITS_MAX, RINSE_TURNS_MAX
from firmware_sim.plant.pocket import Pocket
from tests.support.therapies import ML, US_PER_H, filled, overrides_for, refill_of, running, simple

RESIDUAL_NL = 1_400_000
STRONG = 2_000_000


def whole(pump: Pump) -> Pump:
    """Every account balances, and none is negative."""
    balance = pump.truth().balance
    assert (balance.volume_gap_fl(), balance.mass_gap()) == (0, 0)
    assert min(balance) >= 0
    return pump


# -- rinse --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("volume_nl", [1 * ML, 5 * ML, 40 * ML])
def test_rinse_leaves_the_closed_form(volume_nl: int) -> None:
    """Of n turns of V over a residual r, C0 (r / (r + V))^n is left, rounded down to one fg/mL in each turn."""
    pump = filled()
    left = Fraction(pump.truth().reservoir_concentration_ng_per_ml)
    for turn in range(1, 6):
        told = Pump.restore(pump.save()).rinse(volume_nl=volume_nl, turns=turn)
        wanted = left * Fraction(RESIDUAL_NL, RESIDUAL_NL + volume_nl) ** turn

        assert wanted - 1 <= told.concentration_ng_per_ml <= wanted + 1
        assert told.withdrawn_nl == 20 * ML + turn * volume_nl


def test_rinse_empties_the_reservoir_and_balances() -> None:
    """After it there is nothing above the residual; what was drawn out is an account."""
    pump = filled()
    pump.rinse(volume_nl=10 * ML, turns=3)

    assert whole(pump).truth().reservoir_nl == 0


@pytest.mark.parametrize(("volume_nl", "turns"), [(0, 1), (-1, 1), (ML, 0), (ML, RINSE_TURNS_MAX + 1), (40 * ML + 1, 1)])
def test_rinse_that_cannot_be_is_refused(volume_nl: int, turns: int) -> None:
    """No volume, no turns, too many, or more than fits: nothing is changed."""
    pump = filled()
    before = pump.digest()

    with pytest.raises(BenchRefused, match="rinse"):
        pump.rinse(volume_nl=volume_nl, turns=turns)
    assert pump.digest() == before


# -- what becomes of a refill ---------------------------------------------------------------------------------------------------------


def test_sound_refill_tells_what_went_in() -> None:
    """Without a fault all of the syringe is in the reservoir and nothing came back."""
    told = Pump().needle(inject_nl=20 * ML, concentration_ng_per_ml=STRONG)

    assert (told.injected_nl, told.returned_nl, told.available_nl, told.withdrawn_nl) == (20 * ML, 0, 20 * ML, 0)


def test_pocket_takes_its_share_of_a_refill() -> None:
    """A quarter in the pocket: volume and drug are there, the rest is in the reservoir, and all balances."""
    pump = Pump()
    pump.inject("reservoir.pocket_fill", share_ppm=250_000)
    told = pump.needle(inject_nl=20 * ML, concentration_ng_per_ml=STRONG)
    truth = whole(pump).truth()

    assert (told.injected_nl, told.available_nl) == (20 * ML, 15 * ML)
    assert truth.balance.injected_fl == 20 * ML * 1_000_000
    assert (truth.pocket_nl, truth.pocket_ng) == (5 * ML, 5 * STRONG)


def test_pocket_is_absorbed_with_its_half_life() -> None:
    """Half in two hours, three quarters in four, all in the end; what is in the reservoir has no part in it."""
    pump = Pump()
    pump.inject("reservoir.pocket_fill")
    pump.needle(inject_nl=10 * ML, concentration_ng_per_ml=STRONG)
    assert pump.truth().absorbed_ng == 0
    for hours, share in ((2, 0.5), (2, 0.75), (996, 1.0)):
        pump.advance(hours=hours)
        assert pump.truth().absorbed_ng == pytest.approx(10 * STRONG * share, abs=2)
    assert pump.truth().pocket_ng == 10 * STRONG


def test_pocket_keeps_a_limited_number_of_deposits() -> None:
    """Past the limit stands a named error; drug-free fluid is no deposit."""
    pocket = Pocket()
    for number in range(POCKET_DEPOSITS_MAX):
        pocket.take(number, 10, 5)
    pocket.take(0, 10, 0)
    pocket.take(0, 0, 10)

    with pytest.raises(LimitExceeded, match="pocket"):
        pocket.take(0, 10, 5)
    assert (pocket.volume_fl, pocket.mass) == (10 * POCKET_DEPOSITS_MAX + 10, 50 * POCKET_DEPOSITS_MAX)


def test_refill_into_the_side_port_goes_through_the_catheter() -> None:
    """All of it but what the catheter holds is delivered at once; the reservoir has nothing of it, and nothing was drawn out."""
    pump = running(simple(80_000, concentration=STRONG))
    pump.advance(hours=5)
    before = pump.truth()
    pump.inject("reservoir.wrong_port")
    told = pump.needle(withdraw_nl=None, inject_nl=10 * ML, concentration_ng_per_ml=STRONG)
    after = whole(pump).truth()

    assert (told.withdrawn_nl, told.injected_nl, told.available_nl) == (0, 10 * ML, before.reservoir_nl)
    assert after.delivered_nl - before.delivered_nl == 10 * ML
    assert after.delivered_ng - before.delivered_ng > (10 * ML - after.catheter_nl) * (STRONG // ML)


def test_needle_in_the_side_port_draws_what_the_catheter_holds() -> None:
    """A volume asked for is aspirated, with the strength it has there."""
    pump = running(simple(80_000, concentration=STRONG))
    pump.advance(hours=5)
    tip = pump.truth().tip_concentration_ng_per_ml
    pump.inject("reservoir.wrong_port")
    told = pump.needle(withdraw_nl=100_000)

    assert (told.withdrawn_nl, told.withdrawn_concentration_ng_per_ml) == (100_000, tip)
    whole(pump)


def test_blocked_catheter_takes_no_refill() -> None:
    """The wrong port of a blocked catheter: nothing goes in or out, and the act says so."""
    pump = filled()
    pump.inject("reservoir.wrong_port")
    pump.inject("catheter.occlusion", fraction_ppm=1_000_000)
    before = pump.truth().balance
    told = pump.needle(withdraw_nl=100, inject_nl=ML, concentration_ng_per_ml=STRONG)

    assert (told.withdrawn_nl, told.injected_nl) == (0, 0)
    assert pump.truth().balance == before


def test_air_takes_room_and_carries_no_drug() -> None:
    """Five of twenty millilitres are air: the reservoir holds twenty, and drug as from fifteen."""
    pump = Pump()
    pump.inject("reservoir.air", air_nl=5 * ML)
    told = pump.needle(inject_nl=20 * ML, concentration_ng_per_ml=STRONG)

    assert told.available_nl == 20 * ML
    assert told.concentration_ng_per_ml == 15 * ML * STRONG // (21_400_000)
    whole(pump)


def test_syringe_of_nothing_but_air_is_no_more_than_the_syringe() -> None:
    """More air than the syringe holds is a syringe of air."""
    pump = Pump()
    pump.inject("reservoir.air", air_nl=50 * ML)
    told = pump.needle(inject_nl=20 * ML, concentration_ng_per_ml=STRONG)

    assert (told.available_nl, told.concentration_ng_per_ml) == (20 * ML, 0)


def test_underfilled_reservoir_runs_dry_in_silence() -> None:
    """Two of twenty millilitres went in: nothing comes when they are gone, and the pump goes on counting."""
    pump = Pump()
    pump.inject("reservoir.underfill", missing_nl=18 * ML)
    told = pump.needle(inject_nl=20 * ML, concentration_ng_per_ml=500_000)
    twin = filled()
    pump.refill(refill_of())
    for made in (pump, twin):
        made.commit(simple(100_000), overrides=overrides_for(simple(100_000)))
        made.advance(days=2)

    assert (told.injected_nl, told.available_nl) == (2 * ML, 2 * ML)
    assert (pump.truth().reservoir_nl, pump.truth().delivered_nl) == (0, 2 * ML)
    assert pump.status() == twin.status()


def test_wrong_strength_is_in_syringes_that_are_said_to_hold_drug() -> None:
    """Saline for a rinse is saline; the drug is four times as strong as said."""
    pump = Pump()
    pump.inject("reservoir.wrong_concentration", concentration_ng_per_ml=STRONG)
    assert pump.needle(inject_nl=ML).concentration_ng_per_ml == 0
    told = pump.needle(withdraw_nl=None, inject_nl=20 * ML, concentration_ng_per_ml=500_000)

    assert told.concentration_ng_per_ml == 20 * ML * STRONG // 21_400_000
    whole(pump)


def test_closed_valve_lets_nothing_in_or_out() -> None:
    """The act says that nothing moved; the reservoir is as it was."""
    pump = filled()
    before = pump.truth().balance
    pump.inject("reservoir.valve_closed")
    told = pump.needle(withdraw_nl=None, inject_nl=5 * ML, concentration_ng_per_ml=STRONG)

    assert (told.withdrawn_nl, told.injected_nl, told.available_nl) == (0, 0, 20 * ML)
    assert pump.truth().balance == before


@pytest.mark.parametrize(("pressure", "returned_nl"), [(0, 0), (50, 500_000), (1_000, 5 * ML)])
def test_backflow_returns_mixed_fluid_into_the_syringe(pressure: int, returned_nl: int) -> None:
    """So much for each mmHg, never more than was put in; it is withdrawn fluid of the strength that the reservoir then has."""
    pump = filled()
    pump.inject("reservoir.backflow", pressure_mmhg=pressure)
    told = pump.needle(inject_nl=5 * ML, concentration_ng_per_ml=STRONG)

    assert (told.injected_nl, told.returned_nl, told.available_nl) == (5 * ML, returned_nl, 25 * ML - returned_nl)
    assert whole(pump).truth().balance.withdrawn_fl == returned_nl * 1_000_000


def test_needle_below_nothing_is_refused_with_any_fault() -> None:
    """A negative volume is no act, shut valve or not."""
    pump = filled()
    pump.inject("reservoir.valve_closed")

    with pytest.raises(BenchRefused, match="not negative"):
        pump.needle(inject_nl=-1)


# -- overfill -----------------------------------------------------------------------------------------------------------------------


def overfilled(excess_nl: int = 3 * ML) -> Pump:
    """A full reservoir, and so much above it, on 100 uL/h."""
    pump = running(simple(100_000), volume_nl=30 * ML)
    handle = pump.inject("reservoir.overfill", excess_nl=excess_nl)
    pump.needle(inject_nl=10 * ML, concentration_ng_per_ml=500_000)
    pump.clear(handle)
    return pump


def test_flow_rises_with_the_excess_and_falls_back() -> None:
    """Half a per cent for each millilitre, in eighths: 1.47 % at the top of three, then less, and nothing once the excess is gone."""
    pump = overfilled()
    sound = running(simple(100_000)).truth().step_fl
    assert pump.truth().excess_nl == 3 * ML
    assert pump.truth().step_fl == pytest.approx(sound * (1 + 0.005 * (3 - 1 / 16)), rel=1e-6)
    factors = [pump.truth().step_fl]
    for _ in range(40):
        pump.advance(hours=1)
        factors.append(pump.truth().step_fl)

    assert factors == sorted(factors, reverse=True)
    assert len(set(factors)) == 3 * 8 + 1
    assert (factors[-1], whole(pump).truth().excess_nl) == (sound, 0)


def test_overfill_in_pieces_of_time_is_the_same() -> None:
    """Looks and images between the slices change nothing."""
    straight, pieces = overfilled(), overfilled()
    straight.advance(hours=40)
    for _ in range(40 * 4):
        pieces.truth()
        pieces = Pump.restore(pieces.save())
        pieces.advance(minutes=15)

    assert pieces.digest() == straight.digest()


def test_withdrawing_the_excess_ends_the_pressure_at_once() -> None:
    """The needle takes the excess out: the next step is a sound one."""
    pump = overfilled()
    pump.needle(withdraw_nl=3 * ML)

    assert pump.truth().step_fl == running(simple(100_000)).truth().step_fl


def test_overfill_goes_as_far_as_the_bellows_do() -> None:
    """What is said must fit; of what is not, only what there is room for goes in."""
    pump = filled(40 * ML)
    pump.inject("reservoir.overfill", excess_nl=4 * ML)
    told = pump.needle(inject_nl=3 * ML, concentration_ng_per_ml=500_000)
    assert (told.injected_nl, told.available_nl) == (5 * ML, 45 * ML)

    with pytest.raises(BenchRefused, match="put in"):
        pump.needle(inject_nl=1)


def test_deformed_reservoir_has_less_room_and_presses_on_what_is_in() -> None:
    """Ten millilitres lost of forty: the twenty in it stay sound, thirty-one do not fit, and with twenty-five lost the flow rises."""
    pump = running(simple(100_000))
    sound = pump.truth().step_fl
    handle = pump.inject("reservoir.deformed", lost_nl=10 * ML)
    with pytest.raises(BenchRefused, match="put in"):
        pump.needle(inject_nl=11 * ML)
    assert pump.truth().step_fl == sound

    pump.inject("reservoir.deformed", lost_nl=15 * ML)
    assert (pump.truth().excess_nl, pump.truth().step_fl > sound) == (5 * ML, True)
    pump.clear(handle)
    assert (pump.truth().excess_nl, pump.truth().step_fl) == (0, sound)


def test_stalled_overfilled_pump_waits() -> None:
    """Nothing moves, so no slice ends; freed, it goes on."""
    pump = overfilled()
    handle = pump.inject("motor.stall")
    held = pump.truth().balance.reservoir_fl
    pump.advance_to(pump.now_us + 5 * US_PER_H)
    assert pump.truth().balance.reservoir_fl == held
    pump.clear(handle)
    pump.advance(hours=40)

    assert whole(pump).truth().excess_nl == 0
