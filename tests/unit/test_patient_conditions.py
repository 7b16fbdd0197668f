"""Withdrawal and overdose on the published clocks, and sensitivity to the drug."""

from __future__ import annotations

import pytest

from firmware_sim.patient import Patient
from firmware_sim.plant.patient.signs import WITHDRAWAL_STAGES
from tests.support.bodies import HIGH_NG, MEAN_NG, MODELS, Sitter, bolused, rate_nl_per_h, used_to
from tests.support.therapies import US_PER_H, simple

MCG = 1_000

# -- withdrawal ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.pump_rule("R-066", "R-067")
@pytest.mark.parametrize("preset", MODELS)
def test_withdrawal_begins_within_hours_to_days(preset: str) -> None:
    """The pump stops at the mean dose: early signs come after 3 to 72 h, tone first."""
    sitter = used_to(MEAN_NG, preset)
    sitter.pump.stop()
    onset = sitter.first("withdrawal", "early")
    (state,) = sitter.looks([onset])

    assert 3 <= onset <= 72
    assert {"spasticity up", "itching"} <= set(state.signs)
    assert state.condition == "under-dosed"


@pytest.mark.pump_rule("R-066")
def test_small_dose_is_left_without_a_sign() -> None:
    """A man off 123 mcg/day for 72 h had no signs."""
    sitter = used_to(123 * MCG)
    sitter.pump.stop()
    sitter.live(72)

    assert {state.withdrawal for state in sitter.looks(range(73))} == {"none"}


@pytest.mark.pump_rule("R-068", "R-072")
def test_severe_signs_follow_early_ones() -> None:
    """775 mcg/day stopped in somebody prone to withdrawal: early signs first, hallucinations within 12 to 31 h, worse over 24 to 72 h."""
    sitter = used_to(775 * MCG, sensitivity="withdrawal-prone")
    sitter.pump.stop()
    early, severe = sitter.first("withdrawal", "early"), sitter.first("signs", "hallucinations")
    sitter.pump.advance(days=3)
    worst = max(sitter.looks(range(73)), key=lambda state: state.vital.temperature_c)

    assert early < 6
    assert 12 <= severe <= 31
    assert {"fever", "rigidity", "convulsions"} <= set(worst.signs)
    assert 24 <= (worst.at_us - sitter.began_us) / US_PER_H <= 72
    assert 120 <= worst.vital.heart_rate_per_min <= 140
    assert worst.vital.temperature_c > 38.5


@pytest.mark.pump_rule("R-067")
def test_blood_pressure_is_labile_in_withdrawal() -> None:
    """Within a day of withdrawal blood pressure is seen both well above and well below what it is at rest."""
    sitter = used_to(775 * MCG, seed=2)
    sitter.pump.stop()
    sitter.live(30)
    pressures = [state.vital.systolic_mmhg for state in sitter.looks([24 + tenth / 20 for tenth in range(120)])]

    assert min(pressures) < 105
    assert max(pressures) > 135


@pytest.mark.pump_rule("R-071")
def test_restoring_the_dose_ends_withdrawal_within_a_day() -> None:
    """After two days without, the pump runs again at the same dose: 24 h later no sign of withdrawal is left."""
    sitter = used_to(MEAN_NG)
    sitter.pump.stop()
    before = sitter.live(47)
    sitter.pump.start()
    after = sitter.live(24)

    assert before.withdrawal == "early"
    assert after.withdrawal == "none"
    assert after.ashworth_legs < 1.5


@pytest.mark.pump_rule("R-071")
def test_oral_baclofen_alone_is_not_enough() -> None:
    """20 mg every 6 h from 6 h after the stop eases somewhat, and early signs come all the same."""
    without, with_oral = used_to(MEAN_NG), used_to(MEAN_NG)
    for sitter in (without, with_oral):
        sitter.pump.stop()
        sitter.live(6)
    for _ in range(4):
        with_oral.patient.treat("enteral_baclofen", dose_mg=20)
        without.live(6)
        with_oral.live(6)
    state = with_oral.patient.at()

    assert state.plasma_ng_per_ml > 50
    assert state.ashworth_legs < without.patient.at().ashworth_legs
    assert state.withdrawal == "early"


@pytest.mark.pump_rule("R-071")
def test_benzodiazepine_and_oral_baclofen_calm_a_storm() -> None:
    """With diazepam every 6 h beside oral baclofen the heart is slower and the fever lower than without, and nobody convulses."""
    storm, treated = (used_to(775 * MCG, sensitivity="withdrawal-prone") for _ in range(2))
    for sitter in (storm, treated):
        sitter.pump.stop()
        sitter.live(24)
    for _ in range(6):
        treated.patient.treat("benzodiazepine", dose_mg=10)
        treated.patient.treat("enteral_baclofen", dose_mg=20)
        storm.live(6)
        treated.live(6)
    left, calm = storm.patient.at(), treated.patient.at()

    assert left.vital.heart_rate_per_min - calm.vital.heart_rate_per_min > 10
    assert left.vital.temperature_c - calm.vital.temperature_c > 1
    assert calm.vital.heart_rate_per_min < 110
    assert "convulsions" in left.signs
    assert "convulsions" not in calm.signs


