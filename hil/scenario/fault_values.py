"""Parameters of faults as a scenario writes them: by the name without its unit, the value with it.

`fraction_ppm` is `fraction: 94 %`, `lost_nl` is `lost: 5 mL`, `over_days` is `over: 60 days`, `minutes` alone is `lasts: 30 min`, and
`delay_us` is `delay: 60 ms` or `delay: 2 s`.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

from hil.errors import BenchError, QuantityError
from hil.faults.parameters import Setting
from hil.faults.registry import REGISTRY, Fault, check
from hil.scenario.amount import PLAIN, STRENGTH, TIME, VOLUME, Amount, Dimension
from hil.scenario.formula import Formula, parse_formula
from hil.scenario.parts import meant
from hil.wording.quantity import number

__all__ = ["FaultValue", "known_fault", "spoken", "value_for", "value_text", "values_judged"]

US_PER_S = 1_000_000
_S = Fraction(1, US_PER_S)
_SIZES: dict[str, tuple[Dimension, Fraction]] = {
    "ng_per_ml": (STRENGTH, Fraction(1_000_000)),
    "ppm": (PLAIN, Fraction(1_000_000)),
    "nl": (VOLUME, Fraction(1)),
    "us": (TIME, Fraction(1)),
    "seconds": (TIME, _S),
    "minutes": (TIME, _S / 60),
    "days": (TIME, _S / 86_400),
}
"""By the unit that ends a parameter's name: what it is, and how many of that unit one of ours is."""
_SUFFIXES: dict[str, tuple[str, int]] = {
    "nl_per_mmhg": ("mL/mmHg", 6),
    "mmhg": ("mmHg", 0),
    "mv": ("mV", 0),
    "mdegc": ("degC", 3),
    "mm": ("mm", 0),
    "m": ("m", 0),
}
"""Units that formulas do not know, the longer before what it ends in: how they are written, and decimals of them in the integer."""
PERCENT_DECIMALS, MS_DECIMALS = 4, 3
"""A millionth is 0.0001 %, a microsecond 0.001 ms."""
ALONE = "lasts"
"""What a parameter is called whose whole name is its unit."""


class FaultValue(NamedTuple):
    """One parameter: its name in the registry, and its value, which a formula gives when it is time."""

    name: str
    key: str
    value: int | str | Formula

    def settle(self, look: Callable[[Formula], Amount]) -> int | str:
        """The value as the bench takes it."""
        if not isinstance(self.value, Formula):
            return self.value
        return round(look(self.value).value * _SIZES[_unit(self.name)][1])


def spoken(setting: Setting) -> str:
    """What a parameter is called here."""
    unit = _unit(setting.name) or next((suffix for suffix in _SUFFIXES if setting.name.endswith(f"_{suffix}")), "")
    if not unit or setting.text:
        return setting.name.replace("_", "-")
    stem = setting.name.removesuffix(unit).rstrip("_").replace("_", "-")
    return stem or ALONE


def value_text(setting: Setting, value: int | str) -> str:
    """A value as a scenario writes it, with its unit."""
    if isinstance(value, str):
        return value.replace("_", " ") if setting.choices else value
    unit = _unit(setting.name)
    if unit == "ppm":
        return f"{number(value, PERCENT_DECIMALS)} %"
    if unit == "us" and value % US_PER_S:
        return f"{number(value, MS_DECIMALS)} ms"
    if unit:
        dimension, size = _SIZES[unit]
        return Amount(value / size, dimension).text
    said, decimals = next((known for suffix, known in _SUFFIXES.items() if setting.name.endswith(f"_{suffix}")), ("", 0))
    return f"{number(value, decimals)} {said}".strip()


def known_fault(name: str) -> Fault:
    """The fault of that name. Raises QuantityError with the nearest one."""
    if name not in REGISTRY:
        raise QuantityError(f"there is no fault {name!r}", do=meant(name, REGISTRY))
    return REGISTRY[name]


