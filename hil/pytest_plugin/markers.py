"""The markers, and what follows from them: rows travel with reports, and a test that needs what is not here is skipped and says why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from hil.pytest_plugin.options import asked_of
from hil.pytest_plugin.target_slot import place_in, target_of
from hil.requirements.recorder import MARKER, MARKER_LINE, note

if TYPE_CHECKING:
    from firmware_sim.profile import Profile

__all__ = ["NEEDS", "STATE"]

NEEDS, STATE = "pump_needs", "pump_state"
_LINES = (
    MARKER_LINE,
    f"{NEEDS}(*capabilities): what the bench must be able to do, such as bench.inject; without it the test is skipped with the reason",
    f"{STATE}(name, **options): the state that the pump is in when the test begins: shelf, filled, primed, running, alarming or your own",
)


def pytest_configure(config: pytest.Config) -> None:
    """Know the markers."""
    for line in _LINES:
        config.addinivalue_line("markers", line)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let the reports of a marked test carry its rows, and expect of it what the profile of this pump declares."""
    marked = [item for item in items if next(item.iter_markers(MARKER), None)]
    if marked:
        if asked_of(config).requirements or asked_of(config).report:
            _known_rows(config, marked)
        note(items, _profile(config))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what this bench cannot do, before anything is done to the pump."""
    needs = list(_needs(item))
    if needs:
        from hil.errors import UsageError

        try:
            target_of(item.config).demand(needs)
        except UsageError as error:
            pytest.fail(str(error), pytrace=False)


def _needs(item: pytest.Item) -> Iterator[str]:
    for mark in item.iter_markers(NEEDS):
        yield from map(str, mark.args)


def _profile(config: pytest.Config) -> Profile | None:
    """The profile of the pump under test. Raises pytest.UsageError."""
    from hil.errors import UsageError
    from hil.pytest_plugin.target import profile_named

    try:
        return profile_named(place_in(config).profile)
    except UsageError as error:
        raise pytest.UsageError(*error.lines) from None


def _known_rows(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse a marker for a row that no table has. Raises pytest.UsageError."""
    import difflib

    from hil.errors import UsageError
    from hil.requirements.table import read_table, shipped_table

    own = asked_of(config).requirements
    try:
        known = {*shipped_table(), *(read_table(own) if own else ())}
    except UsageError as error:
        raise pytest.UsageError(*error.lines) from None
    for item in items:
        for row in (str(name) for mark in item.iter_markers(MARKER) for name in mark.args):
            if row not in known:
                near = difflib.get_close_matches(row, known, n=1)
                do = f"did you mean {near[0]}?" if near else "give its table with --pump-requirements"
                raise pytest.UsageError(f"{item.nodeid}: no requirement {row!r}; {do}")
