"""The agenda of bench acts: data with a time, done in order of (time, number). The pump's own deadlines are never queued here."""

from __future__ import annotations

import json
from bisect import insort
from dataclasses import dataclass, field
from typing import NamedTuple

from firmware_sim.errors import BenchRefused, LimitExceeded
from firmware_sim.limits import ACTS_QUEUED_MAX

__all__ = ["Act", "Agenda"]


class Act(NamedTuple):
    """One act to come: true time, number (ties go by it), name, and its arguments as JSON text."""

    at_us: int
    number: int
    name: str
    arguments: str

    def kwargs(self) -> dict[str, int | str]:
        """The arguments again."""
        return dict(json.loads(self.arguments))


@dataclass(slots=True)
class Agenda:
    """Acts in order of time."""

    acts: list[Act] = field(default_factory=list)
    next_number: int = 0

    def add(self, now_us: int, at_us: int, name: str, arguments: dict[str, int | str]) -> int:
        """Queue an act; returns its number. Raises BenchRefused for the past, LimitExceeded when the agenda is full."""
        if at_us < now_us:
            raise BenchRefused(f"schedule: {at_us} us is past, it is {now_us} us; give a time to come")
        if len(self.acts) >= ACTS_QUEUED_MAX:
            raise LimitExceeded(f"more than {ACTS_QUEUED_MAX} acts are queued")
        number, self.next_number = self.next_number, self.next_number + 1
        insort(self.acts, Act(at_us, number, name, json.dumps(arguments, sort_keys=True)))
        return number

    def next_due(self) -> int | None:
        """True time of the next act."""
        return self.acts[0].at_us if self.acts else None

    def take(self) -> Act:
        """The next act, off the agenda."""
        return self.acts.pop(0)
