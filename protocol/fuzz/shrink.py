"""Make a stream that breaks a law small: drop steps, then bytes, as long as the same law breaks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from protocol.fuzz.steps import Step

__all__ = ["TRIES_MAX", "shrunk"]

T = TypeVar("T")
Breaks = Callable[[list[Step]], bool]

_BYTES = ("send", "to_pump", "to_host")
TRIES_MAX = 800
"""Runs that making smaller may cost; what is left then is small enough to read."""


class _Tries:
    """Runs candidates, at most so many."""

    def __init__(self, breaks: Breaks) -> None:
        self._breaks = breaks
        self._left = TRIES_MAX

    def __call__(self, steps: list[Step]) -> bool:
        self._left -= 1
        return self._left >= 0 and self._breaks(steps)


def shrunk(steps: Sequence[Step], breaks: Breaks) -> list[Step]:
    """A shorter list of steps that still breaks; the same one if none does."""
    tries = _Tries(breaks)
    least = _smaller(list(steps), tries)
    for at in range(len(least)):
        if least[at].act in _BYTES:
            least[at] = least[at]._replace(data=_fewer_bytes(least, at, tries))
    return least


def _fewer_bytes(steps: list[Step], at: int, tries: Callable[[list[Step]], bool]) -> bytes:
    def breaks(data: Sequence[int]) -> bool:
        return tries([*steps[:at], steps[at]._replace(data=bytes(data)), *steps[at + 1 :]])

    data: list[int] = _smaller(list(steps[at].data), breaks)
    return bytes(data)


def _smaller(items: list[T], breaks: Callable[[list[T]], bool]) -> list[T]:
    """Leave out stretches, long ones first, while it still breaks."""
    size = max(1, len(items) // 2)
    while items:
        at, before = 0, len(items)
        while at < len(items):
            less = items[:at] + items[at + size :]
            if breaks(less):
                items = less
            else:
                at += size
        if size == 1 and len(items) == before:
            break
        size = max(1, size // 2)
    return items
