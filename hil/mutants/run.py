"""Running a suite against mutants: one pytest process, `hil.pytest_plugin.mutant_host`, forks for each; what it says, as a matrix."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from typing import Any, NamedTuple, NoReturn

from hil.errors import CheckFailed, UsageError
from hil.mutants.applied import VARIABLE
from hil.mutants.matrix import Failure, Kind, Matrix, Row, Suite, judge
from hil.mutants.registry import MUTANTS
from hil.pacing import wall_us

__all__ = ["Asked", "Progress", "counted", "kill_matrix", "pytest_arguments"]

Progress = Callable[[str], None]
US_PER_S = 1_000_000
_TAIL_LINES = 30


class Asked(NamedTuple):
    """What to run: pytest's arguments, which mutants, how many at once, and whether only the tests that name a mutant's rows."""

    arguments: tuple[str, ...]
    names: tuple[str, ...]
    jobs: int
    targeted: bool


def pytest_arguments(command: Sequence[str]) -> tuple[str, ...]:
    """What follows `pytest` in a command. Raises UsageError for another program."""
    words = list(command)
    if words[:1] and words[0].rpartition("/")[2].startswith("python") and words[1:3] == ["-m", "pytest"]:
        words = words[2:]
    if not words or words[0].rpartition("/")[2] not in {"pytest", "py.test"}:
        raise UsageError(
            f"no pytest command: {' '.join(command) or 'nothing'}", where="mutants run", do="write: pumpsim mutants run -- pytest tests"
        )
    if any(word.startswith("--pump-mutant") for word in words):
        raise UsageError("--pump-mutant names one mutant", where="mutants run", do="leave it out, or name it by --mutant before the --")
    return tuple(words[1:])


def kill_matrix(asked: Asked, progress: Progress) -> Matrix:
    """Run the suite. Raises UsageError when it cannot be run or does not pass on the healthy pump, CheckFailed when pytest breaks off."""
    if not hasattr(os, "fork"):
        what = "this system cannot fork a process, which is how each mutant gets its own"
        raise UsageError(what, where="mutants run", do="run it on Linux or macOS, or on one pump by: pytest --pump-mutant NAME")
    began_us = wall_us()
    course = _Course(asked, progress)
    with tempfile.TemporaryFile("w+") as output:
        code = _hold(asked, output.fileno(), course)
        output.seek(0)
        tail = output.read().rstrip().splitlines()[-_TAIL_LINES:]
    course.judge_start(code, tail)
    return Matrix(course.suite, tuple(course.rows[name] for name in asked.names), not asked.targeted, (wall_us() - began_us) / US_PER_S)


def counted(number: int, noun: str) -> str:
    """With the plural where there is one."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _first_error(tail: Sequence[str]) -> str:
    """What pytest says went wrong, in one line; without such a line its last ones."""
    for mark in (": error: ", "ERROR: ", "E   "):
        for line in tail:
            if mark in line:
                return line.partition(mark)[2].strip()
    return "\n".join(tail[-3:])


