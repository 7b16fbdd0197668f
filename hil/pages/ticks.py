"""Round numbers for the axes of plots."""

from __future__ import annotations

from math import ceil, floor, log10

__all__ = ["ticks_around", "ticks_within"]

STEPS = 5
NICE = (1, 2, 5, 10)
TINY = 1e-9
DIGITS = 12


def ticks_around(low: float, high: float, *, steps: int = STEPS, least: float = 0) -> list[float]:
    """Evenly spaced and round, from at most the lowest value to at least the highest: an axis. It spans no less than `least`."""
    rough = max(high - low, least, abs(high) * TINY, TINY) / steps
    ten = 10.0 ** floor(log10(rough))
    step = next(ten * nice for nice in NICE if ten * nice >= rough * (1 - TINY))
    first = floor(low / step + TINY)
    last = max(first + 1, ceil(high / step - TINY))
    return [round(number * step, DIGITS) for number in range(first, last + 1)]


def ticks_within(low: float, high: float, *, steps: int = STEPS) -> list[float]:
    """Those of them that lie on an axis from lowest to highest."""
    room = (high - low) * TINY
    return [tick for tick in ticks_around(low, high, steps=steps) if low - room <= tick <= high + room]
