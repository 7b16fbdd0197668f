"""The patient of a pump: levels, effects, signs and vital signs at any time, from what truly left the catheter.

    patient = Patient(pump, preset="label-consistent", seed=7)
    pump.advance(hours=6)
    patient.at(pump.now_us).ashworth_legs
    patient.treat("csf_removal", volume_ml=35)

The patient begins without drug when the first patient of the pump is joined. He is no part of the pump: nothing he does reaches its state,
its digest or its image; `save()` has all of his own. All figures are floats, worked out when somebody asks. A look at the very instant of
an act shows what has been done by then.
"""

from __future__ import annotations

import zlib
from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from firmware_sim.delivery import RecorderState
from firmware_sim.errors import BenchRefused, ImageError, LimitExceeded
from firmware_sim.image import read_image, write_image
from firmware_sim.limits import PATIENT_IMAGE_BYTES_MAX, PATIENT_TREATMENTS_MAX, SAMPLES_MAX
from firmware_sim.plant.patient.body import Body
from firmware_sim.plant.patient.course import Course, Event
from firmware_sim.plant.patient.effects import Column, Effects, effects_in
from firmware_sim.plant.patient.person import person_of
from firmware_sim.plant.patient.preset import Preset, load_preset, load_sensitivity
from firmware_sim.plant.patient.signs import CONDITIONS, VitalSigns, conditions_of, signs_of, stage_of, vital_signs_of
from firmware_sim.plant.patient.treatments import IN_BODY, Treatment, given_ng, relief_of, treatment_of
from firmware_sim.units import MASS_PER_NG, S_PER_H, US_PER_YEAR

if TYPE_CHECKING:
    from firmware_sim.pump import Pump

__all__ = ["COLUMNS", "Accounts", "Patient", "PatientState"]


COLUMNS = (
    "at_us",
    "lumbar_ng_per_ml",
    "cisternal_ng_per_ml",
    "plasma_ng_per_ml",
    "reflex_share",
    "ashworth_legs",
    "ashworth_arms",
    "spasm_score",
    "overdose",
    "excess",
    "burden",
    "condition",
)
"""What `sample` returns. The condition is its place among CONDITIONS."""


class PatientState(NamedTuple):
    """The patient at an instant. `reflex_share` is H/M as a share of what it is without drug, `h_m_ratio` that ratio itself.

    `overdose` is 1 where the first signs come; `withdrawal` is one of none, early, severe.
    """

    at_us: int
    lumbar_ng_per_ml: float
    cisternal_ng_per_ml: float
    plasma_ng_per_ml: float
    reflex_share: float
    h_m_ratio: float
    ashworth_legs: float
    ashworth_arms: float
    spasm_score: float
    condition: str
    overdose: float
    withdrawal: str
    signs: tuple[str, ...]
    vital: VitalSigns


class Accounts(NamedTuple):
    """Drug in ng since the patient was joined: the first five came in, the others are where it is.

    `delivered` and `leaked` are the truth's, in whole steps; `step_in_progress` is what the patient has had ahead of them. `given` is what
    treatments brought, of enteral drug as much as the gut takes up. Tissue holds what leaked, went astray or was put into the pocket.
    """

    delivered_ng: float
    leaked_ng: float
    step_in_progress_ng: float
    pocket_ng: float
    given_ng: float
    csf_ng: float
    tissue_ng: float
    gut_ng: float
    plasma_ng: float
    eliminated_ng: float
    removed_ng: float

    def gap_ng(self) -> float:
        """In minus held minus gone; 0 but for the last digits of floats."""
        came = self.delivered_ng + self.leaked_ng + self.step_in_progress_ng + self.pocket_ng + self.given_ng
        return came - self.csf_ng - self.tissue_ng - self.gut_ng - self.plasma_ng - self.eliminated_ng - self.removed_ng


@dataclass(slots=True)
class PatientImage:
    """A patient as plain data; `seed` is None for the typical one."""

    preset: str
    sensitivity: str
    seed: int | None
    treatments: list[Treatment]
    recorder: RecorderState


