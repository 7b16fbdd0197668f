"""What is done to the patient: each treatment with its time, what it does, how long, and what it cannot do."""

from __future__ import annotations

import pytest

from firmware_sim.errors import BenchRefused
from firmware_sim.patient import Patient
from firmware_sim.plant.patient.preset import load_preset
from firmware_sim.pump import Pump
from tests.support.bodies import MODELS, Sitter, bolused
from tests.support.therapies import US_PER_H, US_PER_MIN

MCG = 1_000


@pytest.mark.pump_rule("R-078")
@pytest.mark.parametrize("preset", [*MODELS, "steep"])
@pytest.mark.parametrize("volume_ml", [30, 40])
def test_csf_removal_takes_its_share_of_the_drug(preset: str, volume_ml: int) -> None:
    """30 to 40 mL drawn by a needle take drug out of the fluid, which is an account of its own, and no level goes below 0."""
    sitter = bolused(500 * MCG, preset, hours=1)
    before, held = sitter.patient.at(), sitter.patient.accounts()
    sitter.patient.treat("csf_removal", volume_ml=volume_ml)
    after, left = sitter.patient.at(), sitter.patient.accounts()

    assert left.removed_ng == pytest.approx(held.csf_ng - left.csf_ng)
    assert 0.3 < left.removed_ng / held.csf_ng < 1
    assert after.lumbar_ng_per_ml < 0.6 * before.lumbar_ng_per_ml
    assert min(after[1:4]) >= 0
    assert after.plasma_ng_per_ml == pytest.approx(before.plasma_ng_per_ml)


def test_csf_removal_of_one_compartment_is_the_share_of_its_volume() -> None:
    """40 of 65.4 mL are 61 % of the drug."""
    sitter = bolused(500 * MCG, "one-compartment", hours=1)
    held = sitter.patient.accounts().csf_ng
    sitter.patient.treat("csf_removal", volume_ml=40)

    assert sitter.patient.accounts().removed_ng / held == pytest.approx(40 / 65.355, rel=1e-3)


@pytest.mark.pump_rule("R-078")
def test_early_removal_spares_the_worst_of_an_overdose() -> None:
    """After 700 mcg, removal in the first hour leaves a lighter overdose than removal after six hours, and both than none."""
    worst = []
    for hour in (1, 6, None):
        sitter = bolused(700 * MCG, "label-consistent", hours=0)
        for passed in range(24):
            if passed == hour:
                sitter.patient.treat("csf_removal", volume_ml=40)
            sitter.pump.advance(hours=1)
        worst.append(sum(state.overdose for state in sitter.looks(range(25))))

    assert worst == sorted(worst)
    assert worst[0] < 0.7 * worst[-1]


def test_stopping_pump_lets_overdose_pass() -> None:
    """An overdosed patient whose pump is stopped is awake again within a day or two."""
    sitter = Sitter(900 * MCG)
    sitter.pump.commit(sitter.bed.therapy)
    sitter.live(30)
    deep = sitter.patient.at()
    sitter.pump.stop()
    later = sitter.live(24)

    assert deep.condition == "over-dosed"
    assert later.overdose < 0.5


def test_enteral_baclofen_reaches_blood_and_eases_a_little() -> None:
    """20 mg by mouth have their highest level in blood after 1 to 3 h, and ease tone by far less than a pump."""
    pump = Pump("itp-40")
    patient = Patient(pump)
    patient.treat("enteral_baclofen", dose_mg=20)
    pump.advance(hours=12)
    levels = [patient.at(minute * US_PER_MIN).plasma_ng_per_ml for minute in range(0, 720, 10)]

    assert 60 <= levels.index(max(levels)) * 10 <= 180
    assert 80 < max(levels) < 300
    assert 3.5 < min(patient.at(hour * US_PER_H).ashworth_legs for hour in range(13)) < 4


@pytest.mark.pump_rule("R-082")
def test_benzodiazepine_stops_seizures_and_makes_sleepy() -> None:
    """Diazepam ends the seizure of an overdose and adds to drowsiness, with a half-life of hours."""
    sitter = bolused(1_200 * MCG, "label-consistent", hours=4)
    before = sitter.patient.at()
    sitter.patient.treat("benzodiazepine", dose_mg=10)
    after = sitter.patient.at()

    assert "seizures" in before.signs
    assert "seizures" not in after.signs
    assert after.vital.coma_score <= before.vital.coma_score
    assert after.overdose == before.overdose


def test_benzodiazepine_wears_off() -> None:
    """What a dose does has gone by the next days."""
    plain, given = bolused(50 * MCG, "label-consistent", hours=0), bolused(50 * MCG, "label-consistent", hours=0)
    given.patient.treat("benzodiazepine", dose_mg=50)
    soon = [sitter.live(1).signs for sitter in (plain, given)]
    late = [sitter.live(71).signs for sitter in (plain, given)]

    assert soon[0] != soon[1]
    assert late[0] == late[1]


