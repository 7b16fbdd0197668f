"""The part of a run that is in every process of it: a pytest plugin, loaded by `-p hil.evidence.session`.

It names tests alike wherever the suite lies, lets each say what it shows and be chosen by that, and shuffles them if that was asked for.
"""

from __future__ import annotations

import inspect
import random
from pathlib import Path

import pytest

from hil.evidence.names import BASES_OPTION, NAME, ORDER_OPTION, SAYS
from hil.requirements.recorder import MARKER

__all__: list[str] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    """Set by `pumpsim verify`, not by people."""
    group = parser.getgroup("verify", "set by pumpsim verify")
    group.addoption(
        BASES_OPTION, dest="verify_bases", action="append", default=[], metavar="DIR", help="tests below it are named from here"
    )
    group.addoption(ORDER_OPTION, dest="verify_order", type=int, metavar="SEED", help="run the tests in an order drawn with this seed")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let -k choose a test by the rows it shows, as by its name."""
    item.extra_keyword_matches.update(str(row) for mark in item.iter_markers(MARKER) for row in mark.args)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Name, say, shuffle. In every process alike, since pytest-xdist compares."""
    bases = [Path(base) for base in config.getoption("verify_bases")]
    for item in items:
        item.user_properties += [(NAME, _named(item, bases)), (SAYS, _said(item))]
    if (seed := config.getoption("verify_order")) is not None:
        random.Random(seed).shuffle(items)  # noqa: S311  # an order, no key


def _named(item: pytest.Item, bases: list[Path]) -> str:
    rest = item.nodeid.partition("::")[2]
    for base in bases:
        if item.path.is_relative_to(base):
            return f"{item.path.relative_to(base).as_posix()}::{rest}"
    return item.nodeid


def _said(item: pytest.Item) -> str:
    """The first sentence of a test's docstring."""
    text = inspect.getdoc(getattr(item, "function", None)) or ""
    return " ".join(text.partition("\n\n")[0].split())