def value_for(fault: str, key: str, text: str) -> FaultValue:
    """Read one parameter. Raises QuantityError for a name that this fault does not take, and for a value that cannot be it."""
    settings = {spoken(setting): setting for setting in known_fault(fault).settings}
    if key not in settings:
        by_unit = next((name for name, setting in settings.items() if setting.name in (key, key.replace("-", "_"))), "")
        if not settings:
            raise QuantityError(f"{fault} takes nothing called {key!r}", do="take it away")
        raise QuantityError(f"{fault} takes nothing called {key!r}", do=f"write {by_unit!r}" if by_unit else meant(key, settings))
    setting = settings[key]
    return FaultValue(setting.name, key, _value(setting, text))


def values_judged(fault: str, values: tuple[FaultValue, ...]) -> None:
    """Whether they fit the fault as far as that can be told before it is run. Raises QuantityError."""
    given: dict[str, int | str] = {}
    for value in values:
        constant = value.value.constant if isinstance(value.value, Formula) else None
        if isinstance(value.value, Formula) and constant is None:
            given[value.name] = _anything(fault, value.name)
        else:
            given[value.name] = value.settle(lambda _formula, known=constant: known)  # type: ignore[misc]  # it is there where it is asked for
    must = [setting for setting in known_fault(fault).settings if setting.default is None and not setting.optional]
    missing = next((spoken(setting) for setting in must if setting.name not in given), "")
    if missing:
        raise QuantityError(f"{fault} needs {missing!r}", do=f"add a line `{missing}: ...`")
    try:
        check(fault, given)
    except BenchError as error:
        raise QuantityError(error.what, do=error.do) from None


def _anything(fault: str, name: str) -> int:
    """A value that a formula may come to."""
    setting = next(setting for setting in REGISTRY[fault].settings if setting.name == name)
    return setting.low or 0


def _value(setting: Setting, text: str) -> int | str | Formula:
    if setting.text:
        word = text.replace("-", "_").replace(" ", "_")
        return word if word in setting.choices else text
    unit = _unit(setting.name)
    if unit:
        return _signed(setting, text, unit)
    suffix = next((suffix for suffix in _SUFFIXES if setting.name.endswith(f"_{suffix}")), "")
    said, decimals = _SUFFIXES.get(suffix, ("", 0))
    return _whole(text, said, decimals)


def _signed(setting: Setting, text: str, unit: str) -> int | Formula:
    """A formula; below zero, where the parameter may be, or in milliseconds, a plain figure. Raises QuantityError."""
    if text.startswith("-") and (setting.low is None or setting.low < 0):
        figure = _signed(setting, text[1:], unit)
        constant = figure if isinstance(figure, int) else figure.constant
        if constant is None:
            raise QuantityError(f"{text!r} is no plain figure", do="write one number and its unit")
        return -(constant if isinstance(constant, int) else round(constant.value * _SIZES[unit][1]))
    if unit == "us" and text.endswith(" ms"):
        return _whole(text, "ms", MS_DECIMALS)
    return parse_formula(text, _SIZES[unit][0])


def _whole(text: str, unit: str, decimals: int) -> int:
    """A number with a unit that no formula has. Raises QuantityError."""
    sign, plain = (-1, text[1:]) if text.startswith("-") else (1, text)
    figure, _, given = plain.partition(" ")
    whole, _, part = figure.replace(",", "").partition(".")
    fits = whole.isascii() and whole.isdigit() and len(part) <= decimals and (not part or part.isdigit()) and given.strip() == unit
    if not fits:
        shown = f"{number(37 * 10**decimals, decimals)} {unit}".strip()
        raise QuantityError(f"{text!r} cannot be read", do=f"write it like {shown}")
    return sign * int(whole + part.ljust(decimals, "0"))


def _unit(name: str) -> str:
    """The unit that ends a name and that formulas know."""
    return next((unit for unit in _SIZES if name == unit or name.endswith(f"_{unit}")), "")
