"""The battery: charge drawn by time and by steps, and the voltage that follows; a function of both, never stepped."""

from __future__ import annotations

from dataclasses import dataclass

from firmware_sim.profile import Battery as BatteryNumbers
from firmware_sim.units import NC_PER_MC, US_PER_S

__all__ = ["Battery"]


@dataclass(frozen=True, slots=True)
class Battery:
    """A cell with a straight discharge line."""

    numbers: BatteryNumbers

    def used_mc(self, elapsed_us: int, steps: int) -> int:
        """Charge drawn in millicoulombs, at most the capacity."""
        quiescent_nc = self.numbers.quiescent_na * elapsed_us // US_PER_S
        return min(self.numbers.capacity_mc, (quiescent_nc + steps * self.numbers.step_nc) // NC_PER_MC)

    def supply_mv(self, elapsed_us: int, steps: int) -> int:
        """Voltage in millivolts."""
        numbers = self.numbers
        return numbers.full_mv - (numbers.full_mv - numbers.empty_mv) * self.used_mc(elapsed_us, steps) // numbers.capacity_mc
