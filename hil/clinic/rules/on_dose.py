"""Rules about doses: the start, steps up and down, the time between them, limits, and slips of a unit."""

from __future__ import annotations

from fractions import Fraction

from firmware_sim.units import S_PER_DAY, US_PER_DAY, US_PER_S
from hil.clinic.limits import PERCENT
from hil.clinic.percent import percent_text, rise_percent
from hil.clinic.person import Test
from hil.clinic.rules.case import Case, Judgement, accepted, broken
from hil.clinic.rules.table import Rule, RuleSet, Verdict
from hil.wording.quantity import DAILY_DOSE, DOSE, duration, factor

__all__ = ["DOSE_CHECKS", "start_dose"]


def start_dose(rules: RuleSet, dose_ng: int, effect_s: int) -> tuple[Rule, int]:
    """The first dose per day after an effective test dose, and the rule it follows from: multiple x test dose, by the effect's length.

    Raises ValueError for a test dose, or an effect, of nothing.
    """
    if min(dose_ng, effect_s) <= 0:
        raise ValueError("there was no test dose, or it had no effect")
    for name in ("R-024", "R-025"):
        rule = rules.rules[name]
        if _fits(rule, effect_s):
            return rule, rule.one("multiple_factor") * dose_ng
    raise AssertionError("a set whose two start rules leave a gap")


def _fits(rule: Rule, effect_s: int) -> bool:
    return effect_s <= rule.one("effect_s_max") if "effect_s_max" in rule.numbers else effect_s > rule.one("effect_s_above")


def _start(rule: Rule, case: Case) -> Judgement | None:
    test: Test | None = case.effective
    if test is None:
        return None  # R-016 has said so
    effect_s = case.told(test.effect_s, "how long the test dose had its effect")
    if not _fits(rule, effect_s):
        return None
    most = rule.one("multiple_factor") * test.dose_ng
    given = case.new.highest_ng_per_day
    said = f"{DOSE.text(test.dose_ng)} had its effect for {duration(effect_s)}: the first dose is {DAILY_DOSE.text(most)}"
    numbers = {"dose_ng_per_day": given, "start_ng_per_day": most}
    if given > most:
        return broken(rule, f"{said}, not {DAILY_DOSE.text(given)}", **numbers)
    return accepted(said if given == most else f"{said}; {DAILY_DOSE.text(given)} is less", **numbers)


def _first_day(rule: Rule, case: Case) -> Judgement | None:
    if case.rise_percent <= 0:
        return None
    since_s = (case.now - case.doses[0].at_us) // US_PER_S
    if since_s >= rule.one("wait_s"):
        return accepted(f"the infusion began {duration(since_s)} ago", since_s=since_s)
    return broken(rule, f"an increase {duration(since_s)} after the infusion began", since_s=since_s)


def _increase(rule: Rule, case: Case) -> Judgement | None:
    rise = case.rise_percent
    if rise <= 0:
        return None
    most = rule.one("step_percent_max")
    said = f"+{percent_text(rise)}, from {DAILY_DOSE.text(case.old.highest_ng_per_day)} to {DAILY_DOSE.text(case.new.highest_ng_per_day)}"
    numbers = {"dose_ng_per_day": case.new.highest_ng_per_day, "old_ng_per_day": case.old.highest_ng_per_day, "step_percent_max": most}
    return broken(rule, f"{said}: more than {most} % in one step", **numbers) if rise > most else accepted(said, **numbers)


def _decrease(rule: Rule, case: Case) -> Judgement | None:
    fall, most = case.fall_percent, rule.one("step_percent_max")
    if fall <= 0:
        return None
    said = f"-{percent_text(fall)}, from {DAILY_DOSE.text(case.old.highest_ng_per_day)} to {DAILY_DOSE.text(case.new.highest_ng_per_day)}"
    return broken(rule, f"{said}: more than {most} % in one step") if fall > most else accepted(said)


def _absolute_step(rule: Rule, case: Case) -> Judgement | None:
    step = case.new.highest_ng_per_day - case.old.highest_ng_per_day
    if step <= 0:
        return None
    said = f"{DAILY_DOSE.text(step)} more"
    return broken(rule, said, step_ng_per_day=step) if step > rule.one("step_ng_per_day") else accepted(said, step_ng_per_day=step)


def _interval(rule: Rule, case: Case) -> Judgement | None:
    """Time since the last increase; the start itself is none (the first day has a rule of its own)."""
    if case.rise_percent <= 0:
        return None
    rises = [
        later.at_us for before, later in zip(case.doses, case.doses[1:], strict=False) if later.dose_ng_per_day > before.dose_ng_per_day
    ]
    if not rises:
        return accepted("the first increase")
    since_s = (case.now - rises[-1]) // US_PER_S
    said = f"the last increase was {duration(since_s)} ago"
    return broken(rule, said, since_s=since_s) if since_s < rule.one("interval_s") else accepted(said, since_s=since_s)


def _no_effect(rule: Rule, case: Case) -> Judgement | None:
    if case.rise_percent <= 0:
        return None
    if case.told(case.known.effect, "what the last dose does") != "none":
        return accepted("the dose so far has an effect")
    first, given = case.doses[0].dose_ng_per_day, case.new.highest_ng_per_day
    said = f"{DAILY_DOSE.text(first)} at the start, now {DAILY_DOSE.text(given)}, and no effect"
    return broken(rule, said) if rise_percent(first, given) >= rule.one("rise_percent") else accepted(said)


