"""What the firmware accepts: limits of the device and of the committed drug entry. It refuses with a code and never bends a value."""

from __future__ import annotations

from firmware_sim.errors import Refused
from firmware_sim.firmware.prescription import BolusOrder, Group, PatientRule, Prescription, RefillEntry
from firmware_sim.limits import PLACES_PER_GROUP, SOFT_DOSE_RULE
from firmware_sim.profile import Profile
from firmware_sim.profile.sections import DrugEntry
from firmware_sim.units import DAYS_PER_WEEK, H_PER_DAY, MIN_PER_DAY, NL_PER_ML, S_PER_MIN, WEEKDAYS_ALL

__all__ = [
    "is_over_soft_limit",
    "judge_bolus",
    "judge_bridge",
    "judge_overrides",
    "judge_prescription",
    "judge_prime",
    "judge_refill",
    "place_of",
]


def place_of(group: int, step: int = 0) -> int:
    """A place within a prescription as refusals carry it."""
    return group * PLACES_PER_GROUP + step


def judge_prescription(prescription: Prescription, profile: Profile) -> None:
    """Check everything about a prescription that needs no pump state. Raises Refused at the first fault."""
    drug = _known_drug(prescription.drug_id, prescription.drug_version, profile)
    _within_drug(prescription.concentration_ng_per_ml, drug)
    alarm = profile.alarm
    _within("LOW_RESERVOIR", prescription.low_reservoir_nl, (alarm.low_reservoir_nl_min, alarm.low_reservoir_nl_max), "NL")
    _within("CRITICAL_REPEAT", prescription.critical_repeat_s, (alarm.critical_repeat_s_min, alarm.critical_repeat_s_max), "S")
    non_critical = (alarm.non_critical_repeat_s_min, alarm.non_critical_repeat_s_max)
    _within("NON_CRITICAL_REPEAT", prescription.non_critical_repeat_s, non_critical, "S")
    _shape(prescription)
    for number, group in enumerate(prescription.groups):
        _steps(number, group, profile)
        _dose(number, group, prescription.concentration_ng_per_ml, drug)
    _weekdays(prescription.groups)
    for rule in prescription.patient:
        _patient(rule, prescription, profile)


def is_over_soft_limit(prescription: Prescription, profile: Profile) -> bool:
    """Whether a day of it is above its drug's soft limit, so that only an override could commit it."""
    drug = profile.drug(prescription.drug_id)
    return drug is not None and 0 < drug.daily_dose_ng_soft < max((group.daily_dose_ng for group in prescription.groups), default=0)


def judge_overrides(prescription: Prescription, overrides: tuple[int, ...], profile: Profile) -> None:
    """A dose above the soft limit needs its rule's token. Raises Refused."""
    if SOFT_DOSE_RULE not in overrides and is_over_soft_limit(prescription, profile):
        drug = _known_drug(prescription.drug_id, prescription.drug_version, profile)
        raise Refused("OVERRIDE", "OVERRIDES", SOFT_DOSE_RULE, drug.daily_dose_ng_soft, "NG")


def judge_prime(volume_nl: int, profile: Profile) -> None:
    """Check a prime. Raises Refused."""
    _within("VOLUME", volume_nl, (profile.bolus.bolus_nl_min, profile.bolus.prime_nl_max), "NL")


def judge_bridge(volume_nl: int, rate_nl_per_h: int, profile: Profile) -> None:
    """Check a bridge bolus. Raises Refused."""
    _within("VOLUME", volume_nl, (profile.bolus.bolus_nl_min, profile.bolus.bridge_nl_max), "NL")
    rate = profile.rate
    if rate_nl_per_h != rate.minimum_rate_nl_per_h:
        _within("RATE", rate_nl_per_h, (rate.rate_nl_per_h_min, rate.rate_nl_per_h_max), "NL_PER_H")


def judge_refill(entry: RefillEntry, profile: Profile) -> None:
    """Check what the programmer says of a refill. Raises Refused."""
    capacity_nl = profile.reservoir.capacity_nl
    _within("VOLUME", entry.volume_nl, (0, capacity_nl), "NL")
    _within("WITHDRAWN", entry.withdrawn_nl, (0, capacity_nl), "NL")
    drug = profile.drug(entry.drug_id)
    if drug is None:
        raise Refused("UNKNOWN_DRUG", "DRUG", entry.drug_id)
    _within_drug(entry.concentration_ng_per_ml, drug)


def judge_bolus(order: BolusOrder, concentration_ng_per_ml: int, profile: Profile) -> None:
    """Check volume, duration and that the dose is volume x concentration within one nanolitre of it, or one nanogram.

    Raises Refused.
    """
    limits = profile.bolus
    _within("VOLUME", order.volume_nl, (limits.bolus_nl_min, limits.bolus_nl_max), "NL")
    _within("DURATION", order.duration_s, (limits.bolus_s_min, limits.bolus_s_max), "S")
    dose_ng, rest = divmod(order.volume_nl * concentration_ng_per_ml, NL_PER_ML)
    if abs(order.dose_ng * NL_PER_ML - dose_ng * NL_PER_ML - rest) > max(concentration_ng_per_ml, NL_PER_ML):
        raise Refused("UNIT_MISMATCH", "DOSE", order.dose_ng, dose_ng, "NG")


