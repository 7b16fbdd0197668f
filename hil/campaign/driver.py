"""Driving a campaign: hand out chunks, keep what comes back, and close in on a case that crashes whoever takes it."""

from __future__ import annotations

from collections import deque
from typing import Protocol

from hil.campaign.journal import Chunk, Journal
from hil.campaign.place import Done, Lost, Outcome, Place
from hil.campaign.plan import Plan
from hil.errors import CheckFailed

__all__ = ["LOSSES_MAX", "Watcher", "chunk_size", "drive"]

LOSSES_MAX = 3
"""Workers that a single case may be lost with before it is blamed: one can be killed by something else, three hardly."""
CHUNKS_A_WORKER = 8
CHUNK_MOST = {"pump": 200, "fleet": 20_000}
"""Cases of a chunk at the most: some seconds of work, so that a kill costs little and a worker is asked for seldom."""


class Watcher(Protocol):
    """Is told how it goes."""

    def came(self, cases: int) -> None:
        """So many cases more are done."""

    def said(self, text: str) -> None:
        """Something went wrong that does not end the campaign."""

    def close(self) -> None:
        """There is no more to tell."""


def chunk_size(plan: Plan, workers: int) -> int:
    """Cases of a chunk: enough chunks that no worker waits long for the last one."""
    most = CHUNK_MOST.get(plan.engine, CHUNK_MOST["pump"])
    return max(1, min(most, -(-plan.size // (workers * CHUNKS_A_WORKER))))


def drive(plan: Plan, journal: Journal, place: Place, size: int, watcher: Watcher) -> None:
    """Live every case that the journal does not have. A case that cannot be lived is given up and noted; the others all come."""
    course = _Course(
        journal, watcher, deque(Chunk(at, min(at + size, high)) for low, high in journal.gaps(plan.size) for at in range(low, high, size))
    )
    under_way = 0
    while course.queue or under_way:
        while course.queue and place.free > 0:
            place.start(course.queue.popleft())
            under_way += 1
        for outcome in place.wait():
            under_way -= 1
            course.take(outcome)


class _Course:
    """What is still to be done, and what to do about what came of a chunk."""

    def __init__(self, journal: Journal, watcher: Watcher, queue: deque[Chunk]) -> None:
        self._journal = journal
        self._watcher = watcher
        self.queue = queue

    def take(self, outcome: Outcome) -> None:
        """Keep rows; cut a chunk that was not got through in halves, down to the case."""
        chunk = outcome.chunk
        if isinstance(outcome, Done):
            self._journal.done(chunk, outcome.worker, outcome.seconds, outcome.rows)
            self._watcher.came(chunk.size)
            return
        if not isinstance(outcome, Lost) and outcome.wrong:
            raise CheckFailed(outcome.error)
        self._journal.trouble(chunk, outcome.worker, outcome.error)
        if chunk.size > 1:
            self.queue.extendleft(reversed(chunk.halves()))
        elif isinstance(outcome, Lost) and chunk.losses + 1 < LOSSES_MAX:
            self.queue.appendleft(chunk._replace(losses=chunk.losses + 1))
        else:
            self._journal.give_up(chunk.low, outcome.error)
            self._watcher.said(f"case {chunk.low} is given up: {outcome.error}")
            self._watcher.came(1)
