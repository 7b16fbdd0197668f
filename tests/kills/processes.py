"""Processes that are cheap to start and to kill: forked from this one, which has imported everything already and has no threads."""

from __future__ import annotations

import multiprocessing
import os
import select
import signal
import sys
from collections.abc import Iterator
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path

__all__ = ["Killable"]

WAIT_S = 30.0
READ_BYTES = 65_536
PRELOADED = ("hil.cli.serve", "hil.server.process", "hil.web.listener", "hil.web.app", "hil.rig.rig", "protocol.client")

_context = multiprocessing.get_context("fork")


class Killable:
    """A process with its standard output to read and its standard error in a file.

    `words` are `serve ...`, or an actor's role and words.
    """

    def __init__(self, *words: str, errors: Path) -> None:
        self.errors = errors
        for name in PRELOADED:
            import_module(name)
        ours, theirs = _context.Pipe(duplex=False)
        self._process = _context.Process(target=_run, args=(words, theirs, str(errors)))
        self._process.start()
        theirs.close()
        self._out = ours
        self._rest = b""
        self._ended = False

    def lines(self, count: int) -> Iterator[str]:
        """So many lines, fewer if it ends before."""
        while count and (line := self._line(WAIT_S)) is not None:
            yield line
            count -= 1

    def rest(self) -> Iterator[str]:
        """Every line until it ends."""
        while (line := self._line(WAIT_S)) is not None:
            yield line

    def outlast(self, seconds: float) -> None:
        """Let so much time pass, less if it ends."""
        self._process.join(seconds)

    def kill(self) -> None:
        """Kill -9."""
        if self._process.pid is not None and self._process.is_alive():
            os.kill(self._process.pid, signal.SIGKILL)
        self._process.join(WAIT_S)

    def end(self) -> int | None:
        """Ask it to end; its exit code."""
        self._process.terminate()
        self._process.join(WAIT_S)
        return self._process.exitcode

    def close(self) -> None:
        """Leave nothing behind."""
        self.kill()
        self._out.close()
        self._process.close()

    def said(self) -> str:
        """What it told on standard error."""
        return self.errors.read_text(encoding="utf-8", errors="replace") if self.errors.exists() else ""

    def _line(self, wait_s: float) -> str | None:
        while b"\n" not in self._rest and not self._ended:
            ready, _, _ = select.select([self._out.fileno()], [], [], wait_s)
            if not ready:
                raise TimeoutError(f"nothing for {wait_s} s; on standard error: {self.said()}")
            data = os.read(self._out.fileno(), READ_BYTES)
            self._rest += data
            self._ended = not data
        line, newline, self._rest = self._rest.partition(b"\n")
        return line.decode() if newline else None


def _run(words: tuple[str, ...], out: Connection, errors: str) -> None:
    """The process itself."""
    os.dup2(out.fileno(), 1)
    os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 2)
    out.close()
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w", buffering=1)
    if words[0] == "serve":
        from hil.cli import main

        main(words)
    from tests.kills.actor import main as act

    sys.exit(act(*words))
