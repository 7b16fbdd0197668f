"""People: how they differ, how the years change them, and where a tip, a leak or a pocket sends their drug."""

from __future__ import annotations

import pytest

from firmware_sim.patient import Patient
from firmware_sim.plant.patient.person import person_of
from firmware_sim.plant.patient.preset import load_preset, load_sensitivity
from tests.support.bed import Bed
from tests.support.bodies import HIGH_NG, MEAN_NG, Sitter, steady, used_to
from tests.support.therapies import ML, refill_of, simple

MCG = 1_000

# -- people ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.pump_rule("R-043")
def test_the_same_dose_does_less_over_the_years() -> None:
    """In the second year legs are stiffer on the same dose, and 11 % more dose makes up for it."""
    person = load_preset("label-consistent")
    used = steady("label-consistent", MEAN_NG).legs

    def need(years: float) -> float:
        return (1 + person.tolerance.drift_per_year * years) * (1 + person.tolerance.tone_share * used)

    sitter = Sitter(MEAN_NG)
    sitter.pump.advance(days=20)
    early = sitter.patient.at().ashworth_legs
    for _ in range(12):
        sitter.pump.needle(withdraw_nl=None, inject_nl=39 * ML, concentration_ng_per_ml=sitter.bed.concentration)
        sitter.pump.refill(refill_of(39 * ML, sitter.bed.concentration))
        sitter.pump.advance(days=30)
    late = sitter.patient.at().ashworth_legs

    assert late > early + 0.05
    assert need(1) / need(0) == pytest.approx(307 / 276, rel=0.01)


@pytest.mark.pump_rule("R-045")
def test_refractory_patient_is_never_controlled() -> None:
    """About 5 % have no lasting effect; that sensitivity is under-dosed at any usual dose."""
    assert used_to(600 * MCG, sensitivity="refractory").patient.at().condition == "under-dosed"


@pytest.mark.pump_rule("R-053", "R-056")
def test_people_differ_within_the_published_ranges() -> None:
    """Of 300 people all volumes lie in 22 to 157 mL, and nine in ten half-lives in 0.9 to 5 h; no two are the same."""
    usual = load_sensitivity("typical")
    people = [person_of(load_preset("one-compartment"), usual, seed) for seed in range(300)]
    volumes = [person.csf.clearance_ml_per_h * person.csf.half_life_h / 0.6931471805599453 for person in people]
    times = [person.csf.half_life_h for person in people]

    assert 22 < min(volumes) < 40
    assert 110 < max(volumes) < 157
    assert sum(0.9 <= time <= 5 for time in times) >= 270
    assert len(set(times)) == 300
    assert all(1 <= person.tone.arms_ashworth <= person.tone.legs_ashworth <= 5 for person in people)


def test_seed_is_the_person() -> None:
    """One seed is one person, whoever asks; without a seed it is the typical patient of the preset."""
    preset, usual = load_preset("steep"), load_sensitivity("typical")

    assert person_of(preset, usual, 7) == person_of(preset, usual, 7)
    assert person_of(preset, usual, 7) != person_of(preset, usual, 8)
    assert person_of(preset, usual, None) == preset


# -- where the drug goes ---------------------------------------------------------------------------------------------------------------


def test_tip_that_slipped_down_reaches_less() -> None:
    """A tip at L5 instead of T10 leaves arms and brain with less."""
    sitter = used_to(MEAN_NG)
    before = sitter.patient.at()
    sitter.pump.inject("catheter.dislodgement", level="L5")
    after = sitter.live(48)

    assert after.cisternal_ng_per_ml < 0.7 * before.cisternal_ng_per_ml
    assert after.lumbar_ng_per_ml > before.lumbar_ng_per_ml


def test_tip_in_the_neck_is_felt_by_arms_and_brain() -> None:
    """A tip at C4 takes the legs' drug to arms and brain."""
    sitter = used_to(MEAN_NG)
    before = sitter.patient.at()
    sitter.pump.inject("catheter.dislodgement", level="C4")
    after = sitter.live(48)

    assert after.ashworth_legs > before.ashworth_legs
    assert after.cisternal_ng_per_ml > 2 * before.cisternal_ng_per_ml
    assert after.overdose > before.overdose


