"""The course of a patient: any order of looks gives the same bits, he is no part of the pump, and he can be saved beside it."""

from __future__ import annotations

import random

import pytest

from firmware_sim import Pump
from firmware_sim.errors import BenchRefused, ImageError
from firmware_sim.patient import COLUMNS, Patient
from firmware_sim.plant.patient.preset import preset_names
from tests.support.therapies import ML, US_PER_H, bolus_of, flex, refill_of, running


def eventful(patient_too: bool = True, preset: str = "label-consistent", seed: int | None = 3) -> tuple[Pump, Patient | None]:
    """A pump with a week in which much happens, and its patient."""
    pump = running(flex(), seed=5)
    patient = Patient(pump, preset, seed=seed) if patient_too else None
    pump.advance(days=2)
    pump.bolus(bolus_of(100_000, 600))
    pump.advance(hours=7)
    pump.side_port(inject_nl=50_000, concentration_ng_per_ml=1_000_000)
    if patient is not None:
        patient.treat("enteral_baclofen", dose_mg=10)
    pump.advance(hours=9)
    pump.inject("catheter.leak", at_mm=300, share_ppm=300_000)
    pump.inject("catheter.dislodgement", level="T2", astray_ppm=500_000)
    pump.advance(days=1)
    if patient is not None:
        patient.treat("csf_removal", volume_ml=30)
    pump.needle(withdraw_nl=None, inject_nl=10 * ML, concentration_ng_per_ml=1_000_000)
    pump.refill(refill_of(10 * ML, 1_000_000))
    pump.inject("reservoir.pocket_fill")
    pump.needle(inject_nl=ML, concentration_ng_per_ml=2_000_000)
    pump.advance(days=3)
    return pump, patient


def known(patient: Patient | None) -> Patient:
    """The patient, who is there."""
    assert patient is not None
    return patient


@pytest.mark.parametrize("preset", preset_names())
def test_random_order_gives_the_same_numbers(preset: str, seed: int) -> None:
    """500 looks at random times in random order, and again in another one, are bit for bit one and the same."""
    pump, patient = eventful(preset=preset)
    draws = random.Random(seed)
    times = [draws.randrange(known(patient).since_us, pump.now_us + 1) for _ in range(500)]
    ordered = {at_us: known(patient).at(at_us) for at_us in sorted(times)}
    fresh = known(eventful(preset=preset)[1])

    assert all(fresh.at(at_us) == ordered[at_us] for at_us in times)
    assert all(known(patient).at(at_us) == ordered[at_us] for at_us in reversed(times))


