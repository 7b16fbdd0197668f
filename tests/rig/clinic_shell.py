"""A strong therapy, people, and a shell in this process, for the tests of `pumpsim clinic` and of the rules in front of an update."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import hil.cli

__all__ = ["NOW", "PERSON", "STRONG", "Ended", "Run", "dosed", "lay_out", "shell"]

NOW = "2026-01-31 08:00"
STRONG = """\
drug: baclofen
concentration: 2,000 mcg/mL
mode: simple
low-reservoir-alarm: 4 mL
daily-dose: 900 mcg/day
"""
PERSON = """\
age: 40 years
origin: spinal
cause: multiple sclerosis
conditions: []
medicines: []
phase: titration
stable: yes
effect: some
tests:
  - {at: 2025-01-10 09:00, dose: 50 mcg, positive: yes, effect: 10 h}
doses:
  - {at: 2025-02-01 09:00, dose: 100 mcg/day}
  - {at: 2025-12-01 09:00, dose: 900 mcg/day}
"""
NEW_PERSON = PERSON[: PERSON.index("doses:")] + "doses: []\n"


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Its output as JSON."""
        return json.loads(self.out)


Run = Callable[..., Ended]


def lay_out(folder: Path) -> Path:
    """Write the strong therapy, somebody in treatment and somebody new into a folder."""
    (folder / "strong.yaml").write_text(STRONG)
    (folder / "person.yaml").write_text(PERSON)
    (folder / "new.yaml").write_text(NEW_PERSON)
    return folder


def shell(capfd: pytest.CaptureFixture[str]) -> Run:
    """Run `pumpsim ...` in this process."""

    def run(*arguments: str) -> Ended:
        code = hil.cli.execute(arguments)
        captured = capfd.readouterr()
        return Ended(code, captured.out, captured.err)

    return run


def dosed(files: Path, mcg: str) -> str:
    """The strong therapy with another dose, as a file."""
    path = files / f"{mcg}.yaml"
    path.write_text(STRONG.replace("900", mcg))
    return path.name
