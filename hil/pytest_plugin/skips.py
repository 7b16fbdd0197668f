"""The committed list of tests that may skip: one more fails, so that a bench which lost an ability does not go green.

A line is the id of a test, or of a file that skips as a whole; what stands after two spaces and `#` is its reason, for readers. Empty lines
and comments are let be.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import pytest

from hil.evidence.properties import SKIP
from hil.pytest_plugin.options import asked_of
from hil.wording.causes import cause

__all__ = ["NothingShown", "SkipList", "reason_of"]

HERE = Path(__file__).parent
_LIST = pytest.StashKey["SkipList"]()


def pytest_configure(config: pytest.Config) -> None:
    """Read the list, in every process."""
    path = asked_of(config).skips
    if path is not None:
        config.stash[_LIST] = SkipList(path)
        config.pluginmanager.register(config.stash[_LIST], "pump_skip_list")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note why a test skips; one that is not on the list fails."""
    report = yield
    reason = reason_of(report)
    if reason is not None:
        report.user_properties.append((SKIP, reason))
        _place_at_test(report, item)
        listed = item.config.stash.get(_LIST, None)
        if listed is not None and item.nodeid not in listed.tests:
            report.outcome = "failed"
            do = f"if it may skip, add the line\n{item.nodeid}  # {reason}"
            report.longrepr = f"skipped: {reason}, and {listed.path} does not list it; {do}"
    return report


def _place_at_test(report: pytest.TestReport, item: pytest.Item) -> None:
    """A skip that this plugin decided on stands where the test does, not in our code."""
    if isinstance(report.longrepr, tuple) and Path(report.longrepr[0]).parent == HERE:
        path, line, _ = item.reportinfo()
        report.longrepr = (str(path), (line or 0) + 1, report.longrepr[2])


def reason_of(report: pytest.TestReport | pytest.CollectReport) -> str | None:
    """Why something was skipped; None if it was not. An expected failure is no skip."""
    if not report.skipped or hasattr(report, "wasxfail"):
        return None
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return " ".join(str(text).removeprefix("Skipped: ").split())


class SkipList:
    """A pytest plugin. `tests` are the listed ids with their lines. Raises pytest.UsageError for a file that cannot be read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tests = dict(_entries(path))
        self._whole: dict[str, str] = {}
        self._ran: set[str] = set()
        self._collected: set[str] = set()

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Note which tests there are, chosen for this run or not."""
        self._collected.add(item.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that skips as a whole has no tests to tell of it."""
        reason = reason_of(report)
        if reason is not None and report.nodeid not in self.tests:
            self._whole[report.nodeid] = reason

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what has run after all."""
        if report.when == "call" and not report.skipped:
            self._ran.add(report.nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Iterator[None]:
        """Fail a run in which a file skipped as a whole and is not listed."""
        if self._whole and session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        return (yield)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
        """Say which lines are missing from the list, and which no longer belong there."""
        for name, reason in sorted(self._whole.items()):
            terminalreporter.write_line(f"{name} skipped as a whole ({reason}), and {self.path} does not list it", red=True)
        for test in sorted(self.tests.keys() & self._ran):
            terminalreporter.write_line(f"{self.path}:{self.tests[test]}: {test} no longer skips; take the line away")
        for test in self._absent(config.args):
            terminalreporter.write_line(f"{self.path}:{self.tests[test]}: there is no test {test}; take the line away")

    def _absent(self, args: Sequence[str]) -> Iterator[str]:
        """Listed tests that their files do not have; where single tests were asked for nobody knows."""
        if any("::" in argument for argument in args):
            return
        files = {test.partition("::")[0] for test in self._collected}
        yield from (test for test in self.tests if "::" in test and test.partition("::")[0] in files and test not in self._collected)


class NothingShown:
    """A pytest plugin for a pump that is there already: a run in which every test skips shows nothing of it, and is not green by itself."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._skipped = self._others = 0
        self._said = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count."""
        if reason_of(report) is not None:
            self._skipped += 1
        elif report.when == "call" or report.failed:
            self._others += 1

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Iterator[None]:
        """Fail such a run."""
        if self._skipped and not self._others and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
            tests = "the one test was" if self._skipped == 1 else f"all {self._skipped} tests were"
            do = "if that is as it should be, list them with --pump-skips"
            self._said = f"{self._url}: {tests} skipped: nothing was shown of this pump; {do}"
        return (yield)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say so."""
        if self._said:
            terminalreporter.write_line(self._said, red=True)


def _entries(path: Path) -> Iterator[tuple[str, int]]:
    """Each id with its line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise pytest.UsageError(f"{path}: the list of skips cannot be read ({cause(error)}); give a text file, it may be empty") from None
    for number, line in enumerate(lines, start=1):
        test = line.partition("  #")[0].strip()
        if test and not test.startswith("#"):
            yield test, number
