"""What a therapy gives over the weekly schedule, from one device clock to another, and when a volume will have been given: exact.

The volume given between two clocks is the integral of the programmed rate; the clock at which a volume has been given is its inverse,
rounded up to a whole microsecond.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from firmware_sim.units import DAYS_PER_WEEK, EPOCH_WEEKDAY, UNITS_PER_NL, US_PER_DAY, US_PER_MIN, US_PER_WEEK
from hil.therapy.arithmetic import MINUTES_PER_DAY
from protocol.messages import Limits
from protocol.therapy import Group, Step, Therapy

__all__ = ["DAYS_PER_WEEK", "US_PER_DAY", "day_group", "given_nl", "most_in_a_day_nl", "reached_at", "reached_with_boluses", "weekday"]


class _Piece(NamedTuple):
    """A stretch of the week at one rate."""

    start_us: int
    end_us: int
    rate_nl_per_h: int


def weekday(clock_us: int) -> int:
    """The weekday of a device clock, 0 = Monday."""
    return (clock_us // US_PER_DAY + EPOCH_WEEKDAY) % DAYS_PER_WEEK


def day_group(therapy: Therapy, day: int, limits: Limits) -> Group:
    """The group in force on a weekday; a therapy without groups runs at the minimum rate, with no dose asked for."""
    whole_day = (Step(0, MINUTES_PER_DAY, limits.minimum_rate_nl_per_h),)
    return next((group for group in therapy.groups if group.weekdays >> day & 1), Group(1 << day, 0, whole_day))


def reached_at(therapy: Therapy, limits: Limits, clock_us: int, volume_nl: int) -> int | None:
    """The device clock at which `volume_nl` has been given from `clock_us` on; None if the therapy gives nothing.

    A volume of zero or less is reached at once.
    """
    return clock_us if volume_nl <= 0 else _reached(therapy, limits, clock_us, volume_nl * UNITS_PER_NL)


def _reached(therapy: Therapy, limits: Limits, clock_us: int, units: int) -> int | None:
    pieces = _week(therapy, limits)
    per_week = sum((piece.end_us - piece.start_us) * piece.rate_nl_per_h for piece in pieces)
    if per_week <= 0:
        return None
    weeks, left = divmod(units, per_week)
    if not left:
        return clock_us + weeks * US_PER_WEEK
    return clock_us + weeks * US_PER_WEEK + _within(pieces, _of_week(clock_us), left)


def reached_with_boluses(therapy: Therapy, limits: Limits, clock_us: int, volume_nl: int, bolus_nl_per_day: int) -> int | None:
    """The same with boluses of so much a day on top of basal, each day's taken to be given at the day's first instant.

    So it is never later than the pump's own date, whenever in the day the boluses are really given.
    """
    if not bolus_nl_per_day:
        return reached_at(therapy, limits, clock_us, volume_nl)
    per_week = given_nl(therapy, limits, clock_us, clock_us + US_PER_WEEK) + DAYS_PER_WEEK * bolus_nl_per_day
    weeks = max(volume_nl // per_week - 1, 0)  # certainly used up whole; the days after them are gone through one by one
    clock_us += weeks * US_PER_WEEK
    rest = volume_nl - weeks * per_week
    while rest > bolus_nl_per_day:
        rest -= bolus_nl_per_day
        day = given_nl(therapy, limits, clock_us, clock_us + US_PER_DAY)
        if rest <= day:
            return _reached(therapy, limits, clock_us, -(-rest * UNITS_PER_NL // 1))
        rest -= day
        clock_us += US_PER_DAY
    return clock_us


def given_nl(therapy: Therapy, limits: Limits, since_us: int, until_us: int) -> Fraction:
    """The volume of basal between two device clocks. Raises ValueError if the second is the earlier one."""
    if until_us < since_us:
        raise ValueError("the span ends before it begins")
    pieces = _week(therapy, limits)
    whole = sum((piece.end_us - piece.start_us) * piece.rate_nl_per_h for piece in pieces)
    weeks, left_us = divmod(until_us - since_us, US_PER_WEEK)
    start = _of_week(since_us)
    return Fraction(weeks * whole + _units_between(pieces, start, start + left_us), UNITS_PER_NL)


def most_in_a_day_nl(therapy: Therapy, limits: Limits) -> Fraction:
    """The most basal that any 24 hours hold. The sum over a moving day turns only where a rate changes at one of its ends."""
    pieces = _week(therapy, limits)
    turns = {piece.start_us for piece in pieces}
    begins = turns | {(turn - US_PER_DAY) % US_PER_WEEK for turn in turns}
    return Fraction(max(_units_between(pieces, begin, begin + US_PER_DAY) for begin in begins), UNITS_PER_NL)


def _of_week(clock_us: int) -> int:
    """Microseconds since Monday 00:00."""
    return weekday(clock_us) * US_PER_DAY + clock_us % US_PER_DAY


def _units_between(pieces: list[_Piece], start_us: int, end_us: int) -> int:
    """nL/h x us between two places of the week; the second may lie in the week after."""
    doubled = [*pieces, *(_next_week(piece) for piece in pieces)]
    return sum(max(0, min(piece.end_us, end_us) - max(piece.start_us, start_us)) * piece.rate_nl_per_h for piece in doubled)


def _next_week(piece: _Piece) -> _Piece:
    return piece._replace(start_us=piece.start_us + US_PER_WEEK, end_us=piece.end_us + US_PER_WEEK)


def _week(therapy: Therapy, limits: Limits) -> list[_Piece]:
    return [
        _Piece(day * US_PER_DAY + step.start_minute * US_PER_MIN, day * US_PER_DAY + step.end_minute * US_PER_MIN, step.rate_nl_per_h)
        for day in range(DAYS_PER_WEEK)
        for step in day_group(therapy, day, limits).steps
    ]


def _within(pieces: list[_Piece], start_us: int, left: int) -> int:
    """How long after `start_us` of the week `left` (nL/h x us, less than a week's) has been given; rounded up to a us."""
    for piece in [*pieces, *(_next_week(piece) for piece in pieces)]:
        begin = max(piece.start_us, start_us)
        given = max(piece.end_us - begin, 0) * piece.rate_nl_per_h
        if given >= left:
            return begin - start_us - (-left // piece.rate_nl_per_h)
        left -= given
    return US_PER_WEEK
