"""A lesson left alone: when the learner comes, what is so then, what comes if nobody does anything, and which points are given away.

Who writes a lesson sets deadlines by it, and sees whether the hour fits the story.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from hil.lesson import say
from hil.lesson.condition import span_text
from hil.lesson.criteria import MET
from hil.lesson.headless import Result, run_headless
from hil.lesson.lesson import Lesson
from hil.lesson.policy import Policy
from hil.lesson.vocabulary import fact_words
from hil.therapy.source import Tree

__all__ = ["Alone", "left_alone"]

NOBODY = "nobody"
COMINGS_MAX = 8
"""Facts that come while nobody acts; more are a story of their own."""


class Alone(NamedTuple):
    """`clock`: date and time at which the learner comes. `so_then`, and `comings` (us since then, fact), each fact once. `given`: ids of
    items that are met without an act.
    """

    clock: str
    so_then: tuple[str, ...]
    comings: tuple[tuple[int, str], ...]
    given: tuple[str, ...]
    points: int
    most: int

    @property
    def lines(self) -> Iterator[str]:
        """For a reader."""
        yield f"  begins {self.clock}; so then: {'; '.join(map(fact_words, self.so_then)) or 'nothing out of the ordinary'}"
        told = [f"after {span_text(at_us)} {fact_words(fact)}" for at_us, fact in self.comings[:COMINGS_MAX]]
        left = len(self.comings) - COMINGS_MAX
        more = [f"and {left} more"] if left > 0 else []
        points = f"{self.points} of {self.most} points" + (f" ({', '.join(self.given)})" if self.given else "")
        yield f"  if nobody acts: {'; '.join((*told, *more)) or 'nothing else comes'}; {points}"

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        comings = [{"at_us": at_us, "fact": fact} for at_us, fact in self.comings]
        return {**self._asdict(), "so_then": list(self.so_then), "comings": comings, "given": list(self.given)}


def left_alone(lesson: Lesson) -> Alone:
    """Let it go to its end with a learner who does nothing. Raises HilError."""
    return _read_off(run_headless(lesson, Policy(NOBODY, (), Tree([], {}))))


def _read_off(result: Result) -> Alone:
    clock_us, first = 0, dict[str, int]()
    for entry in result.log.entries():
        if entry.kind == "began":
            clock_us = int(entry.data["clock_us"])
        elif entry.kind == "fact" and entry.data["holds"]:
            first.setdefault(str(entry.data["fact"]), entry.at_us)
    score = result.score
    return Alone(
        say.clock(clock_us),
        tuple(fact for fact, at_us in first.items() if not at_us),
        tuple(sorted((at_us, fact) for fact, at_us in first.items() if at_us)),
        tuple(item.id for item in score.items if item.state == MET),
        score.got,
        score.most,
    )
