"""The client's own look at a therapy, a refill or a bolus, before anything is sent: BEGIN may stop a pump.

Pure functions over what the pump told of itself. They raise Rejected with the codes, fields and places of a pump's refusal; the
first thing found wrong is told, in the order of the declaration.
"""

from __future__ import annotations

from collections.abc import Sequence

from protocol.codes import Mode, StatusFlag, Unit
from protocol.errors import Rejected
from protocol.limits import OVERRIDES_MAX, SOFT_DOSE_RULE
from protocol.messages import Bolus, Bridge, Condition, DrugEntry, Identity, Limits, Prime, Refill, Refusal
from protocol.refusals import Field, RefusalCode
from protocol.therapy import Group, PatientRule, Step, Therapy, index_of

__all__ = ["check_bolus", "check_bridge", "check_fill", "check_overrides", "check_prime", "check_refill", "check_therapy"]

DAY_MIN = 1440
DAYS = 7
_HOURS = 24
ALL_DAYS = (1 << DAYS) - 1
_MINUTES_NG = 60 * 1_000_000
"""nL/h x min x ng/mL is this many times one ng."""
_NL_NG = 1_000_000
"""nL x ng/mL is this many times one ng."""


def check_therapy(therapy: Therapy, identity: Identity) -> None:
    """Everything about a therapy that can be judged without knowing what is in the pump. Raises Rejected."""
    limits = _limits(identity)
    drug = _drug(identity, therapy.drug_id, therapy.drug_version)
    concentration = therapy.concentration_ng_per_ml
    if therapy.mode not in (Mode.MINIMUM_RATE, Mode.SIMPLE, Mode.FLEX):
        raise _rejected(RefusalCode.UNKNOWN_MODE, Field.MODE, therapy.mode, Mode.FLEX)
    _within(concentration, drug.concentration_ng_per_ml_min, drug.concentration_ng_per_ml_max, Field.CONCENTRATION, Unit.NG_PER_ML)
    _within(therapy.low_reservoir_nl, limits.low_reservoir_nl_min, limits.low_reservoir_nl_max, Field.LOW_RESERVOIR, Unit.NL)
    _within(therapy.critical_repeat_s, limits.critical_repeat_s_min, limits.critical_repeat_s_max, Field.CRITICAL_REPEAT, Unit.S)
    low, high = limits.non_critical_repeat_s_min, limits.non_critical_repeat_s_max
    _within(therapy.non_critical_repeat_s, low, high, Field.NON_CRITICAL_REPEAT, Unit.S)
    _check_shape(therapy)
    for number, group in enumerate(therapy.groups):
        _check_steps(group, number, limits)
        _check_dose(group, number, concentration, drug)
    if therapy.mode != Mode.MINIMUM_RATE:
        _check_days(therapy.groups)
    for rule in therapy.patient:
        _check_patient(rule, concentration, limits)


def check_overrides(therapy: Therapy, identity: Identity, overrides: Sequence[int]) -> None:
    """A day above the drug's soft limit needs the token of its rule. Raises Rejected."""
    if len(overrides) > OVERRIDES_MAX:
        raise _rejected(RefusalCode.RANGE, Field.OVERRIDES, len(overrides), OVERRIDES_MAX, Unit.COUNT)
    soft = _drug(identity, therapy.drug_id, therapy.drug_version).daily_dose_ng_soft
    if soft and SOFT_DOSE_RULE not in overrides and any(group.daily_dose_ng > soft for group in therapy.groups):
        raise _rejected(RefusalCode.OVERRIDE, Field.OVERRIDES, SOFT_DOSE_RULE, soft, Unit.NG)


