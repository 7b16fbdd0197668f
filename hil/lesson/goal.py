"""What time hurries to: an instant, the next thing that happens, or something that is waited for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Self

from hil.errors import QuantityError, UsageError
from hil.faults.conditions import parse_condition
from hil.lesson.facts import FACTS
from hil.scenario.parts import condition
from hil.wording.quantity import duration, parse_duration

if TYPE_CHECKING:
    from hil.lesson.case import Case
    from hil.lesson.entries import Entry
    from hil.lesson.run import LessonRun

__all__ = ["Goal"]

US_PER_S = 1_000_000
HAPPENINGS = ("fact", "finding", "said", "step")
"""Kinds that count as something that happens, beside a new sound."""


class Goal:
    """Reached at `until_us`, or at the first look at which it has come about. `words` say what it is."""

    def __init__(self, words: str, *, until_us: int | None = None, holds: Callable[[Case], bool] | None = None) -> None:
        self.words = words
        self.until_us = until_us
        self._holds = holds
        self._happened = False

    @classmethod
    def wait(cls, run: LessonRun, text: str) -> Self:
        """So long from now on. Raises UsageError."""
        try:
            seconds = parse_duration(text)
        except QuantityError as error:
            raise UsageError(error.what, where="time", do=error.do) from None
        if not seconds:
            raise UsageError("no time at all would pass", where="time", do="write it like 1 h")
        return cls(f"{duration(seconds)} have passed", until_us=run.now_us + seconds * US_PER_S)

    @classmethod
    def next_event(cls) -> Self:
        """Whatever happens next in any case."""
        return cls("something happens")

    @classmethod
    def until(cls, text: str) -> Self:
        """A fact by its name, or what a scenario can wait for: `under-dosed`, `alarm motor-stall`. Raises UsageError."""
        name = " ".join(text.split())
        if name in FACTS:
            return cls(FACTS[name].words, holds=lambda case: name in case.facts)
        try:
            wanted = parse_condition(condition(name))
        except QuantityError as error:
            do = f"write a fact, such as under-dosed, or: {error.do}"
            raise UsageError(error.what, where="condition", do=do) from None
        return cls(name, holds=lambda case: wanted.holds(case.unit.pump))

    def feed(self, entry: Entry) -> None:
        """See an entry."""
        self._happened |= entry.kind in HAPPENINGS or (entry.kind == "sound" and bool(entry.data.get("fresh")))

    def reached(self, run: LessonRun, *, on_grid: bool) -> bool:
        """Whether it has come, as far as looks at this instant tell."""
        if self.until_us is not None:
            return run.now_us >= self.until_us
        if self._holds is not None:
            return on_grid and any(self._holds(case) for case in run.cases.values())
        return on_grid and self._happened
