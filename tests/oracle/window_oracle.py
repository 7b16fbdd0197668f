"""How much any 24 hours held, told by looking at a pump from outside: its commanded totals at every turn of their slope.

Nothing here is the firmware's own window. A `Watch` lets time pass in pieces that end wherever the rate may turn (what the pump waits for
next, and the step boundaries of its therapy by the clock), writes the totals down, and knows when a patient bolus was granted and when a
clinician, or a clock that jumped, changed what follows.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from firmware_sim import Pump
from firmware_sim.firmware.prescription import PatientRule

__all__ = ["DAY_US", "Excess", "Grant", "Totals", "Watch"]

MINUTE_US = 60_000_000
DAY_US = 1_440 * MINUTE_US
FLOORS_NL = 2
"""Both totals are told in whole nanolitres, rounded down: a difference of sums is off by less than this."""


class Grant(NamedTuple):
    """A patient bolus that was granted, and the rule it was granted by."""

    at_us: int
    rule: PatientRule


class Excess(NamedTuple):
    """A window that held too much: its end (device time), what it held, and the limit."""

    end_us: int
    held_nl: Fraction
    limit_nl: int


@dataclass
class Totals:
    """Commanded nL at rising device times, in straight lines between."""

    times_us: list[int] = field(default_factory=list)
    totals_nl: list[int] = field(default_factory=list)

    def add(self, at_us: int, total_nl: int) -> None:
        """One look."""
        assert not self.times_us or (at_us >= self.times_us[-1] and total_nl >= self.totals_nl[-1]), "totals never fall"
        self.times_us.append(at_us)
        self.totals_nl.append(total_nl)

    def at(self, at_us: int) -> Fraction:
        """The total at any time up to the last look; nothing was commanded before the first."""
        place = bisect_right(self.times_us, at_us)
        if place == 0:
            return Fraction(0)
        if place == len(self.times_us):
            return Fraction(self.totals_nl[-1])
        (from_us, to_us), (low, high) = self.times_us[place - 1 : place + 1], self.totals_nl[place - 1 : place + 1]
        return low + Fraction((high - low) * (at_us - from_us), to_us - from_us)

    def window(self, end_us: int) -> Fraction:
        """What (end - 24 h, end] held."""
        return self.at(end_us) - self.at(end_us - DAY_US)

    def ends_between(self, from_us: int, to_us: int) -> Iterator[int]:
        """Every end in [from, to] at which a window can be fullest: a turn of the slope at one of its sides."""
        yield from (from_us, to_us)
        for shift_us in (0, DAY_US):
            first, last = (bisect_left(self.times_us, from_us - shift_us), bisect_right(self.times_us, to_us - shift_us))
            yield from (at_us + shift_us for at_us in self.times_us[first:last])


class Watch:
    """A pump under observation. All its time must pass by `wait`."""

    def __init__(self, pump: Pump) -> None:
        self.pump = pump
        self.totals = Totals()
        self.grants: list[Grant] = []
        self.excused_us: list[int] = []
        self._total_nl = 0
        self.look()

    def look(self) -> None:
        """Write the total down; without power nothing is commanded."""
        if self.pump.powered:
            status = self.pump.status()
            self._total_nl = status.basal_nl + status.bolus_nl
        self.totals.add(self.pump.device_us, self._total_nl)

    def granted(self, rule: PatientRule) -> None:
        """A patient bolus has just begun."""
        self.grants.append(Grant(self.pump.device_us, rule))

    def excuse(self) -> None:
        """A clinician has just acted, or the clock has jumped: windows that end later are not the last grant's to answer for."""
        self.excused_us.append(self.pump.device_us)

    def wait(self, us: int) -> None:
        """Let time pass, looking at every turn."""
        pump, end_us = self.pump, self.pump.now_us + us
        pump.advance(us=0)
        self.look()
        while pump.now_us < end_us:
            turns = [end_us, *(turn_us for turn_us in (pump.next_due(), self._next_step_us()) if turn_us and turn_us > pump.now_us)]
            pump.advance_to(min(turns))
            self.look()

    def excesses(self) -> list[Excess]:
        """Windows above the limit that no clinician's act explains."""
        found = []
        for place, grant in enumerate(self.grants):
            ends = [grant.at_us + DAY_US, self.totals.times_us[-1], *(at_us for at_us in self.excused_us if at_us >= grant.at_us)]
            until_us = min([*ends, *(later.at_us for later in self.grants[place + 1 : place + 2])])
            limit_nl = grant.rule.window_nl
            windows = ((end_us, self.totals.window(end_us)) for end_us in self.totals.ends_between(grant.at_us, until_us))
            found += [Excess(end_us, held, limit_nl) for end_us, held in windows if held >= limit_nl + FLOORS_NL]
        return found

    def fullest_share(self) -> Fraction:
        """The fullest window at the instant of a grant, as a share of its limit; how hard the rule was tried."""
        shares = (self.totals.window(grant.at_us) / grant.rule.window_nl for grant in self.grants)
        return max(shares, default=Fraction(0))

    def _next_step_us(self) -> int | None:
        """True time at which the clock next shows a step boundary of the therapy."""
        if not self.pump.powered:
            return None
        status = self.pump.status()
        if status.prescription is None or not status.prescription.groups:
            return None
        minutes = {0} | {step.start_minute for group in status.prescription.groups for step in group.steps}
        into_us = status.clock_us % DAY_US
        ahead_us = min((minute * MINUTE_US - into_us - 1) % DAY_US + 1 for minute in minutes)
        return self.pump.true_us_of(status.device_us + ahead_us)
