"""Runs of pytest with the plugin, in this process, and what their reports tell."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import ruamel.yaml  # noqa: F401  # for the reason above

# What a run imports late and pytester would forget again after each: loaded here once.
from tests.tidy.pages import blocks
from tests.tidy.tree import ROOT

__all__ = ["PAGE", "Ran", "file_of_page", "plain_run"]

PAGE = "docs/how-to/test-a-pump.md"
QUIET = ("-p", "pump_hil", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:benchmark")


class Ran(NamedTuple):
    """One run: pytest's exit code, what it printed, and the last report of each test by name."""

    code: int
    text: str
    reports: Mapping[str, pytest.TestReport]

    def said(self, test: str, name: str) -> list[str]:
        """The values of a property of a test."""
        return [str(value) for key, value in self.reports[test].user_properties if key == name]

    def measured(self, test: str) -> dict[str, Any]:
        """The one measurement of a test."""
        (found,) = self.said(test, "pump_measurement")
        record: dict[str, Any] = json.loads(found)
        return record

    def section(self, test: str, name: str) -> str:
        """A section of a test's report."""
        return dict(self.reports[test].sections).get(name, "")


class _Listener:
    """Keeps the worst report of each test."""

    def __init__(self) -> None:
        self.found: dict[str, pytest.TestReport] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = report.nodeid.rpartition("::")[2]
        before = self.found.get(name)
        if report.when == "call" or report.failed or (before is None and report.skipped):
            self.found[name] = report


def plain_run(pytester: pytest.Pytester, *options: str | Path) -> Ran:
    """Run the tests of the folder with these options."""
    listener = _Listener()
    done = pytester.runpytest_inprocess(*QUIET, *options, plugins=[listener])
    return Ran(int(done.ret), done.stdout.str() + done.stderr.str(), listener.found)


def file_of_page(name: str, page: str = PAGE) -> str:
    """A file that a page has its reader write."""
    (found,) = [block.text for block in blocks((ROOT / page).read_text(encoding="utf-8")) if block.act == "file" and block.detail == name]
    return found
