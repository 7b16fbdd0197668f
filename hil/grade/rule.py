"""What a rule is: it hears what the host does, and tells where it was kept and where it was broken."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, NamedTuple, TypeVar

from hil.grade.conversation import Exchange, Seen, Talk
from protocol.messages import HelloAnswer

__all__ = ["FINDINGS_MAX", "ClockGuess", "Finding", "ProofJudge", "Recent", "Rule", "Surroundings"]

FINDINGS_MAX = 100
"""Breaches of one rule that are kept with their frames; those after them are counted."""

SLIP_US_MAX = 100_000
SLIP_PERCENT_MAX = 1
"""Two clocks that go at one pace are not further apart than this, an answer's way over the line in it."""
REMEMBERED_MAX = 4_096
"""Things of one kind that a rule remembers; the pump itself remembers 16 commands and one session."""

ProofJudge = Callable[[bytes, HelloAnswer], bool | None]
"""Whether the answer to a HELLO of this body proves the key; None where nobody here can tell."""


K = TypeVar("K")
V = TypeVar("V")


class Recent(dict[K, V]):
    """What is remembered of programmers, sessions and ids: so much of it, and what came first is forgotten first."""

    def __setitem__(self, key: K, value: V) -> None:
        super().__setitem__(key, value)
        if len(self) > REMEMBERED_MAX:
            del self[next(iter(self))]

    def setdefault(self, key: K, default: V) -> V:
        if key not in self:
            self[key] = default
        return self[key]


class Finding(NamedTuple):
    """One breach: what happened, and the exchanges that show it."""

    what: str
    exchanges: tuple[Exchange, ...]

    @property
    def frames(self) -> tuple[Seen, ...]:
        """Every frame of these exchanges so far, in the order in which they passed."""
        copies = [(each.request, *each.again, each.answer) for each in self.exchanges]
        seen = {frame.number: frame for frames in copies for frame in frames if frame is not None}
        return tuple(seen[number] for number in sorted(seen))


class ClockGuess:
    """The pump's own monotonic time at a time of the record, from the last instants at which both were known.

    Where the two do not go at one pace, as in a capture by the wall clock of a pump that is served faster, nothing is guessed.
    """

    def __init__(self) -> None:
        self._last: tuple[int, int] | None = None
        self._in_step = True

    def anchor(self, at_us: int, device_us: int) -> None:
        """Both are known now."""
        if self._last is not None:
            gone_us, device_gone_us = at_us - self._last[0], device_us - self._last[1]
            self._in_step = abs(device_gone_us - gone_us) <= SLIP_US_MAX + gone_us * SLIP_PERCENT_MAX // 100
        self._last = at_us, device_us

    def device_us(self, at_us: int) -> int | None:
        """The pump's time then; None where it cannot be known."""
        return None if self._last is None or not self._in_step else at_us - self._last[0] + self._last[1]


class Surroundings(NamedTuple):
    """What rules look at beside the exchange that they hear of."""

    clock: ClockGuess
    talks: dict[int, Talk]
    proof: ProofJudge


class Rule:
    """One rule. `kept` and `broken` count the occasions; `findings` has the first of those on which it was broken.

    A rule judges as early as it can. What is broken only if nothing more comes is told by `at_end`, which changes nothing.
    """

    name: ClassVar[str]
    says: ClassVar[str]
    """What a host that keeps it does."""
    exercise: ClassVar[str]
    """What brings it about."""
    mend: ClassVar[str]
    """What somebody who breaks it should do."""

    def __init__(self, around: Surroundings) -> None:
        self.around = around
        self.kept = self.broken = 0
        self.findings: list[Finding] = []

    def asked(self, exchange: Exchange) -> None:
        """The first copy of a request has left the host."""

    def repeated(self, exchange: Exchange) -> None:
        """A further copy, byte for byte the same, has left it."""

    def answered(self, exchange: Exchange) -> None:
        """An answer has come to the host."""

    def at_end(self) -> list[Finding]:
        """What would be broken if the record ended here."""
        return []

    def kept_at_end(self) -> int:
        """What would have been kept, further, if the record ended here."""
        return 0

    def judge(self, right: bool, what: str, *exchanges: Exchange) -> None:
        """Count an occasion."""
        if right:
            self.kept += 1
            return
        self.broken += 1
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(Finding(what, exchanges))
