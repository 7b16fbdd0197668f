"""How every number is shown and how every typed number is read: one table, both ways.

Shown: `mcg`, never the Greek letter; a leading zero, no trailing zero, separators from 1,000, a space before the unit; doses per day
always in mcg/day and volumes always in mL, so that old and new stand in one unit. Values are the integers of the wire (nL, ng,
ng/mL, nL/h, s, device clock in us); nothing passes through a float.

Read: exactly one number and one unit. A comma only separates thousands, and only in groups of three; a decimal comma, a second
point, an exponent, a sign or anything after the unit is refused with its reason. Text made here reads back to the same integer.
"""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

from hil.errors import QuantityError

__all__ = [
    "CONCENTRATION",
    "DAILY_DOSE",
    "DAILY_FLOW",
    "DOSE",
    "DOSE_RATE",
    "FINE_FLOW",
    "ORAL_DOSE",
    "VOLUME",
    "Kind",
    "clock",
    "duration",
    "factor",
    "minute_of_day",
    "number",
    "parse_clock",
    "parse_duration",
    "parse_minute",
    "parse_rate",
]

DIGITS_MAX = 12
"""Digits before the point in a typed number; far past any pump, and short enough to stay one line in an error."""
HOURS_PER_DAY = 24
EPOCH = date(2000, 1, 1).toordinal()
"""Day 0 of the device clock."""
SHOWN_MAX = 40
"""Characters of a typed text that an error repeats."""
US_PER_S = 1_000_000
US_PER_DAY = 86_400 * US_PER_S
MINUTES_PER_DAY = 1440


def _tens(exponent: int) -> int:
    """Ten to a power, as an int for the type checker too."""
    return int(10**exponent)


def number(units: int, decimals: int = 0) -> str:
    """Write units x 10^-decimals exactly: 1500000 with 6 decimals is 1.5, and -1500 with 0 is -1,500."""
    whole, part = divmod(abs(units), _tens(decimals))
    tail = f"{part:0{decimals}d}".rstrip("0") if decimals else ""
    return f"{'-' if units < 0 else ''}{whole:,}" + (f".{tail}" if tail else "")


