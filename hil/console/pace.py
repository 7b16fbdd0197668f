"""Simulated time beside wall time: how far a run should have come, in slices so short that no browser waits for them.

A run is let on in steps of its own time. How long a step may be follows from what the last ones took: a class of twenty at x100,000 has
small ones. A run that cannot keep up goes as fast as it can, and says so; it never makes up for it later in a rush.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

from hil.pacing import LOCK_STEP, Pace, Pacer, busy_us, wall_us

if TYPE_CHECKING:
    from hil.lesson.run import LessonRun

__all__ = ["SLICE_US", "RunClock"]

SLICE_US = 15_000
"""Processor time between two looks at the sockets, at the most, as far as one step allows. What else the machine does is not in it."""
STEP_US_MIN = 1_000_000
STEP_US_MAX = 6 * 3_600_000_000
LAG_US_MAX = 500_000
"""Wall time of arrears past which they are given up."""
OF_LATE_US = 3_000_000


class RunClock:
    """Lets one run on. `held` stops it without a word in the log, such as while nobody has come back after a restart."""

    def __init__(self, run: LessonRun, clock_us: Callable[[], int] = wall_us, spent_us: Callable[[], int] = busy_us) -> None:
        self.run = run
        self.held = False
        self._clock_us = clock_us
        self._spent_us = spent_us
        self._behind_us: int | None = None
        """When arrears were last given up."""
        self._pacer = Pacer(LOCK_STEP, clock_us=clock_us)
        self._step_us = STEP_US_MIN
        self.choose()

    def choose(self) -> None:
        """Go on from here at the run's speed; to be called when its state or speed has changed."""
        running = self.run.state == "running" and not self.held
        self._pacer.choose(Pace("paced", Fraction(self.run.speed)) if running else LOCK_STEP, self.run.now_us)
        self._behind_us = None

    @property
    def keeps_up(self) -> bool:
        """Whether no arrears had to be given up of late."""
        return self._behind_us is None or self._clock_us() - self._behind_us > OF_LATE_US

    def slice(self) -> bool:
        """Let the run on for a slice at the most; returns whether there is more to do at once."""
        if self.held or self.run.state == "ended":
            return False
        begun_us, due_us = self._spent_us(), self._pacer.due_us()  # what becomes due in the meantime is for the next look
        while self._spent_us() - begun_us < SLICE_US:
            step_us = self._step_us if self.run.hurrying else min(self._step_us, due_us - self.run.now_us)
            if step_us <= 0:
                return False
            if not self._let_on(step_us):
                return True
        self._give_up_arrears()
        return True

    def _let_on(self, step_us: int) -> bool:
        """Let so much simulated time pass; returns whether the run goes on as it did before."""
        hurrying, begun_us = self.run.hurrying, self._spent_us()
        speed, state = self.run.speed, self.run.state
        self.run.advance_us(step_us)
        same = (self.run.speed, self.run.state, self.run.hurrying) == (speed, state, hurrying)
        if not same:
            self.choose()
        took_us = self._spent_us() - begun_us
        if took_us > SLICE_US:
            self._step_us = max(STEP_US_MIN, self._step_us // 2)
        elif took_us < SLICE_US // 2 and step_us == self._step_us:
            self._step_us = min(STEP_US_MAX, self._step_us * 2)
        return same

    def _give_up_arrears(self) -> None:
        factor = self._pacer.factor
        if not factor or self.run.hurrying:
            return
        lag_us = (self._pacer.due_us() - self.run.now_us) / factor
        if lag_us >= LAG_US_MAX:
            self._behind_us = self._clock_us()
            self._pacer.anchor(self.run.now_us)
