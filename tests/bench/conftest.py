"""One table of figures at the end of `make bench`: what a test notes here, and no assertion about time anywhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Note = Callable[[str, str], None]

FIGURES = pytest.StashKey[list[tuple[str, str]]]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin with an empty table."""
    config.stash[FIGURES] = []


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Note:
    """Add a line to the table."""
    rows = request.config.stash[FIGURES]
    return lambda name, figure: rows.append((name, figure))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table."""
    rows = config.stash.get(FIGURES, [])
    if not rows:
        return
    terminalreporter.section("figures")
    width = max(len(name) for name, _ in rows)
    for name, figure in rows:
        terminalreporter.write_line(f"{name:<{width}}  {figure}")
