"""What rises or falls evenly, divided and rounded down: a column of such numbers, without a division for each.

From one number to the next the quotient grows by the same whole part, and by one more where the remainder carries. Where it carries is
known without going through the numbers: carries come at distances that differ by one at most, and which of the two it is each time is
the same question again about fewer numbers, as in Euclid's algorithm.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from itertools import accumulate, repeat
from operator import floordiv

from firmware_sim.limits import BYTE_BITS

__all__ = ["divided"]

_BYTES = 1 << BYTE_BITS
_GROWTH_MAX = _BYTES // 2 - 2
"""A quotient that rises or falls faster from number to number than signed bytes can tell is divided number by number."""
_INNER = b"\2\3".ljust(_BYTES, b"\0")
"""Renames what is read, so that it is told from what is written in its place."""
_SHORT, _LONG = b"\2", b"\3"


def divided(numbers: range, divisor: int) -> Iterable[int]:
    """Each number divided and rounded down; a range where that still rises or falls evenly."""
    growth, part = divmod(numbers.step, divisor)
    first, rest = divmod(numbers.start, divisor)
    count = len(numbers)
    if not part:
        return range(first, first + count * growth, growth)
    if not count or abs(growth) > _GROWTH_MAX:
        return map(floordiv, numbers, repeat(divisor))
    table = bytes((growth % _BYTES, (growth + 1) % _BYTES)).ljust(_BYTES, b"\0")
    return accumulate(array("b", _carries(rest, part, divisor, count - 1).translate(table)), initial=first)


def _carries(rest: int, part: int, whole: int, count: int) -> bytes:
    """Add `part` to `rest` so many times, and take `whole` away each time there is as much: a 1 for each time, else 0."""
    carried = (rest + count * part) // whole
    if not carried:
        return bytes(count)
    until_first, over = divmod(whole - rest + part - 1, part)
    distance, more = divmod(whole, part)
    short = b"\1".rjust(distance, b"\0")
    further = _carries(over, more, part, carried - 1).translate(_INNER)
    word = b"\1".rjust(until_first, b"\0") + further.replace(_SHORT, short).replace(_LONG, b"\0" + short)
    return word.ljust(count, b"\0")
