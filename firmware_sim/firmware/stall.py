"""When a stall shows: the k-th unmoved step, least k >= 2, with enough commanded time since the last step that moved.

Commanded time stands still while the pump is stopped, so a stall while stopped shows only after START; at the minimum rate a step is an
hour. Recovery mirrors the rule. `marks` keeps, for the rotor's present and earlier run, the commanded time at which it began.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware_sim.firmware.dosing import Dosing
from firmware_sim.hal import MotorFeedback

__all__ = ["StallWatch"]


@dataclass(slots=True)
class StallWatch:
    """(step number, commanded time) at which the rotor's last two runs began."""

    marks: tuple[tuple[int, int], ...] = ((0, 0),)

    def feedback_changed(self, feedback: MotorFeedback, dosing: Dosing, now_us: int) -> None:
        """The rotor has changed its state; note when the last step of the run before was sent."""
        if len(self.marks) > 1 and self.marks[0][0] == feedback.since_step:
            self.marks = self.marks[:1]
        else:
            self.marks = (self.marks[-1], (feedback.since_step, dosing.running_at_last_step(now_us)))

    def due_us(self, dosing: Dosing, detection_us: int) -> int | None:
        """Device time of the step that completes the evidence for the present run; None while nothing is commanded."""
        if not dosing.moving:
            return None
        since_step, began_us = self.marks[-1]
        needed_us = began_us + detection_us - dosing.running_us
        steps = dosing.steps_at(dosing.anchor_us + needed_us - 1 if needed_us > 0 else dosing.anchor_us)
        return dosing.time_of_step(max(since_step + 2, steps + 1))