class _Course:
    """What the runs have said so far."""

    def __init__(self, asked: Asked, progress: Progress) -> None:
        self._asked = asked
        self._progress = progress
        self.suite = Suite({}, {})
        self.rows: dict[str, Row] = {}
        self._collected = False
        self._errors = 0
        self._red: list[Failure] = []

    def hear(self, event: dict[str, Any]) -> None:
        """Take one event."""
        if event["event"] == "collected":
            self._collected, self._errors = True, event["errors"]
            self.suite = Suite({test: tuple(rows) for test, rows in event["tests"].items()}, {})
            if self.suite.rows:
                self._progress(f"{counted(len(self.suite.rows), 'test')}; on the healthy pump first")
        elif event["event"] == "ended" and event["mutant"] is None:
            self._healthy(event)
        elif event["event"] == "ended":
            self._ended(event)

    def judge_start(self, code: int, tail: Sequence[str]) -> None:
        """See whether the mutants had their turn at all."""
        said = _first_error(tail)
        if not self._collected:
            raise UsageError(f"pytest did not start (exit {code}): {said}", where="mutants run", do="mend the command after --")
        if self._errors:
            raise UsageError(f"{counted(self._errors, 'error')} while collecting: {said}", where="mutants run", do="mend the suite first")
        if not self.suite.rows:
            raise UsageError("the suite has no tests", where="mutants run", do="look at the paths and options after --")
        if self._red:
            first = self._red[0]
            told = f"{counted(len(self._red), 'failure')} on the healthy pump, the first {first.test}: {first.what}"
            raise UsageError(told, where="mutants run", do="a suite must pass there before it can judge mutants")
        missing = [name for name in self._asked.names if name not in self.rows]
        if missing:
            raise CheckFailed(f"pytest ended before {missing[0]} had its turn (exit {code}): {said}", where="mutants run")

    def _healthy(self, event: dict[str, Any]) -> None:
        ran, failures = _read(event["results"])
        self._red += failures
        if event["end"]:
            self._red.append(Failure(ran[-1] if ran else "the first test", Kind.ERROR, event["end"]))
        seconds = {result["test"]: float(result["seconds"]) for result in event["results"]}
        self.suite = self.suite._replace(seconds={**self.suite.seconds, **seconds})

    def _ended(self, event: dict[str, Any]) -> None:
        ran, failures = _read(event["results"])
        row = judge(MUTANTS[event["mutant"]], self.suite, ran, failures, event["end"])
        self.rows[row.name] = row
        by = (row.named or row.killers or ("",))[0]
        self._progress(f"[{len(self.rows)}/{len(self._asked.names)}] {row.name}: {row.verdict}{f' by {by}' if by else f', {row.why}'}")


def _read(results: Sequence[dict[str, Any]]) -> tuple[list[str], list[Failure]]:
    """Tests that ran, and those that failed."""
    failures = [Failure(told["test"], Kind(told["failure"][0]), told["failure"][1]) for told in results if told["failure"]]
    return list(dict.fromkeys(told["test"] for told in results)), failures


def _hold(asked: Asked, output: int, course: _Course) -> int:
    """Start pytest and hear it to its end; returns its exit code."""
    reader, writer = os.pipe()
    orders = {"fd": writer, "mutants": asked.names, "jobs": asked.jobs, "targeted": asked.targeted}
    command = [sys.executable, "-m", "pytest", *asked.arguments, *_own(asked.arguments), f"--mutants-orders={json.dumps(orders)}"]
    healthy = {name: text for name, text in os.environ.items() if name != VARIABLE}
    process = subprocess.Popen(
        command, pass_fds=(writer,), env=healthy, stdin=subprocess.DEVNULL, stdout=output, stderr=output, process_group=0
    )
    os.close(writer)
    before = signal.signal(signal.SIGTERM, _leave)
    try:
        for event in _events(reader):
            course.hear(event)
    except BaseException:
        os.killpg(process.pid, signal.SIGTERM)
        raise
    finally:
        code = process.wait()
        signal.signal(signal.SIGTERM, before)
    return code


def _leave(number: int, _frame: object) -> NoReturn:
    """Who ends this command ends the processes that it has started, too."""
    sys.exit(128 + number)


def _own(arguments: Sequence[str]) -> list[str]:
    """Options of ours: the host, and one process and one order of tests, whatever else the environment has."""
    own, given = ["-p", "hil.pytest_plugin.mutant_host"], " ".join(arguments)
    loaded = find_spec("xdist") is not None and (not os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD") or "xdist" in given)
    if loaded and "no:xdist" not in given:
        own.append("-n0")
    if not any("randomly" in argument for argument in arguments):
        own += ["-p", "no:randomly"]
    return own


def _events(reader: int) -> Iterator[dict[str, Any]]:
    with os.fdopen(reader, encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
