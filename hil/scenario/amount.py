"""A number with its dimension: what formulas are made of, and what they come to.

Values are exact fractions in nL, ng and us, so that the same run always gives the same figure. Text is read and written by
`hil.wording.quantity`; a percentage is a plain number divided by a hundred.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

from hil.errors import QuantityError
from hil.wording import quantity

__all__ = ["DOSE_RATE", "DRUG", "FLOW", "PLAIN", "STRENGTH", "TIME", "VOLUME", "Amount", "Dimension", "literal_at"]

US_PER_S = 1_000_000
US_PER_H = 3_600 * US_PER_S
US_PER_DAY = 24 * US_PER_H
NL_PER_ML = 1_000_000
PERCENT = 100
SHOWN_PLACES = 4
"""Decimals shown of a plain number; volumes and doses have their own."""
VOLUME_PLACES, DOSE_PLACES = 4, 3


class Dimension(NamedTuple):
    """Powers of volume, mass of drug, and time."""

    volume: int = 0
    mass: int = 0
    time: int = 0

    def __mul__(self, other: object) -> Dimension:
        assert isinstance(other, Dimension)
        return Dimension(*(one + two for one, two in zip(self, other, strict=True)))

    def __truediv__(self, other: Dimension) -> Dimension:
        return Dimension(*(one - two for one, two in zip(self, other, strict=True)))

    @property
    def said(self) -> str:
        """What it is called; empty for one that nothing is measured in."""
        return _SAID.get(self, "")


PLAIN = Dimension()
VOLUME = Dimension(volume=1)
DRUG = Dimension(mass=1)
TIME = Dimension(time=1)
STRENGTH = DRUG / VOLUME
FLOW = VOLUME / TIME
DOSE_RATE = DRUG / TIME
_SAID = {
    PLAIN: "a plain number",
    VOLUME: "a volume",
    DRUG: "an amount of drug",
    TIME: "a length of time",
    STRENGTH: "a concentration",
    FLOW: "a rate of flow",
    DOSE_RATE: "a dose per day",
}

_KINDS: dict[str, tuple[quantity.Kind, Dimension, Fraction]] = {
    "mL": (quantity.VOLUME, VOLUME, Fraction(1)),
    "mcg": (quantity.DOSE, DRUG, Fraction(1)),
    "mcg/mL": (quantity.CONCENTRATION, STRENGTH, Fraction(1, NL_PER_ML)),
    "mcg/day": (quantity.DAILY_DOSE, DOSE_RATE, Fraction(1, US_PER_DAY)),
    "mcg/h": (quantity.DOSE_RATE, DOSE_RATE, Fraction(1, US_PER_H)),
    "mL/day": (quantity.DAILY_FLOW, FLOW, Fraction(1, US_PER_H)),
    "nL/h": (quantity.FINE_FLOW, FLOW, Fraction(1, US_PER_H)),
}
"""By unit: how it is read and written, its dimension, and what one of its integers is in nL, ng and us."""
_TIMES = ("day", "days", "h", "min", "s")
_NUMBER = re.compile(r"[0-9][0-9,]*(?:\.[0-9]*)?")
_UNIT = re.compile(r" ?(%|[A-Za-zµμ]+(?:/[A-Za-z]+)?)")
_SPAN = re.compile(r"(?=[0-9])(?:[0-9][0-9,]* ?days?\b)?(?: ?[0-9]+ ?h\b)?(?: ?[0-9]+ ?min\b)?(?: ?[0-9]+ ?s\b)?", re.ASCII)
_SPELT = {"hour": "h", "hours": "h", "hr": "h", "minute": "min", "minutes": "min", "second": "s", "seconds": "s", "sec": "s", "d": "day"}
_WORDS_AFTER = ("is", "within", "and")
"""What may stand right behind a plain number and is no unit."""


class Amount(NamedTuple):
    """A value in nL, ng and us, and what it is the value of."""

    value: Fraction
    dimension: Dimension = PLAIN

    @property
    def text(self) -> str:
        """Written for a person, rounded where nobody could read more."""
        match self.dimension:
            case Dimension(0, 0, 0):
                return _decimal(self.value)
            case Dimension(0, 0, 1):
                return _time(self.value)
            case Dimension(1, 0, 0):
                return quantity.VOLUME.text(round(self.value), VOLUME_PLACES)
            case Dimension(0, 1, 0):
                return quantity.DOSE.text(round(self.value), DOSE_PLACES)
            case Dimension(-1, 1, 0):
                return quantity.CONCENTRATION.text(round(self.value * NL_PER_ML), DOSE_PLACES)
            case Dimension(1, 0, -1):
                return quantity.DAILY_FLOW.text(round(self.value * US_PER_H), VOLUME_PLACES)
            case _:
                return quantity.DAILY_DOSE.text(round(self.value * US_PER_DAY), DOSE_PLACES)


def _decimal(value: Fraction) -> str:
    shown = quantity.number(round(value * 10**SHOWN_PLACES), SHOWN_PLACES)
    return f"under 0.{'0' * (SHOWN_PLACES - 1)}1" if value and shown in ("0", "-0") else shown


def _time(value: Fraction) -> str:
    """Days to seconds; parts of a second only where there is nothing else."""
    seconds = value / US_PER_S
    if seconds < 0:
        return f"-{_time(-value)}"
    if seconds and seconds < 1:
        return f"{_decimal(seconds)} s"
    return quantity.duration(round(seconds))


def literal_at(text: str, start: int) -> tuple[Amount, int, bool]:
    """The amount that begins at a digit of a text, where it ends, and whether it is a percentage. Raises QuantityError."""
    span = _SPAN.match(text, start)
    if span is not None and span.end() > start:
        return Amount(Fraction(quantity.parse_duration(span[0]) * US_PER_S), TIME), span.end(), False
    number = _NUMBER.match(text, start)
    assert number is not None, "somebody asked for a number where there is none"
    unit = _UNIT.match(text, number.end())
    if unit is None or unit[1] in _WORDS_AFTER:
        return Amount(_plain(number[0])), number.end(), False
    if unit[1] == "%":
        return Amount(_plain(number[0]) / PERCENT), unit.end(), True
    return _with_unit(number[0], unit[1]), unit.end(), False


def _plain(text: str) -> Fraction:
    """A number without a unit, read as strictly as one that has one."""
    return Fraction(quantity.Kind("number", "", 9, "", "1.5").parse(text), 10**9)


def _with_unit(number: str, unit: str) -> Amount:
    found = _KINDS.get(unit)
    if found is not None:
        kind, dimension, scale = found
        return Amount(kind.parse(f"{number} {unit}") * scale, dimension)
    if unit in _TIMES:
        quantity.parse_duration(f"{number} {unit}")
    near = next((known for known in _KINDS if known.lower() == unit.lower()), None) or _SPELT.get(unit)
    named = {"mg": "mcg", "ug": "mcg", "µg": "mcg", "μg": "mcg", "ml": "mL", "uL": "mL", "mg/mL": "mcg/mL", "mg/ml": "mcg/mL"}.get(unit)
    if named in _KINDS:
        _KINDS[named][0].parse(f"{number} {unit}")
    do = f"did you mean {near}?" if near else f"there are {', '.join((*_KINDS, '%', 'days', 'h', 'min', 's'))}"
    raise QuantityError(f"{unit!r} is no unit", do=do)