def check_fill(therapy: Therapy, condition: Condition) -> None:
    """The therapy against what the pump was last told it holds. Raises Rejected."""
    if condition.flags & StatusFlag.NO_FILL:
        raise _rejected(RefusalCode.NO_FILL, Field.MODE, therapy.mode, 0)
    if therapy.drug_id != condition.fill_drug_id:
        raise _rejected(RefusalCode.UNIT_MISMATCH, Field.DRUG, therapy.drug_id, condition.fill_drug_id)
    held = condition.fill_concentration_ng_per_ml
    if therapy.concentration_ng_per_ml != held:
        raise _rejected(RefusalCode.UNIT_MISMATCH, Field.CONCENTRATION, therapy.concentration_ng_per_ml, held, Unit.NG_PER_ML)


def check_refill(refill: Refill, identity: Identity) -> None:
    """A refill against the reservoir and the drugs known; any concentration may be told. Raises Rejected."""
    capacity_nl = _limits(identity).capacity_nl
    _within(refill.volume_nl, 0, capacity_nl, Field.VOLUME, Unit.NL)
    _within(refill.withdrawn_nl, 0, capacity_nl, Field.WITHDRAWN, Unit.NL)
    if refill.drug_id not in [drug.drug_id for drug in identity.drugs]:
        raise _rejected(RefusalCode.UNKNOWN_DRUG, Field.DRUG, refill.drug_id, 0)


def check_bolus(bolus: Bolus, identity: Identity, concentration: int) -> None:
    """A bolus against the pump's limits and the therapy's concentration (ng/mL): within one nanolitre, or one nanogram.

    Raises Rejected.
    """
    _check_bolus(bolus.volume_nl, bolus.dose_ng, bolus.duration_s, concentration, _limits(identity))


def check_prime(prime: Prime, identity: Identity) -> None:
    """A prime against the pump's limits. Raises Rejected."""
    limits = _limits(identity)
    _within(prime.volume_nl, limits.bolus_nl_min, limits.prime_nl_max, Field.VOLUME, Unit.NL)


def check_bridge(bridge: Bridge, identity: Identity) -> None:
    """A bridge bolus against the pump's limits. Raises Rejected."""
    limits = _limits(identity)
    _within(bridge.volume_nl, limits.bolus_nl_min, limits.bridge_nl_max, Field.VOLUME, Unit.NL)
    if bridge.rate_nl_per_h != limits.minimum_rate_nl_per_h:
        _within(bridge.rate_nl_per_h, limits.rate_nl_per_h_min, limits.rate_nl_per_h_max, Field.RATE, Unit.NL_PER_H)


