"""The slips themselves: each turns what is meant into what is told. Pure: nothing is drawn, nothing is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from firmware_sim.units import NL_PER_ML, S_PER_H, S_PER_MIN
from hil.clinic.human.intent import Bolus, Bridge, Intent, Prime, Refill, Update
from hil.faults.human_faults import ONCE
from hil.therapy.arithmetic import MINUTES_PER_DAY, MINUTES_PER_H, day_dose_ng
from protocol.therapy import Group, PatientRule, Step, Therapy

__all__ = ["HumanError", "Told", "told"]

Values = Mapping[str, int | str]


class HumanError(NamedTuple):
    """A human fault in force, as the verb `faults` tells it."""

    handle: int
    name: str
    parameters: Values

    @property
    def once(self) -> bool:
        """Whether it is over once it has changed something."""
        return self.parameters.get("acts", ONCE) == ONCE


class Told(NamedTuple):
    """What the pump is told (None: nothing), and the errors that made it differ from what was meant."""

    intent: Intent | None
    by: tuple[HumanError, ...] = ()


def told(intent: Intent, errors: Iterable[HumanError]) -> Told:
    """Apply the errors in the order in which they came. Raises KeyError for one that is no human fault."""
    now: Intent | None = intent
    by: list[HumanError] = []
    for error in errors:
        if now is None:
            break
        before, now = now, _SLIPS[error.name](now, error.parameters)
        if now != before:
            by.append(error)
    return Told(now, tuple(by))


def _minutes_for_hours(intent: Intent, values: Values) -> Intent:
    of_lockout = values["what"] == "lockout"
    match intent:
        case Bolus() if not of_lockout:
            return intent._replace(duration_s=_shrunk(intent.duration_s))
        case Update(therapy=therapy):
            rules = tuple(
                rule._replace(lockout_s=_shrunk(rule.lockout_s)) if of_lockout else rule._replace(duration_s=_shrunk(rule.duration_s))
                for rule in therapy.patient
            )
            return intent._replace(therapy=therapy._replace(patient=rules))
        case _:
            return intent


def _shrunk(seconds: int) -> int:
    """So many hours become as many minutes."""
    return seconds * S_PER_MIN // S_PER_H


def _hourly_for_daily(intent: Intent, _values: Values) -> Intent:
    if not isinstance(intent, Update):
        return intent
    therapy = intent.therapy
    groups = tuple(_every_hour(group, therapy.concentration_ng_per_ml) for group in therapy.groups)
    return intent._replace(therapy=therapy._replace(groups=groups))


def _every_hour(group: Group, concentration_ng_per_ml: int) -> Group:
    """The dose of the step with the highest rate is given in every hour of the day."""
    step = max(group.steps, key=lambda step: step.rate_nl_per_h)
    rate = step.rate_nl_per_h * (step.end_minute - step.start_minute) // MINUTES_PER_H
    hourly = group._replace(steps=(Step(0, MINUTES_PER_DAY, rate),))
    return hourly._replace(daily_dose_ng=int(day_dose_ng(hourly, concentration_ng_per_ml)))


def _bridge_forgotten(intent: Intent, _values: Values) -> Intent | None:
    return None if isinstance(intent, Bridge) else intent


def _concentration_typed_wrong(intent: Intent, values: Values) -> Intent:
    typed = int(values["typed_ng_per_ml"])
    match intent:
        case Refill() if intent.concentration_ng_per_ml:
            return intent._replace(concentration_ng_per_ml=typed)
        case Bolus() if intent.dose_ng:
            return intent._replace(volume_nl=_volume_nl(intent.dose_ng, typed))
        case Update(therapy=therapy) if therapy.concentration_ng_per_ml:
            return intent._replace(therapy=_of_strength(therapy, typed, intent.plain_rates_nl_per_h))
        case _:
            return intent


def _of_strength(therapy: Therapy, typed: int, plain_rates: tuple[int, ...]) -> Therapy:
    """The same doses, worked out for another strength as a programmer does: every rate and volume rounded down."""
    true = therapy.concentration_ng_per_ml

    def step_of(step: Step) -> Step:
        rate = step.rate_nl_per_h
        return step if rate in plain_rates else step._replace(rate_nl_per_h=rate * true // typed)

    def rule_of(rule: PatientRule) -> PatientRule:
        return rule._replace(volume_nl=_volume_nl(rule.dose_ng, typed), window_nl=rule.window_nl * true // typed)

    groups = tuple(group._replace(steps=tuple(map(step_of, group.steps))) for group in therapy.groups)
    return therapy._replace(concentration_ng_per_ml=typed, groups=groups, patient=tuple(map(rule_of, therapy.patient)))


def _volume_nl(dose_ng: int, concentration_ng_per_ml: int) -> int:
    return dose_ng * NL_PER_ML // concentration_ng_per_ml


def _update_abandoned(intent: Intent, values: Values) -> Intent:
    return intent._replace(stops_after=str(values["after"])) if isinstance(intent, Update) else intent


def _old_tubing_constant(intent: Intent, values: Values) -> Intent:
    if not isinstance(intent, Prime | Bridge) or not intent.tubing_nl:
        return intent
    typed_nl = int(values["typed_nl"])
    return intent._replace(volume_nl=intent.volume_nl + typed_nl - intent.tubing_nl, tubing_nl=typed_nl)


_SLIPS: dict[str, Callable[[Intent, Values], Intent | None]] = {
    "human.minutes_for_hours": _minutes_for_hours,
    "human.hourly_for_daily": _hourly_for_daily,
    "human.bridge_forgotten": _bridge_forgotten,
    "human.concentration_typed_wrong": _concentration_typed_wrong,
    "human.update_abandoned": _update_abandoned,
    "human.old_tubing_constant": _old_tubing_constant,
}
