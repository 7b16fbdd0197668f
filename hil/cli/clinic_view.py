"""Findings, bridges, dilutions, primes and dates for a person: names and values in columns, the gravest first."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterator
from fractions import Fraction
from typing import Any

from hil.cli.output import aligned
from hil.clinic.bridge import Bridge
from hil.clinic.dilution import Recipe
from hil.clinic.patient_day import PatientDay
from hil.clinic.priming import Priming
from hil.clinic.refill import Fill, RefillPlan
from hil.clinic.residual import Discrepancy
from hil.clinic.rules.check import Finding, Report
from hil.clinic.rules.table import Rule, Verdict
from hil.clinic.weaning import WeaningStep
from hil.wording import quantity
from hil.wording.quantity import CONCENTRATION, DAILY_DOSE, DAILY_FLOW, DOSE, FINE_FLOW, VOLUME, clock, duration

__all__ = [
    "bridge_lines",
    "dilution_lines",
    "patient_lines",
    "plain_numbers",
    "priming_lines",
    "refill_lines",
    "residual_lines",
    "report_data",
    "report_lines",
    "start_lines",
    "wean_lines",
]

MARKS = {Verdict.REFUSE: "✖ refuse", Verdict.WARN: "▲ warn", Verdict.ACCEPT: "● accept"}
NEVER = "never"
TEXT_WIDTH = 110
FINE_PLACES = 3


# ---------------------------------------------------------------- findings


def report_lines(report: Report, overrides: Collection[str] = (), *, everything: bool = False) -> list[str]:
    """Refusals and warnings in full, the rest counted unless everything is asked for, and what could not be judged."""
    told = [finding for finding in report.findings if everything or finding.verdict is not Verdict.ACCEPT]
    lines = [line for finding in told for line in _finding_lines(finding, overrides)]
    accepted = report.of(Verdict.ACCEPT)
    if accepted and not everything:
        lines.append(f"{MARKS[Verdict.ACCEPT]:<9} {len(accepted)} rules of {report.rules}: {_ids(finding.rule for finding in accepted)}")
        lines += [f"            {finding.rule} {finding.do}" for finding in accepted if finding.do and _is_advice(finding)]
    lacks = dict.fromkeys(rule.lacks for rule in report.not_judged)
    for lack in lacks:
        lines.append(f"? not told  {lack}: {_ids(rule.rule for rule in report.not_judged if rule.lacks == lack)}")
    return lines or [f"no rule of {report.rules} concerns this"]


def _is_advice(finding: Finding) -> bool:
    return finding.rule in {"R-050", "R-075"}


def _ids(rules: Iterator[str]) -> str:
    return " ".join(rules)


def _finding_lines(finding: Finding, overrides: Collection[str]) -> Iterator[str]:
    overridden = ", overridden" if finding.verdict is Verdict.WARN and finding.rule in overrides else ""
    yield f"{MARKS[finding.verdict]:<9} {finding.rule}  {finding.title}{overridden}"
    unverified = "" if finding.verified else " (unverified)"
    texts = [finding.what, f"rule: {finding.why}{unverified} [{finding.source}]", f"do: {finding.do}" if finding.do else ""]
    for text in filter(None, texts):
        yield from textwrap.wrap(text, TEXT_WIDTH, initial_indent=" " * 17, subsequent_indent=" " * 19)


def report_data(report: Report, overrides: Collection[str] = ()) -> dict[str, object]:
    """The same as data."""
    return {
        "rules": report.rules,
        "verdict": str(report.verdict),
        "findings": [
            finding._asdict() | {"verdict": str(finding.verdict), "overridden": finding.rule in overrides} for finding in report.findings
        ],
        "not_judged": [rule._asdict() for rule in report.not_judged],
    }


# ---------------------------------------------------------------- arithmetic


def _seconds(exact: Fraction) -> str:
    return duration(round(exact))


def _volume(exact: Fraction | int) -> str:
    return VOLUME.text(round(exact), FINE_PLACES)


def bridge_lines(plan: Bridge) -> list[str]:
    """A bridge and what happens without it."""
    factor = quantity.number(round(plan.error_factor * 100), 2)
    return aligned(
        [
            ("volume", f"{VOLUME.text(plan.volume_nl)}, tubing and catheter"),
            ("rate", f"{FINE_FLOW.text(plan.rate_nl_per_h)} ({DAILY_FLOW.text(plan.rate_nl_per_h)})"),
            ("lasts", _seconds(plan.programmed_s)),
            ("without it", f"{factor} x the new dose for {_seconds(plan.error_s)}"),
            ("type", f"pumpsim program PORT bridge --volume '{VOLUME.text(plan.volume_nl)}' --rate '{FINE_FLOW.text(plan.rate_nl_per_h)}'"),
        ]
    )


def priming_lines(plan: Priming, *, drug: bool) -> list[str]:
    """A prime and what the old constant would add."""
    parts = f"tubing {VOLUME.text(plan.tubing_nl)} + catheter {VOLUME.text(plan.catheter_nl)}" if plan.tubing_nl else "catheter alone"
    pairs = [("volume", f"{VOLUME.text(plan.volume_nl)}, {parts}")]
    if plan.over_nl:
        dose = f", {DOSE.text(int(plan.over_ng), 1)}" if drug else ""
        pairs.append(("old constant", f"{VOLUME.text(plan.old_volume_nl)}: {VOLUME.text(plan.over_nl)}{dose} too much"))
    pairs.append(("type", f"pumpsim program PORT prime --volume '{VOLUME.text(plan.volume_nl)}'"))
    return aligned(pairs)


def dilution_lines(recipe: Recipe) -> list[str]:
    """Parts, volumes and ampoules."""
    saline = "sodium chloride 0.9 %"
    return aligned(
        [
            ("strength", f"{CONCENTRATION.text(recipe.wanted_ng_per_ml)} from {CONCENTRATION.text(recipe.sold_ng_per_ml)}"),
            ("parts", f"{recipe.drug_parts} drug + {recipe.saline_parts} {saline}"),
            ("volumes", f"{_volume(recipe.drug_nl)} drug + {_volume(recipe.saline_nl)} {saline}"),
            ("ampoules", f"{recipe.ampoules} of {VOLUME.text(recipe.ampoule_nl)}; throw away the {_volume(recipe.discarded_nl)} left"),
            ("mix with", "nothing else"),
        ]
    )


def start_lines(rule: Rule, rules: str, dose_ng_per_day: int, rate: tuple[int, int] | None) -> list[str]:
    """The first dose, and the rate that gives it."""
    pairs = [("first dose", DAILY_DOSE.text(dose_ng_per_day)), ("rule", f"{rule.id} of {rules}: {rule.why}")]
    if rate is not None:
        nl_per_h, given = rate
        pairs.append(("rate", f"{FINE_FLOW.text(nl_per_h)} ({DAILY_FLOW.text(nl_per_h)}), which gives {DAILY_DOSE.text(given)}"))
    pairs.append(("then", "no increase in the first 24 h"))
    return aligned(pairs)


def refill_lines(plan: RefillPlan, fill: Fill, rule: Rule) -> list[str]:
    """When to fill again, and why then."""
    keeps = f"the drug keeps {quantity.number(fill.stability_days)} days ({rule.id})"
    why = {"volume": "the low-reservoir level is reached then", "stability": keeps}[plan.wins]
    pairs = [
        ("refill by", f"{clock(plan.due_us)}, by {plan.wins}: {why}"),
        ("volume date", _date(plan.volume_us)),
        ("stability date", clock(plan.stability_us)),
        ("empty", _date(plan.empty_us)),
        ("longest time to empty", _date(plan.longest_us)),
    ]
    if plan.dry_us is not None and plan.dry_us <= plan.due_us:
        pairs.append(("beware", f"a pump that runs 14.5 % fast is dry on {clock(plan.dry_us)}, before that date and without an alarm"))
    return aligned(pairs)


def _date(clock_us: int | None) -> str:
    return NEVER if clock_us is None else clock(clock_us)


def residual_lines(found: Discrepancy) -> list[str]:
    """Expected, found, and what the difference means."""
    pairs = [
        ("expected", VOLUME.text(found.expected_nl)),
        ("withdrawn", VOLUME.text(found.withdrawn_nl)),
        ("▲ warn" if found.warns else "● accept", found.what),
    ]
    return aligned(pairs + ([("do", found.do)] if found.do else []))


def patient_lines(day: PatientDay) -> list[str]:
    """The most of any 24 hours."""
    bound = f", ended by {day.bound}" if day.bound else ""
    return aligned(
        [
            ("boluses in 24 h", f"{day.boluses} of {VOLUME.text(day.bolus_nl)}{bound}"),
            ("basal in 24 h", f"at most {_volume(day.basal_nl)}"),
            ("all in 24 h", f"at most {_volume(day.total_nl)}, {DOSE.text(int(day.total_ng))}"),
        ]
    )


def wean_lines(steps: tuple[WeaningStep, ...]) -> list[str]:
    """A line a step."""
    return aligned([(f"day {step.day}", DAILY_DOSE.text(step.dose_ng_per_day)) for step in steps])


def plain_numbers(plan: Any) -> dict[str, object]:
    """A plan as JSON has it: what is a whole number rounded to one, a factor as `1/4`."""
    return {name: _plain(name, value) for name, value in plan._asdict().items()}


def _plain(name: str, value: object) -> object:
    if not isinstance(value, Fraction):
        return value
    return str(value) if name.endswith("factor") else round(value)
