"""What a programmer does to the pump on paper, and what came of it."""

from __future__ import annotations

from protocol.client import Programmer
from protocol.codes import DoseState, Mode
from protocol.message_table import BY_NAME
from protocol.messages import BolusAnswer
from protocol.testing import Pair, simple_therapy
from protocol.therapy import Group, Step, Therapy

__all__ = ["EVERY_COPY", "NEXT", "doses", "give", "large_therapy"]

NEXT = 3
"""The first free id of a running pair: its REFILL and COMMIT took 1 and 2."""
EVERY_COPY = 4
"""Copies of a request that a client sends before it gives up."""


def doses(pair: Pair) -> list[DoseState]:
    """States of all boluses that were ever begun."""
    return [effect.state for effect in pair.pump.effects.values() if effect.opcode == BY_NAME["BOLUS"].opcode]


def give(programmer: Programmer) -> BolusAnswer:
    """One bolus."""
    return programmer.bolus(1000, 2000, 600)


def large_therapy() -> Therapy:
    """Seven groups of thirteen steps."""
    ends = [110 * at for at in range(1, 13)] + [1440]
    steps = tuple(Step(start, end, 5000) for start, end in zip([0, *ends], ends, strict=False))
    return simple_therapy()._replace(mode=Mode.FLEX, groups=tuple(Group(1 << day, 240_000, steps) for day in range(7)))
