"""What was true, what could have been known, what was known and what was done: a fold of the log, for any beginning of it.

A fact *could have been known* while it held and an allowed act would have shown it. It *was known* from the act that showed it until it
ended. Between the two lies a missed chance.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hil.lesson.entries import CLASS, Entry
from hil.lesson.views.clauses import clause

__all__ = ["DARK", "DONE", "Deed", "Evident", "FactLane", "Lanes", "Missed", "Span", "missed_chances"]

DARK = "telemetry-off"
"""While this fact holds, no act over the wire shows anything."""
DONE = "done"
MISSED_FROM_US = 600_000_000
"""Whoever learns a thing within ten minutes has missed nothing."""


class Evident(NamedTuple):
    """A fact in words, the ways that show it (`act`, or `act argument`), those of them over the wire, and whether an entry shows it.

    Whoever brings it about himself by one of `made_by` knows it.
    """

    words: str
    ways: frozenset[str]
    over_wire: frozenset[str]
    reveals: Callable[[Entry], bool]
    made_by: frozenset[str] = frozenset()


class Span(NamedTuple):
    """From one simulated time to another, us since the lesson began."""

    from_us: int
    to_us: int

    @property
    def us(self) -> int:
        return self.to_us - self.from_us


class FactLane(NamedTuple):
    """One fact over the run; `ways` are the allowed acts that show it."""

    fact: str
    words: str
    ways: tuple[str, ...]
    true: tuple[Span, ...]
    could: tuple[Span, ...]
    knew: tuple[Span, ...]


class Deed(NamedTuple):
    """One act of a learner, and how things stood when it was done: what held, what of it could have been known and was not, what was known.

    `shown` are the facts that held then and that the act shows.
    """

    n: int
    at_us: int
    act: str
    words: str
    data: Mapping[str, Any]
    shown: tuple[str, ...] = ()
    truth: tuple[str, ...] = ()
    could: tuple[str, ...] = ()
    knew: tuple[str, ...] = ()

    @property
    def answer(self) -> str:
        return str(self.data.get("answer", DONE))

    @property
    def args(self) -> Mapping[str, Any]:
        return self.data.get("args") or {}


class Missed(NamedTuple):
    """The longest time in which a fact could have been known and was not; facts with the same time are one chance."""

    facts: tuple[str, ...]
    words: str
    span: Span
    ways: tuple[str, ...]
    ended_known: bool
    """True if the learner learned it in the end, False if it, or the run, was over before."""


@dataclass(slots=True)
class _Fact:
    """A fact's spans so far; the open ones began at `true_us`, `could_us`, `knew_us`."""

    true: list[Span] = field(default_factory=list)
    could: list[Span] = field(default_factory=list)
    knew: list[Span] = field(default_factory=list)
    true_us: int | None = None
    could_us: int | None = None
    knew_us: int | None = None