class Patient:
    """Somebody who has the pump. `seed` draws what is his own, None is the preset's typical patient."""

    def __init__(self, pump: Pump, preset: str = "label-consistent", sensitivity: str = "typical", seed: int | None = None) -> None:
        self._recorder = pump.record_delivery()
        self._names = preset, sensitivity
        self._seed = seed
        self._person = person_of(load_preset(preset), load_sensitivity(sensitivity), seed)
        self._treatments: list[Treatment] = []
        self._body = Body(self._person, self._recorder.absorption_half_life_s / S_PER_H)
        self._course = Course(self._body, self._recorder.since_us)
        self._effects = effects_in(self._person)

    @property
    def person(self) -> Preset:
        """His own numbers."""
        return self._person

    @property
    def since_us(self) -> int:
        """True time at which he was joined."""
        return self._recorder.since_us

    @property
    def treatments(self) -> tuple[Treatment, ...]:
        """What was done to him, in order of time."""
        return tuple(self._treatments)

    # -- looks -------------------------------------------------------------------------------------------------------------------

    def at(self, at_us: int | None = None) -> PatientState:
        """The patient at a true time, now if none is given. Raises BenchRefused for a time before he was joined or after now."""
        at_us = self._recorder.now_us if at_us is None else at_us
        self._lay(at_us, at_us)
        person = self._person
        (lumbar, cisternal, plasma), columns = self._looks([at_us])
        effects: Effects[float] = Effects(*(column[0] for column in columns))
        relief = relief_of(self._treatments, at_us, effects.overdose, person, self._seed)
        return PatientState(
            at_us,
            lumbar[0],
            cisternal[0],
            plasma[0],
            effects.reflex_share,
            effects.reflex_share * person.reflex.h_m_ratio,
            effects.ashworth_legs,
            effects.ashworth_arms,
            effects.spasm_score,
            CONDITIONS[conditions_of(columns, person)[0]],
            effects.overdose,
            stage_of(effects, person, relief),
            signs_of(effects, person, relief),
            vital_signs_of(effects, person, relief, at_us, self._seed),
        )

    def sample(self, every_us: int, from_us: int, to_us: int) -> dict[str, list[float]]:
        """Columns from one true time to another: levels, effects, and the place of the condition among under-dosed, controlled, over-dosed.

        Raises BenchRefused for times before he was joined or after now, or for more rows than a call may return.
        """
        if every_us <= 0 or (to_us - from_us) // every_us >= SAMPLES_MAX:
            raise BenchRefused(f"sample: every {every_us} us from {from_us} to {to_us} us is not a number of rows up to {SAMPLES_MAX}")
        self._lay(from_us, to_us)
        times = range(from_us, to_us + 1, every_us)
        levels, effects = self._looks(times)
        columns: list[Sequence[float]] = [times, *levels, *effects[:-1], conditions_of(effects, self._person)]
        return {name: list(column) for name, column in zip(COLUMNS, columns, strict=True)}

    def accounts(self) -> Accounts:
        """Where the drug is now, and where it came from."""
        now_us, recorder = self._recorder.now_us, self._recorder
        self._lay(now_us, now_us)
        totals, truth = self._course.totals(now_us), recorder.truth()
        delivered, leaked = truth.mass / MASS_PER_NG, truth.leaked_mass / MASS_PER_NG
        pocket = sum(mass for _, mass in recorder.deposits()) / MASS_PER_NG
        given = sum(given_ng(treatment, self._person) for treatment in self._treatments)
        ahead = totals.entered_ng - delivered - leaked - pocket - given
        return Accounts(delivered, leaked, ahead, pocket, given, *totals.held, totals.eliminated_ng, totals.removed_ng)

    # -- acts --------------------------------------------------------------------------------------------------------------------

    def treat(self, name: str, at_us: int | None = None, **amounts: int) -> Treatment:
        """Do something to the patient, now or at a time that is past: csf_removal(volume_ml), intrathecal_bolus(dose_ng),
        enteral_baclofen(dose_mg), benzodiazepine(dose_mg), physostigmine(dose_ug), airway(supported).

        Raises BenchRefused for an unknown name or an amount that nobody gives, LimitExceeded past the limit of treatments.
        """
        at_us = self._recorder.now_us if at_us is None else at_us
        treatment = treatment_of(name, at_us, amounts, self._person)
        self._check(at_us, at_us)
        if len(self._treatments) >= PATIENT_TREATMENTS_MAX:
            raise LimitExceeded(f"more than {PATIENT_TREATMENTS_MAX} treatments of one patient")
        insort(self._treatments, treatment, key=lambda other: other.at_us)
        if at_us < self._recorder.now_us:
            self._course.forget()
        return treatment

    # -- saving ------------------------------------------------------------------------------------------------------------------

    def save(self) -> bytes:
        """All of his own as bytes, to be kept beside the pump's image of the same moment."""
        return zlib.compress(write_image(PatientImage(*self._names, self._seed, self._treatments, self._recorder.save())))

    @classmethod
    def restore(cls, pump: Pump, image: bytes) -> Patient:
        """The patient again, joined to a pump restored from the same moment: what he will show is bit for bit what he would have shown.

        Raises ImageError for foreign bytes, BenchRefused for another pump or moment.
        """
        try:
            unpacked = zlib.decompressobj().decompress(image, PATIENT_IMAGE_BYTES_MAX)
        except zlib.error as cause:
            raise ImageError("these bytes are no patient of this program; give what save() returned") from cause
        saved = read_image(PatientImage, unpacked)
        patient = cls(pump, saved.preset, saved.sensitivity, saved.seed)
        patient._recorder.resume(saved.recorder)
        patient._treatments = list(saved.treatments)
        patient._course = Course(patient._body, patient._recorder.since_us)
        return patient

    # -- inside ------------------------------------------------------------------------------------------------------------------

    def _check(self, from_us: int, to_us: int) -> None:
        since_us, now_us = self._recorder.since_us, self._recorder.now_us
        if not since_us <= from_us <= to_us <= now_us:
            raise BenchRefused(f"the patient is known from {since_us} us to now, {now_us} us; not from {from_us} to {to_us} us")

    def _lay(self, from_us: int, to_us: int) -> None:
        """Bring the course up to now."""
        self._check(from_us, to_us)
        self._course.lay(self._recorder.pieces(), self._events(), self._recorder.now_us)

    def _events(self) -> list[Event]:
        """What else brings drug or takes it, in order of time."""
        treatments: list[Event] = [(treatment.at_us, treatment) for treatment in self._treatments if treatment.name in IN_BODY]
        return sorted([*self._recorder.deposits(), *treatments], key=lambda event: event[0])

    def _looks(self, times_us: Sequence[int]) -> tuple[list[Column], Effects[Column]]:
        """Columns of concentrations and effects, at times in order.

        What a sum of modes leaves below nothing, in its last digits, is nothing.
        """
        since_us, outputs = self._recorder.since_us, self._course.outputs_at(times_us)
        lumbar, cisternal, plasma, *_ = outputs
        levels = [[level if level > 0 else 0.0 for level in column] for column in (lumbar, cisternal, plasma)]
        return levels, self._effects(outputs, [(at_us - since_us) / US_PER_YEAR for at_us in times_us])
