"""The reservoir: fluid above the residual, which motor and needle reach, and the residual, which nothing reaches but mixing does.

Both parts have one concentration. Concentration is an integer; each mixing act rounds it once and books the difference, so that mass
stays exact.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware_sim.errors import BenchRefused
from firmware_sim.units import FL_PER_NL

__all__ = ["Reservoir"]


@dataclass(slots=True)
class Reservoir:
    """Volumes in fL, concentration in fg/mL, masses in fL x fg/mL. `available_fl` is that at the motor's anchor."""

    capacity_fl: int
    residual_fl: int
    available_fl: int = 0
    concentration_fg_per_ml: int = 0
    injected_fl: int = 0
    injected_mass: int = 0
    withdrawn_fl: int = 0
    withdrawn_mass: int = 0
    mixing_rounding_mass: int = 0

    def withdraw(self, volume_fl: int) -> None:
        """Take fluid out by the needle. Raises BenchRefused for more than can be reached."""
        if volume_fl > self.available_fl:
            reach_nl = self.available_fl // FL_PER_NL
            raise BenchRefused(f"needle: {volume_fl // FL_PER_NL} nL cannot be withdrawn, {reach_nl} nL can be reached")
        self.available_fl -= volume_fl
        self.withdrawn_fl += volume_fl
        self.withdrawn_mass += volume_fl * self.concentration_fg_per_ml

    def inject(self, volume_fl: int, concentration_fg_per_ml: int, beyond_fl: int = 0) -> None:
        """Put fluid in by the needle; it mixes with all that is there. Raises BenchRefused past capacity and what it takes beyond that."""
        if self.available_fl + volume_fl > self.capacity_fl + beyond_fl:
            room_nl = (self.capacity_fl + beyond_fl - self.available_fl) // FL_PER_NL
            raise BenchRefused(f"needle: {volume_fl // FL_PER_NL} nL do not fit, there is room for {room_nl} nL")
        before_fl = self.residual_fl + self.available_fl
        mass = before_fl * self.concentration_fg_per_ml + volume_fl * concentration_fg_per_ml
        self.concentration_fg_per_ml, rounding = divmod(mass, before_fl + volume_fl)
        self.mixing_rounding_mass += rounding
        self.available_fl += volume_fl
        self.injected_fl += volume_fl
        self.injected_mass += volume_fl * concentration_fg_per_ml
