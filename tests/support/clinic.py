"""A pump's limits, therapies in one line, and people for the rules, in round numbers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from firmware_sim.pump import Pump
from hil.belief_on_wire import identity_of
from hil.clinic.person import Change, Person, Test
from hil.clinic.plan import Plan, Regimen
from hil.clinic.rules.check import Finding, Report, judge
from hil.clinic.rules.table import rule_set
from hil.therapy.arithmetic import day_dose_ng
from protocol.codes import Mode
from protocol.messages import Identity, Limits
from protocol.therapy import Group, PatientRule, Step, Therapy

__all__ = [
    "DAY",
    "EVERY_DAY",
    "HOUR",
    "NOW",
    "SETS",
    "adult",
    "change",
    "doses",
    "flex_therapy",
    "found",
    "identity",
    "limits",
    "report",
    "simple_therapy",
    "start",
    "verdict",
]

HOUR = 3_600_000_000
DAY = 24 * HOUR
NOW = 400 * DAY
EVERY_DAY = 0b111_1111
SETS = ("label-seed", "label-us")
MCG = 1_000


@cache
def identity() -> Identity:
    """What a pump of the 40 mL profile tells of itself."""
    pump = Pump("itp-40", seed=1)
    return identity_of(pump.brief(), pump.profile, pump.serial, pump.calibration_ppm)


def limits() -> Limits:
    """Its limits."""
    return identity().limits[0]


def flex_therapy(steps: Sequence[Step], concentration: int = 500_000, patient: Sequence[PatientRule] = ()) -> Therapy:
    """The same steps every day."""
    group = Group(EVERY_DAY, 0, tuple(steps))
    group = group._replace(daily_dose_ng=round(day_dose_ng(group, concentration)))
    return Therapy(Mode.FLEX, 1, 1, concentration, 2_000_000, 600, 3_600, (group,), tuple(patient))


def simple_therapy(rate_nl_per_h: int = 10_000, patient: Sequence[PatientRule] = ()) -> Therapy:
    """One rate, of 500 mcg/mL."""
    return flex_therapy([Step(0, 1440, rate_nl_per_h)], patient=patient)._replace(mode=Mode.SIMPLE)


# ---------------------------------------------------------------- plans and people, doses in mcg


def adult(**known: Any) -> Person:
    """A grown person of spinal origin with nothing against treatment, one answered test, and no dose yet."""
    plain: dict[str, Any] = {
        "age_months": 40 * 12,
        "origin": "spinal",
        "cause": "multiple sclerosis",
        "conditions": frozenset(),
        "medicines": frozenset(),
        "tests": (Test(NOW - 2 * DAY, 50 * MCG, positive=True, effect_s=6 * 3_600),),
        "doses": (),
    }
    return Person(**(plain | known))


def doses(*pairs: tuple[int, int]) -> tuple[Change, ...]:
    """Doses per day: (days ago, mcg), the oldest first."""
    return tuple(Change(NOW - days * DAY, dose * MCG) for days, dose in pairs)


def start(dose: int, concentration: int = 500 * MCG, **more: Any) -> Plan:
    """The first infusion."""
    return Plan("baclofen", Regimen.even(dose * MCG, concentration), **more)


def change(old: int, new: int, **more: Any) -> Plan:
    """Another dose of the same strength."""
    return Plan("baclofen", Regimen.even(new * MCG, 500 * MCG), Regimen.even(old * MCG, 500 * MCG), **more)


def report(plan: Plan, person: Person | None = None, rules: str = "label-us") -> Report:
    """Judge at NOW."""
    return judge(rule_set(rules), plan, person, NOW)


def found(rule: str, plan: Plan, person: Person | None = None, rules: str = "label-us") -> Finding | None:
    """What one rule says; None if it says nothing."""
    return next((finding for finding in report(plan, person, rules).findings if finding.rule == rule), None)


def verdict(rule: str, plan: Plan, person: Person | None = None, rules: str = "label-us") -> str:
    """One rule's verdict: accept, warn, refuse; empty if it does not concern the plan, `not judged` if it lacks a fact."""
    judged = report(plan, person, rules)
    if rule in {each.rule for each in judged.not_judged}:
        return "not judged"
    return next((str(finding.verdict) for finding in judged.findings if finding.rule == rule), "")
