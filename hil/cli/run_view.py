"""A scenario's run as lines for a person: time, what was done, what was expected and found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from hil.scenario.result import DONE, Check, Passed, Run, clock_text

__all__ = ["RunPrinter", "ended_lines"]

TIME_WIDTH = 14
TURNS_SHOWN = 1
"""Of a repeat the first turn is shown, and whatever fails."""


class RunPrinter:
    """Prints runs as they go: a line for each step, and of a repeat the first turn only, and whatever fails."""

    def __init__(self, echo: Callable[[str], object]) -> None:
        self._echo = echo
        self._hushed = False
        self._runs = 0

    def began(self, run: Run, _stage: object) -> None:
        """What is played."""
        if self._runs:
            self._echo("")
        self._runs += 1
        variant = f", {run.variant}" if run.variant else ""
        self._echo(f"{run.scenario}{variant}: {run.title} ({run.pump}, seed {run.seed})")

    def passed(self, _run: Run, step: Passed, _stage: object) -> None:
        """A step was made."""
        if step.turn > TURNS_SHOWN and step.verdict == DONE:
            if not self._hushed:
                self._hushed = True
                self._echo(f"{'':>{TIME_WIDTH}}    and so on")
            return
        self._hushed = self._hushed and step.turn > TURNS_SHOWN
        if step.text != step.word or step.word != "expect":
            self._echo(f"{clock_text(step.at_us):>{TIME_WIDTH}}  {' ' if step.verdict == DONE else '✗'} {step.text}")
        for check in step.checks:
            for line in _check_lines(step, check):
                self._echo(line)

    def ended(self, run: Run) -> None:
        """The run is over, or was not made."""
        if run.skipped:
            self._echo(f"{run.scenario}, {run.variant}: skipped, {run.skipped}")


def _check_lines(step: Passed, check: Check) -> Iterator[str]:
    if check.holds:
        if step.word == "expect":
            found = "" if check.expected.endswith(f": {check.found}") else f": {check.found}"
            yield f"{clock_text(step.at_us):>{TIME_WIDTH}}  ✓ {check.expected}{found}"
        return
    yield f"{clock_text(step.at_us):>{TIME_WIDTH}}  ✗ {check.expected}"
    yield f"{'':>{TIME_WIDTH}}    found: {check.found}"
    yield f"{'':>{TIME_WIDTH}}    {check.where}"


def ended_lines(played: Sequence[Run], record: Path | None) -> Iterator[str]:
    """The verdicts, failures first."""
    for run in played:
        for step in run.failures:
            for check in step.checks:
                if not check.holds:
                    yield f"{check.where}: expected {check.expected}; found {check.found} (at {clock_text(step.at_us)})"
    counts = [
        f"{count} {verdict}" for verdict in ("passed", "failed", "skipped") if (count := sum(run.verdict == verdict for run in played))
    ]
    yield ", ".join(counts)
    if record is not None:
        yield f"recorded in {record}"
