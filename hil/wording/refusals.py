"""A coded refusal in words: which field, its value, the limit it broke, both in the units that a file or an option is written in."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from hil.wording import quantity
from hil.wording.quantity import US_PER_S
from protocol.codes import Unit
from protocol.messages import Refusal
from protocol.refusals import Field, RefusalCode

__all__ = ["Said", "say"]


class Said(NamedTuple):
    """What was refused, and what to do about it."""

    what: str
    do: str


_FIELDS: dict[int, str] = {
    Field.RATE: "the rate",
    Field.DAILY_DOSE: "the dose per day",
    Field.LOW_RESERVOIR: "the low-reservoir alarm",
    Field.CRITICAL_REPEAT: "the critical alarm's repeat",
    Field.NON_CRITICAL_REPEAT: "the non-critical alarm's repeat",
    Field.START_MINUTE: "the step's start",
    Field.END_MINUTE: "the step's end",
    Field.STEPS: "the number of steps",
    Field.GROUPS: "the number of groups",
    Field.WITHDRAWN: "the volume withdrawn",
    Field.COMMAND_ID: "the command id",
}

_SAYS: dict[int, Said] = {
    RefusalCode.RATE_LIMIT: Said(
        "{field}: {value} would lift the total above the pump's limit {limit}", "give it more time, or allow --may-lengthen"
    ),
    RefusalCode.OFFSET: Said("a part of the update lies outside it", "send the update again"),
    RefusalCode.DIGEST: Said("the update came through changed", "send it again"),
    RefusalCode.NO_FILL: Said("the pump has not been told of a fill", "send a refill first"),
    RefusalCode.NO_THERAPY: Said("the pump has no therapy", "send an update first"),
    RefusalCode.NOT_RUNNING: Said("the pump is not running", "start it first"),
    RefusalCode.CRITICAL_ALARM: Said("a critical alarm is active", "interrogate to see which, and end its cause first"),
    RefusalCode.GENERATION: Said("the therapy changed since it was read: generation {limit}, not {value}", "interrogate again and compare"),
    RefusalCode.SCHEDULE_GAP: Said("{field}: {value} leaves a gap after {limit}", "let the steps run from 00:00 to 24:00"),
    RefusalCode.SCHEDULE_OVERLAP: Said(
        "{field}: {value} overlaps a step that ends at {limit}", "let each step begin where the one before ends"
    ),
    RefusalCode.SCHEDULE_MIDNIGHT: Said("{field}: {value} crosses midnight", "end the step at 24:00 and begin another at 00:00"),
    RefusalCode.WEEKDAY_TWICE: Said("a weekday is in two groups", "put every weekday in one group"),
    RefusalCode.WEEKDAY_MISSING: Said("a weekday is in no group", "put every weekday in one group"),
    RefusalCode.UNKNOWN_DRUG: Said("the pump does not know drug {value}", "interrogate to see the drugs it knows"),
    RefusalCode.UNKNOWN_CAUSE: Said("the pump has no alarm {value}", "interrogate to see which are on"),
    RefusalCode.NOT_ACTIVE: Said("that alarm is not on", "interrogate to see which are"),
    RefusalCode.LOCKOUT: Said("the next patient bolus is not free yet: now {value}, free at {limit} of its counter", "ask again later"),
    RefusalCode.DOSE_LIMIT: Said("24 hours would hold {value}, above the therapy's limit {limit}", "ask again later"),
    RefusalCode.NOT_STOPPED: Said("a prime needs a stopped pump", "stop it first"),
    RefusalCode.NO_PATIENT_BOLUS: Said("the therapy allows the patient no bolus", "program one with a patient-bolus section"),
    RefusalCode.BOLUS_RUNNING: Said("a bolus is running", "wait for its end, or interrupt it with --interrupt"),
    RefusalCode.SAFE_STATE: Said("the pump is in its safe state", "program the therapy again"),
    RefusalCode.MOTOR_OFF: Said("the motor is off until service", "interrogate to see the failure; service resets the pump"),
    RefusalCode.END_OF_SERVICE: Said("the pump has come to the end of its service", "replace it; it can still be read"),
    RefusalCode.NOT_STAGED: Said("no update is staged", "send the update again"),
    RefusalCode.OVERRIDE: Said("a day is above the drug's soft limit {limit}", "prescribe less, or override rule {number} by intent"),
}

_MISMATCHES: dict[int, Said] = {
    Field.CONCENTRATION: Said("{field} {value} is not that of the last refill, {limit}", "correct it, or send a refill first"),
    Field.DAILY_DOSE: Said("{field} {value} is not what the rates give, {limit}", "correct one of them"),
    Field.DOSE: Said("{field} {value} is not what the volume holds, {limit}", "correct one of them"),
}
"""UNIT_MISMATCH by the field it names: two typed numbers that cannot both be meant."""


def say(refusal: Refusal) -> Said:
    """Put it in words; a code of a newer pump is named by its number, with all that came."""
    field = _FIELDS.get(refusal.field, _plain_name(refusal.field))
    value, limit = (_amount(refusal, number) for number in (refusal.value, refusal.limit))
    if refusal.code == RefusalCode.RANGE:
        word = "above" if refusal.value > refusal.limit else "below"
        return Said(f"{field} {value} is {word} the pump's limit {limit}", f"use {'at most' if word == 'above' else 'at least'} {limit}")
    said = _MISMATCHES.get(refusal.field) if refusal.code == RefusalCode.UNIT_MISMATCH else _SAYS.get(refusal.code)
    if said is None:
        name = RefusalCode(refusal.code).name if refusal.code in RefusalCode._value2member_map_ else f"refusal {refusal.code}"
        return Said(f"{name.lower().replace('_', ' ')}: {field} {value}, limit {limit}", "")
    return Said(said.what.format(field=field, value=value, limit=limit), said.do.format(number=refusal.value))


def _plain_name(field: int) -> str:
    if field not in set(Field):
        return f"field {field}"
    return "the request" if field == Field.NONE else f"the {Field(field).name.lower().replace('_', ' ')}"


def _amount(refusal: Refusal, number: int) -> str:
    """Write a value or limit in the unit in which people type that field."""
    if refusal.unit == Unit.NL_PER_H:
        return f"{quantity.DAILY_FLOW.text(number)} ({quantity.FINE_FLOW.text(number)})"
    if refusal.unit == Unit.NG:
        return (quantity.DAILY_DOSE if refusal.field in (Field.DAILY_DOSE, Field.OVERRIDES) else quantity.DOSE).text(number)
    if refusal.unit == Unit.US:
        return quantity.clock(number) if refusal.field == Field.CLOCK else quantity.duration(number // US_PER_S)
    writers: dict[int, Callable[[int], str]] = {
        Unit.NL: quantity.VOLUME.text,
        Unit.NG_PER_ML: quantity.CONCENTRATION.text,
        Unit.S: quantity.duration,
        Unit.MIN: quantity.minute_of_day,
        Unit.BYTES: lambda count: f"{quantity.number(count)} bytes",
    }
    return writers.get(refusal.unit, quantity.number)(number)
