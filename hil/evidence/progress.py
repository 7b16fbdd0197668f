"""How far a run has come, on stderr: one line that is written over on a terminal, and now and then a line elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from hil.requirements.outcomes import FAILED, SKIPPED
from hil.system.live_line import LiveLine

if TYPE_CHECKING:
    from hil.evidence.records import CaseRecord

__all__ = ["Progress"]

LINES = 10
"""Lines of a whole run where there is no terminal."""


class Progress:
    """Told of each test as it ends; failures are said at once, everywhere."""

    def __init__(self, stream: TextIO) -> None:
        self._on = LiveLine(stream)
        self._failed = 0
        self._skipped = 0
        self._said = 0

    def __call__(self, record: CaseRecord, done: int, total: int) -> None:
        """One test has ended, the `done`th of `total`."""
        self._failed += record.outcome == FAILED
        self._skipped += record.outcome == SKIPPED
        if record.outcome == FAILED:
            self._line(f"failed: {record.test}: {record.reason}")
        tenth = LINES * done // max(total, 1)
        if self._on.live:
            self._on.over(f"{self._count(done, total)}  {record.test.rpartition('::')[2]}")
        elif tenth > self._said:
            self._said = tenth
            self._line(self._count(done, total))

    def close(self) -> None:
        """Leave the line empty."""
        self._on.close()

    def _count(self, done: int, total: int) -> str:
        bad = f", {self._failed} failed" if self._failed else ""
        skipped = f", {self._skipped} skipped" if self._skipped else ""
        return f"{done} of {total} tests{bad}{skipped}"

    def _line(self, text: str) -> None:
        self._on.line(f"pumpsim: {text}")
