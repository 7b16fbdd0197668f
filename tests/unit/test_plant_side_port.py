"""The access port of the catheter: what is drawn out, what is flushed in, and what the pump knows of it."""

from __future__ import annotations

import random

import pytest

from firmware_sim import Pump
from firmware_sim.errors import BenchRefused
from firmware_sim.firmware.prescription import RefillEntry
from tests.support.therapies import overrides_for, simple

ML = 1_000_000
STRONG = 2_000_000


def primed() -> Pump:
    """A pump whose tubing and catheter are full of drug."""
    pump = Pump("itp-40", seed=5)
    pump.needle(inject_nl=20 * ML, concentration_ng_per_ml=STRONG)
    pump.refill(RefillEntry(20 * ML, 0, 1, STRONG))
    therapy = simple(40_000, concentration=STRONG)
    pump.commit(therapy, overrides=overrides_for(therapy))
    pump.advance(days=2)
    return pump


def test_flush_without_aspiration_delivers_what_the_catheter_held() -> None:
    """The contents of the catheter are pushed into the patient at once: hundreds of micrograms of strong drug."""
    pump = primed()
    before = pump.truth()
    pump.side_port(inject_nl=before.catheter_nl)
    after = pump.truth()

    held_ng = before.catheter_nl * before.tip_concentration_ng_per_ml // ML
    assert after.delivered_ng - before.delivered_ng == pytest.approx(held_ng, abs=2)
    assert after.tip_concentration_ng_per_ml == 0


def test_flush_after_aspiration_delivers_nothing() -> None:
    """Whoever draws the contents out first pushes no drug in."""
    pump = primed()
    before = pump.truth()
    drawn = pump.side_port(aspirate_nl=before.catheter_nl, inject_nl=before.catheter_nl)

    assert drawn.aspirated_ng > 0
    assert pump.truth().delivered_ng == before.delivered_ng


def test_pump_notices_nothing() -> None:
    """Belief is the same with and without the act."""
    pump, twin = primed(), primed()
    pump.side_port(aspirate_nl=100_000, inject_nl=300_000, concentration_ng_per_ml=7)

    assert pump.status() == twin.status()


def test_blocked_catheter_is_a_dry_tap() -> None:
    """Nothing comes and nothing goes."""
    pump = primed()
    pump.inject("catheter.occlusion", fraction_ppm=1_000_000)
    before = pump.truth().balance

    assert pump.side_port(aspirate_nl=100_000, inject_nl=100_000).aspirated_nl == 0
    assert pump.truth().balance == before


def test_every_account_balances_through_a_random_walk(seed: int) -> None:
    """Volume and drug are neither made nor lost, to the femtolitre."""
    pump, draw = primed(), random.Random(seed)
    for _ in range(100):
        pump.advance(minutes=draw.randrange(600))
        volumes = draw.choice([0, 50_000, 300_000]), draw.choice([0, 10_000, 500_000])
        pump.side_port(aspirate_nl=volumes[0], inject_nl=volumes[1], concentration_ng_per_ml=draw.choice([0, STRONG]))
        balance = pump.truth().balance

        assert (balance.volume_gap_fl(), balance.mass_gap()) == (0, 0)


def test_negative_amounts_are_refused() -> None:
    """A volume below nothing is no act."""
    pump = primed()
    digest = pump.digest()

    with pytest.raises(BenchRefused, match="side_port"):
        pump.side_port(aspirate_nl=-1)
    assert pump.digest() == digest


def test_magnet_is_recorded_and_kept() -> None:
    """A held magnet is part of the truth, of the trace and of an image."""
    pump = primed()
    pump.magnet(held=True)

    assert Pump.restore(pump.save()).truth().magnet_held
    assert pump.events()[-1]["act"] == "magnet"
