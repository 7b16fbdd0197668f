"""What a pump tells of itself when it is interrogated, part by part."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from protocol.codes import AlarmCause, AlarmClass, Answer, BatteryState, DoseKind, DoseState, Mode, StatusFlag
from protocol.fields import U8, U16, U32, U64, Digest, Many, Tail, Text

__all__ = ["AlarmEntry", "BolusEntry", "Condition", "Counters", "DrugEntry", "Identity", "Limits", "TherapyPart"]


class Limits(NamedTuple):
    """What this pump accepts; a client checks a therapy against these before it sends anything."""

    rate_nl_per_h_min: U32
    rate_nl_per_h_max: U32
    minimum_rate_nl_per_h: U32
    steps_per_group_max: U8
    capacity_nl: U32
    low_reservoir_nl_min: U32
    low_reservoir_nl_max: U32
    bolus_nl_min: U32
    bolus_nl_max: U32
    bolus_s_min: U32
    bolus_s_max: U32
    critical_repeat_s_min: U32
    critical_repeat_s_max: U32
    non_critical_repeat_s_min: U32
    non_critical_repeat_s_max: U32
    clock_us_max: U64
    prime_nl_max: U32
    bridge_nl_max: U32
    lockout_s_min: U32
    lockout_s_max: U32
    most_per_day_max: U8


class DrugEntry(NamedTuple):
    """One drug the pump knows, with the limits committed for it. A day above the soft limit needs the override of its rule; 0 is none."""

    drug_id: U16
    version: U16
    name: Text
    concentration_ng_per_ml_min: U32
    concentration_ng_per_ml_max: U32
    daily_dose_ng_max: U32
    daily_dose_ng_soft: U32
    stability_days: U16


class Identity(NamedTuple):
    """Part 0 of an interrogation."""

    model: Text
    serial: Text
    firmware: Text
    major: U8
    minor: U8
    calibration_ppm: U32
    boot_count: U32
    clock_us: U64
    stops_for_update: U8
    tubing_nl: U32
    limits: Many[Limits]
    drugs: Many[DrugEntry]


class TherapyPart(NamedTuple):
    """Part 1 and READBACK: a stretch of the therapy image, `total` bytes long in all (0: none committed)."""

    generation: U32
    digest: Digest
    total: U16
    offset: U16
    data: Tail


class AlarmEntry(NamedTuple):
    """One cause that is active or not yet acknowledged."""

    cause: Annotated[U8, AlarmCause]
    alarm_class: Annotated[U8, AlarmClass]
    active: U8
    acknowledged: U8
    raised_us: U64
    silenced_until_us: U64


class BolusEntry(NamedTuple):
    """The dose under way; `kind` is a DoseKind."""

    command_id: U32
    programmed_nl: U32
    delivered_nl: U32
    start_us: U64
    end_us: U64
    kind: Annotated[U8, DoseKind]


class Condition(NamedTuple):
    """Part 2: what the pump is doing and what it has to say. Dates are device clock; 0 means not computed."""

    device_us: U64
    clock_us: U64
    mode: Annotated[U8, Mode]
    flags: Annotated[U16, StatusFlag]
    rate_nl_per_h: U32
    computed_reservoir_nl: U64
    fill_drug_id: U16
    fill_concentration_ng_per_ml: U32
    low_reservoir_clock_us: U64
    empty_clock_us: U64
    replace_by_clock_us: U64
    battery_state: Annotated[U8, BatteryState]
    battery_mv: U16
    bolus: Many[BolusEntry]
    alarms: Many[AlarmEntry]


class Counters(NamedTuple):
    """Part 3: totals since manufacture, commanded, and the range of the event log."""

    basal_nl: U64
    bolus_nl: U64
    steps: U64
    last_command_id: U32
    last_command_state: Annotated[U8, DoseState]
    last_command_answer: Annotated[U8, Answer]
    log_oldest: U32
    log_newest: U32
    patient_bolus_granted: U32
    patient_bolus_refused: U32
