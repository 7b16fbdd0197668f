"""Making every pump of this process a mutant for a while, and making it well again.

`mutated(name)` is a context: inside it every pump that is made, restored or served here has that one defect, and so have servers that are
started from here, which read its name in PUMPSIM_MUTANT.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from difflib import get_close_matches
from functools import _lru_cache_wrapper
from importlib import import_module
from inspect import getattr_static
from typing import Any

from hil.errors import HilError, UsageError
from hil.mutants.mutant import Change, Mutant
from hil.mutants.registry import MUTANTS

__all__ = ["VARIABLE", "firmware_caches", "in_force", "mutant_of", "mutated"]

VARIABLE = "PUMPSIM_MUTANT"
"""The environment variable that tells programs started from here which mutant they are to be."""

FIRMWARE = "firmware_sim.firmware."
"""The package whose modules remember what they have worked out, once for all pumps: forgotten at each change of defect."""

_in_force: list[str] = []


def in_force() -> str | None:
    """The mutant that pumps of this process are; None when they are healthy."""
    return _in_force[-1] if _in_force else None


def mutant_of(name: str) -> Mutant:
    """The mutant of that name. Raises UsageError with the nearest one."""
    found = MUTANTS.get(name)
    if found is None:
        near = get_close_matches(name, MUTANTS, 1)
        do = f"did you mean {near[0]}?" if near else "see `pumpsim mutants list`"
        raise UsageError(f"no mutant {name!r}", where="mutant", do=do)
    return found


@contextmanager
def mutated(name: str | None) -> Iterator[None]:
    """Every pump made in this process meanwhile has this defect; None changes nothing. Raises UsageError while another is in force."""
    if name is None or (_in_force and _in_force[-1] == name):
        yield
        return
    mutant = mutant_of(name)
    if _in_force:
        raise UsageError(f"a pump has one defect, and {_in_force[-1]} is in force", where=name, do="leave that one first")
    with ExitStack() as stack:
        for change in mutant.changes:
            stack.enter_context(_changed(change))
        stack.enter_context(_told(name))
        _in_force.append(name)
        stack.callback(_in_force.pop)
        yield


@contextmanager
def _changed(change: Change) -> Iterator[None]:
    owner, name = _place(change.place)
    real = getattr_static(owner, name)
    setattr(owner, name, change.make(real))
    _forget()
    try:
        yield
    finally:
        setattr(owner, name, real)
        _forget()


@contextmanager
def _told(name: str) -> Iterator[None]:
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = name
    try:
        yield
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before


def _place(place: str) -> tuple[Any, str]:
    """The owner of a place and its name there. Raises HilError when the firmware has no such place any more."""
    module, _, path = place.partition(":")
    *owners, name = path.split(".")
    owner: Any = import_module(module)
    for part in owners:
        owner = getattr(owner, part)
    if name not in vars(owner):
        raise HilError("the firmware has no such place any more", where=place, do="let the mutant change the place that took over")
    return owner, name


def _forget() -> None:
    for cache in firmware_caches():
        cache.cache_clear()


def firmware_caches() -> Iterator[Any]:
    """The caches of the firmware, wherever in it they are."""
    for name, module in list(sys.modules.items()):
        if name.startswith(FIRMWARE):
            yield from (value for value in vars(module).values() if isinstance(value, _lru_cache_wrapper))
