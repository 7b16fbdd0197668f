"""Pumps with one known defect each, to show that a suite of tests finds defects.

`MUTANTS` has them by name, `mutated(name)` makes every pump of this process one of them while it is open. `pumpsim mutants run` gives the
kill matrix of any suite. A mutant is for tests of tests; no pump of a scenario or a lesson is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hil.mutants.applied import in_force, mutant_of, mutated
    from hil.mutants.mutant import Mutant
    from hil.mutants.registry import MUTANTS

__all__ = ["MUTANTS", "Mutant", "in_force", "mutant_of", "mutated"]

_PLACES = {"MUTANTS": "registry", "Mutant": "mutant", "in_force": "applied", "mutant_of": "applied", "mutated": "applied"}


def __getattr__(name: str) -> Any:
    """Load what is asked for when it is asked for."""
    from importlib import import_module

    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"hil.mutants.{_PLACES[name]}"), name)
