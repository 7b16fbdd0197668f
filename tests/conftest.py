"""Fixtures for every kind of test: a seed that a failure prints, and settings of hypothesis that do not depend on the machine."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Generator

import pytest
from hypothesis import settings

SEED_VARIABLE = "PUMPSIM_TEST_SEED"
SEED_KEY = pytest.StashKey[int]()
DOCS_PROPERTY = "docs"

settings.register_profile("house", deadline=None, print_blob=True)
settings.register_profile("long", settings.get_profile("house"), max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))


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
    said = [value for report in reports if report.when == "call" for name, value in report.user_properties if name == DOCS_PROPERTY]
    for line in sorted(map(str, said)):
        terminalreporter.write_line(line)
