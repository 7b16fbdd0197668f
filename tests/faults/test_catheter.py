"""Faults of the catheter: none of them is noticed, and each gives its own too little, too late, elsewhere or all at once."""

from __future__ import annotations

from itertools import pairwise

import pytest

from firmware_sim.errors import BenchRefused
from tests.faults.cases import shows
from tests.support.bed import PATH_NL, RATE, Bed
from tests.support.therapies import ML, listed_causes, simple

CATHETER_NL = 195_800
NL_PER_MM = 220


def unnoticed(bed: Bed) -> bool:
    """No cause, and the computed reservoir has fallen by what was programmed, whatever came out."""
    computed_nl = bed.pump.status().computed_reservoir_nl
    return listed_causes(bed.pump) == [] and computed_nl == int(20 * ML - RATE * bed.hours)


# -- closed, wholly or in part --------------------------------------------------------------------------------------------------------


@shows("catheter.occlusion", "notices", "truth")
@pytest.mark.pump_requirement("OC-01")
@pytest.mark.parametrize("fraction_ppm", [100_000, 500_000, 1_000_000])
def test_occluded_catheter_gives_the_rest_of_each_step(fraction_ppm: int) -> None:
    """What slips back stays in the reservoir, and nothing is noticed."""
    bed = Bed()
    bed.pump.inject("catheter.occlusion", fraction_ppm=fraction_ppm)
    bed.pump.advance(days=5)
    share = 1 - fraction_ppm / ML

    assert bed.given_ng == pytest.approx(bed.meant_ng() * share, abs=bed.step_ng)
    assert bed.pump.truth().reservoir_nl == pytest.approx(20 * ML - bed.meant_nl() * share, abs=bed.step_nl)
    assert unnoticed(bed)


@shows("catheter.occlusion", "misses")
def test_refill_and_side_port_find_what_the_pump_does_not() -> None:
    """Blocked for five days: a full reservoir where 15.2 mL are expected, and a dry tap at the side port."""
    bed = Bed()
    bed.pump.inject("catheter.occlusion", fraction_ppm=1_000_000)
    bed.pump.advance(days=5)
    tapped = bed.pump.side_port(aspirate_nl=100_000)
    expected = 20 * ML - RATE * bed.hours
    withdrawn_nl, expected_nl = bed.visit(20 * ML)

    assert (tapped.aspirated_nl, withdrawn_nl) == (0, 20 * ML)
    assert expected_nl == int(expected)


@shows("catheter.slow_occlusion", "truth", "notices")
def test_slow_occlusion_takes_half_of_its_end_on_the_way() -> None:
    """Ten days growing to 80 %, five days there: 40 % lost, then 80 %."""
    bed = Bed()
    bed.pump.inject("catheter.slow_occlusion", fraction_ppm=800_000, over_days=10)
    growing_ng, grown_ng = bed.live(days=10), bed.live(days=5)

    assert growing_ng == pytest.approx(bed.meant_ng(240) * 0.6, rel=1e-4, abs=bed.step_ng)
    assert grown_ng == pytest.approx(bed.meant_ng(120) * 0.2, rel=1e-4, abs=bed.step_ng)
    assert unnoticed(bed)


@shows("catheter.slow_occlusion", "misses")
def test_each_day_of_a_slow_occlusion_gives_less_than_the_one_before() -> None:
    """The loss of effect comes by small steps: no day differs from the last by more than a twelfth of the dose."""
    bed = Bed()
    bed.pump.inject("catheter.slow_occlusion", fraction_ppm=800_000, over_days=10)
    days = [bed.live(days=1) for _ in range(10)]

    falls = [before - after for before, after in pairwise(days)]
    assert all(0 < fall < bed.meant_ng(24) / 12 for fall in falls)


@shows("catheter.kink", "notices", "truth")
def test_kink_gives_the_share_of_the_time_in_which_it_is_straight() -> None:
    """90 minutes bent and 30 straight: a quarter of two days' dose."""
    bed = Bed()
    bed.pump.inject("catheter.kink", fraction_ppm=1_000_000, kinked_minutes=90, open_minutes=30)

    assert bed.live(days=2) == pytest.approx(bed.meant_ng() / 4, abs=24 * bed.step_ng)
    assert unnoticed(bed)


@shows("catheter.kink", "misses")
def test_side_port_tells_a_kink_only_while_it_is_bent() -> None:
    """A dry tap in the first hour and a half, a normal one in the half hour after."""
    bed = Bed()
    bed.pump.inject("catheter.kink", fraction_ppm=1_000_000, kinked_minutes=90, open_minutes=30)
    bed.pump.advance(hours=1)
    assert bed.pump.side_port(aspirate_nl=10_000).aspirated_nl == 0
    bed.pump.advance(minutes=45)

    assert bed.pump.side_port(aspirate_nl=10_000).aspirated_nl == 10_000


# -- open where it should not be ------------------------------------------------------------------------------------------------------


