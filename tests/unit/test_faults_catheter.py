"""Faults of the catheter: what is so, by formula, and that the pump knows nothing of it."""

from __future__ import annotations

import random

import pytest

from firmware_sim import Pump
from firmware_sim.errors import BenchRefused
from firmware_sim.faults.catheter import CATHETER_FAULTS, TIP_LEVELS
from tests.support.therapies import ML, US_PER_DAY, running, simple

TUBING_NL, NL_PER_MM, LENGTH_MM = 140_000, 220, 890
EXAMPLES: dict[str, dict[str, int | str]] = {
    "catheter.occlusion": {"fraction_ppm": 400_000},
    "catheter.slow_occlusion": {"fraction_ppm": 1_000_000, "over_days": 4},
    "catheter.kink": {"fraction_ppm": 900_000, "kinked_minutes": 90, "open_minutes": 30},
    "catheter.leak": {"at_mm": 400, "share_ppm": 300_000},
    "catheter.disconnection": {},
    "catheter.fracture": {"at_mm": 600},
    "catheter.dislodgement": {"level": "epidural"},
    "catheter.granuloma": {"fraction_ppm": 500_000, "astray_ppm": 200_000, "over_days": 2},
    "catheter.cap_injection": {"volume_nl": 250_000},
}


def on_therapy() -> Pump:
    """A pump on 100 uL/h whose path is full of drug."""
    pump = running(simple(100_000), seed=2)
    pump.advance(hours=10)
    return pump


def balanced(pump: Pump) -> None:
    """Every account is whole and none is negative."""
    balance = pump.truth().balance
    assert (balance.volume_gap_fl(), balance.mass_gap()) == (0, 0)
    assert min(balance) >= 0


def given(pump: Pump, days: int = 1) -> tuple[int, int]:
    """(delivered, leaked) in fL by as many days to come."""
    before = pump.truth().balance
    pump.advance(days=days)
    after = pump.truth().balance
    return after.delivered_fl - before.delivered_fl, after.leaked_fl - before.leaked_fl


def test_each_fault_has_an_example_here() -> None:
    """The tests below leave none out."""
    assert EXAMPLES.keys() == {fault.name for fault in CATHETER_FAULTS}


@pytest.mark.parametrize("name", EXAMPLES)
def test_pump_notices_nothing_of_its_catheter(name: str) -> None:
    """Days with the fault end with the very status, and the very log, of days without it; the truth differs."""
    pump, twin = on_therapy(), on_therapy()
    pump.inject(name, **EXAMPLES[name])
    for made in (pump, twin):
        made.advance(days=6)

    assert pump.status() == twin.status()
    assert pump.read_log(0, 100) == twin.read_log(0, 100)
    assert pump.truth().balance != twin.truth().balance or pump.truth().astray_nl > 0
    balanced(pump)


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name != "catheter.cap_injection"])
def test_cleared_fault_leaves_a_sound_pump(name: str) -> None:
    """Once it is gone each step carries and delivers what it did before."""
    pump = on_therapy()
    sound = pump.truth().step_fl
    handle = pump.inject(name, **EXAMPLES[name])
    pump.advance(days=1)
    pump.clear(handle)
    steps = pump.truth().steps_moved
    delivered, leaked = given(pump)

    assert (delivered, leaked) == ((pump.truth().steps_moved - steps) * sound, 0)
    assert pump.truth().tip_level == ""


def test_slow_occlusion_loses_half_while_it_grows() -> None:
    """Half of the flow is lost over its days, to one slice, and all of it after them."""
    pump, twin = on_therapy(), on_therapy()
    pump.inject("catheter.slow_occlusion", fraction_ppm=1_000_000, over_days=4)
    sound, _ = given(twin, 4)

    assert given(pump, 4)[0] == pytest.approx(sound / 2, rel=1e-4)
    assert given(pump, 1)[0] == 0
    assert pump.side_port(aspirate_nl=10_000).aspirated_nl == 0


def test_kink_takes_its_share_of_the_time() -> None:
    """Bent for 90 minutes of 120 and nearly closed then: 1 - 0.9 x 0.75 of the flow is left."""
    pump, twin = on_therapy(), on_therapy()
    pump.inject("catheter.kink", fraction_ppm=900_000, kinked_minutes=90, open_minutes=30)
    sound, _ = given(twin, 5)

    assert given(pump, 5)[0] == pytest.approx(sound * (1 - 0.9 * 0.75), rel=2e-3)


