"""Rules about the person: who may be treated, test doses, what else they have and take."""

from __future__ import annotations

from firmware_sim.units import US_PER_DAY, US_PER_S
from hil.clinic.limits import MONTHS_PER_YEAR
from hil.clinic.rules.case import Case, Judgement, accepted, broken
from hil.clinic.rules.table import Rule, Verdict
from hil.wording.measures import measure
from hil.wording.quantity import DOSE, duration, number

__all__ = ["PERSON_CHECKS"]

ORAL = "oral baclofen"
BRAIN_INJURY = "traumatic brain injury"


def _age(rule: Rule, case: Case) -> Judgement:
    months = case.told(case.known.age_months, "the person's age")
    said = f"the person is {number(months // MONTHS_PER_YEAR)} years and {months % MONTHS_PER_YEAR} months old"
    if months < rule.one("age_years_min") * MONTHS_PER_YEAR:
        return broken(rule, said, age_months=months)
    if case.known.too_small:
        return broken(rule, "the body is too small for the pump", age_months=months)
    if months < rule.one("age_years_limited") * MONTHS_PER_YEAR:
        return Judgement(Verdict.WARN, f"{said}: data are limited", {"age_months": months})
    return accepted(said, age_months=months)


def _injury(rule: Rule, case: Case) -> Judgement | None:
    if case.told(case.known.cause, "the cause") != BRAIN_INJURY:
        return None
    days = (case.now - case.told(case.known.injured_us, "the day of the injury")) // US_PER_DAY
    said = f"the injury was {number(days)} days ago"
    return broken(rule, said, days=days) if days < rule.one("wait_days") else accepted(said, days=days)


def _hits(rule: Rule, has: frozenset[str]) -> str:
    return "; ".join(f"{word}: {harm}" if harm != word else word for word, harm in rule.words.items() if word in has)


def _condition(rule: Rule, case: Case) -> Judgement:
    hits = _hits(rule, case.told(case.known.conditions, "the person's conditions"))
    return broken(rule, hits) if hits else accepted("nothing of it")


def _medicine(rule: Rule, case: Case) -> Judgement:
    taken = case.told(case.known.medicines, "the person's medicines")
    hits = _hits(rule, taken | ({ORAL} if case.known.oral_baclofen_ng_per_day else set()))
    return broken(rule, hits) if hits else accepted("takes nothing of it")


def _no_change(rule: Rule, case: Case) -> Judgement:
    old = case.told(case.known.age_months, "the person's age") > rule.one("age_years") * MONTHS_PER_YEAR
    hits = _hits(rule, case.known.conditions or frozenset())
    return accepted(f"{measure('age_years', rule.one('age_years'))} or more: no other dose" if old else hits or "nothing of it")


def _test_needed(rule: Rule, case: Case) -> Judgement:
    test = case.effective
    return broken(rule, "no test dose had an effect") if test is None else accepted(f"{DOSE.text(test.dose_ng)} had an effect")


def _first_test(rule: Rule, case: Case) -> Judgement | None:
    given = case.plan.test_dose_ng
    if case.tests or given is None:
        return None
    name = "small_doses_ng" if case.known.very_small else "test_doses_ng"
    said = f"{DOSE.text(given)} as the first test dose"
    if given not in rule.many(name):
        return broken(rule, f"{said}, in place of {measure(name, rule.many(name))}", dose_ng=given)
    return accepted(said, dose_ng=given)


def _next_test(rule: Rule, case: Case) -> Judgement | None:
    given = case.plan.test_dose_ng
    if not case.tests or given is None:
        return None
    last = case.tests[-1]
    since_s = (case.now - last.at_us) // US_PER_S
    numbers = {"dose_ng": given, "last_ng": last.dose_ng, "since_s": since_s}
    said = f"{DOSE.text(given)}, {duration(since_s)} after {DOSE.text(last.dose_ng)}"
    if given > last.dose_ng + rule.one("step_ng") or since_s < rule.one("interval_s"):
        return broken(rule, said, **numbers)
    return accepted(said, **numbers)


def _test_effect(rule: Rule, case: Case) -> Judgement | None:
    """Only a short effect is doubtful: a long one has a start dose of its own."""
    test = case.effective
    if test is None:
        return None
    effect_s = case.told(test.effect_s, "how long the test dose had its effect")
    said = f"the test dose had its effect for {duration(effect_s)}"
    return broken(rule, said, effect_s=effect_s) if effect_s < rule.one("effect_s_min") else accepted(said, effect_s=effect_s)


def _test_end(rule: Rule, case: Case) -> Judgement:
    last = rule.one("last_ng")
    failed = [test for test in case.tests if test.dose_ng >= last and test.positive is False]
    if failed and case.effective is None:
        return broken(rule, f"{DOSE.text(failed[-1].dose_ng)} had no effect")
    if case.plan.test_dose_ng is not None and case.plan.test_dose_ng > last:
        return broken(rule, f"{DOSE.text(case.plan.test_dose_ng)} is more than the last test dose there is")
    return accepted("screening may go on" if case.plan.test_dose_ng is not None else "screening ended with a response")


PERSON_CHECKS = {
    "age": _age,
    "injury": _injury,
    "condition": _condition,
    "medicine": _medicine,
    "no-change": _no_change,
    "test-needed": _test_needed,
    "first-test": _first_test,
    "next-test": _next_test,
    "test-effect": _test_effect,
    "test-end": _test_end,
}
"""Each check by its name in a rule set."""
