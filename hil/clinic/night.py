"""The night pattern: a higher hourly rate at night, programmed ahead of the effect (R-048: +20 %, R-049: 2 h before).

With n minutes of night and d of day, base rate = daily dose / (d + 1.2 n): the dose per day stays what it was.
"""

from __future__ import annotations

from fractions import Fraction

from firmware_sim.units import S_PER_MIN
from hil.clinic.limits import PERCENT
from hil.clinic.rules.table import RuleSet
from hil.therapy.arithmetic import MINUTES_PER_DAY, exact_rate_nl_per_h
from hil.therapy.days import ALL_DAYS
from protocol.therapy import Group, Step

__all__ = ["night_pattern"]


def night_pattern(rules: RuleSet, dose_ng_per_day: int, concentration_ng_per_ml: int, night: tuple[int, int]) -> Group:
    """The group of steps that has its effect in `night` (minutes of day, from and to; it may cross midnight), every day of the week.

    Rates are whole nL/h, rounded down. Raises ValueError for a night of no or of all hours, or without drug.
    """
    start, end = night
    length = (end - start) % MINUTES_PER_DAY
    if not length or not 0 <= start <= MINUTES_PER_DAY or not 0 <= end <= MINUTES_PER_DAY:
        raise ValueError("a night has a beginning and an end")
    if min(dose_ng_per_day, concentration_ng_per_ml) <= 0:
        raise ValueError("a night pattern needs a dose and a concentration")
    more = Fraction(PERCENT + rules.rules["R-048"].one("night_percent"), PERCENT)
    lead = rules.rules["R-049"].one("lead_s") // S_PER_MIN
    weighted = MINUTES_PER_DAY - length + more * length
    base = exact_rate_nl_per_h(dose_ng_per_day, MINUTES_PER_DAY, concentration_ng_per_ml) * MINUTES_PER_DAY / weighted
    return Group(ALL_DAYS, dose_ng_per_day, _steps((start - lead) % MINUTES_PER_DAY, length, int(base), int(base * more)))


def _steps(start: int, length: int, base: int, higher: int) -> tuple[Step, ...]:
    """Steps that tile the day; a night over midnight is two."""
    end = start + length
    if end <= MINUTES_PER_DAY:
        pieces = [(0, start, base), (start, end, higher), (end, MINUTES_PER_DAY, base)]
    else:
        pieces = [(0, end - MINUTES_PER_DAY, higher), (end - MINUTES_PER_DAY, start, base), (start, MINUTES_PER_DAY, higher)]
    return tuple(Step(*piece) for piece in pieces if piece[0] < piece[1])
