"""The motor: which pulses moved it, and how much each moved one pushes, in closed form over the pulse count.

State is an anchor (pulse number, pulses moved, volume out) and a slope (femtolitres a step, nothing while stalled). The anchor moves only
when the slope does. Wear is part of the slope: each block of moved steps carries a little more than the one before, which sums up in
closed form too.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware_sim.hal import MotorFeedback

__all__ = ["Motor"]


@dataclass(slots=True)
class Motor:
    """`step_fl` is the volume of a step of a new motor, `wear_fl` what each block of `block_steps` adds to it.

    `run_step` is the commanded step after which the rotor has been in its present state; `earlier_step` the same for the run before.
    """

    step_fl: int
    wear_fl: int
    block_steps: int
    anchor_pulse: int = 0
    anchor_moved: int = 0
    anchor_out_fl: int = 0
    moving: bool = True
    run_step: int = 0
    earlier_step: int = 0

    def moved_at(self, pulses: int) -> int:
        """Steps that moved, of `pulses` sent."""
        return self.anchor_moved + (pulses - self.anchor_pulse if self.moving else 0)

    def pushed_since_anchor_fl(self, pulses: int) -> int:
        """Volume the steps since the anchor would push out of a reservoir that never ends."""
        if not self.moving or pulses == self.anchor_pulse:
            return 0
        count, moved = pulses - self.anchor_pulse, self.anchor_moved
        volume_fl = count * self.step_fl
        if moved + count >= self.block_steps:
            volume_fl += self.wear_fl * (self._worn(moved + count) - self._worn(moved))
        return volume_fl

    def step_fl_at(self, pulses: int) -> int:
        """Volume of the last step moved by then; 0 while stalled."""
        return self.step_fl + self.wear_fl * (self.moved_at(pulses) // self.block_steps) if self.moving else 0

    def move_anchor(self, pulses: int, out_fl: int) -> None:
        """Settle at `pulses` sent and `out_fl` out."""
        self.anchor_moved = self.moved_at(pulses)
        self.anchor_pulse, self.anchor_out_fl = pulses, out_fl

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

    def _worn(self, moved: int) -> int:
        """Sum over the first `moved` steps of the number of whole blocks before each."""
        blocks, rest = divmod(moved, self.block_steps)
        return self.block_steps * (blocks * (blocks - 1) // 2) + blocks * (rest + 1)
