"""A scenario that has been read: its head, its steps, its therapies, and the line of everything."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from hil.scenario.acts import Act, Advance, Expect, Measure, Update
from hil.scenario.formula import Formula
from hil.scenario.head import Begin, Head, Timing
from hil.scenario.states import States
from hil.therapy.file import TherapyDocument
from hil.therapy.source import Place, Tree

__all__ = ["Cast", "Scenario", "Step"]


class Step(NamedTuple):
    """One step: its word, what it does, when; `steps` are those of a repeat."""

    place: Place
    word: str
    act: Act
    timing: Timing
    steps: tuple[Step, ...] = ()

    @property
    def inside(self) -> Iterator[Step]:
        """Itself, and the steps in it."""
        yield self
        for step in self.steps:
            yield from step.inside


class Cast(NamedTuple):
    """Who plays in one run: variant ("" for the only one), pump, unit, beginning, and what the file's words mean."""

    variant: str
    pump: str
    catheter: str
    seed: int
    begin: Begin | None
    words: dict[str, Formula]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One file. `name` is the file's name without its ending."""

    path: str
    data: bytes
    tree: Tree
    head: Head
    steps: tuple[Step, ...]
    therapies: dict[str, TherapyDocument] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return Path(self.path).stem

    @property
    def sha256(self) -> str:
        """Of the file."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def all_steps(self) -> Iterator[Step]:
        """Those in repeats too."""
        for step in self.steps:
            yield from step.inside

    @property
    def judges(self) -> bool:
        """Whether it expects or measures anything: also an answer that is asked for, and something that time waits for."""
        return any(
            isinstance(step.act, Expect | Measure)
            or (isinstance(step.act, Advance) and step.act.until is not None)
            or bool({"answer", "when"} & step.timing.model_fields_set)
            for step in self.all_steps
        )

    @property
    def therapies_used(self) -> tuple[str, ...]:
        """The therapies that its steps name."""
        expected = [
            item.therapy
            for step in self.all_steps
            if isinstance(step.act, Expect)
            for _, item in step.act.items
            if isinstance(item, States)
        ]
        programmed = [step.act.therapy for step in self.all_steps if isinstance(step.act, Update)]
        return tuple(dict.fromkeys((*programmed, *filter(None, expected))))

    @property
    def casts(self) -> tuple[Cast, ...]:
        """One for each run: the variants, or the file as it is."""
        head = self.head
        whole = Cast("", head.pump, head.catheter, head.seed, head.begin, dict(head.words))
        return tuple(
            Cast(
                name,
                each.pump or head.pump,
                head.catheter,
                head.seed if each.seed is None else each.seed,
                each.begin or head.begin,
                {**head.words, **each.words},
            )
            for name, each in head.variants.items()
        ) or (whole,)

    def line(self, place: Place) -> int:
        """The line of a place."""
        return self.tree.line(place)

    def where(self, place: Place) -> str:
        """FILE:LINE."""
        return f"{self.path}:{self.line(place)}"
