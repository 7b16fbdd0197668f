"""The motor: which commanded steps moved, and how much each moved one pushes, in closed form over the step count.

State is an anchor (step number, steps moved, volume out) and a slope (femtolitres a step, nothing while stalled). The anchor moves only
when the slope does.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware_sim.hal import MotorFeedback

__all__ = ["Motor"]


@dataclass(slots=True)
class Motor:
    """`run_step` is the number after which the rotor has been in its present state; `earlier_step` the same for the run before."""

    step_fl: int
    anchor_step: int = 0
    anchor_moved: int = 0
    anchor_out_fl: int = 0
    moving: bool = True
    run_step: int = 0
    earlier_step: int = 0

    def moved_at(self, steps: int) -> int:
        """Steps that moved, of `steps` commanded."""
        return self.anchor_moved + (steps - self.anchor_step if self.moving else 0)

    def pushed_since_anchor_fl(self, steps: int) -> int:
        """Volume the steps since the anchor would push out of a reservoir that never ends."""
        return (steps - self.anchor_step) * self.step_fl if self.moving else 0

    def move_anchor(self, steps: int, out_fl: int) -> None:
        """Settle at `steps` commanded and `out_fl` out."""
        self.anchor_moved = self.moved_at(steps)
        self.anchor_step, self.anchor_out_fl = steps, out_fl

    def turn(self, steps: int, moving: bool) -> None:
        """The rotor stalls or comes free after `steps` commanded (the anchor is there already)."""
        if moving == self.moving:
            return
        self.moving = moving
        if self.run_step == steps:
            self.run_step = self.earlier_step
        else:
            self.earlier_step, self.run_step = self.run_step, steps

    def feedback(self) -> MotorFeedback:
        """What the driver tells the firmware."""
        return MotorFeedback(self.moving, self.run_step)
