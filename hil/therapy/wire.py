"""The one mapping between a therapy file and the wire's therapy, both ways, for a pump whose identity is known."""

from __future__ import annotations

from difflib import get_close_matches
from fractions import Fraction
from math import ceil
from typing import NamedTuple

from hil.errors import CheckFailed
from hil.therapy.arithmetic import MINUTES_PER_DAY, day_dose_ng, rate_for, step_dose_ng
from hil.therapy.days import ALL_DAYS
from hil.therapy.model import ADAPTER, MINIMUM_RATE, FlexFile, GroupFile, PatientFile, Rate, SimpleFile, TherapyFile
from hil.therapy.source import Place
from hil.wording import quantity
from protocol.codes import Mode
from protocol.messages import DrugEntry, Identity, Limits
from protocol.therapy import Group, PatientRule, Step, Therapy

__all__ = ["Found", "Wired", "drug_named", "from_wire", "to_wire"]

_NG_PER_NL_DIVISOR = 1_000_000
"""nL x ng/mL is this many times one ng."""

Found = tuple[Place, str, str]
"""Where in the file, what is wrong, what to do."""


class Wired(NamedTuple):
    """A file as the wire has it: the therapy (None for an unknown drug), and what the file says that does not fit together."""

    therapy: Therapy | None
    found: list[Found]


def to_wire(file: TherapyFile, identity: Identity) -> Wired:
    """Make the wire's therapy. Found may be: an unknown drug, and steps that do not fit their `daily-dose`."""
    limits = identity.limits[0]
    drug = drug_named(file.drug, identity, file.drug_version)
    groups = _groups(file, limits)
    found = [problem for position, group in enumerate(groups) if (problem := _mismatch(file, position, group))]
    if drug is None:
        return Wired(None, [_unknown_drug(file, identity), *found])
    therapy = Therapy(
        mode={"simple": Mode.SIMPLE, "flex": Mode.FLEX, MINIMUM_RATE: Mode.MINIMUM_RATE}[file.mode],
        drug_id=drug.drug_id,
        drug_version=drug.version,
        concentration_ng_per_ml=file.concentration,
        low_reservoir_nl=file.low_reservoir_alarm,
        critical_repeat_s=_or_least(file.critical_alarm_every, limits.critical_repeat_s_min),
        non_critical_repeat_s=_or_least(file.non_critical_alarm_every, limits.non_critical_repeat_s_min),
        groups=groups,
        patient=() if file.patient_bolus is None else (_patient(file.patient_bolus, file.concentration),),
    )
    return Wired(therapy, found)


def drug_named(name: str, identity: Identity, version: int | None = None) -> DrugEntry | None:
    """The pump's entry for a drug; without a version, its newest."""
    entries = [drug for drug in identity.drugs if drug.name == name and version in {None, drug.version}]
    return max(entries, key=lambda drug: drug.version, default=None)


def _unknown_drug(file: TherapyFile, identity: Identity) -> Found:
    names = sorted({entry.name for entry in identity.drugs})
    if file.drug in names:
        return ("drug-version",), f"the pump has no version {file.drug_version} of {file.drug}", "leave drug-version out for its newest"
    near = get_close_matches(file.drug, names, 1)
    do = f"did you mean {near[0]}?" if near else f"the pump knows {', '.join(names)}"
    return ("drug",), f"the pump does not know the drug {file.drug!r}", do