def test_looks_along_the_way_change_nothing() -> None:
    """A patient who is looked at at every stage, between acts of one instant too, shows later what one shows who was left alone."""
    pumps = running(flex(), seed=5), running(flex(), seed=5)
    patients = [Patient(pump, seed=1) for pump in pumps]
    for step in range(40):
        for pump, patient in zip(pumps, patients, strict=True):
            watched = patient is patients[0]
            if watched:
                patient.at()
            if step % 5 == 0:
                pump.side_port(inject_nl=1_000 * step + 1, concentration_ng_per_ml=2_000_000)
            if watched:
                patient.at()
                patient.accounts()
            if step % 7 == 0:
                patient.treat("enteral_baclofen", dose_mg=1 + step)
                pump.commit(flex((5_000 + step, 12_000)))
            if watched:
                patient.at()
            pump.advance(us=US_PER_H + 12_345_678 * step)
    times = range(patients[0].since_us, pumps[0].now_us, US_PER_H // 3)

    assert [patients[0].at(at_us) for at_us in times] == [patients[1].at(at_us) for at_us in times]
    assert patients[0].accounts() == patients[1].accounts()


def test_samples_are_looks() -> None:
    """Each row of a sample is what a look at that time shows, bit for bit."""
    pump, patient = eventful()
    columns = known(patient).sample(7 * US_PER_H // 5, known(patient).since_us + 11, pump.now_us)

    assert tuple(columns) == COLUMNS
    for place, at_us in enumerate(columns["at_us"]):
        state = known(patient).at(int(at_us))
        assert [columns[name][place] for name in COLUMNS[:8]] == list(state[:5]) + list(state[6:9])
        assert columns["overdose"][place] == state.overdose
        assert ("under-dosed", "controlled", "over-dosed")[int(columns["condition"][place])] == state.condition


def test_patient_is_no_part_of_the_pump() -> None:
    """A pump with patients, looked at and treated, has the digest and the image of one without."""
    plain, _ = eventful(patient_too=False)
    felt, patient = eventful()
    known(patient).sample(US_PER_H, known(patient).since_us, felt.now_us)

    assert felt.digest() == plain.digest()
    assert felt.save() == plain.save()


def test_patients_of_one_pump_share_its_delivery() -> None:
    """A second patient of a pump begins where the first did, and each is his own."""
    pump, first = eventful()
    second, twin = Patient(pump, "steep"), Patient(pump, seed=3)

    assert second.since_us == known(first).since_us
    assert second.at().lumbar_ng_per_ml != known(first).at().lumbar_ng_per_ml
    assert twin.accounts().delivered_ng == known(first).accounts().delivered_ng


@pytest.mark.parametrize("hours", [0, 30])
def test_restored_patient_goes_on_bit_identically(hours: int) -> None:
    """Saved beside his pump and restored beside it, he shows ever after what the one shows who was not saved."""
    pump, patient = eventful()
    pump.advance(hours=hours)
    again = Pump.restore(pump.save())
    restored = Patient.restore(again, known(patient).save())
    for each, someone in ((pump, known(patient)), (again, restored)):
        someone.treat("benzodiazepine", dose_mg=10)
        each.advance(hours=20)
        each.bolus(bolus_of(50_000, 600))
        someone.treat("csf_removal", volume_ml=20)
        each.advance(days=3)
    times = range(known(patient).since_us, pump.now_us, US_PER_H)

    assert [restored.at(at_us) for at_us in times] == [known(patient).at(at_us) for at_us in times]
    assert restored.accounts() == known(patient).accounts()
    assert restored.save() == known(patient).save()
    assert again.digest() == pump.digest()


def test_patient_is_restored_beside_his_own_pump() -> None:
    """Beside the running pump itself a saved patient is simply there again, and a second one too."""
    pump, patient = eventful()
    twin = Patient.restore(pump, known(patient).save())

    assert twin.at() == known(patient).at()


def test_foreign_bytes_are_no_patient() -> None:
    """Bytes that `save` did not give, or cut short, are refused."""
    pump, patient = eventful()
    saved = known(patient).save()

    for image in (b"", b"nonsense", saved[: len(saved) // 2], pump.save()):
        with pytest.raises(ImageError):
            Patient.restore(pump, image)


def test_patient_of_another_moment_is_refused() -> None:
    """A patient is not joined to a pump that has gone on since he was saved."""
    pump, patient = eventful()
    saved, again = known(patient).save(), Pump.restore(pump.save())
    again.advance(hours=1)

    with pytest.raises(BenchRefused, match="another time"):
        Patient.restore(again, saved)


@pytest.mark.parametrize("ahead_us", [1, -8 * 24 * US_PER_H])
def test_time_that_is_not_known_is_refused(ahead_us: int) -> None:
    """Nobody is looked at in time to come, or before he was joined."""
    pump = running(flex())
    pump.advance(days=2)
    patient = Patient(pump)
    pump.advance(days=1)

    with pytest.raises(BenchRefused, match="the patient is known from"):
        patient.at(pump.now_us + ahead_us)
    with pytest.raises(BenchRefused, match="the patient is known from"):
        patient.sample(US_PER_H, patient.since_us, pump.now_us + 1) if ahead_us == 1 else patient.sample(US_PER_H, 0, pump.now_us)


@pytest.mark.parametrize("every_us", [0, -1, 1])
def test_sample_of_no_or_too_many_rows_is_refused(every_us: int) -> None:
    """A step of nothing, backwards, or of too many rows is refused."""
    pump = running(flex())
    patient = Patient(pump)
    pump.advance(days=1)

    with pytest.raises(BenchRefused, match="is not a number of rows"):
        patient.sample(every_us, patient.since_us, pump.now_us)


def test_pump_has_a_patient() -> None:
    """`pump.patient()` is the way to one."""
    pump = running(flex())
    patient = pump.patient("steep", "sensitive", 4)
    pump.advance(days=1)

    assert patient.at() == Patient(pump, "steep", "sensitive", 4).at()
