"""The patient under any walk of a pump: drug is conserved from the ampoule to what is eliminated, and looks change nothing."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim import Pump
from firmware_sim.patient import Patient
from firmware_sim.plant.patient.preset import preset_names
from firmware_sim.units import MASS_PER_NG
from tests.support.strategies import WEAK
from tests.support.therapies import ML, US_PER_H, filled, simple
from tests.support.walks import Act, Walk, do, take, walks

TREATMENTS = st.sampled_from(
    [("csf_removal", {"volume_ml": 30}), ("enteral_baclofen", {"dose_mg": 20}), ("intrathecal_bolus", {"dose_ng": 50_000})]
)
STEPS_MAX = 20
"""What a limiter lets pass at once, and a step."""
STEP_NL_MAX = 300


def joined(preset: str, seed: int) -> tuple[Pump, Patient]:
    """A pump on 20 uL/h of weak drug, for some days, and its patient from now on."""
    pump = filled(20 * ML, seed, concentration=WEAK)
    do(pump, Act("commit", (simple(20_000, concentration=WEAK),)))
    pump.advance(days=3)
    return pump, Patient(pump, preset, seed=seed)


@settings(max_examples=60)
@given(seed=st.integers(0, 99), preset=st.sampled_from(preset_names()), walk=walks(10), given_too=st.lists(TREATMENTS, max_size=3))
def test_drug_is_conserved_from_ampoule_to_elimination(
    seed: int, preset: str, walk: Walk, given_too: list[tuple[str, dict[str, int]]]
) -> None:
    """After every act of any walk: what the pump was given is in it or left it; what left it, with the step in progress, is in the patient,
    eliminated or removed, to 1e-9 of it all.
    """
    pump, patient = joined(preset, seed)
    began = pump.truth().balance
    for place, (act, us) in enumerate(walk):
        do(pump, act)
        pump.advance(us=us)
        for name, amounts in given_too[place : place + 1]:
            patient.treat(name, **amounts)
        accounts, balance = patient.accounts(), pump.truth().balance
        came = sum(accounts[:5])

        assert balance.mass_gap() == 0
        assert accounts.delivered_ng == (balance.delivered_mass - began.delivered_mass) / MASS_PER_NG
        assert accounts.leaked_ng == (balance.leaked_mass - began.leaked_mass) / MASS_PER_NG
        assert accounts.pocket_ng == (balance.pocket_mass - began.pocket_mass) / MASS_PER_NG
        assert abs(accounts.gap_ng()) <= 1e-9 * max(came, 1)
        assert min(accounts[5:]) >= -1e-9 * max(came, 1)


@settings(max_examples=60)
@given(seed=st.integers(0, 99), walk=walks(10))
def test_step_in_progress_is_below_what_a_step_carries(seed: int, walk: Walk) -> None:
    """What the patient has had ahead of the truth is never above the steps that may be under way at once, and never below nothing."""
    pump, patient = joined("one-compartment", seed)
    strongest = WEAK
    for act, us in walk:
        do(pump, act)
        pump.advance(us=us)
        strongest = max(strongest, pump.truth().tip_concentration_ng_per_ml, pump.truth().reservoir_concentration_ng_per_ml)
        accounts = patient.accounts()
        most = STEPS_MAX * STEP_NL_MAX / ML * strongest

        assert -1e-9 * max(1.0, sum(accounts[:2])) - 1e-3 <= accounts.step_in_progress_ng <= most


@settings(max_examples=40)
@given(seed=st.integers(0, 99), walk=walks(8), order=st.randoms(use_true_random=False))
def test_order_of_looks_changes_nothing(seed: int, walk: Walk, order: object) -> None:
    """Looks at any times, taken in any order and at any stage of any walk, show the same bits; the pump does not know of them."""
    pump, patient = joined("label-consistent", seed)
    watched, seen = joined("label-consistent", seed), {}
    take(pump, walk)
    for act, us in walk:
        do(watched[0], act)
        watched[1].at()
        watched[0].advance(us=us)
        past_us = watched[0].now_us - us // 3 - 1
        if past_us >= watched[0].now_us - us:  # at this very instant another act may follow
            seen[past_us] = watched[1].at(past_us)
    times = [*seen, *range(patient.since_us, pump.now_us + 1, max(US_PER_H, (pump.now_us - patient.since_us) // 20))]
    order.shuffle(times)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    shown = {at_us: patient.at(at_us) for at_us in times}

    assert all(shown[at_us] == state for at_us, state in seen.items())
    assert all(watched[1].at(at_us) == shown[at_us] for at_us in sorted(times))
    assert watched[0].digest() == pump.digest()


@settings(max_examples=40)
@given(seed=st.integers(0, 99), before=walks(6), after=walks(6))
def test_restored_patient_shows_what_he_would_have(seed: int, before: Walk, after: Walk) -> None:
    """Saved anywhere in a walk and restored beside the restored pump, a patient goes on bit for bit."""
    pump, patient = joined("label-consistent", seed)
    take(pump, before)
    patient.treat("enteral_baclofen", dose_mg=10)
    again = Pump.restore(pump.save())
    restored = Patient.restore(again, patient.save())
    take(pump, after)
    take(again, after)
    times = range(patient.since_us, pump.now_us + 1, max(1, (pump.now_us - patient.since_us) // 9))

    assert [restored.at(at_us) for at_us in times] == [patient.at(at_us) for at_us in times]
    assert restored.accounts() == patient.accounts()
