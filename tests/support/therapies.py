"""Prescriptions in one line each, and pumps that are filled, told so, and running."""

from __future__ import annotations

from collections.abc import Sequence

from firmware_sim.firmware.prescription import BolusOrder, Group, Prescription, RefillEntry, Step
from firmware_sim.profile import Profile
from firmware_sim.pump import Pump

ML = 1_000_000
US_PER_S = 1_000_000
US_PER_MIN = 60 * US_PER_S
US_PER_H = 60 * US_PER_MIN
US_PER_DAY = 24 * US_PER_H
UNITS_PER_NL = US_PER_H
"""One nL/h for an hour of microseconds: what a test multiplies by, spelled out here so that it shares nothing with the firmware."""
MINUTES_PER_DAY = 1_440
EVERY_DAY = 0b111_1111
BACLOFEN = 1
SALINE = 2
SOFT_DOSE_RULE = 33
SOFT_DOSE_NG = 1_000_000
"""Above so much baclofen a day a commit needs the override of this rule."""
CONCENTRATION = 500_000
"""Baclofen, 500 mcg/mL."""


def steps_of(rates: Sequence[int], starts: Sequence[int] = ()) -> tuple[Step, ...]:
    """Steps that tile a day: rates (nL/h) and their start minutes; in equal parts when no starts are given."""
    begins = list(starts) or [MINUTES_PER_DAY * place // len(rates) for place in range(len(rates))]
    ends = [*begins[1:], MINUTES_PER_DAY]
    return tuple(Step(begin, end, rate) for begin, end, rate in zip(begins, ends, rates, strict=True))


def daily_dose_ng(steps: Sequence[Step], concentration: int = CONCENTRATION) -> int:
    """The dose (ng) that a day of these steps makes, rounded down."""
    return sum(step.rate_nl_per_h * (step.end_minute - step.start_minute) for step in steps) * concentration // (60 * ML)


def group_of(steps: tuple[Step, ...], weekdays: int = EVERY_DAY, concentration: int = CONCENTRATION) -> Group:
    """A group whose dose fits its steps."""
    return Group(weekdays, daily_dose_ng(steps, concentration), steps)


def prescription_of(mode: str, groups: tuple[Group, ...], low_nl: int = 2 * ML, concentration: int = CONCENTRATION) -> Prescription:
    """A prescription of baclofen (saline when the concentration is 0) with the shortest alarm repeats."""
    return Prescription(mode, BACLOFEN if concentration else SALINE, 1, concentration, low_nl, 600, 3_600, groups)


def simple(rate_nl_per_h: int = 10_000, low_nl: int = 2 * ML, concentration: int = CONCENTRATION) -> Prescription:
    """One rate, day and night."""
    return prescription_of("simple", (group_of(steps_of([rate_nl_per_h]), concentration=concentration),), low_nl, concentration)


def flex(rates: Sequence[int] = (8_000, 12_000, 20_000), starts: Sequence[int] = (), low_nl: int = 2 * ML) -> Prescription:
    """The same steps every day."""
    return prescription_of("flex", (group_of(steps_of(rates, starts)),), low_nl)


def minimum(low_nl: int = 2 * ML) -> Prescription:
    """The minimum rate as a prescribed mode."""
    return prescription_of("minimum_rate", (), low_nl)


def overrides_for(therapy: Prescription) -> tuple[int, ...]:
    """The rule that a commit of it must override: that of the drug's soft limit, or none."""
    return (SOFT_DOSE_RULE,) if max((group.daily_dose_ng for group in therapy.groups), default=0) > SOFT_DOSE_NG else ()


def refill_of(volume_nl: int = 20 * ML, concentration: int = CONCENTRATION, withdrawn_nl: int = 0) -> RefillEntry:
    """What the programmer says after the needle."""
    return RefillEntry(volume_nl, withdrawn_nl, BACLOFEN if concentration else SALINE, concentration)


def bolus_of(volume_nl: int, duration_s: int, may_lengthen: bool = False, concentration: int = CONCENTRATION) -> BolusOrder:
    """A bolus order whose dose fits its volume."""
    return BolusOrder(volume_nl, volume_nl * concentration // ML, duration_s, may_lengthen)


def filled(volume_nl: int = 20 * ML, seed: int = 0, profile: str | Profile = "itp-40", concentration: int = CONCENTRATION) -> Pump:
    """A new pump with drug in it, told so; no therapy yet."""
    pump = Pump(profile, seed=seed)
    pump.needle(inject_nl=volume_nl, concentration_ng_per_ml=concentration)
    pump.refill(refill_of(volume_nl, concentration))
    return pump


def running(prescription: Prescription | None = None, volume_nl: int = 20 * ML, seed: int = 0, profile: str | Profile = "itp-40") -> Pump:
    """A filled pump on a therapy: 10 uL/h unless another is given."""
    therapy = prescription or simple()
    pump = filled(volume_nl, seed, profile, therapy.concentration_ng_per_ml)
    pump.commit(therapy, overrides=overrides_for(therapy))
    return pump


def active_causes(pump: Pump) -> list[str]:
    """Causes active by belief, in order of their raise."""
    return [alarm.cause for alarm in pump.status().alarms if alarm.active]


def listed_causes(pump: Pump) -> list[str]:
    """Causes in the list, gone ones too."""
    return [alarm.cause for alarm in pump.status().alarms]
