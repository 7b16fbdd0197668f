"""Batteries in arrays: the charge that time and steps draw, and when the replacement indicator comes up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_sim.profile import Profile
from hil.fleet.people import S_PER_DAY

__all__ = ["Batteries"]

Ints = NDArray[np.int64]
NC_PER_MC = 1_000_000
PPM = 1_000_000


class Batteries:
    """The numbers that all batteries share. Charge in nanocoulombs: a nanoampere for a second."""

    def __init__(self, profile: Profile) -> None:
        numbers = profile.battery
        capacity_mc = max(1, numbers.capacity_mc * numbers.life_scale_ppm // PPM)
        fallen_mv, span_mv = numbers.full_mv - numbers.eri_mv, numbers.full_mv - numbers.empty_mv
        self.numbers = numbers
        self.eri_nc = -(-fallen_mv * capacity_mc // span_mv) * NC_PER_MC
        self.age_s = numbers.age_days_max * S_PER_DAY
        self.warning_s = numbers.eri_days * S_PER_DAY

    def used_nc(self, at_s: Ints, steps: Ints) -> Ints:
        """Charge drawn by a time and so many steps."""
        return self.numbers.quiescent_na * at_s + self.numbers.step_nc * steps

    def reaches_eri(self, since_s: Ints, steps: Ints, steps_per_s: NDArray[np.float64]) -> Ints:
        """When the indicator comes up if steps go on at this pace; `since_s` for one that is due already."""
        missing_nc = np.maximum(self.eri_nc - self.used_nc(since_s, steps), 0)
        return since_s + (missing_nc / (self.numbers.quiescent_na + self.numbers.step_nc * steps_per_s)).astype(np.int64)