def test_leak_takes_its_share_and_the_rest_arrives() -> None:
    """Three tenths leak, seven arrive, to the femtolitre."""
    pump = on_therapy()
    pump.inject("catheter.leak", at_mm=400, share_ppm=300_000)
    out_fl = on_therapy()
    whole, _ = given(out_fl)
    delivered, leaked = given(pump)

    assert delivered + leaked == whole
    assert delivered == whole * 700_000 // 1_000_000
    assert pump.truth().leaked_ng == pytest.approx(leaked * pump.truth().tip_concentration_ng_per_ml / 1e12, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "parameters", "near_nl"),
    [
        ("catheter.disconnection", {}, TUBING_NL),
        ("catheter.fracture", {"at_mm": 600}, TUBING_NL + 600 * NL_PER_MM),
        ("catheter.fracture", {"at_mm": LENGTH_MM}, TUBING_NL + LENGTH_MM * NL_PER_MM),
    ],
)
def test_broken_catheter_delivers_nothing(name: str, parameters: dict[str, int], near_nl: int) -> None:
    """All leaks at the break; what stands beyond it is as it was, however the reservoir changes."""
    pump = on_therapy()
    old = pump.truth().tip_concentration_ng_per_ml
    pump.inject(name, **parameters)
    pump.needle(withdraw_nl=None, inject_nl=20 * ML, concentration_ng_per_ml=2_000_000)
    delivered, leaked = given(pump)
    truth = pump.truth()

    assert delivered == 0
    assert leaked > 2 * ML * 1_000_000
    assert truth.tip_concentration_ng_per_ml == old
    assert sum(volume for volume, level in truth.path if level != old) == pytest.approx(near_nl, abs=1)


def test_port_of_a_disconnected_pump_gives_no_drug() -> None:
    """Behind the port there is nothing but the pocket: fluid comes, and no drug in it."""
    pump = on_therapy()
    pump.inject("catheter.disconnection")

    assert pump.side_port(aspirate_nl=100_000) == (100_000, 0)
    balanced(pump)


