"""What stands before somebody who is about to send: the whole comparison, drawn days, dates, rules, the bridge; and what came of it.

Pure functions of what was read from the pump and what was typed. Texts are finished; integers stand beside them only where a picture
needs them.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from hil.clinic.bridge import bridge
from hil.clinic.person import Person
from hil.clinic.plan import Plan, regimen_of
from hil.clinic.rules.check import Finding, Report, judge
from hil.clinic.rules.table import DEFAULT_SET, Verdict, rule_set
from hil.errors import HilError
from hil.therapy.arithmetic import step_dose_ng
from hil.therapy.days import days_name
from hil.therapy.forecast import day_group, reached_at
from hil.therapy.review import Review, Row, review
from hil.wording import quantity
from protocol.client import Interrogation
from protocol.limits import SOFT_DOSE_RULE
from protocol.messages import Identity
from protocol.therapy import Therapy

__all__ = ["after_update", "days_drawn", "finish_screen", "refill_screen"]

MINUTES_PER_H = 60
NEVER = "never"
_TOP = ("dose per day", "peak rate", "low-reservoir date", "empty date")
_DAYS = 7


def finish_screen(
    drug: str, pending: Therapy, known: Interrogation, *, catheter_nl: int = 0, person: Person | None = None
) -> dict[str, Any]:
    """Everything to be looked at before an update: `top` are the rows that catch errors, `rows` all of them, in their order."""
    shown = review(known.therapy, pending, known.identity, known.condition)
    rows = [_row(row) for row in shown.rows]
    report = _judged(drug, pending, known, person)
    return {
        "read_at": shown.read_clock,
        "top": [row for row in rows if row["name"].startswith(_TOP)],
        "rows": rows,
        "drawn": days_drawn(known.therapy, pending, known.identity),
        "notes": list(shown.notes),
        "refusals": [_finding(finding) for finding in report.of(Verdict.REFUSE)] if report else [],
        "warnings": _warnings(report, pending, known.identity),
        "bridge": _bridge(known, pending, catheter_nl),
        "changed": sum(row["change"] != "same" for row in rows),
    }


def _row(row: Row) -> dict[str, Any]:
    plain = asdict(row)
    del plain["values"], plain["unit"]
    return plain


# ---------------------------------------------------------------- drawn days


def days_drawn(current: Therapy | None, pending: Therapy | None, identity: Identity) -> list[dict[str, Any]]:
    """Each kind of day: steps [from minute, to minute, ng/h] of both, the highest of all, and the same in a sentence."""
    sets: dict[tuple[Any, ...], int] = {}
    for day in range(_DAYS):
        key = tuple(_steps(therapy, day, identity) for therapy in (current, pending))
        sets[key] = sets.get(key, 0) | 1 << day
    return [_day_drawn(days_name(mask), *key) for key, mask in sets.items()]


def _steps(therapy: Therapy | None, day: int, identity: Identity) -> tuple[tuple[int, int, int], ...]:
    if therapy is None:
        return ()
    steps = day_group(therapy, day, identity.limits[0]).steps
    strength = therapy.concentration_ng_per_ml
    return tuple((step.start_minute, step.end_minute, int(step_dose_ng(step.rate_nl_per_h, MINUTES_PER_H, strength))) for step in steps)


Drawn = tuple[tuple[int, int, int], ...]


def _day_drawn(days: str, current: Drawn, pending: Drawn) -> dict[str, Any]:
    top = max((rate for _, _, rate in (*current, *pending)), default=0)
    old, new = (_given(steps) for steps in (current, pending))
    return {
        "days": days,
        "current": [list(step) for step in current],
        "pending": [list(step) for step in pending],
        "top": top,
        "top_text": quantity.DOSE_RATE.text(top, 2),
        "current_text": _said(current),
        "pending_text": _said(pending),
        "factor": quantity.factor(old, new) if current and pending else "",
    }


def _given(steps: Drawn) -> int:
    """What a day gives, ng."""
    return sum((end - start) * rate for start, end, rate in steps) // MINUTES_PER_H


def _said(steps: Drawn) -> str:
    if not steps:
        return "nothing"
    minute = quantity.minute_of_day
    return ", ".join(f"{minute(start)} to {minute(end)} {quantity.DOSE_RATE.text(rate, 2)}" for start, end, rate in steps)


# ---------------------------------------------------------------- rules, bridge


def _judged(drug: str, pending: Therapy, known: Interrogation, person: Person | None) -> Report | None:
    """The label's rules; what needs facts about the person that nobody told is not judged."""
    limits, current = known.identity.limits[0], known.therapy
    old = regimen_of(current, limits) if current is not None and current.drug_id == pending.drug_id else None
    try:
        return judge(rule_set(DEFAULT_SET), Plan(drug=drug, new=regimen_of(pending, limits), old=old), person, known.condition.clock_us)
    except HilError:
        return None


def _finding(finding: Finding) -> dict[str, str]:
    return {"rule": finding.rule, "title": finding.title, "what": finding.what, "why": finding.why, "do": finding.do}