class Lanes:
    """The fold for one learner. `evident` tells what shows each fact; `allowed` are the acts of this lesson, `diagnoses` its words."""

    def __init__(
        self, learner: str, evident: Mapping[str, Evident], allowed: Collection[str], diagnoses: Mapping[str, str] | None = None
    ) -> None:
        self.learner = learner
        self._diagnoses = diagnoses
        self.deeds: list[Deed] = []
        self.end_us = 0
        self._evident = evident
        self._allowed = frozenset(allowed)
        self._facts: dict[str, _Fact] = {}
        self._latest = ""
        """The learner's act, if nothing else came from outside since."""

    def feed(self, entry: Entry) -> None:
        """Take the next entry of the log."""
        self.end_us = max(self.end_us, entry.at_us)
        if entry.kind == "fact" and entry.about in {self.learner, ""}:
            self._turn(str(entry.data["fact"]), bool(entry.data["holds"]), entry.at_us)
        elif entry.kind == "act" and entry.who == self.learner:
            self._do(entry)
        elif entry.who != CLASS and entry.about in {self.learner, ""}:
            self._latest = ""

    def feed_all(self, entries: Iterable[Entry]) -> Lanes:
        for entry in entries:
            self.feed(entry)
        return self

    @property
    def holding(self) -> tuple[str, ...]:
        """The facts that hold now."""
        return tuple(name for name, fact in self._facts.items() if fact.true_us is not None)

    def ways(self, name: str) -> tuple[str, ...]:
        """The allowed acts that show a fact, whatever the telemetry does."""
        ways = self._evident[name].ways if name in self._evident else ()
        return tuple(sorted(way for way in ways if way.split(maxsplit=1)[0] in self._allowed))

    def words(self, name: str) -> str:
        return self._evident[name].words if name in self._evident else name.replace("-", " ")

    def lanes(self, end_us: int | None = None) -> list[FactLane]:
        """Every fact that ever held, in the order in which they came; open spans end with the log."""
        end_us = self.end_us if end_us is None else end_us
        return [
            FactLane(
                name,
                self.words(name),
                self.ways(name),
                _closed(fact.true, fact.true_us, end_us),
                _closed(fact.could, fact.could_us, end_us),
                _closed(fact.knew, fact.knew_us, end_us),
            )
            for name, fact in self._facts.items()
        ]

    # -- inside ------------------------------------------------------------------------------------------------------------------

    def _turn(self, name: str, holds: bool, at_us: int) -> None:
        fact = self._facts.setdefault(name, _Fact())
        if holds and fact.true_us is None:
            fact.true_us = at_us
            if self.deeds and at_us == self.deeds[-1].at_us and name in self._evident and self._latest in self._evident[name].made_by:
                fact.knew_us = at_us
        elif not holds and fact.true_us is not None:
            for spans, since_us in ((fact.true, fact.true_us), (fact.could, fact.could_us), (fact.knew, fact.knew_us)):
                if since_us is not None:
                    spans.append(Span(since_us, at_us))
            fact.true_us = fact.could_us = fact.knew_us = None
        for other in self._facts if name == DARK else (name,):
            self._reach(other, at_us)

    def _reach(self, name: str, at_us: int) -> None:
        """Open or close the time in which a fact can be known: what has been learned stays known while the telemetry is off."""
        fact = self._facts[name]
        ways = set(self.ways(name))
        if DARK in self.holding and name in self._evident:
            ways -= self._evident[name].over_wire
        reachable = fact.true_us is not None and bool(ways or fact.knew_us is not None)
        if reachable and fact.could_us is None:
            fact.could_us = at_us
        elif not reachable and fact.could_us is not None:
            fact.could.append(Span(fact.could_us, at_us))
            fact.could_us = None

    def _do(self, entry: Entry) -> None:
        act, truth = str(entry.data.get("act", "")), self.holding
        self._latest = act
        knew = tuple(name for name in truth if self._facts[name].knew_us is not None)
        could = tuple(name for name in truth if self._facts[name].could_us is not None and name not in knew)
        shown = tuple(name for name in truth if name in self._evident and self._evident[name].reveals(entry))
        for name in shown:
            fact = self._facts[name]
            if fact.knew_us is None:
                fact.knew_us = entry.at_us
                self._reach(name, entry.at_us)
        done = entry.data.get("answer", DONE) == DONE
        words = clause(act, entry.data.get("args") or {}, self._diagnoses, done=done)
        self.deeds.append(Deed(entry.n, entry.at_us, act, words, entry.data, shown, truth, could, knew))


def _closed(spans: list[Span], since_us: int | None, end_us: int) -> tuple[Span, ...]:
    return tuple(spans) if since_us is None else (*spans, Span(since_us, max(end_us, since_us)))


def missed_chances(lanes: Iterable[FactLane]) -> list[Missed]:
    """For each fact its longest time of ten minutes or more that could have been known and was not, the longest first."""
    by_span: dict[tuple[Span, bool], list[FactLane]] = {}
    for lane in lanes:
        span, could = _longest(lane)
        if span.us >= MISSED_FROM_US:
            by_span.setdefault((span, span.to_us < could.to_us), []).append(lane)
    missed = [_chance(span, of_one, ended_known=ended_known) for (span, ended_known), of_one in by_span.items()]
    return sorted(missed, key=lambda chance: (-chance.span.us, chance.span.from_us))


def _chance(span: Span, lanes: Sequence[FactLane], *, ended_known: bool) -> Missed:
    ways = sorted({way for lane in lanes for way in lane.ways})
    return Missed(tuple(lane.fact for lane in lanes), "; ".join(lane.words for lane in lanes), span, tuple(ways), ended_known)


def _longest(lane: FactLane) -> tuple[Span, Span]:
    """The longest gap of a fact, and the time in which it could be known that the gap begins."""
    gaps = [(Span(could.from_us, _known_from(lane, could)), could) for could in lane.could]
    return max(gaps, key=lambda pair: pair[0].us, default=(Span(0, 0), Span(0, 0)))


def _known_from(lane: FactLane, could: Span) -> int:
    """When within a span the fact became known, else its end."""
    known = (max(knew.from_us, could.from_us) for knew in lane.knew if knew.from_us < could.to_us and knew.to_us > could.from_us)
    return min(known, default=could.to_us)
