"""What makes one unit differ from the next: drawn from the seed at manufacture, then fixed."""

from __future__ import annotations

from dataclasses import dataclass

from firmware_sim.draws import draw_bell_ppm, draw_word
from firmware_sim.limits import HALF_WORD_BITS
from firmware_sim.profile import Profile
from firmware_sim.units import FL_PER_NL, PPM, S_PER_H

__all__ = ["UnitConstants", "manufacture"]


@dataclass(slots=True)
class UnitConstants:
    """Serial number, the calibration constant printed on the box (which the firmware divides by), and the unit's true error."""

    serial: str
    printed_ppm: int
    unit_error_ppm: int
    step_nl: int

    @property
    def step_units(self) -> int:
        """Commanded units per step, as the firmware counts: nominal step x printed constant."""
        return self.step_nl * S_PER_H * self.printed_ppm

    def step_fl(self, *factors_ppm: int) -> int:
        """True volume of a step in fL: printed x (1 + unit error) x every factor, with one floor at the end."""
        volume, scale = self.step_nl * FL_PER_NL * self.printed_ppm * (PPM + self.unit_error_ppm), PPM * PPM
        for factor in factors_ppm:
            volume, scale = volume * factor, scale * PPM
        return volume // scale


def manufacture(profile: Profile, seed: int, serial: str | None) -> UnitConstants:
    """Draw a unit."""
    motor = profile.motor
    number = draw_word(seed, "serial") % (1 << HALF_WORD_BITS)
    return UnitConstants(
        serial=serial or f"{profile.identity.model}-{number:05d}",
        printed_ppm=PPM + draw_bell_ppm(seed, "printed", motor.printed_sd_ppm, motor.unit_error_max_ppm),
        unit_error_ppm=draw_bell_ppm(seed, "unit_error", motor.unit_error_sd_ppm, motor.unit_error_max_ppm),
        step_nl=motor.step_nl,
    )
