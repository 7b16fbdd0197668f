"""What the pump should have commanded, worked out the slow way: minute by minute of the day, pulse by pulse, in fractions.

It shares no dosing code with the firmware. A prescription is read afresh at every minute, time is walked and never solved across minutes,
and each pulse time is checked against its definition: the first device microsecond at which the total reaches the pulse's number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from math import ceil, floor
from typing import NamedTuple

from firmware_sim.firmware.prescription import Prescription

__all__ = ["DosingOracle", "OracleBolus", "Pulse", "stall_story"]

MINUTE_US = 60_000_000
DAY_MINUTES = 24 * 60
UNITS = 3_600_000_000
"""One nanolitre in nL/h x us."""
STALL_US = 20 * MINUTE_US
SELF_TEST_US = 4_000_000
WEAR_BLOCK = 100_000
WEAR_PPM = 500
STEP_NL = 250
MINIMUM_NL_PER_H = 250
MAXIMUM_NL_PER_H = 1_000_000
EPOCH = date(2000, 1, 1)


class Pulse(NamedTuple):
    """One pulse: device time, how long motion had been commanded by then, and whether the rotor moved."""

    at_us: int
    running_us: int
    moved: bool


def stall_story(pulses: Sequence[Pulse]) -> list[tuple[str, int]]:
    """("raised" or "cleared", device time) in order: the k-th pulse of the other kind, k >= 2, with 20 min of commanded time since the last
    of the kind before. What is expected at first is movement, from the moment the pump was made.
    """
    said: list[tuple[str, int]] = []
    alarmed, since_us, count = False, 0, 0
    for pulse in pulses:
        if pulse.moved != alarmed:
            since_us, count = pulse.running_us, 0
            continue
        count += 1
        if count >= 2 and pulse.running_us - since_us >= STALL_US:
            alarmed = not alarmed
            said.append(("raised" if alarmed else "cleared", pulse.at_us))
            since_us, count = pulse.running_us, 0
    return said


@dataclass(frozen=True)
class OracleBolus:
    """A bolus as ordered: device times and volume."""

    start_us: int
    end_us: int
    volume_nl: int

    def units_at(self, device_us: int) -> int:
        """Commanded by then: the documented rule, with one floor."""
        elapsed = Fraction(min(device_us, self.end_us) - self.start_us, self.end_us - self.start_us)
        return floor(self.volume_nl * UNITS * elapsed)

    def rate(self) -> Fraction:
        """What it adds, in nL/h."""
        return Fraction(self.volume_nl * UNITS, self.end_us - self.start_us)


@dataclass
class DosingOracle:
    """One pump's commands. Totals are in units."""

    printed_ppm: int
    unit_error_ppm: int
    drift_ppm: int
    clock_offset_us: int
    device_us: int = 0
    prescription: Prescription | None = None
    bolus: OracleBolus | None = None
    basal_units: int = 0
    bolus_units: int = 0
    flow_ppm: tuple[int, ...] = ()
    delivered_fl: int = 0
    running_us: int = 0
    moving: bool = True
    moved: int = 0
    tested_us: int = 0
    pulses: list[Pulse] = field(default_factory=list)

    # -- time ----------------------------------------------------------------------------------------------------------------

    def device_at(self, true_us: int) -> int:
        """What the device counter shows: the crystal runs fast by `drift_ppm`."""
        return floor(true_us * (1 + Fraction(self.drift_ppm, 1_000_000)))

    def true_of(self, device_us: int) -> int:
        """The first true microsecond at which the counter shows this."""
        true_us = floor(device_us / (1 + Fraction(self.drift_ppm, 1_000_000))) - 1
        while self.device_at(true_us) < device_us:
            true_us += 1
        return true_us

    def advance_to(self, true_us: int) -> None:
        """Walk to a true time."""
        target = self.device_at(true_us)
        while self.device_us < target:
            self._walk_to(min(target, *self._turns()))

    # -- orders --------------------------------------------------------------------------------------------------------------

    def give(self, volume_nl: int, duration_s: int) -> None:
        """Begin a bolus now."""
        self.bolus = OracleBolus(self.device_us, self.device_us + duration_s * 1_000_000, volume_nl)

    def fits(self, volume_nl: int, duration_s: int) -> bool:
        """Whether a bolus begun now stays within the maximum at every minute it touches."""
        bolus = OracleBolus(self.device_us, self.device_us + duration_s * 1_000_000, volume_nl)
        return all(rate + bolus.rate() <= MAXIMUM_NL_PER_H for rate in self._rates_until(bolus.end_us))

    def stop(self) -> None:
        """Stop; what a running bolus has not given is lost."""
        self._end_bolus()
        self.prescription = None

    def restart(self) -> None:
        """The firmware starts anew: the bolus is lost, and what runs waits for the power-on self-test."""
        self._end_bolus()
        self.tested_us = self.device_us + SELF_TEST_US

    def shift_clock(self, by_us: int) -> None:
        """The clock shows another time; a bolus that no longer fits under the maximum ends here."""
        self.clock_offset_us += by_us
        if self.bolus is not None and any(rate + self.bolus.rate() > MAXIMUM_NL_PER_H for rate in self._rates_until(self.bolus.end_us)):
            self._end_bolus()

    # -- totals --------------------------------------------------------------------------------------------------------------

    def bolus_total(self) -> int:
        """Units of every bolus so far."""
        return self.bolus_units + (self.bolus.units_at(self.device_us) if self.bolus else 0)

    @property
    def step_units(self) -> int:
        """Units a step stands for: 0.25 uL times the constant on the box."""
        return floor(STEP_NL * UNITS * Fraction(self.printed_ppm, 1_000_000))

    @property
    def testing(self) -> bool:
        """Whether the power-on self-test is not over."""
        return self.device_us < self.tested_us

    def step_fl(self, number: int) -> int:
        """What the moved step of this number (from 1) moves in truth: one floor under the flow factors in force, and for each whole block
        of steps before it one more for wear.
        """
        volume = Fraction(STEP_NL * 1_000_000) * Fraction(self.printed_ppm, 1_000_000) * (1 + Fraction(self.unit_error_ppm, 1_000_000))
        for factor in self.flow_ppm:
            volume *= Fraction(factor, 1_000_000)
        return floor(volume) + number // WEAR_BLOCK * floor(floor(volume) * Fraction(WEAR_PPM, 1_000_000))

    def rate_now(self) -> int:
        """Basal rate (nL/h) of the minute that contains now; none before the self-test is over."""
        return 0 if self.prescription is None or self.testing else self._rate_at(self.device_us)

    # -- inside --------------------------------------------------------------------------------------------------------------

    def _rate_at(self, device_us: int) -> int:
        assert self.prescription is not None
        minutes = (device_us + self.clock_offset_us) // MINUTE_US
        weekday = (EPOCH + timedelta(days=minutes // DAY_MINUTES)).weekday()
        for group in self.prescription.groups:
            if group.weekdays & (1 << weekday):
                for step in group.steps:
                    if step.start_minute <= minutes % DAY_MINUTES < step.end_minute:
                        return step.rate_nl_per_h
        return MINIMUM_NL_PER_H

    def _rates_until(self, end_us: int) -> Iterator[int]:
        if self.prescription is None:
            return
        at_us = self.device_us
        while at_us < end_us:
            yield self._rate_at(at_us)
            at_us += MINUTE_US - (at_us + self.clock_offset_us) % MINUTE_US

    def _turns(self) -> Iterator[int]:
        """Device times at which the slope may change next."""
        if self.testing:
            yield self.tested_us
        if self.prescription is None:
            yield self.device_us + MINUTE_US
            return
        yield self.device_us + MINUTE_US - (self.device_us + self.clock_offset_us) % MINUTE_US
        if self.bolus is not None:
            yield self.bolus.end_us

    def _walk_to(self, end_us: int) -> None:
        """One stretch of constant slope."""
        start_us, rate = self.device_us, self.rate_now()
        basal_before = self.basal_units

        def total(device_us: int) -> int:
            bolus = self.bolus.units_at(device_us) if self.bolus else 0
            return basal_before + rate * (device_us - start_us) + self.bolus_units + bolus

        slope = rate + (self.bolus.rate() if self.bolus else Fraction(0))
        done = self.bolus_units + ((start_us - self.bolus.start_us) * self.bolus.rate() if self.bolus else Fraction(0))
        end_total = total(end_us)
        while (goal := (len(self.pulses) + 1) * self.step_units) <= end_total:
            pulse_us = start_us + ceil((goal - basal_before - done) / slope)
            assert total(pulse_us) >= goal > total(pulse_us - 1), "a pulse falls at the first microsecond that reaches it"
            self.pulses.append(Pulse(pulse_us, self.running_us + pulse_us - start_us, self.moving))
            if self.moving:
                self.moved += 1
                self.delivered_fl += self.step_fl(self.moved)
        self.basal_units += rate * (end_us - start_us)
        self.running_us += end_us - start_us if rate else 0
        self.device_us = end_us
        if self.bolus is not None and end_us == self.bolus.end_us:
            self._end_bolus()

    def _end_bolus(self) -> None:
        self.bolus_units = self.bolus_total()
        self.bolus = None