def test_withdrawal_without_the_drug_ends_by_itself() -> None:
    """Ten days after the stop the habit is gone; tone is what it was before the drug."""
    sitter = used_to(775 * MCG)
    sitter.pump.stop()
    state = sitter.live(240)

    assert (state.withdrawal, state.condition) == ("none", "under-dosed")
    assert state.ashworth_legs == pytest.approx(4, abs=0.01)


def test_severe_withdrawal_is_rare() -> None:
    """Of 60 people on the mean dose, one to ten in a hundred have severe signs after a stop; the published share is 3 to 5 in a hundred."""
    sitter = used_to(MEAN_NG)
    cohort = [sitter.patient, *(Patient(sitter.pump, seed=seed) for seed in range(60))]
    sitter.pump.stop()
    sitter.pump.advance(days=5)
    stages = [{patient.at(sitter.began_us + hour * US_PER_H).withdrawal for hour in range(0, 120, 6)} for patient in cohort[1:]]
    severe = sum("severe" in stage for stage in stages)

    assert 1 <= severe <= 8
    assert sum("early" in stage or "severe" in stage for stage in stages) > 30
    assert WITHDRAWAL_STAGES == ("none", "early", "severe")


# -- overdose --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.pump_rule("R-046", "R-075", "R-073")
@pytest.mark.parametrize("preset", MODELS)
def test_restart_at_full_dose_gives_signs_after_about_six_hours(preset: str) -> None:
    """27 mcg/h is borne by somebody used to it; started again after a week without, first signs come at about 6 h (4 to 9)."""
    sitter = used_to(HIGH_NG, preset)
    usual = sitter.live(1)
    sitter.pump.stop()
    sitter.pump.advance(days=14)
    sitter.pump.start()
    sitter.mark()
    onset = sitter.first("condition", "over-dosed")

    assert usual.condition == "controlled"
    assert 4 <= onset <= 9
    assert "drowsiness" in sitter.patient.at().signs


@pytest.mark.pump_rule("R-046")
def test_sensitivity_returns_in_a_few_days() -> None:
    """The longer the break, the worse the restart at full dose: after a day nothing, after a week signs."""
    worst = []
    for days in (1, 3, 7):
        sitter = used_to(HIGH_NG)
        sitter.pump.stop()
        sitter.pump.advance(days=days)
        sitter.pump.start()
        sitter.mark()
        sitter.live(24)
        worst.append(max(state.overdose for state in sitter.looks(range(25))))

    assert worst == sorted(worst)
    assert worst[0] < 1
    assert worst[-1] > 1.3


@pytest.mark.pump_rule("R-073")
@pytest.mark.parametrize("preset", MODELS)
def test_bolus_of_280_mcg_is_an_overdose(preset: str) -> None:
    """A published accident: 280 mcg at once. 50 mcg, a screening dose, is none."""
    small = bolused(50 * MCG, preset).looks(range(24))
    large = bolused(280 * MCG, preset).looks(range(24))

    assert max(state.overdose for state in small) < 1
    assert max(state.overdose for state in large) > 1.3
    assert {"drowsiness", "hypotonia"} <= {sign for state in large for sign in state.signs}


@pytest.mark.pump_rule("R-073")
def test_depression_deepens_with_the_dose() -> None:
    """Each of four boluses takes consciousness, breathing, pressure and temperature further down, to coma and apnoea."""
    worst = [
        min(bolused(dose * MCG, "label-consistent").looks(range(12)), key=lambda state: -state.overdose) for dose in (50, 400, 700, 2000)
    ]
    vitals = [state.vital for state in worst]

    for name in ("systolic_mmhg", "temperature_c", "breaths_per_min", "saturation_percent", "coma_score"):
        values = [getattr(vital, name) for vital in vitals]
        assert values == sorted(values, reverse=True), name
    assert vitals[0].coma_score == 15
    assert (vitals[-1].coma_score, vitals[-1].breaths_per_min) == (3, 0)
    assert {"coma", "apnoea", "seizures", "respiratory depression"} <= set(worst[-1].signs)


@pytest.mark.pump_rule("R-022")
@pytest.mark.parametrize("preset", MODELS)
def test_extreme_sensitivity_is_coma_after_25_mcg(preset: str) -> None:
    """One adult fell into a coma after 25 mcg; the typical patient feels little of it."""
    states = bolused(25 * MCG, preset, "extreme").looks(range(12))

    assert any("coma" in state.signs for state in states)
    assert not any(state.signs for state in bolused(25 * MCG, preset).looks(range(12)))


@pytest.mark.pump_rule("R-087")
def test_drowsiness_is_as_frequent_as_reported() -> None:
    """Of 80 people brought to the mean dose in three steps of three days, 10 to 40 in a hundred are drowsy; reported are 21 to 25."""
    sitter = Sitter(MEAN_NG / 3)
    cohort = [Patient(sitter.pump, seed=seed) for seed in range(80)]
    for share in (2, 3):
        sitter.pump.advance(days=3)
        sitter.pump.commit(simple(rate_nl_per_h(MEAN_NG * share / 3)))
    sitter.pump.advance(days=3)
    drowsy = sum(
        any("drowsiness" in patient.at(sitter.began_us + hour * US_PER_H).signs for hour in range(12, 217, 12)) for patient in cohort
    )

    assert 8 <= drowsy <= 32
