"""The motor's driver: pulses as they truly come, against pulses as commanded, and the independent limiter that compares the two.

Sound, it gives one pulse for each commanded. A runaway multiplies them; a driver that is stuck on adds its own by true time. The limiter
counts the excess; past its limit it cuts the motor's supply, in hardware, until service. Anchors move only when a slope changes.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware_sim.units import US_PER_H

__all__ = ["Driver"]


@dataclass(slots=True)
class Driver:
    """`forgotten_steps` are those commanded before the firmware's counter was last lost. At the anchor (commanded step, true time) the
    driver had sent `anchor_pulses`. `excess` are pulses beyond those commanded, up to the anchor. `cut` is the limiter's latch.
    """

    forgotten_steps: int = 0
    anchor_step: int = 0
    anchor_us: int = 0
    anchor_pulses: int = 0
    excess: int = 0
    gain: int = 1
    stuck_pulses_per_h: int = 0
    cut: bool = False

    def pulses_at(self, steps: int, true_us: int) -> int:
        """Pulses sent when `steps` are commanded in all, at a true time."""
        if self.gain == 1 and not self.stuck_pulses_per_h and not self.cut:
            return self.anchor_pulses + steps - self.anchor_step
        return self.anchor_pulses + self._since(steps, true_us)

    def pulses_within(self, steps: int, more_steps: int) -> int:
        """Pulses that `more_steps` from `steps` on will bring, a stuck driver's aside."""
        return 0 if self.cut else (more_steps - steps) * self.gain

    def excess_at(self, steps: int, true_us: int) -> int:
        """Pulses beyond those commanded, in all."""
        return self.excess + self._since(steps, true_us) - (steps - self.anchor_step)

    def step_of(self, pulses: int) -> int:
        """The commanded step with which so many pulses were sent, a stuck driver's aside."""
        return self.anchor_step - -(pulses - self.anchor_pulses) // self.gain

    def move_anchor(self, steps: int, true_us: int) -> None:
        """Settle at `steps` commanded and a true time."""
        if self._sound:
            self.anchor_pulses += steps - self.anchor_step
        else:
            sent = self._since(steps, true_us)
            self.excess += max(0, sent - (steps - self.anchor_step))
            self.anchor_pulses += sent
        self.anchor_step, self.anchor_us = steps, true_us

    def cut_at(self, limit: int) -> None:
        """The limiter acts, settled at this instant: no pulse past its limit has reached the motor, and none will."""
        self.anchor_pulses -= max(0, self.excess - limit)
        self.excess, self.cut = min(self.excess, limit), True

    def steps_until_cut(self, limit: int) -> int | None:
        """The commanded step with which a runaway passes the limiter; None when none will."""
        if self.cut or self.gain == 1:
            return None
        return self.anchor_step - -max(1, limit - self.excess) // (self.gain - 1)

    def us_until_cut(self, limit: int) -> int | None:
        """The true time at which a stuck driver, and nothing else, passes the limiter; None when it never will."""
        if self.cut or not self.stuck_pulses_per_h:
            return None
        return self.anchor_us - -max(1, limit - self.excess) * US_PER_H // self.stuck_pulses_per_h

    @property
    def _sound(self) -> bool:
        return not self.cut and self.gain == 1 and not self.stuck_pulses_per_h

    def _since(self, steps: int, true_us: int) -> int:
        if self.cut:
            return 0
        stuck = self.stuck_pulses_per_h * (true_us - self.anchor_us) // US_PER_H if self.stuck_pulses_per_h else 0
        return (steps - self.anchor_step) * self.gain + stuck