class Kind(NamedTuple):
    """One kind of quantity: its unit, how many decimals of it the stored integer x `per` is, and that integer's own unit."""

    name: str
    unit: str
    decimals: int
    base: str
    example: str
    per: int = 1

    def text(self, units: int, places: int | None = None) -> str:
        """Write it with its unit. `places` rounds half up for screens; what would round to nothing reads `under 0.001 mL`."""
        units *= self.per
        if places is None or places >= self.decimals:
            return f"{number(units, self.decimals)} {self.unit}"
        step = _tens(self.decimals - places)
        rounded = (abs(units) + step // 2) // step
        if units and not rounded:
            return f"under {number(1, places)} {self.unit}"
        return f"{number(rounded if units >= 0 else -rounded, places)} {self.unit}"

    def parse(self, text: str) -> int:
        """Read it. Raises QuantityError with the reason."""
        whole, part, rest = _split(text, self)
        if rest != self.unit:
            raise QuantityError(f"{_shown(text)} {_unit_reason(rest, self.unit)}", do=f"write it like {self.example}")
        part = part.rstrip("0")
        if len(part) > self.decimals:
            raise QuantityError(
                f"{_shown(text)} is finer than {number(1, self.decimals)} {self.unit}", do=f"use at most {self.decimals} decimals"
            )
        units, left = divmod(int(whole) * _tens(self.decimals) + int(part.ljust(self.decimals, "0") or 0), self.per)
        if left:
            raise QuantityError(f"{_shown(text)} is not a whole number of {self.base}", do=f"the next one below is {self.text(units)}")
        return units


VOLUME = Kind("volume", "mL", 6, "nL", "1.5 mL")
DOSE = Kind("dose", "mcg", 3, "ng", "50 mcg")
DAILY_DOSE = Kind("dose per day", "mcg/day", 3, "ng/day", "120 mcg/day")
ORAL_DOSE = Kind("oral dose per day", "mg/day", 6, "ng/day", "60 mg/day")
DOSE_RATE = Kind("dose per hour", "mcg/h", 3, "ng/h", "5 mcg/h")
CONCENTRATION = Kind("concentration", "mcg/mL", 3, "ng/mL", "500 mcg/mL")
FINE_FLOW = Kind("rate", "nL/h", 0, "nL/h", "10,000 nL/h")
DAILY_FLOW = Kind("rate", "mL/day", 6, "nL/h", "0.24 mL/day", per=HOURS_PER_DAY)
"""Flow per day of an integer in nL/h: 1 nL/h is 0.000024 mL/day."""

# ---------------------------------------------------------------- reading numbers

_WELL_FORMED = re.compile(
    r"(?P<whole>0|[1-9][0-9]{0,2}(?:,[0-9]{3})+|[1-9][0-9]*)(?:\.(?P<part>[0-9]+))?(?![0-9.,]|[eE][-+]?[0-9])\s*(?P<rest>.*)", re.DOTALL
)
_REASONS: tuple[tuple[str, str], ...] = (
    (r"\s*$", "is empty"),
    (r"[-+−]", "has a sign"),
    (r"\.[0-9]", "begins with a point: a zero belongs before it"),
    (r"[^0-9]", "does not begin with a number"),
    (r"[0-9.,]+[eE][-+]?[0-9]", "is in exponent form: write the digits out"),
    (r"[0-9,]*\.[0-9,]*\.", "has two points"),
    (r"[0-9,]+\.(?![0-9])", "has a bare point at its end"),
    (r"0[0-9]", "begins with a zero too many"),
    (r"[0-9.]*,", "has a comma that does not separate thousands: a decimal is written with a point"),
)
"""What is wrong, first fit: a pattern at the start of the text, and how to say it."""

_LOOKALIKES = {
    "ml": "mL", "ML": "mL", "cc": "mL", "ug": "mcg", "µg": "mcg", "μg": "mcg", "MCG": "mcg", "d": "day", "hr": "h", "hour": "h",
}  # fmt: skip
_NAMED = {
    "mg": "1 mg is 1,000 mcg",
    "g": "1 g is 1,000,000 mcg",
    "ng": "1 ng is 0.001 mcg",
    "uL": "1 uL is 0.001 mL",
    "L": "1 L is 1,000 mL",
}


def _split(text: str, kind: Kind) -> tuple[str, str, str]:
    """Whole digits, digits after the point, and what follows the number."""
    text = text.strip()
    fit = _WELL_FORMED.match(text)
    if fit is None:
        reason = next((say for pattern, say in _REASONS if re.match(pattern, text)), "is not a plain number")
        raise QuantityError(f"{_shown(text)} {reason}", do=f"write it like {kind.example}")
    whole = fit["whole"].replace(",", "")
    if len(whole) > DIGITS_MAX:
        raise QuantityError(f"{_shown(text)} has more than {DIGITS_MAX} digits", do=f"write it like {kind.example}")
    return whole, fit["part"] or "", fit["rest"]


def _shown(text: str) -> str:
    """Quote what was typed, exactly, with anything unprintable spelt out and the far end of a long text left off."""
    return repr(text if len(text) <= SHOWN_MAX else text[:SHOWN_MAX] + "...")


def _unit_reason(rest: str, unit: str) -> str:
    """Say why what follows a number is not the unit asked for."""
    if not rest:
        return "has no unit"
    if rest[0].isdigit():
        return "has two numbers"
    if rest.startswith(unit) and not rest[len(unit)].isalpha() and rest[len(unit)] != "/":
        return f"has {_shown(rest[len(unit) :].strip())} after the unit"
    spelt = "/".join(_LOOKALIKES.get(part, part) for part in rest.split("/"))
    if spelt == unit:
        return f"has {_shown(rest)} where {unit} is written here"
    named = next((hint for part, hint in _NAMED.items() if part in spelt.split("/")), "")
    return f"is in {_shown(rest)}, and this is given in {unit}" + (f" ({named})" if named else "")


def parse_rate(text: str) -> int:
    """Read a flow in nL/h or mL/day; returns whole nL/h."""
    return DAILY_FLOW.parse(text) if text.rstrip().endswith("mL/day") else FINE_FLOW.parse(text)


# ---------------------------------------------------------------- times

_PARTS: tuple[tuple[str, int], ...] = (("day", 86_400), ("h", 3600), ("min", 60), ("s", 1))
_DURATION = re.compile(r"(?:(\d{1,6}) ?days?)?(?: ?(\d{1,6}) ?h)?(?: ?(\d{1,6}) ?min)?(?: ?(\d{1,9}) ?s)?", re.ASCII)
_CLOCK = re.compile(r"(\d{4})-(\d{2})-(\d{2}) (\d{2}):(\d{2})", re.ASCII)
_MINUTE = re.compile(r"(\d{2}):(\d{2})", re.ASCII)


def duration(seconds: int) -> str:
    """Write a length of time in whole seconds: 1 day 6 h, 10 min, 90 min is 1 h 30 min."""
    words = []
    for unit, size in _PARTS:
        count, seconds = divmod(seconds, size)
        if count:
            words.append(f"{count:,} {unit}{'s' if unit == 'day' and count > 1 else ''}")
    return " ".join(words) or "0 s"


def parse_duration(text: str) -> int:
    """Read a length of time in whole days, h, min and s, largest first; returns seconds."""
    text = text.strip()
    fit = _DURATION.fullmatch(text.replace(",", "") if re.search(r"\d,\d{3} days", text) else text)
    if not text or fit is None:
        bare = re.fullmatch(r"[0-9]+", text)
        reason = "has no unit" if bare else "is not a length of time in whole days, h, min and s"
        raise QuantityError(f"{_shown(text)} {reason}", do="write it like 10 min, 1 h 30 min or 2 days")
    return sum(int(count) * size for count, (_, size) in zip(fit.groups(), _PARTS, strict=True) if count)


def clock(clock_us: int, *, seconds: bool = False) -> str:
    """Write a device clock (us since 2000-01-01 00:00, no zone) as YYYY-MM-DD HH:MM; a clock past year 9999 stays a number."""
    days, us = divmod(clock_us, US_PER_DAY)
    if not 0 <= days <= date.max.toordinal() - EPOCH:
        return f"{number(clock_us)} us"
    minutes, left = divmod(us, 60 * US_PER_S)
    tail = f":{left // US_PER_S:02d}" if seconds else ""
    return f"{date.fromordinal(EPOCH + days).isoformat()} {minutes // 60:02d}:{minutes % 60:02d}{tail}"


def parse_clock(text: str) -> int:
    """Read YYYY-MM-DD HH:MM; returns us since 2000-01-01 00:00."""
    fit = _CLOCK.fullmatch(text.strip())
    try:
        year, month, day, hour, minute = (int(part) for part in fit.groups()) if fit else (0, 0, 0, 0, 0)
        days = date(year, month, day).toordinal() - EPOCH
    except ValueError:
        days, hour, minute = -1, 0, 0
    if days < 0 or hour >= HOURS_PER_DAY or minute >= 60:
        raise QuantityError(
            f"{_shown(text)} is not a date and time of the device clock", do="write it like 2026-01-01 08:00, not before 2000-01-01"
        )
    return days * US_PER_DAY + (hour * 60 + minute) * 60 * US_PER_S


def minute_of_day(minute: int) -> str:
    """Write minutes since midnight as HH:MM; the end of the day is 24:00."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def parse_minute(text: str) -> int:
    """Read HH:MM from 00:00 to 24:00; returns minutes since midnight."""
    fit = _MINUTE.fullmatch(text.strip())
    minute = int(fit[1]) * 60 + int(fit[2]) if fit and int(fit[2]) < 60 else MINUTES_PER_DAY + 1
    if minute > MINUTES_PER_DAY:
        raise QuantityError(f"{_shown(text)} is not a time of day", do="write it like 06:00, from 00:00 to 24:00")
    return minute


# ---------------------------------------------------------------- comparing


def factor(old: int, new: int) -> str:
    """Write new / old as `10 x`; two decimals, more where two would read 1 x though the two differ. Empty without an old value."""
    if old <= 0:
        return ""
    if old == new:
        return "1 x"
    places = next((places for places in (2, 4, 6) if _ratio(old, new, places) != _tens(places)), None)
    if places is None:
        return "about 1 x"
    units = _ratio(old, new, places)
    return f"{number(units, places)} x" if units or not new else f"under {number(1, places)} x"


def _ratio(old: int, new: int, places: int) -> int:
    """Divide new by old, rounded half up, in units of 10^-places."""
    return (new * _tens(places) * 2 + old) // (old * 2)
