"""A balance with a vessel on its pan into which a simulated pump's catheter delivers.

It is asked and then looks; between two looks the load is taken to have grown evenly, and the reading follows it with a lag. What it
shows depends on the seed and on when it was looked at, never on a wall clock, and looking changes nothing in the pump.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp
from typing import NamedTuple

from firmware_sim.draws import draw_bell_ppm
from hil.instruments.numbers import BalanceNumbers, VesselNumbers, balance_numbers, vessel_numbers

__all__ = ["Delivered", "Indication", "SimulatedBalance"]

US_PER_MS = 1_000
US_PER_H = 3_600_000_000
NL_PER_ML = 1_000_000


class Delivered(NamedTuple):
    """True virtual time, and the volume that has left the catheter's tip by then."""

    now_us: int
    volume_nl: int


class Indication(NamedTuple):
    """What the weighing cell says: gross mass from the zero, rounded; `range` is +1 above, -1 below what it can weigh."""

    gross_ug: int
    stable: bool
    range: int


class _Last(NamedTuple):
    """The look before this one: its time, the load then, what was shown."""

    at_us: int
    load_ug: float
    shown_ug: float


class SimulatedBalance:
    """`look` tells what the pump has delivered; it is asked at each reading."""

    def __init__(
        self,
        look: Callable[[], Delivered],
        *,
        seed: int = 0,
        numbers: BalanceNumbers | None = None,
        vessel: VesselNumbers | None = None,
    ) -> None:
        self.numbers = numbers or balance_numbers()
        self.vessel = vessel or vessel_numbers()
        self.seed = seed
        self._look = look
        self._on_pan_ug = float(self.vessel.glass_ug)
        self._zero_ug = 0
        self._first = look()
        load_ug = self._load_ug(self._first)
        self._last = _Last(self._first.now_us, load_ug, load_ug)

    def put(self, mass_ug: int) -> None:
        """Put something on the pan beside the vessel, or take it off (below 0)."""
        last = self._turn(self._look())[0]
        self._on_pan_ug += mass_ug
        self._last = last._replace(load_ug=last.load_ug + mass_ug)

    def indicate(self) -> Indication:
        """The reading at this instant."""
        delivered = self._look()
        self._last, slope_ug_per_s = self._turn(delivered)
        numbers, last = self.numbers, self._last
        stable = max(abs(last.load_ug - last.shown_ug), abs(slope_ug_per_s) * numbers.stable_window_ms / 1_000) <= numbers.stable_band_ug
        drift_ug = numbers.drift_ug_per_h * (delivered.now_us - self._first.now_us) / US_PER_H
        gross_ug = last.shown_ug + drift_ug + self._noise_ug(delivered.now_us) - self._zero_ug
        beyond = 1 if gross_ug > numbers.capacity_ug else -1 if gross_ug < -numbers.zero_range_ug else 0
        return Indication(round(gross_ug / numbers.readability_ug) * numbers.readability_ug, stable, beyond)

    @property
    def turn(self) -> int:
        """The number of the present reading: the balance makes a new one so often."""
        return self._look().now_us // (self.numbers.refresh_ms * US_PER_MS)

    def zero(self) -> int:
        """Take the present load for an empty pan; returns 0, or +1 or -1 where that is too far from the first zero."""
        shown_ug = self.indicate().gross_ug + self._zero_ug
        if abs(shown_ug) > self.numbers.zero_range_ug:
            return 1 if shown_ug > 0 else -1
        self._zero_ug = shown_ug
        return 0

    def _load_ug(self, delivered: Delivered) -> float:
        """All that lies on the pan; no more evaporates than there is."""
        vessel = self.vessel
        fluid_ug = vessel.prefill_ug + (delivered.volume_nl - self._first.volume_nl) * vessel.solution_density_ug_per_ml / NL_PER_ML
        gone_ug = vessel.evaporation_ug_per_h * (delivered.now_us - self._first.now_us) / US_PER_H
        return self._on_pan_ug + max(0.0, fluid_ug - gone_ug)

    def _turn(self, delivered: Delivered) -> tuple[_Last, float]:
        """Follow the load from the last look to this one; also its slope."""
        last, load_ug = self._last, self._load_ug(delivered)
        if delivered.now_us < last.at_us:  # the bench has gone back to an image
            return _Last(delivered.now_us, load_ug, load_ug), 0.0
        span_us = delivered.now_us - last.at_us
        if not span_us:
            return last._replace(load_ug=load_ug), 0.0  # an act of the bench takes no time
        lag_us = self.numbers.response_ms * US_PER_MS
        slope = (load_ug - last.load_ug) / span_us
        behind_ug = slope * lag_us + (last.shown_ug - last.load_ug + slope * lag_us) * -exp(-span_us / lag_us)
        return _Last(delivered.now_us, load_ug, load_ug - behind_ug), slope * 1_000_000

    def _noise_ug(self, now_us: int) -> int:
        turn = now_us // (self.numbers.refresh_ms * US_PER_MS)
        return draw_bell_ppm(self.seed, f"balance noise {turn}", self.numbers.repeatability_ug, self.numbers.noise_limit_ug)
