"""The therapy file as a model: which keys each mode has, and what each value is.

Quantities are read by `hil.wording.quantity` into the integers of the wire and written back by it, so a file that was read and written
again says the same. What needs several values at once is in `therapy_schedule`; what needs a pump is in `therapy_file`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, TypeAdapter

from hil.errors import QuantityError
from hil.therapy.days import days_plain, parse_days
from hil.wording import quantity

__all__ = [
    "ADAPTER",
    "MINIMUM_RATE",
    "FlexFile",
    "GroupFile",
    "MinimumRateFile",
    "PatientFile",
    "Rate",
    "SimpleFile",
    "StepFile",
    "TherapyFile",
]

MINIMUM_RATE = "minimum-rate"
"""Stands where a rate may: the pump's own minimum rate."""
Rate = int | Literal["minimum-rate"]
"""Whole nL/h, or the pump's minimum rate."""


def _reads(parse: Callable[[str], object]) -> BeforeValidator:
    """Read text with `parse`; integers pass, because the Python side builds files of them."""

    def read(value: object) -> object:
        if isinstance(value, str):
            return parse(value)
        if isinstance(value, int):
            return value
        raise QuantityError("a list or a mapping stands where one value belongs", do="write one value after the colon")

    return BeforeValidator(read)


def _parse_rate(text: str) -> Rate:
    return "minimum-rate" if text == MINIMUM_RATE else quantity.parse_rate(text)


def _rate_text(rate: Rate) -> str:
    return rate if isinstance(rate, str) else quantity.FINE_FLOW.text(rate)


def _parse_version(text: str) -> int:
    return _parse_whole(text, "a version")


def _parse_count(text: str) -> int:
    return _parse_whole(text, "a number of boluses")


def _parse_whole(text: str, kind: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= len("65535")):
        raise QuantityError(f"{text!r} is not {kind}", do="write a whole number such as 1")
    return int(text)


def _parse_name(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise QuantityError("no drug is named", do="write its name, such as baclofen")
    return value


Concentration = Annotated[int, _reads(quantity.CONCENTRATION.parse), PlainSerializer(quantity.CONCENTRATION.text)]
DailyDose = Annotated[int, _reads(quantity.DAILY_DOSE.parse), PlainSerializer(quantity.DAILY_DOSE.text)]
StepDose = Annotated[int, _reads(quantity.DOSE.parse), PlainSerializer(quantity.DOSE.text)]
Volume = Annotated[int, _reads(quantity.VOLUME.parse), PlainSerializer(quantity.VOLUME.text)]
Seconds = Annotated[int, _reads(quantity.parse_duration), PlainSerializer(quantity.duration)]
Minute = Annotated[int, _reads(quantity.parse_minute), PlainSerializer(quantity.minute_of_day)]
Flow = Annotated[Rate, _reads(_parse_rate), PlainSerializer(_rate_text)]
Version = Annotated[int, _reads(_parse_version), PlainSerializer(str)]
Count = Annotated[int, _reads(_parse_count), PlainSerializer(str)]
Days = Annotated[int, BeforeValidator(lambda value: value if isinstance(value, int) else parse_days(value)), PlainSerializer(days_plain)]
Name = Annotated[str, BeforeValidator(_parse_name)]


class _Model(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class StepFile(_Model):
    """One stretch of a day. Exactly one of `dose` (drug given in this stretch) and `rate` is there."""

    start: Minute = Field(alias="from")
    end: Minute = Field(alias="to")
    dose: StepDose | None = None
    rate: Flow | None = None


class GroupFile(_Model):
    """The steps of some weekdays. `daily_dose`, if there, must fit the sum of the steps."""

    days: Days
    daily_dose: DailyDose | None = Field(default=None, alias="daily-dose")
    steps: tuple[StepFile, ...] = Field(strict=False)


class PatientFile(_Model):
    """What the patient may ask for: a dose and how long it takes, the time between two, how many in 24 h, and the most that all
    deliveries may add up to in any 24 h.
    """

    dose: StepDose
    duration: Seconds
    lockout: Seconds
    most_per_day: Count = Field(alias="most-per-day")
    daily_limit: DailyDose = Field(alias="daily-limit")


class _Common(_Model):
    """What every mode has. Alarm repeats left out are the shortest that the pump takes."""

    drug: Name
    drug_version: Version | None = Field(default=None, alias="drug-version")
    concentration: Concentration
    low_reservoir_alarm: Volume = Field(alias="low-reservoir-alarm")
    critical_alarm_every: Seconds | None = Field(default=None, alias="critical-alarm-every")
    non_critical_alarm_every: Seconds | None = Field(default=None, alias="non-critical-alarm-every")
    patient_bolus: PatientFile | None = Field(default=None, alias="patient-bolus")


class SimpleFile(_Common):
    """One rate all day, every day. `rate` only where it is not the daily dose rounded down to whole nL/h."""

    mode: Literal["simple"]
    daily_dose: DailyDose = Field(alias="daily-dose")
    rate: Flow | None = None


class FlexFile(_Common):
    """Steps over the day, by groups of weekdays."""

    mode: Literal["flex"]
    groups: tuple[GroupFile, ...] = Field(strict=False)


class MinimumRateFile(_Common):
    """The pump's minimum rate, for keeping the catheter open."""

    mode: Literal["minimum-rate"]


TherapyFile = SimpleFile | FlexFile | MinimumRateFile
ADAPTER: TypeAdapter[TherapyFile] = TypeAdapter(Annotated[TherapyFile, Field(discriminator="mode")])
"""Reads plain data into a therapy file, and writes it back with `dump_python(by_alias=True, exclude_none=True)`."""
