"""Seeded draws: the same parts give the same numbers, on every machine."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

__all__ = ["Draw", "draw_of", "edges", "weighted"]

T = TypeVar("T")
Draw = random.Random


def draw_of(*parts: object) -> Draw:
    """A source of draws that depends on these parts alone."""
    return random.Random("/".join(map(str, parts)))  # noqa: S311  # seeded draws are not keys


def weighted(draw: Draw, table: Sequence[tuple[T, int]]) -> T:
    """One entry, as often as its weight says."""
    at = draw.randrange(sum(weight for _, weight in table))
    for entry, weight in table:
        at -= weight
        if at < 0:
            return entry
    raise AssertionError("weights do not add up")


def edges(draw: Draw, size: int, value: int) -> int:
    """A value for an integer of `size` bytes where programs break: at the ends of ranges, beside what was there, one bit off."""
    top = (1 << 8 * size) - 1
    kind = draw.randrange(6)
    if kind == 0:
        return draw.choice((0, 1, 2, top, top - 1, top >> 1, (top >> 1) + 1))
    if kind == 1:
        return (value + draw.choice((-1, 1, -2, 2))) & top
    if kind == 2:
        return value ^ 1 << draw.randrange(8 * size)
    if kind == 3:
        return (1 << draw.randrange(8 * size)) - draw.randrange(2)
    if kind == 4:
        return value * draw.choice((2, 10, 1000)) & top
    return draw.getrandbits(8 * size)
