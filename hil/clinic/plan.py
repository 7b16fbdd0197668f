"""What somebody means to give: a test dose, or a therapy in the place of another."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from firmware_sim.units import DAYS_PER_WEEK
from hil.clinic.patient_day import patient_day
from hil.therapy.arithmetic import day_dose_ng, dose_ng
from hil.therapy.forecast import day_group
from protocol.codes import Mode
from protocol.messages import Limits
from protocol.therapy import Therapy

__all__ = ["REASONS", "ROUTES", "Plan", "Refilling", "Regimen", "Supply", "regimen_of"]

ROUTES = ("intrathecal", "intravenous", "intramuscular", "subcutaneous", "epidural", "oral")
REASONS = ("effect", "side-effects", "holiday", "overdose", "reaction")
"""Why a dose is changed or stopped."""


@dataclass(frozen=True, slots=True)
class Regimen:
    """What a pump gives: a strength, and a dose on each weekday (Monday first).

    `complex_mode` means more than one rate, `stops` minimum rate, where no therapy is meant. `asked_ng` is what the patient may add in
    a day.
    """

    concentration_ng_per_ml: int
    day_doses_ng: tuple[int, ...]
    complex_mode: bool = False
    stops: bool = False
    asked_ng: int = 0

    @property
    def most_ng_per_day(self) -> int:
        """The dose of the day that gets most, with every bolus that the patient may ask for."""
        return self.highest_ng_per_day + self.asked_ng

    @property
    def highest_ng_per_day(self) -> int:
        """The dose of the day that gets most."""
        return max(self.day_doses_ng)

    @property
    def mean_ng_per_day(self) -> Fraction:
        """The dose of a mean day."""
        return Fraction(sum(self.day_doses_ng), len(self.day_doses_ng))

    @classmethod
    def even(cls, dose_ng_per_day: int, concentration_ng_per_ml: int) -> Regimen:
        """The same dose every day, evenly."""
        return cls(concentration_ng_per_ml, (dose_ng_per_day,) * DAYS_PER_WEEK)


@dataclass(frozen=True, slots=True)
class Supply:
    """The ampoules at hand, and what goes into the syringe beside the drug."""

    diluent: str = ""
    mixed_with: str = ""
    opened_before: bool = False
    coloured: bool = False
    particles: bool = False
    frozen: bool = False
    heated: bool = False
    stored_degc: int | None = None
    age_days: int | None = None


@dataclass(frozen=True, slots=True)
class Refilling:
    """When the pump was filled, is to be filled again, and would be empty (device clock; empty None: never)."""

    filled_us: int
    next_us: int
    empty_us: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """One act of a clinician. A test dose has no regimen; a start has no old one. An empty reason is not told."""

    drug: str
    new: Regimen | None = None
    old: Regimen | None = None
    test_dose_ng: int | None = None
    reason: str = ""
    route: str = "intrathecal"
    constant_flow: bool = False
    supply: Supply | None = None
    refilling: Refilling | None = None


def regimen_of(therapy: Therapy, limits: Limits) -> Regimen:
    """What a therapy of the wire gives. A group's own dose is what was asked for; without one it is what the rates make."""
    concentration = therapy.concentration_ng_per_ml
    groups = [day_group(therapy, day, limits) for day in range(DAYS_PER_WEEK)]
    doses = tuple(group.daily_dose_ng or int(day_dose_ng(group, concentration)) for group in groups)
    complex_mode = len({step.rate_nl_per_h for group in groups for step in group.steps}) > 1
    day = patient_day(therapy, limits)
    asked = int(dose_ng(day.total_nl - day.basal_nl, concentration))
    return Regimen(concentration, doses, complex_mode, stops=therapy.mode == Mode.MINIMUM_RATE, asked_ng=asked)
