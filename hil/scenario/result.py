"""What became of a run: each step with its time and verdict, what was expected and found, what was measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

__all__ = ["DONE", "FAILED", "Check", "Measurement", "Passed", "Run", "clock_text"]

DONE, FAILED = "done", "failed"
US_PER_S = 1_000_000


class Check(NamedTuple):
    """One thing expected, and what was found. `where` is FILE:LINE."""

    where: str
    expected: str
    found: str
    holds: bool


class Measurement(NamedTuple):
    """One figure with its limits; the empty text is none."""

    name: str
    value: str
    at_least: str
    at_most: str
    holds: bool


class Passed(NamedTuple):
    """One step that was made. `number` counts them; `turn` is which time of a repeat, 0 outside one."""

    number: int
    where: str
    word: str
    at_us: int
    text: str
    verdict: str = DONE
    checks: tuple[Check, ...] = ()
    measurement: Measurement | None = None
    data: dict[str, Any] = {}  # noqa: RUF012  # never written to
    turn: int = 0


@dataclass(slots=True)
class Run:
    """One run of a scenario, or of a variant of it."""

    scenario: str
    title: str
    variant: str
    pump: str
    seed: int
    steps: list[Passed] = field(default_factory=list)
    digest: str = ""
    skipped: str = ""

    @property
    def passed(self) -> bool:
        """Whether nothing failed."""
        return all(step.verdict == DONE for step in self.steps)

    @property
    def verdict(self) -> str:
        return "skipped" if self.skipped else "passed" if self.passed else "failed"

    @property
    def broken(self) -> list[Check]:
        """What was expected and not found."""
        return [check for step in self.steps for check in step.checks if not check.holds]

    @property
    def failures(self) -> list[Passed]:
        return [step for step in self.steps if step.verdict != DONE]

    def plain(self) -> dict[str, Any]:
        """For a program."""
        return {
            "scenario": self.scenario,
            "title": self.title,
            "variant": self.variant,
            "pump": self.pump,
            "seed": self.seed,
            "verdict": self.verdict,
            "skipped": self.skipped,
            "digest": self.digest,
            "measurements": [step.measurement._asdict() for step in self.steps if step.measurement is not None],
            "failures": [_failure(step) for step in self.failures],
            "steps": [{**step._asdict(), "checks": [check._asdict() for check in step.checks], **_measured(step)} for step in self.steps],
        }


def _measured(step: Passed) -> dict[str, Any]:
    return {"measurement": None if step.measurement is None else step.measurement._asdict()}


def _failure(step: Passed) -> dict[str, Any]:
    broken = [check for check in step.checks if not check.holds]
    return {
        "number": step.number,
        "where": step.where,
        "at_us": step.at_us,
        "text": step.text,
        "checks": [check._asdict() for check in broken],
    }


def clock_text(us: int) -> str:
    """Time since the first step: 2 days 06:30:00."""
    days, seconds = divmod(us // US_PER_S, 86_400)
    hours, rest = divmod(seconds, 3_600)
    day = f"{days:,} d " if days else ""
    return f"{day}{hours:02}:{rest // 60:02}:{rest % 60:02}"
