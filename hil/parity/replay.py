"""Plays the host's side of a recorded session to a pump and keeps what the two pumps did otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import NamedTuple

from hil.parity.compare import Clocks, Difference, differences
from hil.parity.far_end import LATE_US, FarEnd
from hil.parity.reading import Reading
from hil.parity.recording import Heard, Recording
from hil.parity.rewriting import KeyChain, Rewriter
from hil.parity.why import Change, changes_between, why
from protocol.capture.runs import HOST
from protocol.message_table import HELLO

__all__ = ["Exchange", "Found", "Parity", "replay"]


STEP_US = 5_000
OUT_OF_STEP_US = 200_000
"""Two clocks that part by more than this, and by a hundredth, do not run alike."""
YOUNG_US = 3_600_000_000
"""A pump that has been on for less than this is brought to its recorded age before it is spoken to."""


class Found(NamedTuple):
    """A difference in exchange `number`, and why it is there."""

    number: int
    name: str
    difference: Difference
    why: str


@dataclass(slots=True)
class Exchange:
    """One run that the host sent, and what came back in the recording and here. Times are the recording's."""

    number: int
    asked: Heard
    recorded: list[Heard] = field(default_factory=list)
    sent: bytes = b""
    sent_us: int = 0
    replayed: list[Heard] = field(default_factory=list)
    differences: tuple[Difference, ...] = ()

    @property
    def name(self) -> str:
        """What was asked."""
        return self.asked.reading.name or self.asked.reading.error

    @property
    def faults(self) -> tuple[Difference, ...]:
        """The differences that nothing excuses."""
        return tuple(each for each in self.differences if not each.expected)

    def latencies(self) -> Iterator[tuple[int | None, int | None]]:
        """Microseconds from request to answer, recorded and here, for each answer."""
        for one, other in zip_longest(self.recorded, self.replayed):
            yield (one and one.at_us - self.asked.at_us, other and other.at_us - self.sent_us)


@dataclass(frozen=True, slots=True)
class Parity:
    """The whole comparison. `changes` None: the profile of one of the two pumps is not known."""

    recording: Recording
    port: str
    facts: dict[str, object]
    exact: bool
    same_instants: bool
    tolerance_us: int
    another_unit: bool
    changes: tuple[Change, ...] | None
    exchanges: tuple[Exchange, ...]
    found: tuple[Found, ...]

    @property
    def first(self) -> Found | None:
        """The first difference, in the order of the session."""
        return self.found[0] if self.found else None


def replay(recording: Recording, end: FarEnd, chain: KeyChain, *, tolerance_us: int, another_unit: bool = False) -> Parity:
    """Play it. Raises LinkError, BenchError."""
    rewriter = Rewriter(chain, another_unit)
    exchanges = _exchanges(recording)
    offset_us = _offset_us(recording, end)
    same_instants = end.exact and not recording.wall and not offset_us
    clocks = Clocks(tolerance_us, exact=same_instants and not another_unit)
    for exchange, after in zip_longest(exchanges, exchanges[1:]):
        _play(exchange, after, end, rewriter, offset_us)
        exchange.differences = tuple(_compared(exchange, rewriter, clocks))
    changes = _changes(recording, end)
    others = _others(recording, end, rewriter)
    found = tuple(
        Found(exchange.number, exchange.name, each, why(each, changes, others)) for exchange in exchanges for each in exchange.faults
    )
    facts = {name: value for name, value in end.known.facts.items() if name not in ("profile_numbers", "profile_text")}
    return Parity(recording, end.known.port, facts, end.exact, same_instants, tolerance_us, another_unit, changes, tuple(exchanges), found)


def _offset_us(recording: Recording, end: FarEnd) -> int:
    """What to add to a recorded time to have this pump's: nothing where it can live the same instants.

    Times of a wall clock are laid so that a young pump is as old here as the recorded one was, for the sake of its self-test.
    """
    first_us, now_us = recording.runs[0].at_us, end.now_us()
    if end.exact and not recording.wall and now_us <= first_us:
        return 0
    ages = (run.reading.body.device_us - run.at_us for run in recording.runs if hasattr(run.reading.body, "device_us"))
    age_us = first_us + next(ages, -first_us)
    if end.exact and recording.wall and now_us <= age_us <= YOUNG_US:
        return age_us - first_us
    return now_us - first_us


def _exchanges(recording: Recording) -> list[Exchange]:
    """Each run of the host with what came back before its next one; what came before the first is no answer to anything."""
    exchanges: list[Exchange] = []
    for run in recording.runs:
        if run.sender == HOST:
            exchanges.append(Exchange(len(exchanges) + 1, run))
        elif exchanges:
            exchanges[-1].recorded.append(run)
    return exchanges


