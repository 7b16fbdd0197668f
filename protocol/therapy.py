"""The therapy as it crosses the wire: staged, sealed, read back and committed as one image."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from protocol.codes import Mode
from protocol.fields import U8, U16, U32, Many

__all__ = ["Group", "PatientRule", "Step", "Therapy", "index_of"]


class Step(NamedTuple):
    """One stretch of a day at one rate; the day ends at minute 1440."""

    start_minute: U16
    end_minute: U16
    rate_nl_per_h: U32


class Group(NamedTuple):
    """The steps of a set of weekdays (bit 0 = Monday) and the dose they add up to in a day."""

    weekdays: U8
    daily_dose_ng: U32
    steps: Many[Step]


class PatientRule(NamedTuple):
    """What the patient may ask for: one bolus, the time between two starts, how many in 24 h, and the most volume that all
    deliveries may add up to in any 24 h.
    """

    volume_nl: U32
    dose_ng: U32
    duration_s: U32
    lockout_s: U32
    most_per_day: U8
    window_nl: U32


class Therapy(NamedTuple):
    """A whole therapy. Minimum rate has no groups, simple continuous one group of one step, flex 1 to 7 groups.

    `mode` is a Mode (MINIMUM_RATE, SIMPLE or FLEX). Repeats are the pauses between two soundings of an alarm.
    """

    mode: Annotated[U8, Mode]
    drug_id: U16
    drug_version: U16
    concentration_ng_per_ml: U32
    low_reservoir_nl: U32
    critical_repeat_s: U32
    non_critical_repeat_s: U32
    groups: Many[Group]
    patient: Many[PatientRule] = ()


def index_of(group: int, step: int) -> int:
    """Pack a place in a therapy as refusals carry it: group x 16 + step."""
    return group * 16 + step
