"""The tip: what of the delivered does not reach the place it is meant for, since the tip has moved or is grown in.

Delivered is gross, all that left the tip; what goes astray is a part of it and an account of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware_sim.units import PPM

__all__ = ["Tip"]


@dataclass(slots=True)
class Tip:
    """Since `anchor_fl` and `anchor_mass` were delivered, `astray_ppm` of it goes astray; `astray_fl` and `astray_mass` had until then."""

    astray_ppm: int = 0
    anchor_fl: int = 0
    anchor_mass: int = 0
    astray_fl: int = 0
    astray_mass: int = 0

    def astray(self, delivered_fl: int, delivered_mass: int) -> tuple[int, int]:
        """Volume and drug gone astray, when so much has been delivered."""
        share = self.astray_ppm
        since_fl, since_mass = delivered_fl - self.anchor_fl, delivered_mass - self.anchor_mass
        return self.astray_fl + since_fl * share // PPM, self.astray_mass + since_mass * share // PPM

    def turn(self, delivered_fl: int, delivered_mass: int, astray_ppm: int) -> None:
        """From now on another share goes astray."""
        self.astray_fl, self.astray_mass = self.astray(delivered_fl, delivered_mass)
        self.anchor_fl, self.anchor_mass, self.astray_ppm = delivered_fl, delivered_mass, astray_ppm