def test_dislodged_tip_delivers_to_the_wrong_place() -> None:
    """Gross delivery goes on; from the fault on all of it goes astray, and the truth names the level."""
    pump = on_therapy()
    pump.inject("catheter.dislodgement", level="subcutaneous")
    delivered, _ = given(pump)
    truth = pump.truth()

    assert (truth.tip_level, truth.astray_nl) == ("subcutaneous", delivered // 1_000_000)
    assert truth.astray_ng == pytest.approx(delivered * truth.tip_concentration_ng_per_ml / 1e12, rel=1e-6)


def test_moved_tip_may_still_be_in_the_sac() -> None:
    """With nothing astray only the level differs; a second move names the new level."""
    pump = on_therapy()
    pump.inject("catheter.dislodgement", level="T10", astray_ppm=0)
    assert (pump.truth().tip_level, given(pump)[0] > 0, pump.truth().astray_nl) == ("T10", True, 0)
    pump.inject("catheter.dislodgement", level="L2", astray_ppm=0)

    assert pump.truth().tip_level == "L2"
    assert {"C8", "T12", "L5"} <= set(TIP_LEVELS)


def test_granuloma_takes_flow_and_place() -> None:
    """Full grown, half of the flow is lost and a fifth of the rest goes astray."""
    pump, twin = on_therapy(), on_therapy()
    pump.inject("catheter.granuloma", fraction_ppm=500_000, astray_ppm=200_000, over_days=2)
    for made in (pump, twin):
        made.advance(days=3)
    astray = pump.truth().astray_nl
    sound, _ = given(twin)
    delivered, _ = given(pump)

    assert delivered == pytest.approx(sound / 2, rel=1e-6)
    assert pump.truth().astray_nl - astray == pytest.approx(delivered / 5 / 1_000_000, abs=2)


def test_push_through_the_port_delivers_what_the_catheter_held() -> None:
    """Without aspirating first, the drug in the catheter is given within the act; a blocked catheter takes nothing."""
    pump = on_therapy()
    before = pump.truth()
    pump.inject("catheter.cap_injection", volume_nl=before.catheter_nl)
    after = pump.truth()
    held_ng = before.catheter_nl * before.tip_concentration_ng_per_ml // ML
    assert after.delivered_ng - before.delivered_ng == pytest.approx(held_ng, abs=2)
    assert after.tip_concentration_ng_per_ml == 0
    assert pump.faults() == ()

    pump.inject("catheter.occlusion", fraction_ppm=1_000_000)
    pump.inject("catheter.cap_injection", volume_nl=1_000, concentration_ng_per_ml=5)
    assert pump.truth().balance == after.balance


def test_worn_gear_does_not_dry_the_side_port() -> None:
    """A motor that pushes nothing is no blocked catheter."""
    pump = on_therapy()
    pump.inject("motor.gear_wear", loss_ppm=1_000_000)

    assert pump.side_port(aspirate_nl=10_000).aspirated_nl == 10_000


def test_two_leaks_leave_what_passes_both() -> None:
    """A half of a half is delivered, and the place nearest the pump is where they act, whichever came first."""
    delivered, paths = set(), set()
    for places in ((100, 700), (700, 100)):
        pump = on_therapy()
        for at_mm in places:
            pump.inject("catheter.leak", at_mm=at_mm, share_ppm=500_000)
        delivered.add(given(pump)[0])
        pump.needle(withdraw_nl=None, inject_nl=20 * ML, concentration_ng_per_ml=2_000_000)
        pump.advance(hours=2)
        paths.add(pump.truth().path)
        balanced(pump)
    whole, _ = given(on_therapy())

    assert delivered == {whole // 4}
    assert len(paths) == 1


@pytest.mark.parametrize(
    ("name", "parameters", "says"),
    [
        ("catheter.leak", {"at_mm": LENGTH_MM + 1, "share_ppm": 1}, "890 mm long"),
        ("catheter.fracture", {"at_mm": 5_000}, "890 mm long"),
        ("catheter.leak", {"at_mm": 1, "share_ppm": 1_000_001}, "0 to 1000000"),
        ("catheter.dislodgement", {"level": "T13"}, "T1"),
        ("catheter.kink", {"fraction_ppm": 1}, "takes fraction_ppm, kinked_minutes, open_minutes"),
        ("catheter.cap_injection", {"volume_nl": 0}, "1 to any"),
    ],
)
def test_fault_that_no_catheter_has_is_refused(name: str, parameters: dict[str, int | str], says: str) -> None:
    """A place beyond the tip, a share above all of it, a level that no spine has: nothing is changed."""
    pump = on_therapy()
    before = pump.digest()

    with pytest.raises(BenchRefused, match=says):
        pump.inject(name, **parameters)
    assert pump.digest() == before


def test_all_faults_of_the_fluid_together_lose_nothing(seed: int) -> None:
    """A hundred acts of a random walk over catheter, reservoir and surroundings: whole accounts at each, and one digest from an image."""
    others: list[tuple[str, dict[str, int | str]]] = [
        ("reservoir.pocket_fill", {"share_ppm": 300_000}),
        ("reservoir.air", {"air_nl": 100_000}),
        ("reservoir.overfill", {"excess_nl": 2 * ML}),
        ("reservoir.backflow", {"pressure_mmhg": 30}),
        ("reservoir.wrong_port", {}),
        ("reservoir.deformed", {"lost_nl": 15 * ML}),
        ("reservoir.no_propellant", {"loss_ppm": 200_000}),
        ("environment.pressure", {"pressure_mmhg": 3_000, "over_minutes": 40, "minutes": 60}),
        ("motor.over_infusion", {"excess_ppm": 300_000, "over_days": 1}),
    ]
    draw, pump = random.Random(seed), on_therapy()
    for _ in range(100):
        act = draw.randrange(5)
        if act <= 1:
            name, parameters = draw.choice([*EXAMPLES.items(), *others])
            pump.inject(name, **parameters)
        elif act == 2 and pump.faults():
            pump.clear(draw.choice(pump.faults()).handle)
        elif act == 3:
            pump.side_port(aspirate_nl=draw.choice([0, 70_000, 600_000]), inject_nl=draw.choice([0, 90_000]), concentration_ng_per_ml=9)
        else:
            pump.needle(withdraw_nl=None, inject_nl=draw.choice([0, 2 * ML]), concentration_ng_per_ml=draw.choice([0, 500_000]))
        balanced(pump)
        again = Pump.restore(pump.save())
        us = draw.randrange(US_PER_DAY)
        pump.advance(us=us)
        again.advance(us=us // 2)
        again.truth()
        again.advance(us=us - us // 2)
        assert again.digest() == pump.digest()
        balanced(pump)
