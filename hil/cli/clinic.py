"""`pumpsim clinic ACTION`: what is worked out beside the pump. Nothing here speaks to one.

Every action prints a table, or with --json one JSON object. What takes time to import is imported by the action that needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hil.cli.clinic_case import AMPOULE_WORDS, allowed, profile_option, pump_told, refilling, regimen_in, reporting, supply, taken
from hil.cli.clinic_plan import plan_group
from hil.cli.given import Actions, Word
from hil.cli.output import show
from hil.cli.quantities import CLOCK, CONCENTRATION, DAILY_DOSE, DOSE, VOLUME
from hil.errors import CheckFailed, UsageError
from hil.wording.causes import nearest

if TYPE_CHECKING:
    from hil.clinic.plan import Plan
    from hil.clinic.rules.check import Report

__all__ = ["command"]


@click.group(cls=Actions)
def command() -> None:
    """Dose rules, bridge, dilution, priming, refill dates. For simulation and training, never for patient care.

    \b
        pumpsim clinic check therapy.yaml --person person.yaml --now '2026-01-31 08:00'
        pumpsim clinic plan start --test-dose '50 mcg' --response '10 h'
        pumpsim clinic bridge --old '500 mcg/mL' --new '2,000 mcg/mL' --dose '100 mcg/day' --catheter 89cm
    """  # noqa: D301  # click wants the character itself


command.add_command(plan_group)


@command.command()
@click.argument("file", type=click.Path(dir_okay=False), required=False)
@click.option("--old", type=click.Path(dir_okay=False), metavar="FILE", help="The therapy before.")
@click.option("--person", type=click.Path(dir_okay=False), metavar="FILE", help="What is known of the person; see docs/how-to/clinic.md.")
@click.option("--now", "now_us", type=CLOCK, metavar='"2026-01-31 08:00"', help="The present, on the pump's clock.")
@click.option("--test-dose", "test_dose_ng", type=DOSE, metavar='"50 mcg"', help="Judge a test dose in the place of a therapy.")
@click.option("--drug", default="baclofen", show_default=True, metavar="NAME", help="The drug of the test dose.")
@click.option("--reason", type=Word(["effect", "side-effects", "holiday", "overdose", "reaction"]), help="Why the dose changes.")
@click.option("--route", default="intrathecal", show_default=True, metavar="WORD", help="How it is to be given.")
@click.option("--ampoule", "ampoules", multiple=True, type=Word(AMPOULE_WORDS), help="Their state; may be given twice.")
@click.option("--diluent", default="", metavar="NAME", help="What it is diluted with.")
@click.option("--mixed-with", default="", metavar="DRUG", help="What else is in the syringe.")
@click.option("--filled", "filled_us", type=CLOCK, metavar='"2026-01-01 08:00"', help="When the pump was filled.")
@click.option("--refill", "refill_us", type=CLOCK, metavar='"2026-03-01 08:00"', help="When it is to be filled again.")
@click.option("--empty", "empty_us", type=CLOCK, metavar='"2026-04-01 08:00"', help="When it would be empty, as `clinic plan refill` says.")
@click.option("--override", "overrides", multiple=True, metavar="R-033", help="A warning that is meant to be passed; may be given twice.")
@click.option("--all", "everything", is_flag=True, help="Show what was accepted too.")
@profile_option
@reporting
def check(file: str | None, overrides: tuple[str, ...], everything: bool, rules_name: str | None, as_json: bool, **asked: Any) -> None:
    """Judge the therapy in FILE, or a test dose, by the rules of a label; ends with 1 where `pumpsim program update` would.

    Without --person only the rules are judged that ask nothing of the person; the others are listed with what they lack.
    """
    from hil.cli.clinic_view import report_data, report_lines
    from hil.clinic.history import check_history
    from hil.clinic.person_file import read_person
    from hil.clinic.rules.check import judge
    from hil.clinic.rules.table import DEFAULT_SET, rule_set, token_of

    for name in overrides:
        token_of(name)
    rules = rule_set(rules_name or DEFAULT_SET)
    plan = _plan(file, asked)
    person = read_person(asked["person"]).person if asked["person"] else None
    check_history(plan, person, asked["person"])
    report = judge(rules, plan, person, asked["now_us"])
    show(report_data(report, overrides), report_lines(report, overrides, everything=everything), as_json=as_json)
    _conclude(report, overrides, file or "the test dose")


def _plan(file: str | None, asked: dict[str, Any]) -> Plan:
    """The plan that the options tell of. Raises UsageError, TherapyRefused."""
    from hil.clinic.plan import ROUTES, Plan

    if (file is None) == (asked["test_dose_ng"] is None):
        raise UsageError("a therapy FILE or a --test-dose is judged, one of them", where="pumpsim clinic check", do="give one")
    if asked["route"] not in ROUTES:
        raise UsageError(f"{asked['route']!r} is no route", where="--route", do=f"use one of {', '.join(ROUTES)}")
    told = pump_told(asked["profile"])
    drug, new = asked["drug"], None
    names = sorted({each.name for each in told.identity.drugs})
    if file is None and drug not in names:
        raise UsageError(f"the pump does not know the drug {drug!r}", where="--drug", do=nearest(drug, names))
    if file is not None:
        document, new = regimen_in(file, told.identity)
        drug = document.file.drug
    return Plan(
        drug=drug,
        new=new,
        old=regimen_in(asked["old"], told.identity)[1] if asked["old"] else None,
        test_dose_ng=asked["test_dose_ng"],
        reason=asked["reason"] or "",
        route=asked["route"],
        constant_flow=told.constant_flow,
        supply=supply(asked["ampoules"], asked["diluent"], asked["mixed_with"]),
        refilling=refilling(asked["filled_us"], asked["refill_us"], asked["empty_us"]),
    )


def _conclude(report: Report, overrides: tuple[str, ...], where: str) -> None:
    """End with 1 where something stands against the plan."""
    from hil.clinic.rules.table import Verdict

    refused, warned = report.of(Verdict.REFUSE), report.open_warnings(overrides)
    if refused:
        names = ", ".join(finding.rule for finding in refused)
        raise CheckFailed(f"refused by {names} of {report.rules}", where=where, do="a refusal cannot be overridden: change the plan")
    if warned:
        names = " ".join(f"--override {finding.rule}" for finding in warned)
        raise CheckFailed(f"{report.rules} warns", where=where, do=f"change the plan, or add {names}")


@command.command()
@click.option("--old", "old_ng_per_ml", type=CONCENTRATION, required=True, metavar='"500 mcg/mL"', help="The concentration before.")
@click.option("--new", "new_ng_per_ml", type=CONCENTRATION, required=True, metavar='"2,000 mcg/mL"', help="The concentration after.")
@click.option("--dose", "dose_ng_per_day", type=DAILY_DOSE, required=True, metavar='"100 mcg/day"', help="The dose while it lasts.")
@click.option("--new-dose", "new_ng_per_day", type=DAILY_DOSE, metavar='"100 mcg/day"', help="The dose after it, if it is another.")
@click.option("--catheter", metavar="NAME", help="The catheter, such as 89cm.")
@click.option("--catheter-volume", "catheter_nl", type=VOLUME, metavar='"0.196 mL"', help="Its volume, in the place of a name.")
@profile_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def bridge(catheter: str | None, catheter_nl: int | None, profile: str, as_json: bool, **quantities: Any) -> None:
    """The bridge bolus for a change of concentration, and what happens without it."""
    from hil.cli.clinic_view import bridge_lines, plain_numbers
    from hil.clinic.bridge import bridge as plan_bridge
    from protocol.messages import Bridge
    from protocol.therapy_check import check_bridge

    identity = pump_told(profile).identity
    volume_nl = identity.tubing_nl + _catheter(catheter, catheter_nl)
    plan = allowed("pumpsim clinic bridge", lambda: plan_bridge(volume_nl, **quantities))
    taken("pumpsim clinic bridge", lambda: check_bridge(Bridge(0, plan.volume_nl, plan.rate_nl_per_h), identity))
    show(plain_numbers(plan), bridge_lines(plan), as_json=as_json)


def _catheter(name: str | None, volume_nl: int | None) -> int:
    """The catheter's volume, told in one of two ways. Raises UsageError."""
    from hil.clinic.priming import catheter_nl

    if (name is None) == (volume_nl is None):
        raise UsageError("the catheter is told by its name or by its volume", where="--catheter", do="give one, such as --catheter 89cm")
    return catheter_nl(name) if name is not None else volume_nl or 0


