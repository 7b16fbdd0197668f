"""The pocket under the skin around the pump: drug that a needle left there, and how the body takes it up.

What went in is whole numbers. Uptake is first order and so a float: it is worked out when somebody asks and is no state.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware_sim.errors import LimitExceeded
from firmware_sim.limits import POCKET_DEPOSITS_MAX
from firmware_sim.units import US_PER_S

__all__ = ["Pocket"]


@dataclass(slots=True)
class Pocket:
    """Volume in fL and drug in fL x fg/mL that went in, in all; `deposits` has (true time in us, drug mass) of each needle act."""

    volume_fl: int = 0
    mass: int = 0
    deposits: tuple[tuple[int, int], ...] = ()

    def take(self, now_us: int, volume_fl: int, concentration_fg_per_ml: int) -> None:
        """A needle leaves fluid here. Raises LimitExceeded when it has done so too often."""
        if not volume_fl:
            return
        mass = volume_fl * concentration_fg_per_ml
        if mass and len(self.deposits) >= POCKET_DEPOSITS_MAX:
            raise LimitExceeded(f"more than {POCKET_DEPOSITS_MAX} deposits of drug in the pocket")
        self.volume_fl += volume_fl
        self.mass += mass
        self.deposits += ((now_us, mass),) if mass else ()

    def absorbed_mass(self, now_us: int, half_life_s: int) -> int:
        """Drug that has gone from the pocket into the body by a true time, worked out by floats and rounded down."""
        half_life_us = half_life_s * US_PER_S
        absorbed = sum(mass * (1 - 2 ** (-(now_us - since_us) / half_life_us)) for since_us, mass in self.deposits)
        return min(self.mass, int(absorbed))