def _play(exchange: Exchange, after: Exchange | None, end: FarEnd, rewriter: Rewriter, offset_us: int) -> None:
    """Send one run at its time, and take what comes back until it is time for the next."""
    end.until(exchange.asked.at_us + offset_us)
    exchange.sent = rewriter.request(exchange.asked.reading, [run.reading for run in exchange.recorded])
    exchange.sent_us = end.now_us()
    end.send(exchange.sent)
    took = exchange.replayed
    took += end.answers(len(exchange.recorded) if not end.exact else 0)
    for run in exchange.recorded[len(took) :]:
        end.until(run.at_us + offset_us)
        took += end.answers()
    if end.exact:
        _wait_for_late(exchange, end)
    if after is not None:
        end.until(after.asked.at_us + offset_us)
        took += end.answers()
    else:
        took += end.last_words()


def _wait_for_late(exchange: Exchange, end: FarEnd) -> None:
    """Let time pass as a host does that waits for its answer, in steps of some milliseconds, which is how exact its time is then told."""
    end_us = exchange.sent_us + LATE_US
    while len(exchange.replayed) < len(exchange.recorded) and (now_us := end.now_us()) < end_us:
        end.until(min(end_us, now_us + max(STEP_US, (now_us - exchange.sent_us) // 4)))
        exchange.replayed += end.answers()


def _compared(exchange: Exchange, rewriter: Rewriter, clocks: Clocks) -> Iterator[Difference]:
    """What is otherwise in this exchange; learns from it for the next."""
    for one, other in zip_longest(exchange.recorded, exchange.replayed):
        if other is None:
            yield Difference("answer", _told(one.reading), "none came")
        elif one is None:
            yield Difference("answer", "none came", _told(other.reading))
        else:
            rewriter.learn(one.reading, other.reading)
            clocks.learn(one.reading.body, other.reading.body)
            yield from differences(one.reading, other.reading, rewriter, clocks)
    if exchange.asked.reading.frame and exchange.asked.reading.frame.opcode == HELLO and rewriter.proof_fits is False:
        yield Difference("proof", "made with the pump's key", "made with another key than the one given")
    for recorded_us, replayed_us in exchange.latencies():
        if recorded_us is not None and replayed_us is not None and abs(replayed_us - recorded_us) > clocks.tolerance_us:
            yield Difference("time to answer", f"{recorded_us / 1000:,.3f} ms", f"{replayed_us / 1000:,.3f} ms")


def _told(reading: Reading) -> str:
    return f"{reading.name} {reading.answer.name}" if reading.answer is not None else reading.error or f"{len(reading.raw)} bytes"


def _changes(recording: Recording, end: FarEnd) -> tuple[Change, ...] | None:
    recorded, here = (facts.get("profile_numbers") for facts in (recording.facts, end.known.facts))
    return changes_between(recorded, here) if isinstance(recorded, dict) and isinstance(here, dict) else None


def _others(recording: Recording, end: FarEnd, rewriter: Rewriter) -> list[str]:
    """What else sets the two pumps apart."""
    recorded, here = recording.facts, end.known.facts
    said = []
    if recorded.get("security") and here.get("security") and recorded["security"] != here["security"]:
        said.append(f"recorded under security {recorded['security']}, played under {here['security']}")
    if rewriter.proof_fits is False:
        said.append("the key given is not this pump's")
    if recording.wall and _ran_otherwise(recording):
        said.append("the recorded pump's time did not run with the wall clock: record such a pump at its server")
    if recorded.get("new") is False or here.get("new") is False:
        used = [name for name, facts in (("the recorded pump", recorded), ("this pump", here)) if facts.get("new") is False]
        said.append(f"{' and '.join(used)} had been used before")
    if recorded.get("new") and here.get("new") and recorded.get("seed") != here.get("seed"):
        said.append(f"recorded with seed {recorded.get('seed')}, played with seed {here.get('seed')}")
    return said


def _ran_otherwise(recording: Recording) -> bool:
    """Whether the recorded pump was paced, or stood still, between two looks at its counter that a wall clock has timed."""
    looks = [(run.at_us, int(run.reading.body.device_us)) for run in recording.runs if hasattr(run.reading.body, "device_us")]
    if len(looks) < 2:
        return False
    wall_us, device_us = looks[-1][0] - looks[0][0], looks[-1][1] - looks[0][1]
    return abs(device_us - wall_us) > max(OUT_OF_STEP_US, wall_us // 100)
