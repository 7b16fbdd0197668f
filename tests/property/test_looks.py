"""What a pump has worked out and remembers never outlives a change: it tells what a pump does that was just restored from its image."""

from __future__ import annotations

from hypothesis import given, settings

from firmware_sim import Pump
from tests.support.strategies import WEAK
from tests.support.therapies import ML, filled
from tests.support.walks import Walk, do, walks


def told(pump: Pump) -> tuple[object, ...]:
    """Everything that can be looked at."""
    belief = (pump.brief(), pump.status(), pump.programmed(), pump.counted()) if pump.answers else ()
    return (*belief, pump.truth(), pump.next_due())


@settings(max_examples=100)
@given(walk=walks(8))
def test_looks_are_those_of_a_pump_just_restored(walk: Walk) -> None:
    """After each act of any walk, and after each wait, looked at before and after."""
    pump = filled(20 * ML, concentration=WEAK)
    for act, us in walk:
        told(pump)
        do(pump, act)
        assert told(pump) == told(Pump.restore(pump.save()))
        pump.advance(us=us)
        assert told(pump) == told(Pump.restore(pump.save()))
