"""The engine: every rule of a set asked about one case, and what came of it.

A rule is judged when its `applies` fits the case and all it asks for was told. What was not told is listed with the rules that asked, so
that nobody takes silence for consent.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from hil.clinic.person import Person
from hil.clinic.plan import Plan
from hil.clinic.rules.case import UNKNOWN, Case, FactMissing, Judgement
from hil.clinic.rules.on_dose import DOSE_CHECKS
from hil.clinic.rules.on_person import PERSON_CHECKS
from hil.clinic.rules.on_supply import SUPPLY_CHECKS
from hil.clinic.rules.table import Rule, RuleSet, Verdict
from hil.errors import UsageError

__all__ = ["CHECKS", "Finding", "NotJudged", "Report", "judge"]

Check = Callable[[Rule, Case], Judgement | None]
CHECKS: dict[str, Check] = {**SUPPLY_CHECKS, **PERSON_CHECKS, **DOSE_CHECKS}
"""Every check that a rule set may name."""
_FACTS = {
    "act": "what was given before",
    "origin": "the origin (spinal or cerebral)",
    "age": "the person's age",
    "phase": "the phase (titration or maintenance)",
    "reason": "the reason",
}
"""What to tell when a word that a rule is narrowed by is unknown."""


class Finding(NamedTuple):
    """What one rule says of a plan: what was found, why that matters, what to do. `verified` is false for figures nobody checked."""

    rule: str
    title: str
    verdict: Verdict
    what: str
    why: str
    do: str
    source: str
    numbers: dict[str, int]
    verified: bool

    @property
    def line(self) -> str:
        """One line for people; advice of an accepted plan is there too."""
        unverified = "" if self.verified else " (unverified)"
        return f"{self.rule} {self.title}: {self.what}; the rule: {self.why}{unverified}"


class NotJudged(NamedTuple):
    """A rule that would apply, and the fact it lacks."""

    rule: str
    title: str
    lacks: str


class Report(NamedTuple):
    """All findings of one set, the gravest first, and the rules that could not be judged."""

    rules: str
    findings: tuple[Finding, ...]
    not_judged: tuple[NotJudged, ...]

    def of(self, verdict: Verdict) -> tuple[Finding, ...]:
        """The findings with one verdict."""
        return tuple(finding for finding in self.findings if finding.verdict is verdict)

    def open_warnings(self, overrides: Collection[str]) -> tuple[Finding, ...]:
        """Warnings that nobody has overridden by the rule's id."""
        return tuple(finding for finding in self.of(Verdict.WARN) if finding.rule not in overrides)

    @property
    def verdict(self) -> Verdict:
        """The gravest of all."""
        return self.findings[0].verdict if self.findings else Verdict.ACCEPT


def judge(rules: RuleSet, plan: Plan, person: Person | None = None, now_us: int | None = None) -> Report:
    """Ask every rule. Raises UsageError for a history without a present, or one that lies after it."""
    case = Case(rules, plan, person, now_us)
    findings: list[Finding] = []
    not_judged: list[NotJudged] = []
    for rule in rules.rules.values():
        try:
            findings += _found(rule, case)
        except FactMissing as error:
            not_judged.append(NotJudged(rule.id, rule.title, str(error)))
    gravest_first = sorted(findings, key=lambda finding: (Verdict.REFUSE, Verdict.WARN, Verdict.ACCEPT).index(finding.verdict))
    return Report(rules.name, tuple(gravest_first), tuple(not_judged))


def _found(rule: Rule, case: Case) -> Iterator[Finding]:
    if not rule.check or not _applies(rule, case):
        return
    if rule.check not in CHECKS:
        raise UsageError(f"there is no check {rule.check!r}", where=rule.id, do=f"use one of {', '.join(CHECKS)}")
    judgement = CHECKS[rule.check](rule, case)
    if judgement is not None:
        yield Finding(
            rule.id, rule.title, judgement.verdict, judgement.what, rule.why, rule.advice, rule.source, judgement.numbers, rule.verified
        )


def _applies(rule: Rule, case: Case) -> bool:
    """Whether each word that narrows the rule fits. Raises FactMissing if all that is known fits and something is not known."""
    words = {key: case.word(key) for key in rule.applies}
    known = [word in rule.applies[key] for key, word in words.items() if word != UNKNOWN]
    if not all(known):
        return False
    for key, word in words.items():
        if word == UNKNOWN and UNKNOWN not in rule.applies[key]:
            raise FactMissing(_FACTS.get(key, key))
    return True
