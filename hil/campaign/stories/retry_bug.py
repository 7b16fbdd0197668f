"""A bolus over a link that loses frames, ordered by a sound programmer or by one with a retry bug. The real wire, both ends.

The sound one sends the same command again and asks what became of it before it does anything else. The one with the bug forgets the command
after silence and orders anew, two minutes later, when a short bolus has ended and the pump is free for another.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress

from hil.bench.bench import Bench
from hil.bench.calls import InProcessBench
from hil.campaign.cases import Case, Row
from hil.campaign.pump_life import NG_PER_ML, Life
from hil.fleet.draws import word
from hil.rig import Rig
from hil.unit import Unit
from protocol.client import Programmer
from protocol.errors import AnswerLost, ProtocolError

__all__ = ["live"]

BOLUS_NL, BOLUS_S = 10_000, 60
WAIT_S = 120
TRIES, RETRIES = 5, 3
NL_PER_ML = 1_000_000
DOSE_NG = BOLUS_NL * NG_PER_ML // NL_PER_ML


def live(case: Case, years: int, profile: str) -> Row:
    """The row of a case."""
    life = Life(case, years, profile)
    pump = life.pump
    bench = InProcessBench(Bench(Unit(pump)))
    loses = life.setting("frame-loss")
    with Rig(ExitStack(), unit=bench.bench.unit, bench=bench) as rig:
        forgets = case.parameters.get("retry") == "new-command"
        programmer = rig.another_programmer(retries=0 if forgets else RETRIES)
        held = [
            bench.inject("link.drop", rate_ppm=loses, seed=word(case.seed, f"retry/{way}") >> 33, direction=way)
            for way in ("to_pump", "to_host")
        ]
        orders = _order(programmer, bench, forgets)
        for handle in held:
            bench.clear(handle)
        bench.advance_us(WAIT_S * NL_PER_ML)
        with suppress(ProtocolError):
            programmer.settle()
    given = pump.status().bolus_nl // BOLUS_NL
    return {"orders": orders, "given": given, "doubled": int(given > 1), "not_given": int(given == 0)}


def _order(programmer: Programmer, bench: InProcessBench, forgets: bool) -> int:
    """Order until the programmer knows that a bolus runs, or gives up; returns how often it gave a command of its own."""
    orders = 0
    for _ in range(TRIES):
        try:
            if programmer.open_command_id is None:
                orders += 1
                programmer.bolus(BOLUS_NL, DOSE_NG, BOLUS_S)
                return orders
            outcome = programmer.settle()
            if outcome is not None:
                return orders
        except AnswerLost:
            return orders
        except ProtocolError:
            if forgets and programmer.open_command_id is not None:
                programmer.dismiss()
        bench.advance_us(WAIT_S * NL_PER_ML)
    return orders
