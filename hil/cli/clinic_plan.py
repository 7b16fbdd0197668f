"""`pumpsim clinic plan`: the first dose, the refill date, the night pattern, the weaning plan, a patient's day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hil.cli.clinic_case import allowed, profile_option, pump_told, reporting
from hil.cli.given import Actions
from hil.cli.output import show
from hil.cli.quantities import CLOCK, CONCENTRATION, DAILY_DOSE, DOSE, DURATION, MINUTE, VOLUME
from hil.errors import CheckFailed, UsageError
from hil.wording import quantity
from hil.wording.causes import nearest

if TYPE_CHECKING:
    from hil.clinic.refill import Fill
    from protocol.messages import Identity
    from protocol.therapy import Therapy

__all__ = ["plan_group"]


@click.group("plan", cls=Actions)
def plan_group() -> None:
    """Plan a start, a refill, a night pattern, a weaning; look at the most that a patient can get."""


@plan_group.command()
@click.option("--test-dose", "dose_ng", type=DOSE, required=True, metavar='"50 mcg"', help="The test dose that had an effect.")
@click.option("--response", "effect_s", type=DURATION, required=True, metavar='"10 h"', help="How long it had it.")
@click.option("--concentration", "concentration_ng_per_ml", type=CONCENTRATION, metavar='"500 mcg/mL"', help="For the rate too.")
@reporting
def start(dose_ng: int, effect_s: int, concentration_ng_per_ml: int | None, rules_name: str | None, as_json: bool) -> None:
    """The first dose per day after an effective test dose."""
    from hil.cli.clinic_view import start_lines
    from hil.clinic.rules.on_dose import start_dose
    from hil.clinic.rules.table import DEFAULT_SET, rule_set
    from hil.therapy.arithmetic import MINUTES_PER_DAY, rate_for, step_dose_ng

    rules = rule_set(rules_name or DEFAULT_SET)
    rule, first = allowed("pumpsim clinic plan start", lambda: start_dose(rules, dose_ng, effect_s))
    rate = None
    if concentration_ng_per_ml:
        nl_per_h = rate_for(first, MINUTES_PER_DAY, concentration_ng_per_ml)
        rate = nl_per_h, int(step_dose_ng(nl_per_h, MINUTES_PER_DAY, concentration_ng_per_ml))
    data = {"rules": rules.name, "rule": rule.id, "dose_ng_per_day": first, "rate_nl_per_h": rate and rate[0]}
    show(data, start_lines(rule, rules.name, first, rate), as_json=as_json)


@plan_group.command()
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--fill", "fill_nl", type=VOLUME, required=True, metavar='"20 mL"', help="In the reservoir after the fill.")
@click.option("--at", "at_us", type=CLOCK, required=True, metavar='"2026-01-01 08:00"', help="When it was filled, on the pump's clock.")
@click.option("--stability-days", type=click.IntRange(1, 3_650), metavar="DAYS", help="How long the drug keeps, if not as the rules say.")
@profile_option
@reporting
def refill(file: str, fill_nl: int, at_us: int, stability_days: int | None, profile: str, rules_name: str | None, as_json: bool) -> None:
    """By when a pump that runs the therapy in FILE is to be filled again, and why by then."""
    from hil.cli.clinic_view import refill_lines
    from hil.clinic.refill import Fill, plan_refill
    from hil.clinic.rules.table import DEFAULT_SET, rule_set
    from hil.therapy.file import read_therapy

    rule = rule_set(rules_name or DEFAULT_SET).rules["R-008"]
    identity = pump_told(profile).identity
    document = read_therapy(file)
    _fits(fill_nl, identity)
    fill = Fill(at_us, fill_nl, stability_days or rule.one("stability_days"))
    therapy = document.therapy(identity)
    plan = plan_refill(therapy, identity.limits[0], fill)
    show(plan, [*refill_lines(plan, fill, rule), *_entry_line(therapy, identity, fill)], as_json=as_json)


def _entry_line(therapy: Therapy, identity: Identity, fill: Fill) -> list[str]:
    """Beware of a pump whose own entry for the drug says fewer days: its dates will be earlier."""
    days = next(drug.stability_days for drug in identity.drugs if drug.drug_id == therapy.drug_id)
    if days >= fill.stability_days:
        return []
    return [f"beware                 the pump's own entry for the drug says {days} days, and its date will be no later than those"]


def _fits(fill_nl: int, identity: Identity) -> None:
    capacity_nl = identity.limits[0].capacity_nl
    if fill_nl > capacity_nl:
        held, most = quantity.VOLUME.text(fill_nl), quantity.VOLUME.text(capacity_nl)
        raise CheckFailed(f"{held} do not fit into the {most} of the reservoir", where="--fill", do="fill less")


@plan_group.command()
@click.option("--expected", "expected_nl", type=VOLUME, required=True, metavar='"3.2 mL"', help="What the pump says is left.")
@click.option("--withdrawn", "withdrawn_nl", type=VOLUME, required=True, metavar='"3 mL"', help="What the needle found.")
@click.option("--limit", "percent", type=click.IntRange(0, 100), metavar="PERCENT", help="Warn of a difference above it; 20 if not given.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def residual(expected_nl: int, withdrawn_nl: int, percent: int | None, as_json: bool) -> int:
    """What the needle found against what was expected; ends with 1 where they differ too much."""
    from hil.cli.clinic_view import plain_numbers, residual_lines
    from hil.clinic.residual import discrepancy

    found = discrepancy(expected_nl, withdrawn_nl, percent)
    show(plain_numbers(found), residual_lines(found), as_json=as_json)
    return 1 if found.warns else 0


@plan_group.command()
@click.option("--dose", "dose_ng_per_day", type=DAILY_DOSE, required=True, metavar='"240 mcg/day"', help="The dose of a day, which stays.")
@click.option("--concentration", "concentration_ng_per_ml", type=CONCENTRATION, required=True, metavar='"500 mcg/mL"', help="Of the drug.")
@click.option("--from", "start", type=MINUTE, required=True, metavar='"22:00"', help="When more effect is wanted.")
@click.option("--to", "end", type=MINUTE, required=True, metavar='"06:00"', help="Until when.")
@click.option("--drug", default="baclofen", show_default=True, metavar="NAME", help="For the therapy file.")
@profile_option
@reporting
def night(
    dose_ng_per_day: int, concentration_ng_per_ml: int, start: int, end: int, drug: str, profile: str, rules_name: str | None, as_json: bool
) -> None:
    """Print a therapy file with more by the hour at night, programmed ahead of the effect, at the same dose per day."""
    from hil.clinic.night import night_pattern
    from hil.clinic.rules.table import DEFAULT_SET, rule_set
    from hil.therapy.file import dump_therapy
    from hil.therapy.wire import drug_named, from_wire
    from protocol.codes import Mode
    from protocol.therapy import Therapy

    identity = pump_told(profile).identity
    rules = rule_set(rules_name or DEFAULT_SET)
    group = allowed("pumpsim clinic plan night", lambda: night_pattern(rules, dose_ng_per_day, concentration_ng_per_ml, (start, end)))
    entry, limits = drug_named(drug, identity), identity.limits[0]
    if entry is None:
        raise UsageError(
            f"the pump does not know the drug {drug!r}", where="--drug", do=nearest(drug, sorted({each.name for each in identity.drugs}))
        )
    repeats = (limits.critical_repeat_s_min, limits.non_critical_repeat_s_min)
    therapy = Therapy(
        Mode.FLEX, entry.drug_id, entry.version, concentration_ng_per_ml, _low_nl(limits.low_reservoir_nl_min), *repeats, (group,)
    )
    show(therapy, dump_therapy(from_wire(therapy, identity)).splitlines(), as_json=as_json)


def _low_nl(least_nl: int) -> int:
    """The low-reservoir level that was never late, or the pump's least."""
    from hil.numbers.practice import practice

    return max(least_nl, practice("low_alarm_nl_min"))


