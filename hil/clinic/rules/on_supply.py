"""Rules about what is in the bottle, the syringe and the reservoir, and by which way it is given."""

from __future__ import annotations

from firmware_sim.units import NL_PER_ML, US_PER_DAY
from hil.clinic.limits import DAYS_PER_YEAR
from hil.clinic.plan import Supply
from hil.clinic.rules.case import Case, FactMissing, Judgement, accepted, broken
from hil.clinic.rules.table import Rule
from hil.wording import quantity
from hil.wording.measures import measure
from hil.wording.quantity import CONCENTRATION

__all__ = ["DILUENTS", "SUPPLY_CHECKS"]

DILUENTS = ("", "sodium chloride 0.9 %")
"""What a drug may be diluted with; empty: with nothing."""


def _sold_strength(rule: Rule, case: Case) -> Judgement:
    wanted, sold = _concentration(case), rule.many("strengths_ng_per_ml")
    said = CONCENTRATION.text(wanted)
    if wanted in sold:
        return accepted(f"{said} is sold", concentration_ng_per_ml=wanted)
    if wanted > max(sold):
        return broken(rule, f"{said} is stronger than any that is sold", concentration_ng_per_ml=wanted)
    return accepted(f"{said} is made by dilution", concentration_ng_per_ml=wanted)


def _concentration(case: Case) -> int:
    return case.new.concentration_ng_per_ml


def _purpose(rule: Rule, case: Case) -> Judgement:
    wanted = _concentration(case)
    said = f"{CONCENTRATION.text(wanted)} in a pump"
    return broken(rule, said) if wanted == rule.one("test_ng_per_ml") else accepted(said)


def _concentration_max(rule: Rule, case: Case) -> Judgement:
    wanted, most = _concentration(case), rule.one("most_ng_per_ml")
    said = f"{CONCENTRATION.text(wanted)} is {'above' if wanted > most else 'not above'} {CONCENTRATION.text(most)}"
    return broken(rule, said) if wanted > most else accepted(said)


def _concentration_change(rule: Rule, case: Case) -> Judgement | None:
    old, new = case.told(case.plan.old, "the therapy before").concentration_ng_per_ml, _concentration(case)
    if old == new:
        return None
    return broken(rule, f"the concentration changes from {CONCENTRATION.text(old)} to {CONCENTRATION.text(new)}")


def _daily_volume(rule: Rule, case: Case) -> Judgement | None:
    concentration = _concentration(case)
    if not concentration or case.new.stops:
        return None
    nl_per_day = case.new.highest_ng_per_day * NL_PER_ML // concentration
    return broken(rule, f"{quantity.VOLUME.text(nl_per_day)} a day at {CONCENTRATION.text(concentration)}", nl_per_day=nl_per_day)


def _supply(case: Case) -> Supply:
    supply = case.plan.supply
    if supply is None:
        raise FactMissing("the ampoules")
    return supply


def _diluent(rule: Rule, case: Case) -> Judgement:
    supply = _supply(case)
    if supply.mixed_with:
        return broken(rule, f"mixed with {supply.mixed_with}")
    if supply.diluent not in DILUENTS:
        return broken(rule, f"diluted with {supply.diluent}")
    sold = case.rules.rules["R-001"].many("strengths_ng_per_ml")
    if supply.diluent and case.plan.new is not None and _concentration(case) in sold:
        return broken(rule, f"diluted to {CONCENTRATION.text(_concentration(case))}, which is sold")
    return accepted(f"diluted with {supply.diluent}" if supply.diluent else "not diluted")


def _ampoule_state(rule: Rule, case: Case) -> Judgement:
    supply = _supply(case)
    faults = {"opened before": supply.opened_before, "coloured": supply.coloured, "has particles": supply.particles}
    found = [name for name, there in faults.items() if there]
    return broken(rule, ", ".join(found)) if found else accepted("new, clear and colourless")


def _storage(rule: Rule, case: Case) -> Judgement:
    supply = _supply(case)
    warmest = rule.one("stored_degc")
    faults = {"frozen": supply.frozen, "heat-sterilised": supply.heated}
    found = [name for name, there in faults.items() if there]
    if supply.stored_degc is not None and supply.stored_degc > warmest:
        found.append(f"stored at {measure('stored_degc', supply.stored_degc)}")
    if supply.age_days is not None and supply.age_days > _days(rule.one("shelf_years")):
        found.append(f"{quantity.number(supply.age_days)} days old")
    return broken(rule, ", ".join(found)) if found else accepted("stored right")


def _days(years: int) -> int:
    """Whole days of so many years, leap days left off."""
    return years * DAYS_PER_YEAR


def _stability(rule: Rule, case: Case) -> Judgement:
    refilling = case.told(case.plan.refilling, "the next refill")
    days = -(-(refilling.next_us - refilling.filled_us) // US_PER_DAY)
    said = f"{quantity.number(days)} days from fill to refill"
    return broken(rule, said, days=days) if days > rule.one("stability_days") else accepted(said, days=days)


def _never_empty(rule: Rule, case: Case) -> Judgement:
    refilling = case.told(case.plan.refilling, "the next refill")
    refill = quantity.clock(refilling.next_us)
    if refilling.empty_us is None:
        return accepted(f"refill on {refill}; the reservoir does not run empty")
    said = f"refill on {refill}, empty on {quantity.clock(refilling.empty_us)}"
    return broken(rule, said) if refilling.empty_us <= refilling.next_us else accepted(said)


def _route(rule: Rule, case: Case) -> Judgement:
    said = f"the route is {case.plan.route}"
    return accepted(said) if case.plan.route == "intrathecal" else broken(rule, said)


def _advice(rule: Rule, case: Case) -> Judgement:
    return broken(rule, f"this is a {case.act}")


SUPPLY_CHECKS = {
    "sold-strength": _sold_strength,
    "purpose": _purpose,
    "concentration-max": _concentration_max,
    "concentration": _concentration_change,
    "daily-volume": _daily_volume,
    "diluent": _diluent,
    "ampoule-state": _ampoule_state,
    "storage": _storage,
    "stability": _stability,
    "never-empty": _never_empty,
    "route": _route,
    "advice": _advice,
}
"""Each check by its name in a rule set."""