def _known_drug(drug_id: int, version: int, profile: Profile) -> DrugEntry:
    drug = profile.drug(drug_id)
    if drug is None or drug.version != version:
        raise Refused("UNKNOWN_DRUG", "DRUG", drug_id)
    return drug


def _within(field: str, value: int, limits: tuple[int, int], unit: str, index: int = 0) -> None:
    low, high = limits
    if value < low or value > high:
        raise Refused("RANGE", field, value, low if value < low else high, unit, index)


def _within_drug(concentration_ng_per_ml: int, drug: DrugEntry) -> None:
    limits = (drug.concentration_ng_per_ml_min, drug.concentration_ng_per_ml_max)
    _within("CONCENTRATION", concentration_ng_per_ml, limits, "NG_PER_ML")


def _shape(prescription: Prescription) -> None:
    """The mode has as many groups, and steps, as it takes."""
    groups = prescription.groups
    most = {"minimum_rate": 0, "simple": 1, "flex": DAYS_PER_WEEK}.get(prescription.mode)
    if most is None:
        raise Refused("UNKNOWN_MODE", "MODE")
    least = min(most, 1)
    _within("GROUPS", len(groups), (least, most), "COUNT")
    if prescription.mode == "simple" and len(groups[0].steps) != 1:
        raise Refused("RANGE", "STEPS", len(groups[0].steps), 1, "COUNT")


def _patient(rule: PatientRule, prescription: Prescription, profile: Profile) -> None:
    """What the patient may ask for is a bolus within limits, and fits the window it is counted in."""
    limits = profile.bolus
    order = BolusOrder(rule.volume_nl, rule.dose_ng, rule.duration_s)
    judge_bolus(order, prescription.concentration_ng_per_ml, profile)
    _within("LOCKOUT", rule.lockout_s, (limits.lockout_s_min, limits.lockout_s_max), "S")
    _within("MOST_PER_DAY", rule.most_per_day, (1, limits.most_per_day_max), "COUNT")
    _within("WINDOW", rule.window_nl, (rule.volume_nl, profile.rate.rate_nl_per_h_max * H_PER_DAY), "NL")


def _weekdays(groups: tuple[Group, ...]) -> None:
    """Every weekday is in exactly one group."""
    seen = 0
    for number, group in enumerate(groups):
        _within("WEEKDAYS", group.weekdays, (1, WEEKDAYS_ALL), "NONE", place_of(number))
        if group.weekdays & seen:
            raise Refused("WEEKDAY_TWICE", "WEEKDAYS", group.weekdays & seen, 0, "NONE", place_of(number))
        seen |= group.weekdays
    if groups and seen != WEEKDAYS_ALL:
        raise Refused("WEEKDAY_MISSING", "WEEKDAYS", seen, WEEKDAYS_ALL)


def _steps(number: int, group: Group, profile: Profile) -> None:
    """Steps tile the day, do not cross midnight, and each rate is in range or exactly the minimum rate."""
    rate = profile.rate
    _within("STEPS", len(group.steps), (1, rate.steps_per_group_max), "COUNT", place_of(number))
    at_minute = 0
    for place, step in enumerate(group.steps):
        index = place_of(number, place)
        if step.end_minute <= step.start_minute or step.end_minute > MIN_PER_DAY:
            raise Refused("SCHEDULE_MIDNIGHT", "END_MINUTE", step.end_minute, MIN_PER_DAY, "MIN", index)
        if step.start_minute != at_minute:
            code = "SCHEDULE_GAP" if step.start_minute > at_minute else "SCHEDULE_OVERLAP"
            raise Refused(code, "START_MINUTE", step.start_minute, at_minute, "MIN", index)
        if step.rate_nl_per_h != rate.minimum_rate_nl_per_h:
            _within("RATE", step.rate_nl_per_h, (rate.rate_nl_per_h_min, rate.rate_nl_per_h_max), "NL_PER_H", index)
        at_minute = step.end_minute
    if at_minute != MIN_PER_DAY:
        raise Refused("SCHEDULE_GAP", "END_MINUTE", at_minute, MIN_PER_DAY, "MIN", place_of(number, len(group.steps) - 1))


def _dose(number: int, group: Group, concentration_ng_per_ml: int, drug: DrugEntry) -> None:
    """The day's dose is what rates and concentration make, within one nL/h of it; and within the drug's limit."""
    rate_minutes = sum(step.rate_nl_per_h * (step.end_minute - step.start_minute) for step in group.steps)
    scale = NL_PER_ML * S_PER_MIN
    made = rate_minutes * concentration_ng_per_ml
    if abs(group.daily_dose_ng * scale - made) > H_PER_DAY * S_PER_MIN * concentration_ng_per_ml:
        raise Refused("UNIT_MISMATCH", "DAILY_DOSE", group.daily_dose_ng, made // scale, "NG", place_of(number))
    if group.daily_dose_ng > drug.daily_dose_ng_max:
        raise Refused("RANGE", "DAILY_DOSE", group.daily_dose_ng, drug.daily_dose_ng_max, "NG", place_of(number))
