"""A recorded run: JSON lines, the same bytes whenever the same scenario is run with the same seed, on every kind of target.

The first line says what was run. Each step adds its line: when, what it did, what the pump then believed and what was so, what has happened
since the step before, and the digest. The last line says how it ended.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from hil.errors import UsageError
from hil.plain import plain
from hil.scenario.result import Passed, Run

if TYPE_CHECKING:
    from hil.scenario.stage import Stage

__all__ = ["FORMAT", "Recorder"]

FORMAT = 1
LEFT_OUT = {"balance", "path"}
"""Accounts of every drop: long, and what differs in them differs in the digest and in the sums too."""


class Recorder:
    """Writes one file, run after run."""

    def __init__(self, path: Path) -> None:
        try:
            self._file: TextIO = path.open("w", encoding="utf-8", newline="\n")
        except OSError as error:
            raise UsageError(
                f"it cannot be written to: {error.strerror}", where=str(path), do="give --record a file in a folder that exists"
            ) from None
        self._events_from = 0

    def began(self, run: Run, stage: Stage) -> None:
        """A run begins."""
        events = stage.bench.events()
        about = {"recording": FORMAT, "scenario": run.scenario, "variant": run.variant, "title": run.title, "sha256": stage.scenario.sha256}
        pump = {"pump": run.pump, "seed": run.seed, "began_us": stage.began_us}
        self._events_from = int(events[-1]["number"]) + 1 if events else 0
        self._write({**about, **pump, "digest": stage.bench.digest()})

    def passed(self, _run: Run, step: Passed, stage: Stage) -> None:
        """A step was made."""
        events = stage.bench.events(self._events_from)
        if events:
            self._events_from = int(events[-1]["number"]) + 1
        truth = {name: value for name, value in stage.bench.truth().items() if name not in LEFT_OUT}
        row: dict[str, Any] = {"step": step.number, "turn": step.turn, "at_us": step.at_us, "word": step.word, "text": step.text}
        row |= {"verdict": step.verdict, "data": plain(step.data), "checks": [[check.expected, check.found] for check in step.checks]}
        row |= {"events": events, "belief": stage.belief(), "truth": truth, "digest": stage.bench.digest()}
        self._write(row)

    def ended(self, run: Run) -> None:
        """The run is over, or was not made."""
        self._write({"ended": run.verdict, "digest": run.digest})

    def close(self) -> None:
        """Nothing more comes."""
        self._file.close()

    def _write(self, row: dict[str, Any]) -> None:
        self._file.write(json.dumps(row, sort_keys=True, separators=(",", ":")) + "\n")