def _warnings(report: Report | None, pending: Therapy, identity: Identity) -> list[dict[str, str]]:
    """Each needs a reason before it is passed; the pump's own soft limit is one of them, once."""
    found = [_finding(finding) for finding in report.of(Verdict.WARN)] if report else []
    soft_rule = f"R-{SOFT_DOSE_RULE:03d}"
    drug = next((each for each in identity.drugs if (each.drug_id, each.version) == (pending.drug_id, pending.drug_version)), None)
    most = max((group.daily_dose_ng for group in pending.groups), default=0)
    if drug and drug.daily_dose_ng_soft and most > drug.daily_dose_ng_soft and soft_rule not in {each["rule"] for each in found}:
        limit = quantity.DAILY_DOSE.text(drug.daily_dose_ng_soft)
        found.append(
            {
                "rule": soft_rule,
                "title": "Soft limit of the pump",
                "what": f"{quantity.DAILY_DOSE.text(most)} is above the soft limit {limit}",
                "why": f"the pump's entry for {drug.name} warns above it",
                "do": "prescribe less, or say why",
            }
        )
    return found


def _bridge(known: Interrogation, pending: Therapy, catheter_nl: int) -> dict[str, str] | None:
    """The bolus that runs the old strength out of tubing and catheter; None where the strength stays, or there is nothing to run."""
    current = known.therapy
    if current is None or current.drug_id != pending.drug_id or current.concentration_ng_per_ml == pending.concentration_ng_per_ml:
        return None
    limits = known.identity.limits[0]
    doses = [round(regimen_of(each, limits).mean_ng_per_day) for each in (current, pending)]
    try:
        plan = bridge(
            known.identity.tubing_nl + catheter_nl, current.concentration_ng_per_ml, pending.concentration_ng_per_ml, doses[0], doses[1]
        )
    except ValueError:
        return None
    ends_us = known.condition.clock_us + int(plan.programmed_s) * quantity.US_PER_S
    return {
        "volume": quantity.VOLUME.text(plan.volume_nl),
        "rate": quantity.FINE_FLOW.text(plan.rate_nl_per_h),
        "lasts": quantity.duration(int(plan.programmed_s)),
        "until": quantity.clock(ends_us),
        "of": "tubing and catheter" if catheter_nl else "tubing alone: the catheter's volume is not known here",
        "without": f"{quantity.factor(pending.concentration_ng_per_ml, current.concentration_ng_per_ml)} the dose for "
        f"{quantity.duration(int(plan.error_s))}",
    }


# ---------------------------------------------------------------- after


def after_update(asked: Therapy, read_back: Therapy | None, known: Interrogation) -> list[dict[str, str]]:
    """Line by line what was asked, what was sent, what the pump says it now has; `differs` marks a line that is not all the same."""
    told: Review = review(read_back, asked, known.identity, known.condition)
    skipped = ("reservoir", "low-reservoir date", "empty date", "replace")
    return [
        {"name": row.name, "asked": row.pending, "sent": row.pending, "says": row.current, "differs": "yes" if row.change != "same" else ""}
        for row in told.rows
        if not row.name.startswith(skipped)
    ]


# ---------------------------------------------------------------- refill


def refill_screen(told_nl: int, needle_nl: int, known: Interrogation) -> dict[str, Any]:
    """What the pump is about to be told of a refill beside what went through the needle, and the dates that follow from each."""
    kind = quantity.VOLUME
    warnings = []
    if told_nl > needle_nl:
        warnings.append(
            f"{kind.text(told_nl)} is more than the {kind.text(needle_nl)} that went through the needle: the pump would count on "
            f"{kind.text(told_nl - needle_nl)} that is not there, and run empty before its low-reservoir alarm."
        )
    elif told_nl < needle_nl:
        warnings.append(f"{kind.text(told_nl)} is less than the {kind.text(needle_nl)} that went through the needle.")
    capacity = known.identity.limits[0].capacity_nl
    if told_nl > capacity:
        warnings.append(f"{kind.text(told_nl)} is more than this pump holds, {kind.text(capacity)}.")
    change = "same" if told_nl == needle_nl else "up" if told_nl > needle_nl else "down"
    pairs = ((needle_nl, "through the needle"), (told_nl, "told to the pump"))
    low, empty = (_dates(known, level) for level in (known.therapy.low_reservoir_nl if known.therapy else 0, 0))
    return {
        "headings": ["", *(name for _, name in pairs), ""],
        "rows": [
            {
                "name": "volume",
                "current": kind.text(needle_nl),
                "pending": kind.text(told_nl),
                "change": change,
                "factor": quantity.factor(needle_nl, told_nl) if change != "same" else "",
            },
            *(
                {
                    "name": name,
                    "current": date(needle_nl),
                    "pending": date(told_nl),
                    "change": change and ("same" if change == "same" else "changed"),
                    "factor": "",
                }
                for name, date in (("low-reservoir date", low), ("empty date", empty))
            ),
        ],
        "warnings": warnings,
    }


def _dates(known: Interrogation, level_nl: int) -> Any:
    def date(volume_nl: int) -> str:
        if known.therapy is None:
            return "not computed"
        at = reached_at(known.therapy, known.identity.limits[0], known.condition.clock_us, volume_nl - level_nl)
        return NEVER if at is None else quantity.clock(at)

    return date
