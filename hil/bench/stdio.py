"""A pump in a process of its own, with its bench on that process's standard input and output."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from typing import IO, Any, Self

from hil.bench.calls import BenchCalls
from hil.errors import BenchError, HilError

__all__ = ["ServerEnded", "ServerProcess", "StdioBench"]

END_S = 10.0
"""Wall time a server gets to end by itself before it is killed."""


class ServerEnded(BenchError):
    """There is nobody at the other end of the pipe."""


class StdioBench(BenchCalls):
    """Writes one request a line, reads one answer a line."""

    def __init__(self, requests: IO[bytes], answers: IO[bytes]) -> None:
        self._requests = requests
        self._answers = answers
        self._last_id = 0

    def call(self, verb: str, args: Mapping[str, object] | None = None, /, **named: object) -> dict[str, Any]:
        self._last_id += 1
        line = json.dumps({"id": self._last_id, "verb": verb, "args": {**(args or {}), **named}}, separators=(",", ":"))
        try:
            self._requests.write(line.encode() + b"\n")
            self._requests.flush()
        except (OSError, ValueError):
            raise ServerEnded("the server has ended", where=verb, do="start it again") from None
        answer = self._answers.readline()
        if not answer.endswith(b"\n"):
            raise ServerEnded("the server has ended", where=verb, do="start it again")
        reply = json.loads(answer)
        if not reply["ok"]:
            raise BenchError(reply["error"]["what"], where=reply["error"]["where"], do=reply["error"]["do"])
        result: dict[str, Any] = reply["result"]
        return result


class ServerProcess:
    """`pumpsim serve` as a child, ready when this returns. `options` are those of its command line after the profile.

    Raises HilError with the server's own words if it does not start. As a context it leaves no process behind.
    """

    def __init__(self, profile: str, options: Sequence[str] = (), *, cwd: str | os.PathLike[str] | None = None) -> None:
        self._words = tempfile.TemporaryFile()  # noqa: SIM115  # closed in close()
        command = [sys.executable, "-c", "from hil.cli import main; main()", "serve", profile, "--bench", "stdio", *options]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._words, cwd=cwd)
        if self.process.stdin is None or self.process.stdout is None:
            raise AssertionError("pipes were asked for")
        self._pipes = (self.process.stdin, self.process.stdout)
        try:
            line = self.process.stdout.readline()
            if not line:
                self.process.wait(END_S)
                raise HilError(self.words() or f"the server has ended with {self.process.returncode}", where="pumpsim serve")
            self.ready: dict[str, Any] = json.loads(line)
        except BaseException:
            self.close()
            raise
        self.bench = StdioBench(*self._pipes)

    def words(self) -> str:
        """What the server has said on standard error, its last line."""
        self._words.seek(0)
        lines = self._words.read().decode(errors="replace").strip().splitlines()
        return lines[-1].removeprefix("pumpsim: ") if lines else ""

    def close(self) -> None:
        """End the server: close its input, and kill it if that does not help. May be called twice."""
        for pipe in self._pipes:
            with contextlib.suppress(OSError):
                pipe.close()
        try:
            self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._words.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