@pytest.mark.parametrize("level", ["subdural", "epidural", "subcutaneous"])
def test_tip_outside_the_sac_gives_blood_only(level: str) -> None:
    """Outside the sac the fluid gets nothing any more, and blood gets it through tissue: withdrawal with a full pump."""
    sitter = used_to(MEAN_NG)
    before = sitter.patient.at()
    sitter.pump.inject("catheter.dislodgement", level=level)
    after = sitter.live(36)

    assert after.lumbar_ng_per_ml < 1e-3
    assert after.plasma_ng_per_ml == pytest.approx(before.plasma_ng_per_ml, rel=0.05)
    assert after.withdrawal == "early"


@pytest.mark.parametrize("name, parameters", [("catheter.disconnection", {}), ("catheter.leak", {"at_mm": 300, "share_ppm": 1_000_000})])
def test_leak_is_withdrawal_with_drug_in_the_blood(name: str, parameters: dict[str, int]) -> None:
    """What leaks goes into blood and does nothing for the cord."""
    sitter = used_to(MEAN_NG)
    sitter.pump.inject(name, **parameters)
    state, accounts = sitter.live(36), sitter.patient.accounts()

    assert state.withdrawal == "early"
    assert state.plasma_ng_per_ml > 0.5
    assert accounts.leaked_ng > 300 * MCG
    assert accounts.gap_ng() == pytest.approx(0, abs=1e-9 * accounts.delivered_ng)


@pytest.mark.pump_rule("R-074")
def test_pocket_fill_is_overdose_and_then_withdrawal() -> None:
    """A refill of 78 mg beside the port: drowsy within hours through the blood, and stiff when the reservoir has run out."""
    sitter = used_to(HIGH_NG)
    usual = sitter.patient.at()
    sitter.pump.inject("reservoir.pocket_fill", share_ppm=1_000_000)
    sitter.pump.needle(withdraw_nl=None, inject_nl=39 * ML, concentration_ng_per_ml=2_000_000)
    sitter.pump.refill(refill_of(39 * ML, sitter.bed.concentration))
    sitter.live(24)
    first = sitter.looks(range(25))
    late = sitter.live(96)

    assert usual.condition == "controlled"
    assert max(state.plasma_ng_per_ml for state in first) > 150
    assert "over-dosed" in {state.condition for state in first[:13]}
    assert late.condition == "under-dosed"
    assert late.withdrawal != "none"


@pytest.mark.pump_rule("R-083", "R-074")
def test_catheter_contents_pushed_in_are_an_overdose() -> None:
    """The side port flushed without aspirating gives what the catheter held: 400 mcg of 2000 mcg/mL."""
    bed = Bed(simple(5_000, concentration=2_000_000))
    patient = Patient(bed.pump)
    bed.pump.advance(days=3)
    before = patient.at()
    bed.pump.inject("catheter.cap_injection", volume_nl=200_000)
    bed.pump.advance(hours=3)
    after = patient.at()

    assert before.condition != "over-dosed"
    assert after.condition == "over-dosed"
    assert patient.accounts().delivered_ng > 3 * 240 * MCG + 380 * MCG


def test_typical_lumbar_level_is_that_of_the_true_dose() -> None:
    """The level follows from what truly left the tip: with over-infusion it is as much higher as the flow."""
    plain, fast = Sitter(MEAN_NG), Sitter(MEAN_NG)
    fast.pump.inject("motor.over_infusion", excess_ppm=300_000)
    levels = [sitter.live(48).lumbar_ng_per_ml for sitter in (plain, fast)]

    assert levels[0] == pytest.approx(steady("label-consistent", MEAN_NG).lumbar_ng_per_ml, rel=2e-3)
    assert levels[1] / levels[0] == pytest.approx(1.3, rel=1e-3)
