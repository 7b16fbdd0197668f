"""What a test leaves behind: facts in the properties of its reports; and when it fails, all that is needed to look at it again."""

from __future__ import annotations

import re
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hil.evidence.properties import DIGEST
from hil.pytest_plugin.options import asked_of
from hil.pytest_plugin.target_slot import open_target

if TYPE_CHECKING:
    from hil.pytest_plugin.target import Target
    from hil.rig import Rig

__all__ = ["RIG", "TEMPORARY"]

RIG = pytest.StashKey["Rig"]()
TEMPORARY = pytest.StashKey[pytest.TempPathFactory]()
NAME_CHARS_MAX = 100
FAILURES = "failures"


def pytest_configure(config: pytest.Config) -> None:
    """Look at each report. What failures of an earlier run left in the report's folder goes."""
    config.pluginmanager.register(_Ender(config), "pump_ender")
    report = asked_of(config).report
    if report is not None and not hasattr(config, "workerinput"):
        shutil.rmtree(report.absolute() / FAILURES, ignore_errors=True)


class _Ender:
    """A pytest plugin. A pump that nobody can reach any more has not failed a requirement: the run ends with one line, and no report."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """End it before anybody counts this failure."""
        target = open_target(self._config)
        if target is not None and target.gone:
            what = f"{target.place.url}: broke off at {report.nodeid}: {target.gone}"
            pytest.exit(what, returncode=pytest.ExitCode.TESTS_FAILED)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note the digest at the end of a test; attach to a failure what it left."""
    target, rig = open_target(item.config), item.stash.get(RIG, None)
    if target is not None and rig is not None and call.when == "call":
        _note_digest(item, target, rig)
    report = yield
    if target is not None and report.failed:
        target.look_after(call.excinfo.value if call.excinfo else None)
    if target is not None and rig is not None and not target.gone and report.failed and report.when in {"setup", "call"}:
        from hil.pytest_plugin.leftovers import attach

        attach(report, rig, target, folder_of(item))
    return report


def _note_digest(item: pytest.Item, target: Target, rig: Rig) -> None:
    digest = target.digest(rig)
    if digest:
        item.user_properties.append((DIGEST, digest))


def folder_of(item: pytest.Item) -> Path:
    """Where a failure of this test leaves its files: below --pump-report, else where pytest keeps its temporary folders."""
    name = re.sub(r"[^\w.-]+", "-", item.nodeid.replace("::", "-"))[-NAME_CHARS_MAX:].strip("-")
    report = asked_of(item.config).report
    if report is not None:
        return report.absolute() / FAILURES / name
    return item.stash[TEMPORARY].getbasetemp() / "pump-failures" / name


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what a reader of the run should know of the pump."""
    target = open_target(config)
    for line in target.said if target else ():
        terminalreporter.write_line(line)
