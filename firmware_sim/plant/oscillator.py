"""The oscillator: device time against true time, with drift; and the clock chip that may jump."""

from __future__ import annotations

from dataclasses import dataclass

from firmware_sim.units import PPM

__all__ = ["Oscillator"]


@dataclass(slots=True)
class Oscillator:
    """Device microseconds run (1,000,000 + drift_ppm) / 1,000,000 times as fast as true ones since the anchor."""

    drift_ppm: int
    true_anchor_us: int = 0
    device_anchor_us: int = 0
    rtc_shift_us: int = 0

    def device_at(self, true_us: int) -> int:
        """Device time shown at a true time."""
        return self.device_anchor_us + (true_us - self.true_anchor_us) * (PPM + self.drift_ppm) // PPM

    def true_of(self, device_us: int) -> int:
        """The first true time at which the device shows `device_us`."""
        return self.true_anchor_us - -(device_us - self.device_anchor_us) * PPM // (PPM + self.drift_ppm)
