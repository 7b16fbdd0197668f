"""Listens to a run in the process that gets all reports, and keeps what the evidence is made from."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from hil.evidence.names import MUTANT
from hil.evidence.records import CaseRecord, record_of, worst_of

__all__ = ["Collector"]

Told = Callable[[CaseRecord, int, int], None]
"""Called when a test has ended, with how many have, and how many there are."""


class Collector:
    """A pytest plugin. `broken` is what could not even be collected; `ended` why a run stopped before its end."""

    def __init__(self, told: Told) -> None:
        self.broken: list[str] = []
        self.ended = ""
        self.interrupted = False
        """A person ended it, by Ctrl-C."""
        self.mutants: dict[str, None] = {}
        """Defects that pumps of this run had on purpose, in the order in which they were met."""
        self.conftests: dict[Path, None] = {}
        """Files of settings that pytest took, wherever they lie."""
        self._told = told
        self._found: dict[str, CaseRecord] = {}
        self._total = 0
        self._done = 0

    @property
    def records(self) -> tuple[CaseRecord, ...]:
        """All tests that ran, by name; numbers in names count as numbers."""
        return tuple(sorted(self._found.values(), key=lambda record: _in_order(record.test)))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be read shows nothing of its rows."""
        if report.failed:
            lines = str(report.longrepr).strip().splitlines()
            self.broken.append(f"{report.nodeid}: {lines[-1].removeprefix('E').strip() if lines else 'cannot be collected'}")

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Know how many there are, and what else of the users' had a hand in it."""
        self._total = len(session.items)
        plugins = session.config.pluginmanager.get_plugins()
        paths = [Path(str(file)) for file in (getattr(plugin, "__file__", None) for plugin in plugins) if file]
        self.conftests = dict.fromkeys(sorted(path for path in paths if path.name == "conftest.py"))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """The same, told by a worker."""
        self._total = len(ids)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the worst of a test's phases."""
        now = record_of(report)
        self.mutants.update(dict.fromkeys(str(value) for name, value in report.user_properties if name == MUTANT))
        self._found[report.nodeid] = worst_of(self._found.get(report.nodeid), now)
        if report.when == "teardown":
            self._done += 1
            self._told(self._found[report.nodeid], self._done, self._total)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """A plugin, or a person, ended the run."""
        self.ended = str(getattr(excinfo.value, "msg", "")) or "interrupted"
        self.interrupted = type(excinfo.value) is KeyboardInterrupt


def _in_order(test: str) -> list[tuple[int, str]]:
    """A key in which 9 comes before 10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", test)]
