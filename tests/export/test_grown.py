"""A body that has grown is read in each of its forms, by every reader, with no line of theirs changed."""

from __future__ import annotations

import sys

import pytest

from tests.export.tools import kaitai_modules, run, tool
from tests.tidy.tree import ROOT

READERS = "agrees or reads_as or builds or every_vector"


@pytest.fixture
def tools() -> None:
    """All the programs, or no test."""
    kaitai_modules()
    tool("tshark")
    tool("gcc")


@pytest.mark.usefixtures("tools")
def test_every_reader_follows_a_body_that_grows() -> None:
    """The tests of all readers pass in a process whose wire has one message more."""
    plugins = ["-p", "tests.export.grown", "-p", "no:randomly", "-p", "no:cacheprovider"]
    told = run([sys.executable, "-m", "pytest", "-q", "-n0", *plugins, "tests/export", "-k", READERS], folder=ROOT)

    assert "6 passed" in told, told