@command.command()
@click.option("--dry", is_flag=True, help="The tubing is empty too: a new pump, or one whose tubing was emptied.")
@click.option("--catheter", metavar="NAME", help="The catheter, such as 89cm.")
@click.option("--catheter-volume", "catheter_nl", type=VOLUME, metavar='"0.196 mL"', help="Its volume, in the place of a name.")
@click.option("--concentration", "concentration_ng_per_ml", type=CONCENTRATION, default=0, metavar='"500 mcg/mL"', help="Of the drug.")
@profile_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def prime(dry: bool, catheter: str | None, catheter_nl: int | None, concentration_ng_per_ml: int, profile: str, as_json: bool) -> None:
    """The volume that fills the way to the tip, and what the old constant of the tubing would give too much."""
    from hil.cli.clinic_view import plain_numbers, priming_lines
    from hil.clinic.priming import priming
    from protocol.messages import Prime
    from protocol.therapy_check import check_prime

    volume_nl, identity = _catheter(catheter, catheter_nl), pump_told(profile).identity
    plan = allowed("pumpsim clinic prime", lambda: priming(volume_nl, concentration_ng_per_ml, dry=dry, tubing_nl=identity.tubing_nl))
    taken("pumpsim clinic prime", lambda: check_prime(Prime(0, plan.volume_nl), identity))
    show(plain_numbers(plan), priming_lines(plan, drug=bool(concentration_ng_per_ml)), as_json=as_json)


@command.command()
@click.option("--to", "wanted_ng_per_ml", type=CONCENTRATION, required=True, metavar='"1,000 mcg/mL"', help="The strength that is wanted.")
@click.option("--volume", "volume_nl", type=VOLUME, required=True, metavar='"20 mL"', help="How much of it.")
@click.option("--with", "diluent", default="sodium chloride 0.9 %", show_default=True, metavar="NAME", help="What it is diluted with.")
@click.option("--mixed-with", default="", metavar="DRUG", help="What else is to go in; the rules refuse it.")
@reporting
def dilute(wanted_ng_per_ml: int, volume_nl: int, diluent: str, mixed_with: str, rules_name: str | None, as_json: bool) -> None:
    """A strength that is not sold, in parts of drug and sodium chloride, with the ampoules that takes."""
    from hil.cli.clinic_view import dilution_lines, plain_numbers
    from hil.clinic.dilution import dilution
    from hil.clinic.rules.table import DEFAULT_SET, rule_set

    rules = rule_set(rules_name or DEFAULT_SET)
    recipe = allowed("pumpsim clinic dilute", lambda: dilution(rules, wanted_ng_per_ml, volume_nl, diluent, mixed_with))
    show(plain_numbers(recipe), dilution_lines(recipe), as_json=as_json)
