"""A number of a rule in words, by the unit that its name ends with: `effect_s_max` is a length of time, `step_percent` a percentage."""

from __future__ import annotations

from collections.abc import Callable

from hil.wording import quantity

__all__ = ["measure", "unit_of"]

H_S = 3_600
DAYS_FROM_S = 72 * H_S
"""Whole hours below this are written as hours, as labels do: 24 h, 48 h."""
_QUALIFIERS = ("_min", "_max", "_mean", "_from", "_above", "_limited")


def _counted(unit: str) -> Callable[[int], str]:
    """A count and its noun: 1 day, 2 days."""
    return lambda count: f"{quantity.number(count)} {unit}{'' if count == 1 else 's'}"


def _with(unit: str, decimals: int = 0) -> Callable[[int], str]:
    return lambda units: f"{quantity.number(units, decimals)} {unit}"


_SAYS: dict[str, Callable[[int], str]] = {
    "ng_per_day": quantity.DAILY_DOSE.text,
    "nl_per_day": lambda units: f"{quantity.number(units, 6)} mL/day",
    "ng_per_csf_ml": _with("ng/mL"),
    "ng_per_plasma_ml": _with("ng/mL"),
    "ng_per_ml": quantity.CONCENTRATION.text,
    "mg_per_ml": _with("mg/mL"),
    "ml_per_h": _with("mL/h"),
    "mcg_per_kg": _with("mcg/kg"),
    "mcg_per_min": _with("mcg/min"),
    "ng": quantity.DOSE.text,
    "mg": _with("mg"),
    "nl": quantity.VOLUME.text,
    "ml": _with("mL"),
    "mm": lambda units: f"{quantity.number(units, 1)} cm",
    "s": lambda seconds: quantity.duration(seconds) if seconds % H_S or seconds >= DAYS_FROM_S else f"{seconds // H_S} h",
    "days": _counted("day"),
    "weeks": _counted("week"),
    "years": _counted("year"),
    "percent": _with("%"),
    "permille": _with("%", 1),
    "milli": lambda units: f"{quantity.number(units, 3)}:1",
    "factor": _with("x"),
    "factors": _with("x"),
    "degc": _with("°C"),
    "count": quantity.number,
}
"""How a unit is written, by the last words of a name; longer ones are tried first."""


def unit_of(name: str) -> str:
    """The unit that a name ends with, qualifiers such as _max left off; empty if it ends with none."""
    stem = name
    for qualifier in _QUALIFIERS:
        stem = stem.removesuffix(qualifier)
    return next((unit for text in (name, stem) for unit in _SAYS if text == unit or text.endswith(f"_{unit}")), "")


def measure(name: str, value: int | tuple[int, ...]) -> str:
    """Write the value of a named number; a list as `a, b or c`."""
    say = _SAYS.get(unit_of(name), quantity.number)
    texts = [say(part) for part in (value if isinstance(value, tuple) else (value,))]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} or {texts[-1]}"
