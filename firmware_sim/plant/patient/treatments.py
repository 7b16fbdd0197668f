"""What is done to the patient: each act with its time and amount, judged when it is given.

Drug given by mouth or needle, and fluid drawn, change what is in the body. The others change how it shows, as a function of the time since
they were given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from firmware_sim.errors import BenchRefused
from firmware_sim.plant.patient.person import drawn
from firmware_sim.plant.patient.preset import Preset, Remedies
from firmware_sim.units import NG_PER_MCG, NG_PER_MG, US_PER_H

__all__ = ["IN_BODY", "TREATMENTS", "Relief", "Treatment", "given_ng", "relief_of", "treatment_of"]


class Treatment(NamedTuple):
    """An act: true time, name, and how much of it, in the unit of its parameter."""

    at_us: int
    name: str
    amount: int


class Kind(NamedTuple):
    """A kind of treatment: its one parameter with the unit, and the most of it."""

    parameter: str
    most: Callable[[Remedies], float]


TREATMENTS: dict[str, Kind] = {
    "csf_removal": Kind("volume_ml", lambda remedies: remedies.csf_removal_ml_max),
    "intrathecal_bolus": Kind("dose_ng", lambda remedies: remedies.intrathecal_ng_max),
    "enteral_baclofen": Kind("dose_mg", lambda remedies: remedies.enteral_mg_max),
    "benzodiazepine": Kind("dose_mg", lambda remedies: remedies.benzodiazepine_mg_max),
    "physostigmine": Kind("dose_ug", lambda remedies: remedies.physostigmine_mg_max * NG_PER_MCG),
    "airway": Kind("supported", lambda _: 1),
}

IN_BODY = frozenset({"csf_removal", "intrathecal_bolus", "enteral_baclofen"})
"""Those that bring drug or take it."""


class Relief(NamedTuple):
    """How treatments change what shows at an instant.

    `withdrawal` divides excess and burden, `sedation` adds to overdose, `awakening` divides it where breathing and consciousness are meant.
    """

    withdrawal: float = 1.0
    sedation: float = 0.0
    awakening: float = 1.0
    heart_rate_per_min: float = 0.0
    seizures_stopped: bool = False
    harms: tuple[str, ...] = ()
    airway: bool = False


NONE = Relief()


def treatment_of(name: str, at_us: int, amounts: dict[str, int], person: Preset) -> Treatment:
    """A treatment, judged. Raises BenchRefused for an unknown name, another parameter, or an amount that nobody gives."""
    if name not in TREATMENTS:
        raise BenchRefused(f"treat: {name!r} is no treatment; there are {', '.join(TREATMENTS)}")
    kind = TREATMENTS[name]
    if list(amounts) != [kind.parameter]:
        raise BenchRefused(f"treat: {name} takes {kind.parameter}, not {', '.join(amounts) or 'nothing'}")
    amount, most = int(amounts[kind.parameter]), kind.most(person.remedies)
    if amount != amounts[kind.parameter] or not 0 <= amount <= most:
        raise BenchRefused(f"treat: {name}: {kind.parameter} is {amounts[kind.parameter]}; give a whole number from 0 to {most:g}")
    return Treatment(at_us, name, amount)


def given_ng(treatment: Treatment, person: Preset) -> float:
    """The drug that a treatment brings into the body."""
    if treatment.name == "enteral_baclofen":
        return treatment.amount * NG_PER_MG * person.plasma.enteral_share
    return float(treatment.amount) if treatment.name == "intrathecal_bolus" else 0.0


def relief_of(given: Sequence[Treatment], at_us: int, overdose: float, person: Preset, seed: int | None) -> Relief:
    """What the treatments given by then do."""
    past = [treatment for treatment in given if treatment.at_us <= at_us]
    if not past:
        return NONE
    remedies = person.remedies
    calm = _left(past, "benzodiazepine", at_us, remedies.benzodiazepine_half_life_h) / remedies.benzodiazepine_mg
    doses = [treatment for treatment in past if treatment.name == "physostigmine"]
    raised = _left(doses, "physostigmine", at_us, remedies.physostigmine_half_life_h) / (remedies.physostigmine_mg * NG_PER_MCG)
    works = overdose <= remedies.physostigmine_ratio_max and not drawn(seed, "physostigmine fails", remedies.physostigmine_fails_share)
    airways = [treatment.amount for treatment in past if treatment.name == "airway"]
    return Relief(
        withdrawal=1 + remedies.benzodiazepine_relief * calm,
        sedation=remedies.benzodiazepine_sedation * calm,
        awakening=1 + remedies.physostigmine_relief * raised if works else 1.0,
        heart_rate_per_min=-remedies.physostigmine_heart_rate_per_min * raised,
        seizures_stopped=calm >= remedies.benzodiazepine_stops_seizure_share,
        harms=_harms(doses, at_us, remedies, seed),
        airway=bool(airways and airways[-1]),
    )


def _left(past: Sequence[Treatment], name: str, at_us: int, half_life_h: float) -> float:
    """How much of all doses is still there."""
    doses = (treatment for treatment in past if treatment.name == name)
    return sum(dose.amount * 2 ** (-(at_us - dose.at_us) / US_PER_H / half_life_h) for dose in doses)


def _harms(doses: Sequence[Treatment], at_us: int, remedies: Remedies, seed: int | None) -> tuple[str, ...]:
    """What physostigmine does at its worst, for a while after a dose, in some."""
    recent = [dose for dose in doses if dose.amount and at_us - dose.at_us <= remedies.physostigmine_harm_h * US_PER_H]
    risks = {"seizure": remedies.physostigmine_seizure_share, "conduction block": remedies.physostigmine_block_share}
    struck = {risk for dose in recent for risk, share in risks.items() if drawn(seed, f"physostigmine {dose.at_us} {risk}", share)}
    return tuple(risk for risk in risks if risk in struck)
