"""Patients in one line each: on an infusion by a pump, or without a pump by the equations' own inputs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from firmware_sim.patient import Patient, PatientState
from firmware_sim.plant.patient.body import Body, Drivers
from firmware_sim.plant.patient.cascade import Steady
from firmware_sim.plant.patient.preset import load_preset
from firmware_sim.pump import Pump
from tests.support.bed import Bed
from tests.support.therapies import ML, US_PER_H, simple

__all__ = [
    "HIGH_NG",
    "MEAN_NG",
    "MODELS",
    "Sitter",
    "after_bolus",
    "body_of",
    "bolused",
    "infusing",
    "level_at",
    "rate_nl_per_h",
    "steady",
    "used_to",
]

MODELS = ("one-compartment", "label-consistent")
"""The presets that agree with the label; `steep` does not want to."""
MEAN_NG = 290_000
"""The mean daily dose that the model needs for four fifths of the effect; the label's means are 276 and 307 mcg."""
HIGH_NG = 648_000
"""27 mcg/h, a published dose of a restart that went wrong."""
CONCENTRATION = 500_000


@cache
def body_of(preset: str) -> Body:
    """The body of a preset's typical patient, with tissue that gives its drug off in 2 h."""
    return Body(load_preset(preset), 2.0)


def after_bolus(preset: str, dose_ng: float, hours: float, level: str = "") -> Drivers:
    """The outputs so long after a dose given at once, at the tip or at a vertebra."""
    body = body_of(preset)
    begun = [dose_ng * part for part in body.unit(level or body.person.places.tip)]
    nothing = Steady([0.0] * len(begun), [0.0] * len(Drivers._fields))
    return _outputs(body, begun, nothing, hours)


def _outputs(body: Body, begun: list[float], rest: Steady, hours: float) -> Drivers:
    """The outputs so long after a beginning, on the way to a rest."""
    left = body.cascade.left(begun, rest.coordinates, hours % 1)
    return Drivers._make(column[0] for column in body.cascade.columns(int(hours), [left], [rest.outputs]))


def infusing(preset: str, dose_ng_per_day: float, hours: float, before_ng_per_day: float = 0.0) -> Drivers:
    """The outputs so long after a daily dose took the place of another, on which the patient was for ever."""
    body = body_of(preset)
    unit = body.unit_steady(body.person.places.tip)
    begun = [before_ng_per_day / 24 * part for part in unit.coordinates]
    rest = Steady([dose_ng_per_day / 24 * part for part in unit.coordinates], [dose_ng_per_day / 24 * part for part in unit.outputs])
    return _outputs(body, begun, rest, hours)


def steady(preset: str, dose_ng_per_day: float) -> Drivers:
    """The outputs after for ever on a daily dose."""
    body = body_of(preset)
    return Drivers._make([dose_ng_per_day / 24 * part for part in body.unit_steady(body.person.places.tip).outputs])


def level_at(preset: str, place: str, tip: str, dose_ng_per_day: float = 24.0) -> float:
    """The concentration at a vertebra ("" is the cisterna) after for ever on a daily dose, with the tip at another."""
    body = body_of(preset)
    levels = [part / rate for part, rate in zip(body.space.source(tip), body.space.rates_per_h, strict=True)]
    return dose_ng_per_day / 24 * sum(level * share for level, share in zip(levels, body.space.at(place), strict=True))


def rate_nl_per_h(dose_ng_per_day: float) -> int:
    """The rate that makes a daily dose of 500 mcg/mL."""
    return round(dose_ng_per_day / 24 / CONCENTRATION * ML)


class Sitter:
    """Somebody with a pump on a daily dose, joined at its start, with a hand on the clock. The dose is true: the unit's error is undone."""

    def __init__(
        self, dose_ng_per_day: float, preset: str = "label-consistent", sensitivity: str = "typical", seed: int | None = None
    ) -> None:
        error = 1 + Pump("itp-40", seed=3).truth().unit_error_ppm / ML
        self.bed = Bed(simple(rate_nl_per_h(dose_ng_per_day / error)), volume_nl=39 * ML)
        self.pump = self.bed.pump
        self.patient = Patient(self.pump, preset, sensitivity, seed)
        self.began_us = self.pump.now_us

    def live(self, hours: float) -> PatientState:
        """Let time pass and look."""
        self.pump.advance(us=round(hours * US_PER_H))
        return self.patient.at()

    def mark(self) -> None:
        """Count hours from here."""
        self.began_us = self.pump.now_us

    def looks(self, hours: Sequence[float]) -> list[PatientState]:
        """The patient at hours since the mark, all of them past."""
        return [self.patient.at(self.began_us + round(hour * US_PER_H)) for hour in hours]

    def first(self, wanted: str, value: object, limit_h: float = 96) -> float:
        """The first hour since the mark, to a tenth, at which a field has that value or a sign is there; advances as far as that."""
        for tenth in range(round(limit_h * 10)):
            at_us = self.began_us + tenth * US_PER_H // 10
            self.pump.advance_to(max(at_us, self.pump.now_us))
            found = getattr(self.patient.at(at_us), wanted)
            if found == value or (wanted == "signs" and value in found):
                return tenth / 10
        raise AssertionError(f"{wanted} is not {value} within {limit_h} h")


def used_to(dose_ng_per_day: float, preset: str = "label-consistent", sensitivity: str = "typical", seed: int | None = None) -> Sitter:
    """Somebody three weeks on a daily dose."""
    sitter = Sitter(dose_ng_per_day, preset, sensitivity, seed)
    sitter.pump.advance(days=21)
    sitter.mark()
    return sitter


def bolused(dose_ng: int, preset: str, sensitivity: str = "typical", hours: float = 30) -> Sitter:
    """Somebody whose pump never ran, given a dose by needle, `hours` ago."""
    sitter = Sitter.__new__(Sitter)
    sitter.pump = Pump("itp-40")
    sitter.patient = Patient(sitter.pump, preset, sensitivity)
    sitter.patient.treat("intrathecal_bolus", dose_ng=dose_ng)
    sitter.mark()
    sitter.pump.advance(us=round(hours * US_PER_H))
    return sitter
