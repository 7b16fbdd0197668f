"""A patient whose pump has run for a while: what the therapy means, what he is given, and the difference between the two.

Reservoir, tubing and catheter hold one drug of one strength, so that what a fault or an act changes is all that changes. Every figure a
test expects is worked out from the rate, the strength and the unit's own error, never copied from a run.
"""

from __future__ import annotations

from firmware_sim.firmware.prescription import Prescription, RefillEntry
from firmware_sim.profile import Profile
from firmware_sim.pump import Pump
from firmware_sim.truth import Truth
from tests.support.therapies import BACLOFEN, CONCENTRATION, ML, US_PER_H, refill_of, simple

__all__ = ["CAPACITY_NL", "PATH_NL", "RATE", "RESIDUAL_NL", "Bed", "mixed"]

RATE = 40_000
"""0.96 mL a day, in nL/h: 480 mcg a day of 500 mcg/mL."""
CAPACITY_NL = 40 * ML
RESIDUAL_NL = 1_400_000
PATH_NL = 335_800
"""Tubing 0.140 mL and 89 cm of catheter at 0.0022 mL/cm."""
_RINSES = 6
_MOST_STEP_NL = 300
"""A step is 250 nL, and no unit is a fifth off."""


def mixed(left_nl: int, old: float, fill_nl: int, new: float) -> float:
    """Concentration after a fill of one strength on top of what was left of another, the residual included."""
    return ((left_nl + RESIDUAL_NL) * old + fill_nl * new) / (left_nl + RESIDUAL_NL + fill_nl)


class Bed:
    """A pump on a therapy, settled, and marked: all is counted from the last `mark`."""

    def __init__(
        self,
        therapy: Prescription | None = None,
        *,
        volume_nl: int = 20 * ML,
        seed: int = 3,
        profile: str | Profile = "itp-40",
    ) -> None:
        self.therapy = therapy or simple(RATE)
        self.concentration = self.therapy.concentration_ng_per_ml
        self.pump = pump = Pump(profile, seed=seed)
        for _ in range(_RINSES):
            pump.needle(withdraw_nl=None, inject_nl=pump.profile.reservoir.capacity_nl, concentration_ng_per_ml=self.concentration)
        pump.refill(refill_of(pump.profile.reservoir.capacity_nl, self.concentration))
        rate = min(RATE, RATE * CONCENTRATION // self.concentration)
        pump.commit(simple(rate, concentration=self.concentration))
        pump.advance(hours=2 * PATH_NL // rate)
        pump.commit(self.therapy)
        self.visit(volume_nl)

    # -- acts ------------------------------------------------------------------------------------------------------------

    def visit(self, volume_nl: int, concentration: int | None = None) -> tuple[int, int]:
        """A refill as it should be: all out, so much in, and the pump told. Returns (withdrawn, expected) in nL, and marks."""
        level = self.concentration if concentration is None else concentration
        result = self.pump.needle(withdraw_nl=None, inject_nl=volume_nl, concentration_ng_per_ml=level)
        expected_nl, _ = self.pump.refill(RefillEntry(volume_nl, result.withdrawn_nl, BACLOFEN, level))
        self.mark()
        return result.withdrawn_nl, expected_nl

    def mark(self) -> None:
        """Count from here."""
        self._since = self.pump.truth()

    def live(self, *, minutes: int = 0, hours: int = 0, days: int = 0) -> int:
        """Let time pass; returns the drug given in it (ng)."""
        before = _taken_ng(self.pump.truth())
        self.pump.advance(minutes=minutes, hours=hours, days=days)
        return _taken_ng(self.pump.truth()) - before

    # -- what is so ------------------------------------------------------------------------------------------------------

    @property
    def unit(self) -> float:
        """True volume of a step of this unit as a share of the one printed on its box."""
        return 1 + self.pump.truth().unit_error_ppm / 1_000_000

    @property
    def hours(self) -> float:
        """Hours since the mark by the device's own counter, which is what its rates are kept by."""
        return (self.pump.device_us - self._since.device_us) / US_PER_H

    @property
    def given_ng(self) -> int:
        """Drug that has gone into the patient since the mark, from tip and tissue."""
        return _taken_ng(self.pump.truth()) - _taken_ng(self._since)

    @property
    def given_nl(self) -> int:
        """Volume that has left the tip since the mark."""
        return self.pump.truth().delivered_nl - self._since.delivered_nl

    @property
    def step_ng(self) -> float:
        """Drug in a step at the start and one at the end: what counting in whole steps leaves open."""
        return 2 * _MOST_STEP_NL * self.concentration / ML

    @property
    def step_nl(self) -> int:
        """The same as volume."""
        return 2 * _MOST_STEP_NL

    # -- what is meant ---------------------------------------------------------------------------------------------------

    def meant_nl(self, hours: float | None = None, rate: int = RATE) -> float:
        """Volume that a rate makes of these hours, or of those since the mark, with this unit."""
        return rate * (self.hours if hours is None else hours) * self.unit

    def meant_ng(self, hours: float | None = None, rate: int = RATE) -> float:
        """The same as drug."""
        return self.meant_nl(hours, rate) * self.concentration / ML


def _taken_ng(truth: Truth) -> int:
    """Drug that has reached its place, or the body from the pocket."""
    return truth.delivered_ng - truth.astray_ng + truth.absorbed_ng
