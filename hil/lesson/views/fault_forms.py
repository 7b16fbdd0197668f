"""Forms for faults, made from the registry: what each parameter is called, its unit and range, and how what is typed becomes its value.

A parameter is written as in a scenario file: `fraction: 94 %`, `lost: 5 mL`, `over: 60 days`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from hil.errors import BenchError, QuantityError
from hil.faults.parameters import Setting, Values
from hil.faults.registry import REGISTRY, Fault, check
from hil.scenario.amount import Amount
from hil.scenario.fault_values import known_fault, spoken, value_for, value_text
from hil.scenario.formula import Formula

__all__ = ["fault_forms", "fault_values", "values_text"]

ONCE, UNTIL_CLEARED, ENDS, NEVER = "happens once", "lasts until cleared", "is over by itself, or when cleared", "cannot be cleared"


@cache
def fault_forms() -> list[dict[str, Any]]:
    """Every fault with its fields, families together, for a page to draw."""
    return [_form(fault) for fault in sorted(REGISTRY.values(), key=lambda fault: fault.name.partition(".")[0])]


def fault_values(name: str, typed: Mapping[str, str]) -> Values:
    """Values for the bench from what was typed, by the names on the form; empty fields are left out. Raises QuantityError."""
    known_fault(name)
    given: Values = {}
    for key, text in typed.items():
        if text.strip():
            value = value_for(name, key, text.strip())
            given[value.name] = value.settle(_constant)
    missing = [spoken(setting) for setting in REGISTRY[name].settings if _needed(setting) and setting.name not in given]
    if missing:
        raise QuantityError(f"{name} needs {' and '.join(missing)}", do="fill that in")
    try:
        return check(name, given)[1]
    except BenchError as error:
        raise QuantityError(_in_words(name, given) or error.what, do=error.do) from None


def values_text(name: str, values: Mapping[str, int | str]) -> str:
    """Parameters as a person would type them: `fraction 94 %, over 60 days`; empty for a fault that takes none."""
    settings = {setting.name: setting for setting in REGISTRY[name].settings} if name in REGISTRY else {}
    return ", ".join(f"{spoken(settings[key])} {value_text(settings[key], value)}" for key, value in values.items() if key in settings)


def _constant(formula: Formula) -> Amount:
    if formula.constant is None:
        raise QuantityError(f"{formula.text!r} is no plain figure", do="write one number and its unit")
    return formula.constant


def _needed(setting: Setting) -> bool:
    return setting.default is None and not setting.optional


def _form(fault: Fault) -> dict[str, Any]:
    family, _, last = fault.name.partition(".")
    stays = ONCE if not fault.lasting else NEVER if not fault.clearable else ENDS if fault.ends else UNTIL_CLEARED
    return {
        "name": fault.name,
        "family": family,
        "label": last.replace("_", " "),
        "truth": fault.truth,
        "notices": fault.pump_notices,
        "misses": fault.pump_misses,
        "stays": stays,
        "fields": [_field(setting) for setting in fault.settings],
    }


def _field(setting: Setting) -> dict[str, Any]:
    default = "" if setting.default is None else value_text(setting, setting.default)
    hint = [] if setting.choices else [_range(setting)]
    if not _needed(setting):
        hint.append(f"{default} if left empty" if default else "may be left empty")
    return {
        "key": spoken(setting),
        "label": spoken(setting).replace("-", " "),
        "meaning": setting.meaning,
        "hint": "; ".join(part for part in hint if part),
        "choices": [choice.replace("_", " ") for choice in setting.choices],
        "values": list(setting.choices),
        "needed": _needed(setting),
    }


def _range(setting: Setting) -> str:
    if setting.text:
        return "a list such as 3,7-9" if setting.name.startswith("at_") else "text"
    low = "" if setting.low is None else value_text(setting, setting.low)
    high = "" if setting.high is None else value_text(setting, setting.high)
    if low and high:
        return f"{low} to {high}"
    like = f"like {value_text(setting, _example(setting))}"
    if low.startswith("under"):
        return f"more than nothing, {like}"
    return f"{low} or more, {like}" if low else like


def _example(setting: Setting) -> int:
    """A value that shows how one is written."""
    low = setting.low or 0
    return next((value for unit, value in _EXAMPLES.items() if setting.name.endswith(unit)), max(low, 40))


_EXAMPLES = {"_nl_per_mmhg": 10_000, "_ng_per_ml": 500_000, "_nl": 5_000_000, "_us": 3_600_000_000, "_mdegc": 40_000, "_mmhg": 900}
"""By the unit that ends a name."""


def _in_words(name: str, given: Values) -> str:
    """What is out of range, in the units of the form; empty if it is something else."""
    for setting in REGISTRY[name].settings:
        value = given.get(setting.name)
        if isinstance(value, int) and not _fits(setting, value):
            return f"{spoken(setting)} is {value_text(setting, value)}; it is {_range(setting)}"
    return ""


def _fits(setting: Setting, value: int) -> bool:
    return (setting.low is None or value >= setting.low) and (setting.high is None or value <= setting.high)
