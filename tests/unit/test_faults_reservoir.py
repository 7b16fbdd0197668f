"""Faults of the reservoir: that the pump knows nothing of them, and those that act upon the flow (needles: test_plant_needle.py)."""

from __future__ import annotations

import pytest

from firmware_sim import Pump
from firmware_sim.errors import BenchRefused
from firmware_sim.faults.reservoir import RESERVOIR_FAULTS
from tests.support.therapies import ML, refill_of, running, simple

EXAMPLES: dict[str, dict[str, int]] = {
    "reservoir.overfill": {"excess_nl": 5 * ML},
    "reservoir.underfill": {"missing_nl": 2 * ML},
    "reservoir.pocket_fill": {"share_ppm": 500_000},
    "reservoir.wrong_port": {},
    "reservoir.air": {"air_nl": ML},
    "reservoir.valve_closed": {},
    "reservoir.no_propellant": {"loss_ppm": 300_000},
    "reservoir.backflow": {"pressure_mmhg": 100},
    "reservoir.deformed": {"lost_nl": 30 * ML},
    "reservoir.wrong_concentration": {"concentration_ng_per_ml": 2_000_000},
    "reservoir.unapproved_drug": {"precipitate_ppm": 900_000, "over_days": 3},
}


def refilled(pump: Pump) -> None:
    """Five millilitres more, told to the pump as it believes them, and three days."""
    pump.needle(inject_nl=5 * ML, concentration_ng_per_ml=500_000)
    pump.refill(refill_of(25 * ML))
    pump.advance(days=3)


def on_therapy() -> Pump:
    """A pump on 100 uL/h."""
    pump = running(simple(100_000), seed=2)
    pump.advance(hours=10)
    return pump


def test_each_fault_has_an_example_here() -> None:
    """None is left out."""
    assert EXAMPLES.keys() == {fault.name for fault in RESERVOIR_FAULTS}


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name != "reservoir.deformed"])
def test_pump_notices_nothing_of_its_reservoir(name: str) -> None:
    """A refill under the fault and three days after it leave status and log of a pump without it; the truth differs and balances."""
    pump, twin = on_therapy(), on_therapy()
    pump.inject(name, **EXAMPLES[name])
    for made in (pump, twin):
        refilled(made)
    balance = pump.truth().balance

    assert pump.status() == twin.status()
    assert pump.read_log(0, 100) == twin.read_log(0, 100)
    assert balance != twin.truth().balance
    assert (balance.volume_gap_fl(), balance.mass_gap()) == (0, 0)
    assert min(balance) >= 0


def test_reservoir_without_propellant_gives_its_share_and_keeps_the_rest() -> None:
    """Three tenths of each step stay in the reservoir, so that a refill finds more than expected."""
    pump, twin = on_therapy(), on_therapy()
    pump.inject("reservoir.no_propellant", loss_ppm=300_000)
    began = pump.truth().balance.reservoir_fl
    for made in (pump, twin):
        made.advance(days=2)
    gone, whole = began - pump.truth().balance.reservoir_fl, began - twin.truth().balance.reservoir_fl

    assert gone == pytest.approx(whole * 0.7, rel=1e-8)
    assert pump.status().computed_reservoir_nl == twin.status().computed_reservoir_nl


def test_precipitate_closes_the_path_slowly() -> None:
    """Over three days it takes nine tenths: 55 % are given in that time, a tenth after it."""
    pump, twin = on_therapy(), on_therapy()
    pump.inject("reservoir.unapproved_drug", precipitate_ppm=900_000, over_days=3)
    given = []
    for days in (3, 1):
        before = [made.truth().balance.delivered_fl for made in (pump, twin)]
        for made in (pump, twin):
            made.advance(days=days)
        after = [made.truth().balance.delivered_fl for made in (pump, twin)]
        given.append((after[0] - before[0]) / (after[1] - before[1]))

    assert given == [pytest.approx(0.55, abs=1e-4), pytest.approx(0.1, abs=1e-6)]


def test_excess_beyond_the_bellows_is_refused() -> None:
    """More than the profile's reservoir takes above capacity is no overfill that could be."""
    pump = on_therapy()

    with pytest.raises(BenchRefused, match="5000000"):
        pump.inject("reservoir.overfill", excess_nl=5 * ML + 1)
    assert pump.faults() == ()
