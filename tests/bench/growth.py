"""How time grows: each function takes a size and returns the processor seconds of the work that is to be plotted against it."""

from __future__ import annotations

from firmware_sim import Pump
from hil.adapter import PumpApp
from protocol.codes import LogRing
from protocol.message_table import BY_NAME
from tests.bench.six_years import born, interrogated, live, seconds

__all__ = ["with_faults", "with_log", "with_years"]

READ_AT_ONCE = 16
START = BY_NAME["START"].opcode


def with_years(years: int) -> float:
    """So many years of therapy with refills and weekly interrogations."""
    pump = born(years)
    return seconds(lambda: live(years, pump, interrogated))


def with_log(records: int) -> float:
    """A week and an interrogation of a pump that has logged so many records; its newest are read, its image is saved and restored."""
    pump = born(records)
    for number in range(records):
        pump.note(START, number + 1, 0)
    app = PumpApp(pump)

    def week() -> None:
        pump.advance(days=7)
        interrogated(app)
        app.read_log(records - READ_AT_ONCE, READ_AT_ONCE, LogRing.EVENTS)
        Pump.restore(pump.save())

    return seconds(week)


def with_faults(faults: int) -> float:
    """A day of a pump with so many faults in force: it is interrogated every hour, and each hour one more comes and goes."""
    pump = born(faults)
    app = PumpApp(pump)
    for _ in range(faults - 1):
        pump.inject("catheter.occlusion", fraction_ppm=1_000)

    def day() -> None:
        for _ in range(24):
            pump.clear(pump.inject("catheter.occlusion", fraction_ppm=1_000))
            pump.advance(hours=1)
            interrogated(app)

    return seconds(day)
