"""Quantities as the command line takes them: typed with their unit, in quotes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from hil.errors import QuantityError
from hil.wording import quantity

__all__ = ["CLOCK", "CONCENTRATION", "DAILY_DOSE", "DOSE", "DURATION", "MINUTE", "RATE", "VOLUME", "Quantity"]


class Quantity(click.ParamType[int]):
    """A typed quantity; what is wrong with it is said by the parser."""

    def __init__(self, name: str, parse: Callable[[str], int]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            return self._parse(str(value))
        except QuantityError as error:
            self.fail(str(error), param, ctx)


VOLUME = Quantity("volume", quantity.VOLUME.parse)
DOSE = Quantity("dose", quantity.DOSE.parse)
DAILY_DOSE = Quantity("dose per day", quantity.DAILY_DOSE.parse)
CONCENTRATION = Quantity("concentration", quantity.CONCENTRATION.parse)
DURATION = Quantity("duration", quantity.parse_duration)
RATE = Quantity("rate", quantity.parse_rate)
CLOCK = Quantity("clock", quantity.parse_clock)
MINUTE = Quantity("time of day", quantity.parse_minute)