@plan_group.command()
@click.option("--dose", "dose_ng_per_day", type=DAILY_DOSE, required=True, metavar='"300 mcg/day"', help="The dose now.")
@click.option("--weeks", type=click.IntRange(0, 520), required=True, metavar="WEEKS", help="Over how many weeks.")
@reporting
def wean(dose_ng_per_day: int, weeks: int, rules_name: str | None, as_json: bool) -> None:
    """A taper to nothing, step by step."""
    from hil.cli.clinic_view import wean_lines
    from hil.clinic.rules.table import DEFAULT_SET, rule_set
    from hil.clinic.weaning import weaning_plan

    rules = rule_set(rules_name or DEFAULT_SET)
    steps = allowed("pumpsim clinic plan wean", lambda: weaning_plan(rules, dose_ng_per_day, weeks))
    show({"steps": steps}, wean_lines(steps), as_json=as_json)


@plan_group.command()
@click.argument("file", type=click.Path(dir_okay=False))
@profile_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def patient(file: str, profile: str, as_json: bool) -> None:
    """The most that the therapy in FILE gives in any 24 hours to one who asks for every bolus."""
    from hil.cli.clinic_view import patient_lines, plain_numbers
    from hil.clinic.patient_day import patient_day
    from hil.therapy.file import read_therapy

    identity = pump_told(profile).identity
    day = patient_day(read_therapy(file).therapy(identity), identity.limits[0])
    show(plain_numbers(day), patient_lines(day), as_json=as_json)
