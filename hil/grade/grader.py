"""The engine: one stream of (time, direction, bytes) at the host's end of a pump's line, judged by every rule. Sans-IO.

The stream comes from a server that sees its own port, or from a capture; nothing here knows which.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from statistics import median
from typing import NamedTuple

from hil.grade.command_rules import HonoursBusy, IdsOnce, ResendsIdentically, SettlesUncertain
from hil.grade.conversation import Conversation, Event, Exchange, Happened, no_frame
from hil.grade.rule import FINDINGS_MAX, ClockGuess, Finding, ProofJudge, Rule, Surroundings
from hil.grade.session_rules import ChecksProof, ClosesSessions, FewHellos, RefusesVersions
from hil.grade.therapy_rules import AcknowledgesAlarms, ChecksReadBack, InterrogatesFirst, LeavesRunning, RespectsGeneration
from protocol.capture.runs import HOST, Run, RunCutter
from protocol.messages import Condition, Hello, HelloAnswer, Status

__all__ = ["RULES", "Grade", "Grader", "Judged", "Turnaround"]

RULES: tuple[type[Rule], ...] = (
    InterrogatesFirst,
    ChecksReadBack,
    SettlesUncertain,
    ResendsIdentically,
    IdsOnce,
    HonoursBusy,
    RespectsGeneration,
    LeavesRunning,
    AcknowledgesAlarms,
    RefusesVersions,
    ChecksProof,
    ClosesSessions,
    FewHellos,
)
"""In the order of the report."""
TURNAROUNDS_MAX = 100_000
"""Turnaround is that of so many requests, the latest."""


class Turnaround(NamedTuple):
    """How long the host took from an answer to its next request, us; `times` of them."""

    times: int
    shortest_us: int
    median_us: int
    longest_us: int


class Judged(NamedTuple):
    """One rule: how often it was kept, and every time it was broken."""

    rule: type[Rule]
    kept: int
    broken: int
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> str:
        """`met`, `broken` or `not exercised`."""
        return "broken" if self.broken else "met" if self.kept else "not exercised"


class Grade(NamedTuple):
    """What is known so far. `final` says whether what was open then counts as left open; `no_frames` are the host's runs that were none."""

    final: bool
    from_us: int
    to_us: int
    sessions: int
    requests: int
    resends: int
    no_frames: int
    turnaround: Turnaround | None
    rules: tuple[Judged, ...]


class Grader:
    """Judges one pump's host. `proof` tells whether an answer to HELLO proves the key; without it that rule is never exercised."""

    def __init__(self, proof: ProofJudge | None = None) -> None:
        self._proof = proof or (lambda _hello, _answer: None)
        self._span_us: tuple[int, int] | None = None
        self._runs = self._sessions = self._requests = self._resends = self._no_frames = 0
        self._turns: deque[int] = deque(maxlen=TURNAROUNDS_MAX)
        self._done = tuple(Judged(rule, 0, 0, ()) for rule in RULES)
        self._begin()

    def _begin(self) -> None:
        self._cutter = RunCutter()
        self._conversation = Conversation()
        self.clock = ClockGuess()
        self._before: Exchange | None = None
        around = Surroundings(self.clock, self._conversation.talks, self._proof)
        self._rules = [rule(around) for rule in RULES]

    def passed(self, at_us: int, sender: str, data: bytes) -> None:
        """Bytes have passed the host's end of the line; `sender` is `host` or `pump`."""
        self._take(self._cutter.feed(at_us, sender, data))

    def run(self, run: Run, number: int) -> None:
        """A whole run has, which is packet `number` of its capture."""
        self._hear(run, number)

    def another_pump(self) -> None:
        """From here on it is another pump, or the same one in another state: what was open is judged as at the end."""
        self._take(self._cutter.end())
        self._done = self._judged(final=True)
        self._begin()

    def grade(self, *, final: bool = True) -> Grade:
        """What is to be said now. Nothing changes by it."""
        turns = sorted(self._turns)
        turnaround = Turnaround(len(turns), turns[0], round(median(turns)), turns[-1]) if turns else None
        from_us, to_us = self._span_us or (0, 0)
        no_frames = self._no_frames + (final and self._cutter.holds(HOST))
        return Grade(final, from_us, to_us, self._sessions, self._requests, self._resends, no_frames, turnaround, self._judged(final=final))

    def _judged(self, *, final: bool) -> tuple[Judged, ...]:
        """Every rule, those of pumps before this one with it."""
        found = []
        for before, rule in zip(self._done, self._rules, strict=True):
            at_end = tuple(rule.at_end()) if final else ()
            kept = before.kept + rule.kept + (rule.kept_at_end() if final else 0)
            findings = (*before.findings, *rule.findings, *at_end)[:FINDINGS_MAX]
            found.append(Judged(before.rule, kept, before.broken + rule.broken + len(at_end), findings))
        return tuple(found)

    def _take(self, runs: Iterable[Run]) -> None:
        for run in runs:
            self._runs += 1
            self._hear(run, self._runs)

    def _hear(self, run: Run, number: int) -> None:
        first_us = run.at_us if self._span_us is None else self._span_us[0]
        self._span_us = first_us, run.at_us
        self._no_frames += run.sender == HOST and no_frame(run.raw)
        for event in self._conversation.take(number, run.at_us, run.sender, run.raw):
            self._count(event)
            for rule in self._rules:
                getattr(rule, event.what.value)(event.exchange)

    def _count(self, event: Event) -> None:
        exchange = event.exchange
        if event.what is Happened.REPEATED:
            self._resends += 1
        elif event.what is Happened.ASKED:
            self._requests += 1
            self._turn(exchange)
            self._before = exchange
        else:
            self._sessions += isinstance(exchange.answer_body, HelloAnswer)
            if isinstance(exchange.answer_body, Status | Condition):
                self.clock.anchor(event.seen.at_us, exchange.answer_body.device_us)

    def _turn(self, exchange: Exchange) -> None:
        """The host's time to think: from an answer to its next request in the same session."""
        before = self._before
        if before is None or before.answer is None or isinstance(exchange.body, Hello):
            return
        self._turns.append(exchange.request.at_us - before.answer.at_us)