def _sudden_need(rule: Rule, case: Case) -> Judgement | None:
    """The dose meant now against the one of some weeks ago."""
    if case.rise_percent <= 0:
        return None
    days = rule.one("within_days")
    since_us = case.now - days * US_PER_DAY
    then = next((change for change in reversed(case.doses) if change.at_us <= since_us), case.doses[0]).dose_ng_per_day
    rise = rise_percent(then, case.new.highest_ng_per_day)
    said = f"+{percent_text(rise)} within {duration(days * S_PER_DAY)}"
    return broken(rule, said) if rise >= rule.one("rise_percent") else accepted(said)


def _soft_limit(rule: Rule, case: Case) -> Judgement:
    given, soft = case.new.most_ng_per_day, rule.one("soft_ng_per_day")
    said = f"{DAILY_DOSE.text(given)} is {'above' if given > soft else 'not above'} {DAILY_DOSE.text(soft)}"
    numbers = {"dose_ng_per_day": given, "soft_ng_per_day": soft}
    return broken(rule, said, **numbers) if given > soft else accepted(said, **numbers)


def _dose_range(rule: Rule, case: Case) -> Judgement:
    given, high = case.new.most_ng_per_day, rule.one("high_ng_per_day")
    numbers = {"dose_ng_per_day": given, "high_ng_per_day": high}
    if given > high:
        return broken(rule, f"{DAILY_DOSE.text(given)} is above {DAILY_DOSE.text(high)}", **numbers)
    low = rule.one("low_ng_per_day") if "low_ng_per_day" in rule.numbers else 0
    word = "is less than any that was seen to work" if given < low else "is among the doses that were seen"
    return accepted(f"{DAILY_DOSE.text(given)} {word}", **numbers)


def _aim(rule: Rule, case: Case) -> Judgement | None:
    if case.rise_percent <= 0:
        return None
    if case.told(case.known.effect, "what the last dose does") == "enough":
        return broken(rule, "an increase though the dose so far is enough")
    return accepted("the dose so far is not enough")


def _restart(rule: Rule, case: Case) -> Judgement:
    first = case.doses[0].dose_ng_per_day
    given = case.new.highest_ng_per_day
    numbers = {"dose_ng_per_day": given, "start_ng_per_day": first}
    if given > first:
        said = f"a restart after a break at {DAILY_DOSE.text(given)}, and the first start dose was {DAILY_DOSE.text(first)}"
        return broken(rule, said, **numbers)
    return accepted(f"a restart after a break at {DAILY_DOSE.text(given)}", **numbers)


def _complex_mode(rule: Rule, case: Case) -> Judgement | None:
    if not case.new.complex_mode:
        return None
    if case.act != "change":
        return broken(rule, f"a complex mode at the {case.act}")
    stable = case.told(case.known.stable, "whether the person is stable")
    return accepted("a complex mode, and the person is stable") if stable else broken(rule, "a complex mode, and the person is not stable")


def _gradual(rule: Rule, case: Case) -> Judgement | None:
    """A stop at once is refused, a large step down warned of; side effects have a rule of their own."""
    if case.new.stops:
        return broken(rule, "the infusion would stop at once")
    fall = case.fall_percent
    if fall <= 0 or case.word("reason") == "side-effects":
        return None
    said = f"-{percent_text(fall)} at once"
    return Judgement(Verdict.WARN, said, {}) if fall > rule.one("step_percent_max") else accepted(said)


def _slip(rule: Rule, case: Case) -> Judgement | None:
    """A change too large to be meant; a dose too near the oral one."""
    said = [*_oral_slip(rule, case), *_typing_slips(rule, case)]
    if said:
        return broken(rule, "; ".join(said))
    return None if case.plan.old is None else accepted("no number changes like a slip of a unit")


def _oral_slip(rule: Rule, case: Case) -> list[str]:
    oral = case.person.oral_baclofen_ng_per_day if case.person else None
    given = case.new.highest_ng_per_day
    if not oral or given * rule.one("oral_factor") <= oral:
        return []
    return [f"{DAILY_DOSE.text(given)} is more than a hundredth of the {DAILY_DOSE.text(oral)} taken by mouth"]


def _typing_slips(rule: Rule, case: Case) -> list[str]:
    old = case.plan.old
    if old is None or old.stops or case.new.stops:
        return []
    pairs = (
        ("the dose", old.highest_ng_per_day, case.new.highest_ng_per_day),
        ("the concentration", old.concentration_ng_per_ml, case.new.concentration_ng_per_ml),
    )
    return [f"{name} {said}" for name, before, after in pairs if (said := _slip_text(rule, before, after))]


def _slip_text(rule: Rule, old: int, new: int) -> str:
    """Name the slip that a ratio looks like; empty for a ratio that may be meant."""
    if not old or not new:
        return ""
    ratio = Fraction(max(old, new), min(old, new))
    if ratio < rule.one("slip_factors_from"):
        return ""
    tolerance = Fraction(rule.one("slip_tolerance_percent"), PERCENT)
    near = [slip for slip in rule.many("slip_factors") if abs(ratio / slip - 1) <= tolerance]
    return f"becomes {factor(old, new)}" + (f", like {rule.words[str(near[0])]}" if near else "")


DOSE_CHECKS = {
    "start-dose": _start,
    "first-day": _first_day,
    "increase": _increase,
    "decrease": _decrease,
    "absolute-step": _absolute_step,
    "interval": _interval,
    "no-effect": _no_effect,
    "sudden-need": _sudden_need,
    "soft-limit": _soft_limit,
    "dose-range": _dose_range,
    "aim": _aim,
    "restart": _restart,
    "complex-mode": _complex_mode,
    "gradual": _gradual,
    "slip": _slip,
}
"""Each check by its name in a rule set."""
