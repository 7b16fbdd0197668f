"""Notes what became of every test marked `pump_requirement`, for pytest alone or with xdist.

A conftest or plugin calls `note` on the collected items, in every process, and registers one `Recorder` in the one that reports.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from hil.requirements.outcomes import FAILED, PASSED, SKIPPED, Outcome, write_outcomes

if TYPE_CHECKING:
    import pytest

__all__ = ["MARKER", "MARKER_LINE", "Recorder", "note"]

MARKER = "pump_requirement"
MARKER_LINE = f"{MARKER}(*ids, deviates=()): rows of requirements.csv that this test shows; deviates names profiles that declare to differ"
WORST = (FAILED, SKIPPED, PASSED)


def note(items: Iterable[pytest.Item]) -> None:
    """Write the rows of each marked item into its properties, which travel with its reports (and into JUnit XML)."""
    for item in items:
        for mark in item.iter_markers(MARKER):
            deviates = tuple(mark.kwargs.get("deviates", ()))
            item.user_properties += [(MARKER, " ".join((str(name), *deviates))) for name in mark.args]


class Recorder:
    """A pytest plugin that writes the outcomes to `path` when the run ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._found: dict[tuple[str, str], Outcome] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the worst of a test's three phases; a test without its call phase has failed or was skipped."""
        for text in (str(value) for name, value in report.user_properties if name == MARKER):
            before = self._found.get((report.nodeid, text))
            worst = min((report.outcome, before.outcome if before else PASSED), key=WORST.index)
            name, *deviates = text.split()
            self._found[report.nodeid, text] = Outcome(report.nodeid, name, tuple(deviates), worst)

    def pytest_sessionfinish(self) -> None:
        """Write what was found."""
        write_outcomes(self.path, self._found.values())