@pytest.mark.pump_rule("R-079")
def test_physostigmine_wakes_some_for_an_hour() -> None:
    """2 mg make a moderate overdose lighter in those in whom it works; an hour and a half later it is over."""
    sitter = bolused(500 * MCG, "label-consistent", hours=4)
    before = [sitter.patient.at().vital.coma_score]
    sitter.patient.treat("physostigmine", dose_ug=2_000)
    after = sitter.patient.at()
    late = sitter.live(3)

    assert before[0] < 13
    assert after.vital.coma_score >= before[0]
    assert after.overdose > 1
    assert late.vital.heart_rate_per_min > after.vital.heart_rate_per_min


@pytest.mark.pump_rule("R-081")
def test_physostigmine_fails_in_some_and_harms_some() -> None:
    """Of 60 people it wakes some and fails in others; seizures and conduction block strike a few; the heart is slower in all."""
    woken = seized = blocked = 0
    slower = []
    for seed in range(60):
        pump = Pump("itp-40")
        patient = Patient(pump, "one-compartment", seed=seed)
        pump.advance(hours=1)
        patient.treat("intrathecal_bolus", at_us=0, dose_ng=700 * MCG)
        pump.advance(hours=3)
        before = patient.at()
        patient.treat("physostigmine", dose_ug=2_000)
        after = patient.at()
        woken += after.vital.coma_score > before.vital.coma_score
        seized += "seizure" in after.signs
        blocked += "conduction block" in after.signs
        slower.append(before.vital.heart_rate_per_min - after.vital.heart_rate_per_min)

    assert 10 <= woken <= 50
    assert 1 <= seized <= 15
    assert 1 <= blocked <= 10
    assert min(slower) > 5


@pytest.mark.pump_rule("R-081")
def test_physostigmine_does_nothing_in_a_big_overdose() -> None:
    """Past the limit of the preset nobody wakes."""
    for seed in range(12):
        pump = Pump("itp-40")
        patient = Patient(pump, "one-compartment", seed=seed)
        patient.treat("intrathecal_bolus", dose_ng=20_000 * MCG)
        pump.advance(hours=4)
        patient.treat("physostigmine", dose_ug=2_000)

        assert patient.at().overdose > load_preset("one-compartment").remedies.physostigmine_ratio_max
        assert patient.at().vital.coma_score == 3


@pytest.mark.pump_rule("R-077")
def test_airway_support_keeps_oxygen_until_the_drug_is_gone() -> None:
    """With a tube saturation and breaths are held through apnoea; taken out too early they fall again."""
    sitter = bolused(2_000 * MCG, "label-consistent", hours=6)
    alone = sitter.patient.at().vital
    sitter.patient.treat("airway", supported=1)
    held = sitter.live(2).vital
    sitter.patient.treat("airway", supported=0)
    out = sitter.patient.at().vital

    assert (alone.breaths_per_min, alone.saturation_percent) == (0, 60)
    assert (held.breaths_per_min, held.saturation_percent) == (14, 98)
    assert out.saturation_percent < 80
    assert sitter.live(60).vital.saturation_percent == pytest.approx(98)


def test_treatment_of_the_past_changes_what_came_after() -> None:
    """What is entered later, for an earlier time, counts from that time and leaves what was before."""
    told, live = bolused(500 * MCG, "label-consistent", hours=1), bolused(500 * MCG, "label-consistent", hours=1)
    live.patient.treat("csf_removal", volume_ml=30)
    for sitter in (told, live):
        sitter.live(5)
    before = told.patient.at(told.began_us + US_PER_H // 2)
    told.patient.treat("csf_removal", at_us=told.began_us + US_PER_H, volume_ml=30)

    assert told.patient.at(told.began_us + US_PER_H // 2) == before
    assert told.patient.at() == live.patient.at()
    assert told.patient.treatments == live.patient.treatments


@pytest.mark.parametrize(
    "name, amounts, told",
    [
        ("bloodletting", {"volume_ml": 1}, "is no treatment; there are csf_removal"),
        ("csf_removal", {"volume_ml": 41}, "volume_ml is 41; give a whole number from 0 to 40"),
        ("csf_removal", {"volume_ml": -1}, "volume_ml is -1"),
        ("csf_removal", {"dose_mg": 1}, "csf_removal takes volume_ml, not dose_mg"),
        ("csf_removal", {}, "takes volume_ml, not nothing"),
        ("physostigmine", {"dose_ug": 2_001}, "from 0 to 2000"),
        ("airway", {"supported": 2}, "from 0 to 1"),
        ("enteral_baclofen", {"dose_mg": 1.5}, "whole number"),
    ],
)
def test_impossible_treatment_is_refused(name: str, amounts: dict[str, int], told: str) -> None:
    """An unknown treatment, another parameter and an amount that nobody gives are refused, and change nothing."""
    patient = Patient(Pump("itp-40"))

    with pytest.raises(BenchRefused, match=told):
        patient.treat(name, **amounts)
    assert patient.treatments == ()


@pytest.mark.parametrize("at_us", [-1, 1])
def test_treatment_before_or_after_what_is_known_is_refused(at_us: int) -> None:
    """Nobody is treated before he was joined or in time to come."""
    with pytest.raises(BenchRefused, match="the patient is known from 0 us to now, 0 us"):
        Patient(Pump("itp-40")).treat("airway", at_us=at_us, supported=1)
