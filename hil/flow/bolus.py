"""Bolus accuracy from the same log: what came between the last reading before a bolus and the first after it, less the basal flow."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from hil.errors import CheckFailed, QuantityError
from hil.flow.accuracy import Corrections, volume_nl
from hil.flow.log import Reading
from hil.wording import quantity

__all__ = ["Bolus", "BolusResult", "bolus_results", "parse_bolus"]

US_PER_S = 1_000_000
US_PER_H = 3_600 * US_PER_S
EXAMPLE = "0.02 mL at 30 h for 10 min"
_FORM = re.compile(r"(?P<volume>.+?) at (?P<at>.+?) for (?P<duration>.+)")


class Bolus(NamedTuple):
    """What was programmed: volume, start counted from the log's first reading, duration."""

    volume_nl: int
    at_s: int
    duration_s: int


class BolusResult(NamedTuple):
    """What the balance says came of it."""

    bolus: Bolus
    delivered_nl: float
    error_percent: float


def parse_bolus(text: str) -> Bolus:
    """Read `0.02 mL at 30 h for 10 min`. Raises QuantityError."""
    fit = _FORM.fullmatch(text.strip())
    if fit is None:
        raise QuantityError(f"{text[:60]!r} is no bolus", do=f"write it like {EXAMPLE}")
    bolus = Bolus(quantity.VOLUME.parse(fit["volume"]), quantity.parse_duration(fit["at"]), quantity.parse_duration(fit["duration"]))
    if not bolus.volume_nl:
        raise QuantityError(f"{text[:60]!r} delivers nothing", do=f"write it like {EXAMPLE}")
    return bolus


def bolus_results(
    log: Sequence[Reading], boluses: Sequence[Bolus], rate_nl_per_h: int, corrections: Corrections
) -> tuple[BolusResult, ...]:
    """Each bolus by itself. Raises CheckFailed where the log does not span it, or two lie between the same readings."""
    results, free_from_us = [], 0
    for bolus in sorted(boluses, key=lambda each: each.at_s):
        begin_us, end_us = _span(log, bolus)
        if begin_us < free_from_us:
            raise CheckFailed("no reading between it and the one before", where=_named(bolus), do="weigh before and after each bolus")
        free_from_us = end_us
        came_nl = volume_nl(log, end_us, corrections) - volume_nl(log, begin_us, corrections)
        delivered_nl = came_nl - rate_nl_per_h * (end_us - begin_us) / US_PER_H
        results.append(BolusResult(bolus, delivered_nl, 100 * (delivered_nl - bolus.volume_nl) / bolus.volume_nl))
    return tuple(results)


def _span(log: Sequence[Reading], bolus: Bolus) -> tuple[int, int]:
    """The last reading at or before its start, the first at or after its end."""
    times = [reading.at_us for reading in log]
    first = bisect_right(times, bolus.at_s * US_PER_S) - 1
    last = bisect_left(times, (bolus.at_s + bolus.duration_s) * US_PER_S)
    if last >= len(log):
        raise CheckFailed("the log ends before it does", where=_named(bolus), do="weigh until after it")
    return times[first], times[last]


def _named(bolus: Bolus) -> str:
    return f"bolus at {quantity.duration(bolus.at_s)}"