@shows("catheter.leak", "notices", "truth")
@pytest.mark.parametrize("at_mm", [0, 400, 890])
@pytest.mark.parametrize("share_ppm", [250_000, 1_000_000])
def test_leak_loses_its_share_there(at_mm: int, share_ppm: int) -> None:
    """Volume and drug alike: the rest arrives, the share is in the tissue, nothing is missing and nothing is noticed."""
    bed = Bed()
    bed.pump.inject("catheter.leak", at_mm=at_mm, share_ppm=share_ppm)
    bed.pump.advance(days=5)
    share = share_ppm / ML

    assert bed.given_ng == pytest.approx(bed.meant_ng() * (1 - share), abs=bed.step_ng)
    assert bed.pump.truth().leaked_ng == pytest.approx(bed.meant_ng() * share, abs=bed.step_ng)
    assert bed.pump.truth().leaked_nl == pytest.approx(bed.meant_nl() * share, abs=bed.step_nl)
    assert unnoticed(bed)


@shows("catheter.leak", "misses")
def test_refill_does_not_find_a_leak() -> None:
    """The reservoir gave what it should: withdrawn is what is expected, but for the unit's own error."""
    bed = Bed()
    bed.pump.inject("catheter.leak", at_mm=100, share_ppm=900_000)
    bed.pump.advance(days=10)
    meant_nl = bed.meant_nl()
    withdrawn_nl, _ = bed.visit(20 * ML)

    assert withdrawn_nl == pytest.approx(20 * ML - meant_nl, abs=bed.step_nl)


@shows("catheter.leak", "truth")
def test_new_strength_takes_longer_to_pass_a_leak() -> None:
    """Half is lost at the catheter's beginning: the stretch beyond moves at half the speed, so the front needs twice the time there."""
    bed = Bed()
    bed.pump.inject("catheter.leak", at_mm=0, share_ppm=500_000)
    bed.pump.needle(withdraw_nl=None, inject_nl=20 * ML, concentration_ng_per_ml=2_000_000)
    arrives_h = (PATH_NL - CATHETER_NL + 2 * CATHETER_NL) / (RATE * bed.unit)
    bed.pump.advance(minutes=int(arrives_h * 60) - 2)
    assert bed.pump.truth().tip_concentration_ng_per_ml == pytest.approx(bed.concentration, abs=1)
    bed.pump.advance(minutes=4)

    assert bed.pump.truth().tip_concentration_ng_per_ml > 3 * bed.concentration


@shows("catheter.disconnection", "notices", "truth")
def test_disconnected_catheter_gives_nothing_and_the_pocket_all() -> None:
    """All the drug leaves behind the access port; the patient gets none of it."""
    bed = Bed()
    bed.pump.inject("catheter.disconnection")

    assert bed.live(days=5) == 0
    assert bed.pump.truth().leaked_ng == pytest.approx(bed.meant_ng(), abs=bed.step_ng)
    assert unnoticed(bed)


@shows("catheter.disconnection", "misses")
def test_side_port_of_a_disconnected_catheter_gives_fluid_without_drug() -> None:
    """It is not dry, which is what misleads; but there is no drug in what comes."""
    bed = Bed()
    bed.pump.inject("catheter.disconnection")
    drawn = bed.pump.side_port(aspirate_nl=CATHETER_NL)

    assert (drawn.aspirated_nl, drawn.aspirated_ng) == (CATHETER_NL, 0)


@shows("catheter.fracture", "notices", "truth")
@pytest.mark.parametrize("at_mm", [50, 500])
def test_broken_catheter_gives_nothing(at_mm: int) -> None:
    """Wherever it breaks, all is lost there and nothing is noticed."""
    bed = Bed()
    bed.pump.inject("catheter.fracture", at_mm=at_mm)

    assert bed.live(days=5) == 0
    assert bed.pump.truth().leaked_ng == pytest.approx(bed.meant_ng(), abs=bed.step_ng)
    assert unnoticed(bed)


@shows("catheter.fracture", "misses", "truth")
def test_side_port_draws_the_drug_up_to_the_break_and_no_more() -> None:
    """What lies between port and break is drawn; beyond that only what is outside."""
    bed = Bed()
    bed.pump.inject("catheter.fracture", at_mm=500)
    drawn = bed.pump.side_port(aspirate_nl=CATHETER_NL)

    assert drawn.aspirated_nl == CATHETER_NL
    assert drawn.aspirated_ng == pytest.approx(500 * NL_PER_MM * bed.concentration / ML, abs=2)


@pytest.mark.parametrize(("name", "more"), [("catheter.leak", {"share_ppm": 1}), ("catheter.fracture", {})])
def test_place_beyond_the_catheter_is_refused(name: str, more: dict[str, int]) -> None:
    """A catheter of 89 cm has no 891st millimetre."""
    with pytest.raises(BenchRefused, match="890 mm"):
        Bed().pump.inject(name, at_mm=891, **more)


# -- the tip ------------------------------------------------------------------------------------------------------------------------


