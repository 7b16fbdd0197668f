"""A running pump, a bench, and programmers that wait in virtual time on a line with faults."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, NamedTuple
from unittest.mock import patch

from hil.bench.bench import Bench
from hil.bench.calls import InProcessBench
from hil.instruments.memory_link import MemoryLink
from hil.unit import Unit
from protocol.client import Programmer
from protocol.client.commander import CARRIED_OUT
from protocol.codes import DoseState
from protocol.errors import AnswerLost, CutShort, DeviceAnswer, LinkError, ProtocolError, Uncertain
from protocol.waiting import BenchWaiter
from tests.link.bedside import BOLUS_DOSE_NG, BOLUS_NL, BOLUS_S, PROGRAMMER, Bedside, Totals

__all__ = ["FaultyLine", "Tried", "counted_nonces"]

SETTLE_TRIES = 6
STEP_NL = 300
"""More than a step: what moved and what was commanded differ by less."""


@contextmanager
def counted_nonces() -> Iterator[None]:
    """Nonces that are the same in each run: with drawn ones a byte fault meets other bytes each time."""
    numbers = count(1)
    with patch("protocol.programmer.secrets.token_bytes", lambda size: next(numbers).to_bytes(size, "big")):
        yield


class Tried(NamedTuple):
    """What the client says of one bolus, in one word, and what came of it in nanolitres, truly."""

    word: str
    given_nl: int


class FaultyLine:
    """A unit that runs, with its bench; the pump is filled and infuses."""

    def __init__(self) -> None:
        self.unit: Unit = Bedside.running().unit
        self.bench = InProcessBench(Bench(self.unit))

    def programmer(self, **options: Any) -> Programmer:
        """A programmer with an open session over the line; the usual one unless its id is given."""
        link = MemoryLink(self.bench.bench)
        return Programmer.over(link, waiter=BenchWaiter(link), **{"programmer_id": PROGRAMMER, "keys": self.unit.keys, **options})

    def totals(self) -> Totals:
        """Everything given since manufacture."""
        belief, truth = self.unit.pump.status(), self.unit.pump.truth()
        step_nl = self.unit.pump.profile.motor.step_nl
        return Totals(belief.basal_nl, belief.bolus_nl, truth.steps_moved * step_nl * self.unit.pump.calibration_ppm // 1_000_000)

    def bolus(self, programmer: Programmer) -> Tried:
        """Ask for one bolus, wait until it would be over, and count."""
        before = self.totals()
        word = _word(programmer)
        self.bench.advance(seconds=2 * BOLUS_S)
        after = self.totals()
        moved_nl = after.moved_nl - before.moved_nl
        commanded_nl = after.basal_nl - before.basal_nl + after.bolus_nl - before.bolus_nl
        assert abs(moved_nl - commanded_nl) <= STEP_NL
        return Tried(word, after.bolus_nl - before.bolus_nl)

    def settled(self, programmer: Programmer) -> str:
        """Once the line is whole again, what the client finds out of its open command."""
        outcome = programmer.settle()
        assert programmer.open_command_id is None
        return "nothing open" if outcome is None else "done" if outcome.state in CARRIED_OUT else "not done"

    def settled_in_the_end(self, programmer: Programmer) -> str:
        """On a line that is still bad: settle until it is certain, or `uncertain` if a few tries do not do."""
        for _ in range(SETTLE_TRIES):
            try:
                return self.settled(programmer)
            except ProtocolError:
                self.bench.advance(seconds=30)
        return "uncertain"


def _word(programmer: Programmer) -> str:
    try:
        programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)
    except Uncertain:
        return "uncertain"
    except AnswerLost:
        return "done"
    except CutShort as error:
        return "not done" if error.outcome.state == DoseState.RECEIVED else "a part"
    except DeviceAnswer:
        return "not done"
    except LinkError:
        return "not sent"
    return "done"
