"""When a reservoir will be low or empty under a therapy: exact, over the weekly schedule, from a device clock."""

from __future__ import annotations

from typing import NamedTuple

from hil.therapy.arithmetic import MINUTES_PER_DAY
from protocol.messages import Limits
from protocol.therapy import Group, Step, Therapy

__all__ = ["DAYS_PER_WEEK", "US_PER_DAY", "day_group", "reached_at", "weekday"]

DAYS_PER_WEEK = 7
US_PER_MINUTE = 60_000_000
US_PER_DAY = MINUTES_PER_DAY * US_PER_MINUTE
US_PER_WEEK = DAYS_PER_WEEK * US_PER_DAY
NL_PER_H_US = 3_600_000_000
"""One nL in units of nL/h x us."""
DAY_ZERO = 5
"""2000-01-01, day 0 of the device clock, was a Saturday; 0 is Monday."""


class _Piece(NamedTuple):
    """A stretch of the week at one rate."""

    start_us: int
    end_us: int
    rate_nl_per_h: int


def weekday(clock_us: int) -> int:
    """The weekday of a device clock, 0 = Monday."""
    return (clock_us // US_PER_DAY + DAY_ZERO) % DAYS_PER_WEEK


def day_group(therapy: Therapy, day: int, limits: Limits) -> Group:
    """The group in force on a weekday; a therapy without groups runs at the minimum rate, with no dose asked for."""
    whole_day = (Step(0, MINUTES_PER_DAY, limits.minimum_rate_nl_per_h),)
    return next((group for group in therapy.groups if group.weekdays >> day & 1), Group(1 << day, 0, whole_day))


def reached_at(therapy: Therapy, limits: Limits, clock_us: int, volume_nl: int) -> int | None:
    """The device clock at which `volume_nl` has been given from `clock_us` on; None if the therapy gives nothing.

    A volume of zero or less is reached at once.
    """
    if volume_nl <= 0:
        return clock_us
    pieces = _week(therapy, limits)
    per_week = sum((piece.end_us - piece.start_us) * piece.rate_nl_per_h for piece in pieces)
    if per_week <= 0:
        return None
    weeks, left = divmod(volume_nl * NL_PER_H_US, per_week)
    if not left:
        return clock_us + weeks * US_PER_WEEK
    start = weekday(clock_us) * US_PER_DAY + clock_us % US_PER_DAY
    return clock_us + weeks * US_PER_WEEK + _within(pieces, start, left)


def _week(therapy: Therapy, limits: Limits) -> list[_Piece]:
    return [
        _Piece(day * US_PER_DAY + step.start_minute * US_PER_MINUTE, day * US_PER_DAY + step.end_minute * US_PER_MINUTE, step.rate_nl_per_h)
        for day in range(DAYS_PER_WEEK)
        for step in day_group(therapy, day, limits).steps
    ]


def _within(pieces: list[_Piece], start_us: int, left: int) -> int:
    """How long after `start_us` of the week `left` (nL/h x us, less than a week's) has been given; rounded up to a us."""
    later = [piece._replace(start_us=piece.start_us + US_PER_WEEK, end_us=piece.end_us + US_PER_WEEK) for piece in pieces]
    for piece in [*pieces, *later]:
        begin = max(piece.start_us, start_us)
        given = max(piece.end_us - begin, 0) * piece.rate_nl_per_h
        if given >= left:
            return begin - start_us - (-left // piece.rate_nl_per_h)
        left -= given
    return US_PER_WEEK
