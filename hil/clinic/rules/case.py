"""A plan, a person and a time, asked for one fact after another. A fact that nobody told raises FactMissing, and the rule is not judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple, TypeVar

from firmware_sim.units import US_PER_S
from hil.clinic.limits import MONTHS_PER_YEAR, PERCENT
from hil.clinic.percent import rise_percent
from hil.clinic.person import Break, Change, Person, Test
from hil.clinic.plan import Plan, Regimen
from hil.clinic.rules.table import Rule, RuleSet, Verdict
from hil.errors import UsageError

__all__ = ["Case", "FactMissing", "Judgement", "accepted", "broken"]

UNKNOWN = "unknown"
Fact = TypeVar("Fact")


class FactMissing(Exception):  # never leaves the engine
    """A rule asks for a fact that was not told."""


class Judgement(NamedTuple):
    """What one rule makes of a case, in a sentence, with the integers it was judged by."""

    verdict: Verdict
    what: str
    numbers: dict[str, int]


@dataclass(frozen=True, slots=True)
class Case:
    """What is judged."""

    rules: RuleSet
    plan: Plan
    person: Person | None
    now_us: int | None

    def __post_init__(self) -> None:
        """Raises UsageError for a history without a present, or one that lies after it."""
        times = _times(self.person)
        if times and self.now_us is None:
            raise UsageError("the person's file has times, and the present is not known", do='add --now "2026-01-31 08:00"')
        if self.now_us is not None and any(at_us > self.now_us for at_us in times):
            raise UsageError("the person's file tells of a time after the present", do="correct the time, or --now")

    # ---- words that rules are narrowed by

    def word(self, key: str) -> str:
        """A word for what `applies` of a rule names."""
        match key:
            case "drug":
                word = self.plan.drug
            case "act":
                word = self.act
            case "age":
                word = self._age_word()
            case "pump":
                word = "constant-flow" if self.plan.constant_flow else "programmable"
            case "reason":
                word = self.plan.reason or ("effect" if self.person else "")
            case _:
                word = {"origin": self._person.origin, "phase": self._person.phase}[key]
        return word or UNKNOWN

    def _age_word(self) -> str:
        months = self._person.age_months
        adult = self.rules.rules["R-060"].one("adult_years") * MONTHS_PER_YEAR
        return "" if months is None else "adult" if months >= adult else "child"

    @property
    def act(self) -> str:
        """What kind of act the plan is: test, start, change, restart or stop; empty where the history would have to say."""
        plan = self.plan
        if plan.test_dose_ng is not None:
            return "test"
        if plan.new is None:
            return ""
        if plan.new.stops:
            return "stop"
        if self.on_holiday:
            return "restart"
        if plan.old is not None and not plan.old.stops:
            return "change"
        return "" if self.person is None or self.person.doses is None else "start" if not self.person.doses else "change"

    @property
    def on_holiday(self) -> bool:
        """Whether the last break in the infusion was long, and no dose was given after it."""
        if self.person is None or not self.person.breaks or self.now_us is None:
            return False
        last: Break = self.person.breaks[-1]
        length_us = (self.now_us if last.until_us is None else last.until_us) - last.since_us
        later = [change for change in self.person.doses or () if change.at_us >= last.since_us]
        return length_us >= self.rules.rules["R-046"].one("gap_s") * US_PER_S and not later

    # ---- facts

    @property
    def _person(self) -> Person:
        return self.person or Person()

    def told(self, fact: Fact | None, name: str) -> Fact:
        """A fact of the person, or FactMissing."""
        if fact is None or fact == "":
            raise FactMissing(name)
        return fact

    @property
    def new(self) -> Regimen:
        """The therapy that is meant."""
        return self.told(self.plan.new, "the new therapy")

    @property
    def old(self) -> Regimen:
        """The therapy that it replaces; of a pump that has none, or runs at minimum rate, the last dose of the history."""
        old = self.plan.old
        if (old is None or old.stops) and self._person.doses:
            return Regimen.even(self._person.doses[-1].dose_ng_per_day, 0 if old is None else old.concentration_ng_per_ml)
        return self.told(old, "the therapy before")

    @property
    def now(self) -> int:
        """The present."""
        return self.told(self.now_us, "the present time")

    @property
    def known(self) -> Person:
        """The person."""
        return self.told(self.person, "the person")

    @property
    def tests(self) -> tuple[Test, ...]:
        """The test doses so far."""
        return self.told(self._person.tests, "the test doses")

    @property
    def effective(self) -> Test | None:
        """The last test dose with a response."""
        return next((test for test in reversed(self.tests) if test.positive), None)

    @property
    def doses(self) -> tuple[Change, ...]:
        """The doses per day so far, at least one."""
        return self.told(self._person.doses or None, "the doses so far")

    @property
    def rise_percent(self) -> Fraction:
        """How much more the new therapy gives than the old, on the weekday with the greatest rise; negative where all fall."""
        return max(_rise_percent(old, new) for old, new in self._days())

    @property
    def fall_percent(self) -> Fraction:
        """How much less, on the weekday with the greatest fall."""
        return max(-_rise_percent(old, new) for old, new in self._days())

    def _days(self) -> Iterator[tuple[int, int]]:
        return zip(self.old.day_doses_ng, self.new.day_doses_ng, strict=True)


def _rise_percent(old: int, new: int) -> Fraction:
    """A rise from nothing counts as one that doubles."""
    return rise_percent(old, new) if old else Fraction(PERCENT if new else 0)


def accepted(what: str, **numbers: int) -> Judgement:
    """A judgement with nothing against the plan."""
    return Judgement(Verdict.ACCEPT, what, numbers)


def broken(rule: Rule, what: str, **numbers: int) -> Judgement:
    """A judgement against the plan, as severe as the rule."""
    return Judgement(rule.verdict, what, numbers)


def _times(person: Person | None) -> list[int]:
    if person is None:
        return []
    times = [test.at_us for test in person.tests or ()] + [change.at_us for change in person.doses or ()]
    times += [at_us for each in person.breaks for at_us in (each.since_us, each.until_us) if at_us is not None]
    return times + ([person.injured_us] if person.injured_us is not None else [])
