"""A life of a pump in virtual time: flex therapy of four steps a day, refills, interrogations, all counted. What benchmarks and plots time.

Everything goes through the app that stands behind the wire; there is no client and no frame. Each seed has a therapy of its own. `Told` is
what a life ends with: the same for the pump and for the one that walks (`tests.oracle.walked_pump`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from importlib import import_module
from random import Random
from typing import NamedTuple

from firmware_sim import Pump
from firmware_sim.firmware.prescription import Prescription
from hil.adapter import PumpApp
from protocol.app import Command
from protocol.codec import encode
from protocol.messages import Refill
from tests.oracle.walked_pump import WalkedPump
from tests.support.therapies import BACLOFEN, CONCENTRATION, ML, US_PER_DAY, flex, overrides_for, refill_of

__all__ = [
    "DAYS_A_YEAR",
    "Look",
    "Told",
    "born",
    "interrogated",
    "live",
    "seconds",
    "simpy_steps",
    "therapy_of",
    "told",
    "unseen",
    "walked",
]

DAYS_A_YEAR = 365
STEPS_A_DAY = 4
REFILL_DAYS = 60
LOOK_DAYS = 7
FILL_NL = 20 * ML

Look = Callable[[PumpApp], bytes]


class Told(NamedTuple):
    """What a life ends with: trace events, alarms raised, log records, steps, nanolitres commanded, and what the looks were told."""

    events: int
    alarms: int
    records: int
    steps: int
    commanded_nl: int
    answers: tuple[bytes, ...]


def therapy_of(seed: int) -> Prescription:
    """Four steps a day, other ones for each seed. Some reach the low-reservoir level before they are refilled, none runs empty."""
    draws = Random(seed)
    return flex([draws.randrange(9_000, 13_800) for _ in range(STEPS_A_DAY)], low_nl=3 * ML)


def born(seed: int, therapy: Prescription | None = None) -> Pump:
    """A new pump, filled, told so, on its therapy."""
    therapy = therapy or therapy_of(seed)
    pump = Pump("itp-40", seed=seed)
    pump.needle(inject_nl=FILL_NL, concentration_ng_per_ml=CONCENTRATION)
    pump.refill(refill_of(FILL_NL))
    pump.commit(therapy, overrides=overrides_for(therapy))
    return pump


def interrogated(app: PumpApp) -> bytes:
    """All that the pump answers to an interrogation, made and encoded."""
    _, therapy = app.therapy()
    assert therapy is not None
    app.interrogated()
    return b"".join((encode(app.identity()), encode(therapy), encode(app.condition()), encode(app.counters())))


def unseen(_: PumpApp) -> bytes:
    """No look at all."""
    return b""


def live(years: int, pump: Pump, look: Look = unseen) -> Told:
    """Let years pass: a refill every sixty days, a look every week if there is one. Returns what was counted."""
    app, start_us, days = PumpApp(pump), pump.now_us, years * DAYS_A_YEAR
    refills = range(REFILL_DAYS, days, REFILL_DAYS)
    looks = range(LOOK_DAYS, days, LOOK_DAYS) if look is not unseen else range(0)
    answers: list[bytes] = []
    for day, refilled in sorted([*((day, True) for day in refills), *((day, False) for day in looks)]):
        pump.advance_to(start_us + day * US_PER_DAY)
        if refilled:
            pump.needle(withdraw_nl=None, inject_nl=FILL_NL, concentration_ng_per_ml=CONCENTRATION)
            app.refill(Command(day, 7, bytes(16)), Refill(day, FILL_NL, 0, BACLOFEN, CONCENTRATION))
        else:
            answers.append(look(app))
    pump.advance_to(start_us + days * US_PER_DAY)
    return told(pump, tuple(answers))


def told(pump: Pump, answers: tuple[bytes, ...] = ()) -> Told:
    """Count what there is now."""
    events, status = pump.events(), pump.status()
    alarms = sum(record.get("event") == "ALARM_RAISED" for record in events)
    count = int(str(events[-1]["number"])) + 1
    return Told(count, alarms, status.log_newest + 1, status.steps, status.basal_nl + status.bolus_nl, answers)


def walked(years: int, pump: Pump, look: Look = unseen) -> tuple[Told, str]:
    """The same life of a pump that walks: what it ends with, and its digest. Slow."""
    oracle = WalkedPump.restore(pump.save())
    return live(years, oracle, look), oracle.digest()


def simpy_steps(events: int) -> None:
    """Bare simpy stepping as many events: one process that waits."""
    environment = import_module("simpy").Environment()

    def steps() -> Iterator[object]:
        for _ in range(events):
            yield environment.timeout(US_PER_DAY // STEPS_A_DAY)

    environment.process(steps())
    environment.run()


def seconds(work: Callable[[], object]) -> float:
    """Processor seconds of one call: other programs on the machine do not count."""
    start = time.process_time()
    work()
    return time.process_time() - start