def _check_bolus(volume_nl: int, dose_ng: int, duration_s: int, concentration: int, limits: Limits) -> None:
    _within(volume_nl, limits.bolus_nl_min, limits.bolus_nl_max, Field.VOLUME, Unit.NL)
    _within(duration_s, limits.bolus_s_min, limits.bolus_s_max, Field.DURATION, Unit.S)
    exact = volume_nl * concentration
    if abs(dose_ng * _NL_NG - exact) > max(concentration, _NL_NG):
        raise _rejected(RefusalCode.UNIT_MISMATCH, Field.DOSE, dose_ng, exact // _NL_NG, Unit.NG)


def _check_shape(therapy: Therapy) -> None:
    """How many groups, and steps, the mode has."""
    groups = len(therapy.groups)
    least, most = {Mode.MINIMUM_RATE: (0, 0), Mode.SIMPLE: (1, 1)}.get(Mode(therapy.mode), (1, DAYS))
    _within(groups, least, most, Field.GROUPS, Unit.COUNT)
    if therapy.mode == Mode.SIMPLE:
        _within(len(therapy.groups[0].steps), 1, 1, Field.STEPS, Unit.COUNT)


def _check_steps(group: Group, number: int, limits: Limits) -> None:
    """Steps tile the day from 00:00 to 24:00, in order, each at a rate the pump can run."""
    _within(len(group.steps), 1, limits.steps_per_group_max, Field.STEPS, Unit.COUNT, index_of(number, 0))
    due = 0
    for position, step in enumerate(group.steps):
        _check_step(step, due, index_of(number, position), limits)
        due = step.end_minute
    if due != DAY_MIN:
        last = index_of(number, len(group.steps) - 1)
        raise _rejected(RefusalCode.SCHEDULE_GAP, Field.END_MINUTE, due, DAY_MIN, Unit.MIN, last)


def _check_step(step: Step, due: int, index: int, limits: Limits) -> None:
    start, end = step.start_minute, step.end_minute
    if end > DAY_MIN or start >= end:
        raise _rejected(RefusalCode.SCHEDULE_MIDNIGHT, Field.END_MINUTE, end, DAY_MIN, Unit.MIN, index)
    if start != due:
        code = RefusalCode.SCHEDULE_GAP if start > due else RefusalCode.SCHEDULE_OVERLAP
        raise _rejected(code, Field.START_MINUTE, start, due, Unit.MIN, index)
    if step.rate_nl_per_h != limits.minimum_rate_nl_per_h:
        _within(step.rate_nl_per_h, limits.rate_nl_per_h_min, limits.rate_nl_per_h_max, Field.RATE, Unit.NL_PER_H, index)


def _check_dose(group: Group, number: int, concentration: int, drug: DrugEntry) -> None:
    """Dose and rates say the same, within one nL/h over the day; and the day is not above the drug's limit."""
    exact = concentration * sum((step.end_minute - step.start_minute) * step.rate_nl_per_h for step in group.steps)
    if abs(group.daily_dose_ng * _MINUTES_NG - exact) > concentration * DAY_MIN:
        place = index_of(number, 0)
        raise _rejected(RefusalCode.UNIT_MISMATCH, Field.DAILY_DOSE, group.daily_dose_ng, exact // _MINUTES_NG, Unit.NG, place)
    _within(group.daily_dose_ng, 0, drug.daily_dose_ng_max, Field.DAILY_DOSE, Unit.NG, index_of(number, 0))


def _check_patient(rule: PatientRule, concentration: int, limits: Limits) -> None:
    """What the patient may ask for is a bolus within limits, and fits the window it is counted in."""
    _check_bolus(rule.volume_nl, rule.dose_ng, rule.duration_s, concentration, limits)
    _within(rule.lockout_s, limits.lockout_s_min, limits.lockout_s_max, Field.LOCKOUT, Unit.S)
    _within(rule.most_per_day, 1, limits.most_per_day_max, Field.MOST_PER_DAY, Unit.COUNT)
    _within(rule.window_nl, rule.volume_nl, limits.rate_nl_per_h_max * _HOURS, Field.WINDOW, Unit.NL)


def _check_days(groups: tuple[Group, ...]) -> None:
    """Every weekday in exactly one group."""
    seen = 0
    for number, group in enumerate(groups):
        index = index_of(number, 0)
        _within(group.weekdays, 1, ALL_DAYS, Field.WEEKDAYS, Unit.NONE, index)
        if group.weekdays & seen:
            raise _rejected(RefusalCode.WEEKDAY_TWICE, Field.WEEKDAYS, group.weekdays & seen, 0, Unit.NONE, index)
        seen |= group.weekdays
    if seen != ALL_DAYS:
        raise _rejected(RefusalCode.WEEKDAY_MISSING, Field.WEEKDAYS, seen, ALL_DAYS)


def _limits(identity: Identity) -> Limits:
    return identity.limits[0]


def _drug(identity: Identity, drug_id: int, version: int) -> DrugEntry:
    for drug in identity.drugs:
        if (drug.drug_id, drug.version) == (drug_id, version):
            return drug
    raise _rejected(RefusalCode.UNKNOWN_DRUG, Field.DRUG, drug_id, 0)


def _within(value: int, least: int, most: int, field: Field, unit: Unit, index: int = 0) -> None:
    if not least <= value <= most:
        raise _rejected(RefusalCode.RANGE, field, value, least if value < least else most, unit, index)


def _rejected(code: RefusalCode, field: Field, value: int, limit: int, unit: Unit = Unit.NONE, index: int = 0) -> Rejected:
    return Rejected(Refusal(code, field, index, value, limit, unit))
