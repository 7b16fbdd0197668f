"""Where a random choice comes from: hypothesis, which shrinks what fails, or a seed, which is fast. Rules are written once for both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Protocol, TypeVar

from hypothesis import strategies as st

__all__ = ["ByHypothesis", "BySeed", "Draws", "strategy_of"]

T = TypeVar("T")
_ENDS_SHARE = 16
"""Of so many draws of a whole number by seed, one is each end of the range: limits break first."""


class Draws(Protocol):
    """What a rule may ask for."""

    def whole(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        ...

    def pick(self, options: Sequence[T]) -> T:
        """One of several."""
        ...


class ByHypothesis:
    """Choices that hypothesis makes and shrinks."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw

    def whole(self, low: int, high: int) -> int:
        """A whole number; small ones when it shrinks."""
        return self._draw(st.integers(low, high))

    def pick(self, options: Sequence[T]) -> T:
        """One of several; the first when it shrinks."""
        return self._draw(st.sampled_from(options))


class BySeed:
    """Choices of a seeded generator."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def whole(self, low: int, high: int) -> int:
        """A whole number, now and then an end of its range."""
        ends = self._random.randrange(_ENDS_SHARE)
        return (low, high)[ends] if ends < 2 else self._random.randint(low, high)

    def pick(self, options: Sequence[T]) -> T:
        """One of several."""
        return self._random.choice(options)


def strategy_of(rule: Callable[[Draws], T]) -> st.SearchStrategy[T]:
    """What a rule draws, as a strategy of hypothesis."""
    return st.composite(lambda draw: rule(ByHypothesis(draw)))()
