"""Worker processes of this machine. Each has one chunk at a time, so that it is known which one a worker died over."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from typing import IO

from hil.campaign.journal import Chunk
from hil.campaign.place import Done, Lost, Outcome, Raised
from hil.campaign.plan import Plan

__all__ = ["Workers"]

TICK_S = 0.5
END_S = 5.0
LAST_WORDS = 300
"""Characters of a dead worker's standard error that are kept."""


class Workers:
    """`count` processes; one that is lost is replaced."""

    def __init__(self, plan: Plan, count: int) -> None:
        self._plan = plan
        self._idle: list[_Worker] = []
        self._alive: list[_Worker] = []
        self._selector = selectors.DefaultSelector()
        self._names = 0
        self._count = count
        self._busy = 0

    @property
    def free(self) -> int:
        return self._count - self._busy

    def start(self, chunk: Chunk) -> None:
        worker = self._idle.pop() if self._idle else self._new()
        self._busy += 1
        worker.take(chunk)
        self._selector.register(worker.answers, selectors.EVENT_READ, worker)

    def wait(self) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for key, _ in self._selector.select(TICK_S):
            worker: _Worker = key.data
            self._selector.unregister(worker.answers)
            self._busy -= 1
            outcome = worker.outcome()
            outcomes.append(outcome)
            (self._alive.remove if isinstance(outcome, Lost) else self._idle.append)(worker)
        return outcomes

    def close(self) -> None:
        for worker in self._alive:
            worker.end()
        self._selector.close()

    def _new(self) -> _Worker:
        self._names += 1
        worker = _Worker(self._plan, f"worker {self._names}")
        self._alive.append(worker)
        return worker


class _Worker:
    """One process with its pipes."""

    def __init__(self, plan: Plan, name: str) -> None:
        self.name = name
        self._chunk = Chunk(0, 0)
        self._words = tempfile.TemporaryFile("w+b")  # noqa: SIM115  # closed when the worker ends
        self._process = subprocess.Popen(
            [sys.executable, "-m", "hil.campaign.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words,
            process_group=0,  # Ctrl-C is the driver's: it keeps what is done
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._orders: IO[bytes] = self._process.stdin
        self.answers: IO[bytes] = self._process.stdout
        self._order({"plan": plan.data.decode("utf-8-sig"), "path": plan.path, "engine": plan.engine})

    def take(self, chunk: Chunk) -> None:
        """Send a chunk. A worker that has just died is found out when its answer is read."""
        self._chunk = chunk
        self._order([chunk.low, chunk.high])

    def outcome(self) -> Outcome:
        """Read what came of the chunk; the worker has answered, or is gone."""
        line = self.answers.readline()
        if not line.endswith(b"\n"):
            return Lost(self._chunk, self.name, self._buried())
        told = json.loads(line)
        if "error" in told:
            return Raised(self._chunk, self.name, told["error"], told.get("wrong", False))
        return Done(self._chunk, self.name, told["rows"], told["seconds"])

    def end(self) -> None:
        """End it at once; what it had in hand will be done again."""
        self._process.kill()
        self._buried()

    def _order(self, order: object) -> None:
        with suppress(BrokenPipeError):
            self._orders.write(json.dumps(order).encode() + b"\n")
            self._orders.flush()

    def _buried(self) -> str:
        """See a process off; returns how it ended."""
        code = self._process.wait(END_S)
        with suppress(BrokenPipeError):
            self._orders.close()
        self.answers.close()
        self._words.seek(0, os.SEEK_END)
        self._words.seek(max(0, self._words.tell() - LAST_WORDS))
        words = self._words.read().decode(errors="replace").strip()
        self._words.close()
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return f"the worker ended with {how}{f': {words}' if words else ''}"
