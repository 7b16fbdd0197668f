"""Worker processes of this machine. Each has one chunk at a time, so that it is known which one a worker died over."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
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
        self._answered: SimpleQueue[_Worker] = SimpleQueue()
        self._names = 0
        self._count = count
        self._busy = 0

    @property
    def free(self) -> int:
        return self._count - self._busy

    def start(self, chunk: Chunk) -> None:
        worker = self._idle.pop() if self._idle else self._new()
        self._busy += 1
        worker.take(chunk, self._answered)

    def wait(self) -> list[Outcome]:
        try:
            worker = self._answered.get(timeout=TICK_S)
        except Empty:
            return []
        self._busy -= 1
        outcome = worker.outcome()
        (self._alive.remove if isinstance(outcome, Lost) else self._idle.append)(worker)
        return [outcome]

    def close(self) -> None:
        for worker in self._alive:
            worker.end()

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
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # the same on Windows
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._orders: IO[bytes] = self._process.stdin
        self._answers: IO[bytes] = self._process.stdout
        self._line = b""
        self._reader = Thread()
        self._order({"plan": plan.data.decode("utf-8-sig"), "path": plan.path, "engine": plan.engine})

    def take(self, chunk: Chunk, answered: SimpleQueue[_Worker]) -> None:
        """Send a chunk, and have this worker put where those are that have answered. One that has just died answers with nothing."""
        self._chunk = chunk
        self._order([chunk.low, chunk.high])
        self._reader = Thread(target=self._read, args=(answered,), daemon=True)  # pipes of Windows cannot be waited for otherwise
        self._reader.start()

    def _read(self, answered: SimpleQueue[_Worker]) -> None:
        self._line = self._answers.readline()
        answered.put(self)

    def outcome(self) -> Outcome:
        """What came of the chunk; the worker has answered, or is gone."""
        line = self._line
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
        if self._reader.ident is not None:
            self._reader.join()
        self._answers.close()
        self._words.seek(0, os.SEEK_END)
        self._words.seek(max(0, self._words.tell() - LAST_WORDS))
        words = self._words.read().decode(errors="replace").strip()
        self._words.close()
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return f"the worker ended with {how}{f': {words}' if words else ''}"
