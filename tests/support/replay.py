"""A failing run prints the script that does it again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hil.faults.script import script_of
from hil.unit import Unit

__all__ = ["replayable"]


@contextmanager
def replayable(unit: Unit) -> Iterator[Unit]:
    """Around the asserts about a unit that is driven by its bench and wire alone: if one fails, its report ends with the script."""
    try:
        yield unit
    except BaseException as error:
        error.add_note("The run again: save this as a file and run it with Python.\n" + script_of(unit).python())
        raise
