"""Simulated time: a day looked at every second, images, beside simpy that only steps as many events and beside peers that simulate less."""

from __future__ import annotations

import random
from collections.abc import Callable
from statistics import median

from firmware_sim import Pump
from firmware_sim.units import US_PER_DAY, US_PER_S
from hil.unit import Unit
from tests.bench.peers.figures import Comparison, Row, rows_of
from tests.bench.peers.floors import simpy_events
from tests.bench.peers.programs import day_of
from tests.bench.peers.turns import once_each
from tests.bench.six_years import born, interrogated, live, unseen, walked
from tests.bench.stopwatch import burst_of, rounds_of
from tests.link.bedside import Bedside, flex

__all__ = ["day_of_looks", "images", "six_years"]

YEARS, EVENTS = 6, 8_760
ROUNDS = 7
LOOKS = 86_400
PART = 10
"""Peers that need seconds for a day do a tenth of it, which is told as a whole one."""


def therapy_of(seed: int) -> Unit:
    """A running pump of this seed, its therapy one of its own."""
    draw = random.Random(seed).randrange
    bedside = Bedside.running(flex(*(draw(4_000, 16_000) for _ in range(4))), days=0)
    bedside.advance(us=draw(US_PER_DAY))
    return bedside.unit


def _columns(pump: Pump) -> None:
    rows = pump.sample(US_PER_S, US_PER_DAY)
    assert len(rows["delivered_nl"]) == LOOKS + 1
    assert rows["steps_moved"][-1] > rows["steps_moved"][0]


def _single_looks(pump: Pump) -> None:
    begun = pump.truth().steps_moved
    steps = begun
    for _ in range(LOOKS):
        pump.advance(us=US_PER_S)
        steps = pump.truth().steps_moved
    assert steps > begun


def six_years() -> Comparison:
    """Six years beside bare simpy; what each life ends with is what the pump that walks day by day ended with."""
    pumps = {look: [born(seed) for seed in range(ROUNDS)] for look in ("unseen", "seen")}
    ends = {
        "unseen": [walked(YEARS, pump) for pump in pumps["unseen"]],
        "seen": [walked(YEARS, pump, interrogated) for pump in pumps["seen"]],
    }

    def lived(look: str, seed: int) -> None:
        assert live(YEARS, pumps[look][seed], interrogated if look == "seen" else unseen) == ends[look][seed][0]

    taken = once_each(
        {
            "simpy, bare events": lambda _: simpy_events(EVENTS),
            "pumpsim, no interrogation": lambda seed: lived("unseen", seed),
            "pumpsim, interrogated weekly": lambda seed: lived("seen", seed),
        },
        rounds=ROUNDS,
    )
    for look, found in pumps.items():
        assert [pump.digest() for pump in found] == [digest for _, digest in ends[look]]
    work = (
        "Flex therapy of four steps a day, a refill every 60 days, alarms and log on; weekly interrogations made and encoded, no client. "
        "Seed and therapy differ each time. What the life ends with (events, alarms, records, steps, volume, every answer) is counted and "
        "compared with the pump that walks day by day inside the time, digests after it. simpy steps as many events as the rate changes."
    )
    asked = (("pumpsim, no interrogation", 0.3), ("pumpsim, interrogated weekly", 0.7))
    remark = (
        "Days between two visits cost nothing; visits do. An interrogation makes and encodes four answers in about 20 us, a refill with "
        "its needle takes about 75 us: the journal has its records, the trace its digest, and dates are worked out anew. simpy needs "
        "half a microsecond for an event at which nothing happens."
    )
    return Comparison("Six years of therapy", work, rows_of(taken), asked, remark)


def day_of_looks() -> Comparison:
    """86,400 looks at one day."""
    sampled, looked_at = ([therapy_of(seed).pump for seed in range(ROUNDS)] for _ in range(2))
    taken = once_each(
        {
            "simpy, bare events": lambda _: simpy_events(LOOKS),
            "pumpsim, sample() into columns": lambda seed: _columns(sampled[seed]),
            "pumpsim, advance() and truth()": lambda seed: _single_looks(looked_at[seed]),
        },
        rounds=ROUNDS,
    )
    lewis = PART * min(day_of("lewis_pump.py", "cycles", LOOKS // PART) for _ in range(3))
    tickit = PART * min(day_of("tickit_pump.py", "updates", LOOKS // PART) for _ in range(3))
    floor = median(taken["simpy, bare events"])
    rows = [*rows_of(taken)]
    for who, seconds in (("lewis, cycles of a second", lewis), ("tickit, updates each second", tickit)):
        rows.append(Row(who, seconds, seconds / floor, "ten times a tenth of a day"))
    work = "A day with the truth of every second. simpy steps as many events and does nothing at any; seed and therapy differ each time."
    asked = (("pumpsim, sample() into columns", 0.5), ("pumpsim, advance() and truth()", 5.0))
    remark = "A single look makes one object of some thirty facts, after an advance that finds nothing due."
    return Comparison("A day, looked at every second", work, tuple(rows), asked, remark)


def images() -> Comparison:
    """Save and restore beside ten status round trips in memory."""
    bedside = Bedside.running()
    programmer, unit = bedside.programmer(), bedside.unit
    pump_image, unit_image, other = unit.pump.save(), unit.save(), Unit.new("itp-40")

    def ten() -> None:
        for _ in range(10):
            programmer.status()

    calls: dict[str, Callable[[], object]] = {
        "ten status round trips in memory": ten,
        "save of a pump": unit.pump.save,
        "restore of a pump": lambda: Pump.restore(pump_image),
        "save of a unit": unit.save,
        "restore of a unit": lambda: other.restore(unit_image),
    }
    rows = rows_of(rounds_of({name: burst_of(call) for name, call in calls.items()}, rounds=15))
    sizes = f"{len(pump_image):,} bytes of a pump, {len(unit_image):,} of one with its session and line"
    work = f"An image is {sizes}; a fork is a save and a restore."
    return Comparison("Images", work, rows, tuple((row.who, 1.0) for row in rows[1:]))
