"""Every mutant by name."""

from __future__ import annotations

from hil.mutants.alarms import ALARMS
from hil.mutants.delivery import DELIVERY
from hil.mutants.doses import DOSES
from hil.mutants.memory import MEMORY
from hil.mutants.mutant import Mutant
from hil.mutants.power import POWER
from hil.mutants.programming import PROGRAMMING
from hil.mutants.wire import WIRE

__all__ = ["MUTANTS"]

MUTANTS: dict[str, Mutant] = {
    mutant.name: mutant for area in (DELIVERY, DOSES, ALARMS, MEMORY, POWER, PROGRAMMING, WIRE) for mutant in area
}
"""In the order of the areas."""
