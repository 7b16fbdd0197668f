"""How much is commanded, exactly: anchors and slopes in integers, never an accumulation.

Two accounts, in units of nL/h x us since manufacture. Basal is the week's prefix sum since the anchor. A bolus is
`volume x elapsed // duration`, worked out anew from its start each time, so that it ends exactly on its volume. Pulse number n is
sent at the first device microsecond at which the sum of both reaches n steps. Nothing here moves by looking at it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from firmware_sim.firmware.week import Week
from firmware_sim.units import UNITS_PER_NL

__all__ = ["DOSE_KINDS", "BolusRun", "Dosing"]


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
        basal = self.week.stretch(device_us + self.clock_offset_us)[0] if self.week else 0
        return basal + (self.bolus.rate_nl_per_h() if self.bolus and device_us < self.bolus.end_us else 0)

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
