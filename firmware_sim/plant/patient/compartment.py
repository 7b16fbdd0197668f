"""One compartment: all the fluid below the cisterna has one concentration, `A' = input - (CL/V) A`.

It knows no distance, so what reaches arms and cisterna is a fixed share of it, and a tip that has moved within the sac changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

__all__ = ["OneCompartment"]


@dataclass(frozen=True, slots=True)
class OneCompartment:
    """Half-life, clearance, and the shares of its concentration further up, by vertebra ("" is the cisterna)."""

    half_life_h: float
    clearance_ml_per_h: float
    shares: dict[str, float]

    @property
    def volume_ml(self) -> float:
        """The volume in which the drug is."""
        return self.clearance_ml_per_h / self.rates_per_h[0]

    @property
    def rates_per_h(self) -> Sequence[float]:
        """One rate."""
        return (log(2) / self.half_life_h,)

    @property
    def weights_ml(self) -> Sequence[float]:
        """The volume."""
        return (self.volume_ml,)

    def source(self, level: str) -> list[float]:
        """The same for every vertebra."""
        return [1 / self.volume_ml]

    def at(self, level: str) -> list[float]:
        """The concentration, or its share there."""
        return [self.shares.get(level, 1.0)]

    def drained(self, levels: Sequence[float], volume_ml: float) -> list[float]:
        """What is drawn takes its share of the drug, all of it if there is no more fluid, and the volume is made up without."""
        return [level * max(0.0, 1 - volume_ml / self.volume_ml) for level in levels]
