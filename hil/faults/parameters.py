"""Parameters of faults: what each is called, may be, and is when nobody says otherwise."""

from __future__ import annotations

import json
from collections.abc import Mapping
from difflib import get_close_matches
from typing import NamedTuple

from hil.errors import BenchError

__all__ = ["Numbers", "Setting", "Values", "as_text", "judged"]

Values = dict[str, int | str]
SPANS_MAX = 1_000
"""Spans in one list of numbers; a script of more than this is a rate."""


class Setting(NamedTuple):
    """One parameter: its name with the unit last, what it means, its range (None: no end) and default (None: must be given).

    `choices` are the only texts it may be; `optional` ones without a default may be left out.
    """

    name: str
    meaning: str
    low: int | None = None
    high: int | None = None
    text: bool = False
    default: int | str | None = None
    choices: tuple[str, ...] = ()
    optional: bool = False

    def range_text(self) -> str:
        """The range for people."""
        if self.text:
            return ", ".join(self.choices) or "text"
        low = "any" if self.low is None else f"{self.low:,}"
        return f"{low} to {'any' if self.high is None else f'{self.high:,}'}"


class Numbers(NamedTuple):
    """Which numbers a text such as `3,7-9` names, counted from 1."""

    spans: tuple[tuple[int, int], ...]

    @classmethod
    def parse(cls, text: str) -> Numbers:
        """Read it. Raises BenchError."""
        do = "write numbers and spans from 1 on, such as 3 or 3,7-9"
        spans = []
        for part in text.replace(" ", "").split(",")[: SPANS_MAX + 1]:
            first, dash, last = part.partition("-")
            if not first.isdecimal() or (dash and not last.isdecimal()):
                raise BenchError(f"{text[:40]!r} names no numbers", where="inject", do=do)
            spans.append((int(first), int(last if dash else first)))
        if len(spans) > SPANS_MAX or any(low < 1 or high < low for low, high in spans):
            raise BenchError(f"{text[:40]!r} is no list of rising numbers from 1, {SPANS_MAX:,} spans at most", where="inject", do=do)
        return cls(tuple(spans))

    def names(self, number: int) -> bool:
        """Whether this number is meant."""
        return any(low <= number <= high for low, high in self.spans)


def judged(fault: str, settings: tuple[Setting, ...], given: Mapping[str, int | str]) -> Values:
    """The parameters with defaults filled in. Raises BenchError that says what is wrong and what would be right."""
    wanted = {setting.name: setting for setting in settings}
    must = {setting.name for setting in settings if setting.default is None and not setting.optional}
    if given.keys() - wanted.keys() or must - given.keys():
        takes = ", ".join(wanted) or "no parameters"
        raise BenchError(f"{fault} takes {takes}; given {', '.join(given) or 'none'}", where="inject", do="see the verb `faults`")
    for name, value in given.items():
        _judge(fault, wanted[name], value)
    values: Values = {setting.name: setting.default for setting in settings if setting.default is not None}
    return values | dict(given)


def as_text(values: Mapping[str, int | str]) -> str:
    """Parameters as they are kept in images: JSON with its names in order."""
    return json.dumps(dict(values), sort_keys=True)


def _judge(fault: str, setting: Setting, value: int | str) -> None:
    place = f"{fault}: {setting.name}"
    if isinstance(value, str) != setting.text or isinstance(value, bool):
        raise BenchError(f"{place} is {'a text' if setting.text else 'a whole number'}, not {value!r}", where="inject")
    if isinstance(value, str) and setting.choices and value not in setting.choices:
        near = get_close_matches(value, setting.choices, 1)
        do = f"did you mean {near[0]}?" if near else f"use one of: {', '.join(setting.choices)}"
        raise BenchError(f"{place} is {value!r}", where="inject", do=do)
    if isinstance(value, int):
        low, high = setting.low, setting.high
        if (low is not None and value < low) or (high is not None and value > high):
            raise BenchError(f"{place} is {value}; it is {low} to {'any' if high is None else high}", where="inject")
