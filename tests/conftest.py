"""For every kind of test: a seed that a failure prints, settings of hypothesis that do not depend on the machine, requirement markers."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

from hil.requirements.recorder import MARKER_LINE, Recorder, note

SEED_VARIABLE = "PUMPSIM_TEST_SEED"
SEED_KEY = pytest.StashKey[int]()
TOLD_PROPERTY = "told"

settings.register_profile("house", deadline=None, print_blob=True)
settings.register_profile("long", settings.get_profile("house"), max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the outcomes of tests with a requirement go."""
    parser.addoption("--requirements-out", type=Path, metavar="FILE", help="write the outcome of each test marked pump_requirement")


def pytest_configure(config: pytest.Config) -> None:
    """Know the marker; listen to reports in the process that gets them all. Files that servers leave go where nobody else looks.

    A shell has what it runs in the background ignore Ctrl-C, and all that we start would do so too; here it is heard again.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ["TMPDIR"] = tempfile.mkdtemp(prefix="pumpsim-test-")
    tempfile.tempdir = None
    config.addinivalue_line("markers", MARKER_LINE)
    if (path := config.getoption("requirements_out")) and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder(path))


def pytest_unconfigure() -> None:
    """Take that folder away again."""
    shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the reports of a marked test carry its rows."""
    note(items)


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """A seed of this test's own; another for all with PUMPSIM_TEST_SEED=n. A failure prints it."""
    root = os.environ.get(SEED_VARIABLE, "0")
    drawn = int.from_bytes(hashlib.sha256(f"{root} {request.node.nodeid}".encode()).digest()[:4])
    request.node.stash[SEED_KEY] = drawn
    return drawn


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to a failure's report the seed that makes it again."""
    report = yield
    drawn = item.stash.get(SEED_KEY, None)
    if report.failed and drawn is not None:
        root = os.environ.get(SEED_VARIABLE, "0")
        report.sections.append(("seed", f"seed {drawn}; again with: {SEED_VARIABLE}={root} pytest '{item.nodeid}'"))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many commands of the documents were run, and how many could not be."""
    reports = terminalreporter.getreports("passed")
    said = [value for report in reports if report.when == "call" for name, value in report.user_properties if name == TOLD_PROPERTY]
    for line in sorted(map(str, said)):
        terminalreporter.write_line(line)