@shows("catheter.dislodgement", "notices", "truth")
@pytest.mark.parametrize("astray_ppm", [300_000, 1_000_000])
def test_dislodged_tip_delivers_to_the_wrong_place(astray_ppm: int) -> None:
    """All of it leaves the tip; its share does not reach its place, and the truth names where the tip is."""
    bed = Bed()
    bed.pump.inject("catheter.dislodgement", level="subcutaneous", astray_ppm=astray_ppm)
    given_ng = bed.live(days=5)
    truth = bed.pump.truth()

    assert given_ng == pytest.approx(bed.meant_ng() * (1 - astray_ppm / ML), abs=bed.step_ng)
    assert truth.astray_ng == pytest.approx(bed.meant_ng() * astray_ppm / ML, abs=bed.step_ng)
    assert bed.given_nl == pytest.approx(bed.meant_nl(), abs=bed.step_nl)
    assert truth.tip_level == "subcutaneous"
    assert unnoticed(bed)


@shows("catheter.dislodgement", "misses")
def test_neither_refill_nor_side_port_finds_a_dislodged_tip() -> None:
    """Volumes are as expected, and fluid with drug comes out of the catheter."""
    bed = Bed()
    bed.pump.inject("catheter.dislodgement", level="epidural")
    bed.pump.advance(days=5)
    drawn = bed.pump.side_port(aspirate_nl=CATHETER_NL)
    meant_nl = bed.meant_nl()
    withdrawn_nl, _ = bed.visit(20 * ML)

    assert drawn.aspirated_ng == pytest.approx(CATHETER_NL * bed.concentration / ML, abs=2)
    assert withdrawn_nl == pytest.approx(20 * ML - meant_nl, abs=bed.step_nl)


@shows("catheter.granuloma", "notices", "truth")
def test_granuloma_closes_and_diverts_as_it_grows() -> None:
    """Growing evenly to F closed and A astray, the mean of (1 - Fx)(1 - Ax) arrives: 1 - (F + A)/2 + FA/3."""
    closed, astray = 0.6, 0.5
    bed = Bed()
    bed.pump.inject("catheter.granuloma", fraction_ppm=600_000, astray_ppm=500_000, over_days=10)
    growing_ng, grown_ng = bed.live(days=10), bed.live(days=5)

    assert growing_ng == pytest.approx(bed.meant_ng(240) * (1 - (closed + astray) / 2 + closed * astray / 3), rel=1e-4, abs=bed.step_ng)
    assert grown_ng == pytest.approx(bed.meant_ng(120) * (1 - closed) * (1 - astray), rel=1e-4, abs=bed.step_ng)
    assert unnoticed(bed)


@shows("catheter.granuloma", "misses")
def test_higher_dose_makes_up_for_a_granuloma_and_hides_it() -> None:
    """At F = A = 50 % a quarter arrives: four times the rate brings the dose back, and nothing says why it is needed."""
    bed = Bed(simple(RATE // 4))
    bed.pump.inject("catheter.granuloma", fraction_ppm=500_000, astray_ppm=500_000)
    bed.pump.commit(simple(RATE))

    assert bed.live(days=2) == pytest.approx(bed.meant_ng(rate=RATE // 4), rel=1e-5, abs=bed.step_ng)
    assert listed_causes(bed.pump) == []


# -- the access port ------------------------------------------------------------------------------------------------------------------


@shows("catheter.cap_injection", "notices", "truth")
@pytest.mark.parametrize("volume_nl", [50_000, CATHETER_NL, 2 * ML])
def test_push_without_aspirating_gives_what_the_catheter_held_at_once(volume_nl: int) -> None:
    """Drug-free fluid pushed through the port drives the catheter's own before it into the patient."""
    bed = Bed()
    bed.pump.inject("catheter.cap_injection", volume_nl=volume_nl)

    assert bed.given_ng == pytest.approx(min(volume_nl, CATHETER_NL) * bed.concentration / ML, abs=2)
    assert unnoticed(bed)


@shows("catheter.cap_injection", "truth")
def test_drug_pushed_through_the_port_comes_on_top() -> None:
    """A millilitre of 2,000 mcg/mL: the catheter's contents first, then all that does not stay in it."""
    bed = Bed()
    bed.pump.inject("catheter.cap_injection", volume_nl=ML, concentration_ng_per_ml=2_000_000)

    assert bed.given_ng == pytest.approx((CATHETER_NL * bed.concentration + (ML - CATHETER_NL) * 2_000_000) / ML, abs=2)


@shows("catheter.cap_injection", "misses")
def test_push_leaves_the_patient_without_drug_until_the_catheter_is_full_again() -> None:
    """The dose given at once is missing afterwards: after as long as the catheter takes to fill, the two cancel out."""
    bed = Bed()
    bed.pump.inject("catheter.cap_injection", volume_nl=CATHETER_NL)
    empty_h = int(CATHETER_NL / (RATE * bed.unit))
    assert bed.live(hours=empty_h) <= bed.step_ng
    bed.pump.advance(hours=10)

    assert bed.given_ng == pytest.approx(bed.meant_ng(), abs=bed.step_ng)


@shows("catheter.cap_injection", "truth")
def test_blocked_catheter_takes_nothing() -> None:
    """The plunger does not move."""
    bed = Bed()
    bed.pump.inject("catheter.occlusion", fraction_ppm=1_000_000)
    bed.pump.inject("catheter.cap_injection", volume_nl=CATHETER_NL)

    assert bed.given_ng == 0
