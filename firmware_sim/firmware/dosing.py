"""How much is commanded, exactly: anchors and slopes in integers, never an accumulation.

Two accounts, in units of nL/h x us since manufacture. Basal is the week's prefix sum since the anchor. A bolus is
`volume x elapsed // duration`, worked out anew from its start each time, so that it ends exactly on its volume. Pulse number n is
sent at the first device microsecond at which the sum of both reaches n steps. Nothing here moves by looking at it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from operator import attrgetter
from typing import NamedTuple

from firmware_sim.firmware.week import Week
from firmware_sim.units import UNITS_PER_NL

__all__ = ["DOSE_KINDS", "PLAN", "BolusRun", "Course", "Dosing"]


DOSE_KINDS = ("single", "patient", "prime", "bridge")
"""single and patient run on top of basal; a prime runs from stopped; a bridge replaces basal while it lasts."""


class BolusRun(NamedTuple):
    """A bolus under way: device times, volume, and its kind (one of DOSE_KINDS)."""

    command_id: int
    start_us: int
    end_us: int
    volume_nl: int
    kind: str = "single"

    def units_at(self, device_us: int) -> int:
        """Units of this bolus commanded by `device_us`."""
        elapsed_us = min(device_us, self.end_us) - self.start_us
        return self.volume_nl * UNITS_PER_NL * elapsed_us // (self.end_us - self.start_us)

    def delivered_nl(self, device_us: int) -> int:
        """Its own commanded part, floored to nanolitres."""
        return self.units_at(device_us) // UNITS_PER_NL

    def rate_nl_per_h(self) -> int:
        """The rate it adds, rounded up: what the maximum is judged against."""
        return -(-self.volume_nl * UNITS_PER_NL // (self.end_us - self.start_us))


@dataclass(frozen=True, slots=True)
class Course:
    """A plan read once to be asked for many times: what it commands by a device time. Good until the plan changes.

    `ahead_us` is clock minus device time, `origin_units` are those of basal at the week's zero.
    """

    step_units: int
    week: Week | None
    ahead_us: int
    origin_units: int
    bolus: BolusRun | None
    bolus_units: int

    def at(self, device_us: int) -> tuple[int, int, int]:
        """Units of basal and of all boluses commanded by `device_us`, and the rate in nL/h, a bolus included (rounded up)."""
        basal_units, rate = self.origin_units, 0
        if self.week is not None:
            units, rate = self.week.at(device_us + self.ahead_us)
            basal_units += units
        run = self.bolus
        if run is None:
            return basal_units, self.bolus_units, rate
        return basal_units, self.bolus_units + run.units_at(device_us), rate + (run.rate_nl_per_h() if device_us < run.end_us else 0)

    def steps_at(self, device_us: int) -> int:
        """Pulses sent by `device_us`."""
        units = self.origin_units + self.bolus_units
        if self.week is not None:
            units += self.week.at(device_us + self.ahead_us)[0]
        if self.bolus is not None:
            units += self.bolus.units_at(device_us)
        return units // self.step_units

    def turn_us(self, device_us: int) -> int | None:
        """The first device time after that one at which the rate may turn; None where it will not."""
        turns = [] if self.week is None else [self.week.stretch(device_us + self.ahead_us)[1] - self.ahead_us]
        turns += [] if self.bolus is None or self.bolus.end_us <= device_us else [self.bolus.end_us]
        return min(turns, default=None)

    def rate_max(self) -> int:
        """No rate of it is higher, in nL/h."""
        basal = max(self.week.rates_nl_per_h) if self.week is not None else 0
        return basal + (self.bolus.rate_nl_per_h() if self.bolus is not None else 0)


@dataclass(slots=True)
class Dosing:
    """The plan in force since `anchor_us` (device time). `week` is None while there is no basal; a bolus may run without one."""

    step_units: int
    anchor_us: int = 0
    basal_units: int = 0
    bolus_units: int = 0
    running_us: int = 0
    last_step_running_us: int = 0
    clock_offset_us: int = 0
    week: Week | None = None
    bolus: BolusRun | None = None

    @property
    def moving(self) -> bool:
        """Whether motion is commanded."""
        return self.week is not None or self.bolus is not None

    def course(self) -> Course:
        """The plan, read."""
        week, ahead_us, units = self.week, self.clock_offset_us, self.basal_units
        origin = units if week is None else units - week.units_until(self.anchor_us + ahead_us)
        return Course(self.step_units, week, ahead_us, origin, self.bolus, self.bolus_units)

    def basal_at(self, device_us: int) -> int:
        """Basal units commanded by `device_us`."""
        if self.week is None or device_us == self.anchor_us:
            return self.basal_units
        offset_us = self.clock_offset_us
        return self.basal_units + self.week.units_until(device_us + offset_us) - self.week.units_until(self.anchor_us + offset_us)

    def bolus_at(self, device_us: int) -> int:
        """Units of all boluses commanded by `device_us`."""
        return self.bolus_units + (self.bolus.units_at(device_us) if self.bolus else 0)

    def total_at(self, device_us: int) -> int:
        """Everything commanded by `device_us`."""
        return self.basal_at(device_us) + self.bolus_at(device_us)

    def steps_at(self, device_us: int) -> int:
        """Pulses sent by `device_us`."""
        return self.total_at(device_us) // self.step_units

    def running_at(self, device_us: int) -> int:
        """Device time spent with motion commanded, by `device_us`."""
        until_us = device_us if self.week else min(device_us, self.bolus.end_us) if self.bolus else self.anchor_us
        return self.running_us + until_us - self.anchor_us

    def rate_at(self, device_us: int) -> int:
        """Commanded rate in nL/h, a bolus included (rounded up)."""
        return self.course().at(device_us)[2]

    def time_of_total(self, units: int) -> int | None:
        """First device time, not before the anchor, at which the total is at least `units`; None if never under this plan."""
        if units <= self.total_at(self.anchor_us):
            return self.anchor_us
        if self.bolus is not None and units <= self.total_at(self.bolus.end_us):
            return self._time_within_bolus(self.bolus, units)
        if self.week is None:
            return None
        offset_us = self.clock_offset_us
        finished = self.bolus_units + (self.bolus.volume_nl * UNITS_PER_NL if self.bolus else 0)
        basal_needed = units - finished - self.basal_units
        return self.week.clock_when(self.week.units_until(self.anchor_us + offset_us) + basal_needed) - offset_us

    def time_of_step(self, number: int) -> int | None:
        """Device time at which pulse `number` is sent; the anchor for pulses already sent by then."""
        return self.time_of_total(number * self.step_units)

    def running_at_last_step(self, device_us: int) -> int:
        """Value of the running-time account when the last pulse by `device_us` was sent."""
        steps = self.steps_at(device_us)
        if steps == self.steps_at(self.anchor_us):
            return self.last_step_running_us
        sent_us = self.time_of_step(steps)
        return self.last_step_running_us if sent_us is None else self.running_at(sent_us)

    def move_anchor(self, device_us: int) -> None:
        """Settle both accounts at `device_us`; the only place where they are written. Called when a slope changes."""
        last_step_running_us = self.running_at_last_step(device_us)
        basal, running_us = self.basal_at(device_us), self.running_at(device_us)
        self.basal_units, self.running_us, self.anchor_us = basal, running_us, device_us
        self.last_step_running_us = last_step_running_us

    def end_bolus(self, device_us: int) -> int:
        """Take the bolus out of the plan at `device_us`; returns what it delivered in nL."""
        if self.bolus is None:
            return 0
        self.move_anchor(device_us)
        delivered_nl = self.bolus.delivered_nl(device_us)
        self.bolus_units += self.bolus.units_at(device_us)
        self.bolus = None
        return delivered_nl

    def _time_within_bolus(self, bolus: BolusRun, units: int) -> int:
        """Walk the few basal stretches a bolus spans; in each the sum is a straight line that is solved for."""
        duration_us, volume_units = bolus.end_us - bolus.start_us, bolus.volume_nl * UNITS_PER_NL
        at_us = self.anchor_us
        while True:
            rate, end_us = 0, bolus.end_us
            if self.week is not None:
                rate, next_clock_us = self.week.stretch(at_us + self.clock_offset_us)
                end_us = min(end_us, next_clock_us - self.clock_offset_us)
            if units <= self.total_at(end_us):
                line = units - self.bolus_units - self.basal_at(at_us) + rate * at_us
                top = line * duration_us + volume_units * bolus.start_us
                return max(at_us, -(-top // (rate * duration_us + volume_units)))
            at_us = end_us


PLAN = attrgetter(*(field.name for field in fields(Dosing)))
"""Everything that tells one plan of dosing from another."""