def _patient(patient: PatientFile, concentration: int) -> PatientRule:
    """Doses become volumes, rounded down; drug-free fluid has no dose and no such bolus."""
    volume_nl, window_nl = (dose_ng * _NG_PER_NL_DIVISOR // max(1, concentration) for dose_ng in (patient.dose, patient.daily_limit))
    return PatientRule(volume_nl, patient.dose, patient.duration, patient.lockout, patient.most_per_day, window_nl)


def _patient_plain(rule: PatientRule, concentration: int) -> dict[str, object]:
    limit_ng = -(-rule.window_nl * concentration // _NG_PER_NL_DIVISOR)
    return {
        "dose": rule.dose_ng,
        "duration": rule.duration_s,
        "lockout": rule.lockout_s,
        "most-per-day": rule.most_per_day,
        "daily-limit": limit_ng,
    }


def _or_least(seconds: int | None, least: int) -> int:
    return least if seconds is None else seconds


def _groups(file: TherapyFile, limits: Limits) -> tuple[Group, ...]:
    if isinstance(file, SimpleFile):
        rate = _nl_per_h(file.rate, file.daily_dose, MINUTES_PER_DAY, file.concentration, limits)
        return (Group(ALL_DAYS, file.daily_dose, (Step(0, MINUTES_PER_DAY, rate),)),)
    return tuple(_group(group, file.concentration, limits) for group in file.groups) if isinstance(file, FlexFile) else ()


def _group(group: GroupFile, concentration: int, limits: Limits) -> Group:
    """Round each step down; the day's dose is what was asked: `daily-dose`, or the sum of the steps."""
    steps: list[Step] = []
    asked = Fraction(0)
    for step in group.steps:
        rate = _nl_per_h(step.rate, step.dose, step.end - step.start, concentration, limits)
        steps.append(Step(step.start, step.end, rate))
        asked += step_dose_ng(rate, step.end - step.start, concentration) if step.dose is None else step.dose
    return Group(group.days, round(asked) if group.daily_dose is None else group.daily_dose, tuple(steps))


def _nl_per_h(rate: Rate | None, dose_ng: int | None, minutes: int, concentration: int, limits: Limits) -> int:
    if rate is None:
        return rate_for(dose_ng or 0, minutes, concentration)
    return rate if isinstance(rate, int) else limits.minimum_rate_nl_per_h


def _mismatch(file: TherapyFile, position: int, group: Group) -> Found | None:
    """The pump's own rule, said in doses: the day's dose may differ from its steps by what one nL/h gives in a day."""
    sum_ng = day_dose_ng(group, file.concentration)
    if abs(group.daily_dose_ng - sum_ng) <= step_dose_ng(1, MINUTES_PER_DAY, file.concentration):
        return None
    if isinstance(file, SimpleFile):
        place: Place = ("rate",)
        what = f"the rate gives {quantity.DAILY_DOSE.text(int(sum_ng))}, daily-dose says {quantity.DAILY_DOSE.text(group.daily_dose_ng)}"
    else:
        place = ("groups", position, "daily-dose")
        what = (
            f"the steps add up to {quantity.DAILY_DOSE.text(int(sum_ng))}, daily-dose says {quantity.DAILY_DOSE.text(group.daily_dose_ng)}"
        )
    return place, what, "correct one of them"


# ---------------------------------------------------------------- back


_MODES: dict[int, str] = {Mode.SIMPLE: "simple", Mode.FLEX: "flex", Mode.MINIMUM_RATE: MINIMUM_RATE}


def from_wire(therapy: Therapy, identity: Identity) -> TherapyFile:
    """Make the file that turns into exactly this therapy on this pump. Raises CheckFailed for a drug or a mode that is not known."""
    drug = next((entry for entry in identity.drugs if (entry.drug_id, entry.version) == (therapy.drug_id, therapy.drug_version)), None)
    if drug is None:
        raise CheckFailed(f"the pump does not know drug {therapy.drug_id}, version {therapy.drug_version}", do="interrogate again")
    mode = _MODES.get(therapy.mode)
    if mode is None:
        raise CheckFailed(f"the therapy has mode {therapy.mode}, which is not known here", do="use a programmer as new as the pump")
    plain: dict[str, object] = {
        "drug": drug.name,
        "concentration": therapy.concentration_ng_per_ml,
        "mode": mode,
        "low-reservoir-alarm": therapy.low_reservoir_nl,
        "critical-alarm-every": therapy.critical_repeat_s,
        "non-critical-alarm-every": therapy.non_critical_repeat_s,
    }
    if drug != drug_named(drug.name, identity):
        plain["drug-version"] = drug.version
    if therapy.mode == Mode.SIMPLE:
        plain |= _simple_plain(therapy)
    elif therapy.mode == Mode.FLEX:
        plain["groups"] = [_group_plain(group, therapy.concentration_ng_per_ml) for group in therapy.groups]
    if therapy.patient:
        plain["patient-bolus"] = _patient_plain(therapy.patient[0], therapy.concentration_ng_per_ml)
    return ADAPTER.validate_python(plain)


def _simple_plain(therapy: Therapy) -> dict[str, object]:
    group = therapy.groups[0]
    rate = group.steps[0].rate_nl_per_h
    follows = rate == rate_for(group.daily_dose_ng, MINUTES_PER_DAY, therapy.concentration_ng_per_ml)
    return {"daily-dose": group.daily_dose_ng, **({} if follows else {"rate": rate})}


def _group_plain(group: Group, concentration: int) -> dict[str, object]:
    steps = [_step_plain(step, concentration) for step in group.steps]
    return {"days": group.weekdays, "daily-dose": group.daily_dose_ng, "steps": steps}


def _step_plain(step: Step, concentration: int) -> dict[str, object]:
    """Write the step's dose as the roundest number that gives its rate; the rate itself where no whole ng does."""
    minutes = step.end_minute - step.start_minute
    low = ceil(step_dose_ng(step.rate_nl_per_h, minutes, concentration))
    high = ceil(step_dose_ng(step.rate_nl_per_h + 1, minutes, concentration)) - 1
    plain: dict[str, object] = {"from": step.start_minute, "to": step.end_minute}
    return plain | ({"dose": _roundest(low, high)} if 0 < low <= high else {"rate": step.rate_nl_per_h})


def _roundest(low: int, high: int) -> int:
    """The number from low to high that ends in the most zeros; the smallest of those."""
    step = 1
    while -(-low // (step * 10)) * step * 10 <= high:
        step *= 10
    return -(-low // step) * step
