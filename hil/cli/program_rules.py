"""The label's rules in front of an update: a refusal ends it, a warning needs an override, and the override reaches the pump."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import click

from hil.clinic.bridge import bridge
from hil.clinic.history import check_break, check_history
from hil.clinic.person import Person
from hil.clinic.plan import REASONS, Plan, regimen_of
from hil.clinic.priming import catheter_nl
from hil.clinic.rules.check import Finding, Report, judge
from hil.clinic.rules.table import DEFAULT_SET, RuleSet, Verdict, rule_set, token_of
from hil.errors import CheckFailed, Problem, RulesBroken, UsageError
from hil.wording import quantity
from hil.wording.refusals import say
from protocol.codes import AlarmCause, Mode
from protocol.errors import Rejected
from protocol.limits import SOFT_DOSE_RULE
from protocol.refusals import Field
from protocol.therapy_check import check_overrides

if TYPE_CHECKING:
    from hil.therapy.file import TherapyDocument
    from protocol.client import Interrogation
    from protocol.messages import Identity
    from protocol.therapy import Therapy

__all__ = ["Judging"]


@dataclass(frozen=True, slots=True)
class Judging:
    """By which rules, for whom, and which warnings somebody means to pass."""

    rules: RuleSet
    person_file: str
    person: Person | None
    reason: str
    overrides: tuple[str, ...]

    @classmethod
    def asked(cls, person: str | None, reason: str, rules_name: str | None, overrides: tuple[str, ...]) -> Self:
        """From the options of the command line. Raises UsageError, before any port is opened."""
        if reason and reason not in REASONS:
            raise UsageError(f"{reason!r} is no reason", where="--reason", do=f"use one of {', '.join(REASONS)}")
        rules = rule_set(rules_name or DEFAULT_SET)
        for name in overrides:
            token_of(name)
            if name not in rules.rules:
                raise UsageError(f"{rules.name} has no rule {name}", where="--override", do="write the id that the warning named")
        return cls(rules, person or "", _read(person), reason, tuple(dict.fromkeys(overrides)))

    def judge(self, document: TherapyDocument, therapy: Therapy, known: Interrogation) -> Report:
        """Judge the therapy at the pump's own clock. Raises RulesBroken, with every refusal and open warning at its line."""
        limits = known.identity.limits[0]
        plan = Plan(
            drug=document.file.drug,
            new=regimen_of(therapy, limits),
            old=None if known.therapy is None or known.therapy.drug_id != therapy.drug_id else regimen_of(known.therapy, limits),
            reason=self.reason,
        )
        check_history(plan, self.person, self.person_file)
        if _stopped_long(known):
            check_break(self.person, self.person_file, "the pump has been stopped too long")
        report = judge(self.rules, plan, self.person, known.condition.clock_us)
        against = (*report.of(Verdict.REFUSE), *report.open_warnings(self.overrides))
        if against:
            line = document.line_of(Field.MODE if therapy.mode == Mode.MINIMUM_RATE else Field.DAILY_DOSE, 0)
            raise RulesBroken(document.path, tuple(_problem(finding, report.rules, line) for finding in against))
        return report

    def tokens(self, report: Report, therapy: Therapy, identity: Identity) -> tuple[int, ...]:
        """The numbers of the warnings that were passed, and of the pump's own soft limit if that was overridden.

        An override of a rule that did not warn goes nowhere: the pump's log tells what was passed, not what was typed. Raises CheckFailed
        where the pump's limit is lower than the label's, and nobody overrode it.
        """
        passed = [token_of(finding.rule) for finding in report.of(Verdict.WARN)]
        asked = [token_of(name) for name in self.overrides]
        try:
            check_overrides(therapy, identity, passed)
        except Rejected as error:
            if SOFT_DOSE_RULE not in asked:
                said = say(error.refusal)
                raise CheckFailed(said.what, do=f"{said.do}, with --override R-033; nothing was sent") from error
            passed.append(SOFT_DOSE_RULE)
        return tuple(passed)

    def tell(self, report: Report, therapy: Therapy, known: Interrogation) -> None:
        """Show the warnings that were passed, how many rules could not be judged, and the bridge that a new concentration needs."""
        for finding in report.of(Verdict.WARN):
            click.echo(f"! {finding.line}: overridden")
        unjudged = f", {len(report.not_judged)} not judged for want of facts (`pumpsim clinic check`)" if report.not_judged else ""
        click.echo(f"  {report.rules}: {len(report.of(Verdict.ACCEPT))} rules accept it{unjudged}")

        if _stopped_long(known) and self.person is None:
            click.echo(
                "! The pump was stopped for long: after a break the first start dose is given again (R-046), and nobody is told of here."
            )
        if self.person and self.person.catheter and (line := _bridge_line(self.person.catheter, therapy, known)):
            click.echo(line)

    def data(self, report: Report) -> dict[str, object]:
        """The same as data."""
        from hil.cli.clinic_view import report_data

        return report_data(report, self.overrides)


def _stopped_long(known: Interrogation) -> bool:
    """Whether the pump says that it was stopped for longer than is safe."""
    return any(alarm.cause == AlarmCause.STOPPED_TOO_LONG and alarm.active for alarm in known.condition.alarms)


def _bridge_line(catheter: str, therapy: Therapy, known: Interrogation) -> str:
    """The bridge bolus from the therapy in the pump to the new one; empty where the concentration or the dose says there is none."""
    old = known.therapy
    if old is None or old.drug_id != therapy.drug_id or old.concentration_ng_per_ml == therapy.concentration_ng_per_ml:
        return ""
    doses = [round(regimen_of(each, known.identity.limits[0]).mean_ng_per_day) for each in (old, therapy)]
    volume_nl = known.identity.tubing_nl + catheter_nl(catheter)
    try:
        plan = bridge(volume_nl, old.concentration_ng_per_ml, therapy.concentration_ng_per_ml, *doses)
    except ValueError:
        return ""
    asked = f"bridge --volume '{quantity.VOLUME.text(plan.volume_nl)}' --rate '{quantity.FINE_FLOW.text(plan.rate_nl_per_h)}'"
    return f"  then give the bridge bolus: {asked}"


def _read(path: str | None) -> Person | None:
    from hil.clinic.person_file import read_person

    return read_person(path).person if path else None


def _problem(finding: Finding, rules: str, line: int) -> Problem:
    warns = finding.verdict is Verdict.WARN
    do = f"{finding.do}, or add --override {finding.rule}" if warns else finding.do
    return Problem(
        line,
        f"{finding.rule} of {rules} {'warns' if warns else 'refuses'}: {finding.what} (rule: {finding.why})",
        f"{do}; nothing was sent",
    )
