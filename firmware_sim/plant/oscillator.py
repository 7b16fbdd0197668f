"""The oscillator: device time against true time, with drift; and the clock chip that may jump."""

from __future__ import annotations

from dataclasses import dataclass

from firmware_sim.units import PPM

__all__ = ["Oscillator"]


@dataclass(slots=True)
class Oscillator:
    """Device microseconds run (1,000,000 + drift_ppm) / 1,000,000 times as fast as true ones since the anchor, or stand still."""

    drift_ppm: int
    true_anchor_us: int = 0
    device_anchor_us: int = 0
    rtc_shift_us: int = 0
    stuck: bool = False

    def device_at(self, true_us: int) -> int:
        """Device time shown at a true time."""
        if self.stuck:
            return self.device_anchor_us
        return self.device_anchor_us + (true_us - self.true_anchor_us) * (PPM + self.drift_ppm) // PPM

    def true_of(self, device_us: int) -> int | None:
        """The first true time at which the device shows `device_us`; None when it stands still before."""
        if self.stuck:
            return self.true_anchor_us if device_us <= self.device_anchor_us else None
        return self.true_anchor_us - -(device_us - self.device_anchor_us) * PPM // (PPM + self.drift_ppm)

    def take(self, true_us: int, drift_ppm: int, stuck: bool) -> None:
        """From now on it runs like this."""
        if (drift_ppm, stuck) != (self.drift_ppm, self.stuck):
            self.restart(true_us, self.device_at(true_us))
            self.drift_ppm, self.stuck = drift_ppm, stuck

    def restart(self, true_us: int, device_us: int) -> None:
        """From this true time on count from `device_us`."""
        self.true_anchor_us, self.device_anchor_us = true_us, device_us
