"""The one place of the bench that reads the wall clock: real time wraps virtual time here, never the reverse.

A pump knows virtual microseconds only. How fast they pass is a `Pace`:

* `lock-step`: time moves only when the bench says so;
* `xN`: N virtual seconds to a wall second (x1, x1000, x0.5, x1/2);
* `free`: as fast as the machine can, to a limit or until a bench act.

While somebody talks to the pump (a frame, a staged update or a session is open) xN and free fall to the pace while talking, x1 unless
chosen otherwise, so that a host's timers and the pump's agree. In lock-step they need not: time stands still between two requests.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, NamedTuple

from hil.errors import UsageError

if TYPE_CHECKING:
    import asyncio
    import threading

__all__ = ["TICK_US", "Deadline", "Pace", "Pacer", "after", "busy_us", "parse_factor", "parse_pace", "wait_for", "wall_us"]

FACTOR_MAX = 1_000_000_000
"""x1,000,000,000 passes a therapy of six years in a fifth of a second; more is `free`."""
FACTOR_MIN = Fraction(1, 1_000)
TICK_US = 200_000
"""Wall time between two looks at a paced pump, at the least: where nothing is due it sleeps on. Requests and bench acts are on time."""


def wall_us() -> int:
    """Monotonic wall time in microseconds, from any origin."""
    return time.monotonic_ns() // 1_000


def busy_us() -> int:
    """Processor time of this process in microseconds, from any origin: what something took, whatever else the machine does."""
    return time.process_time_ns() // 1_000


class Pace(NamedTuple):
    """How virtual time passes. `factor` is virtual over wall time; 0 in lock-step and in a free run."""

    kind: Literal["lock-step", "paced", "free"]
    factor: Fraction = Fraction(0)

    def __str__(self) -> str:
        if self.kind != "paced":
            return self.kind
        whole = self.factor.denominator == 1
        return f"x{self.factor.numerator}" if whole else f"x{float(self.factor):g}"


LOCK_STEP = Pace("lock-step")
FREE = Pace("free")


def parse_pace(text: str) -> Pace:
    """Read `lock-step`, `free` or `xN`. Raises UsageError for anything else."""
    if text in {"lock-step", "free"}:
        return LOCK_STEP if text == "lock-step" else FREE
    if not text.startswith("x"):
        raise UsageError(f"unknown pace {text!r}", where="pace", do="use lock-step, free, or xN such as x1, x100, x0.5")
    return Pace("paced", parse_factor(text[1:]))


def parse_factor(text: str) -> Fraction:
    """Read the N of xN: a whole number, a decimal or a fraction. Raises UsageError for anything else."""
    do = f"use a number from {float(FACTOR_MIN):g} to {FACTOR_MAX:,}, such as 1, 100, 0.5 or 1/2"
    try:
        factor = Fraction(text.replace(",", ""))
    except (ValueError, ZeroDivisionError):
        raise UsageError(f"{text!r} is no pace factor", where="pace", do=do) from None
    if not FACTOR_MIN <= factor <= FACTOR_MAX:
        raise UsageError(f"pace factor {text} is out of range", where="pace", do=do)
    return factor


class Pacer:
    """Says how far virtual time should have come. Straight lines between anchors; an anchor moves when the slope does."""

    def __init__(self, pace: Pace, *, while_talking: Fraction = Fraction(1), clock_us: Callable[[], int] = wall_us) -> None:
        self.pace = pace
        self.while_talking = while_talking
        self.talking = False
        self.lag_us = 0
        """Wall time by which the last look came later than it was due."""
        self.lag_us_max = 0
        self._clock_us = clock_us
        self._wall_us = clock_us()
        self._virtual_us = 0
        self._look_us: int | None = self._wall_us + TICK_US
        """When the next look is due; None where none is."""

    @property
    def factor(self) -> Fraction:
        """Virtual over wall time now; 0 when time moves in other ways than by the wall clock."""
        if self.pace.kind == "lock-step":
            return Fraction(0)
        return self.while_talking if self.talking else self.pace.factor

    @property
    def running_free(self) -> bool:
        """Time is to move as fast as it can."""
        return self.pace.kind == "free" and not self.talking

    def anchor(self, now_us: int) -> None:
        """Count from here: virtual time is `now_us` at this moment of the wall clock."""
        self._wall_us = self._clock_us()
        self._virtual_us = now_us

    def choose(self, pace: Pace, now_us: int) -> None:
        """Go on from `now_us` at another pace; what was measured of the lag is forgotten."""
        self.pace = pace
        self.lag_us = self.lag_us_max = 0
        self.anchor(now_us)
        self._look_us = self._wall_us + TICK_US

    def regard(self, talking: bool, now_us: int) -> None:
        """Note whether somebody talks to the pump, and change the slope if that changes it."""
        if talking != self.talking:
            before = self.factor
            self.talking = talking
            if self.factor != before or self.pace.kind == "free":
                self.anchor(now_us)
            if self.pace.kind == "free":
                self._look_us = self._wall_us + TICK_US

    def due_us(self) -> int:
        """Virtual time as it should be now; where time does not follow the wall clock, the anchor's."""
        factor = self.factor
        if not factor:
            return self._virtual_us
        elapsed_us = self._clock_us() - self._wall_us
        return self._virtual_us + elapsed_us * factor.numerator // factor.denominator

    def looked(self) -> None:
        """A look that was due has been taken: measure how late it ended, and plan the next one."""
        self.lag_us = 0
        self.look_soon()

    def look_soon(self) -> float:
        """Plan the next look for a tick from now; returns the wall time until then in seconds. One that is overdue counts as taken."""
        late_us = self._late_us()
        if late_us:
            self.lag_us = late_us
            self.lag_us_max = max(self.lag_us_max, late_us)
        self._look_us = self._clock_us() + TICK_US
        return TICK_US / 1_000_000

    def look_at(self, due_us: int | None) -> float | None:
        """Plan the next look for when virtual time comes to `due_us`, and not before a tick is over; None plans none.

        Returns the wall time until then in seconds.
        """
        factor = self.factor
        if due_us is None or not factor:
            self._look_us = None
            return None
        now_us = self._clock_us()
        wall_us = self._wall_us - (self._virtual_us - due_us) * factor.denominator // factor.numerator
        self._look_us = max(now_us + TICK_US, wall_us)
        return (self._look_us - now_us) / 1_000_000

    @property
    def keeps_up(self) -> bool:
        """The last look ended less than a whole tick late, and the next one is not later than that either."""
        return max(self.lag_us, self._late_us() if self.factor else 0) < TICK_US

    def _late_us(self) -> int:
        """How long the next look has been due."""
        return 0 if self._look_us is None else max(0, self._clock_us() - self._look_us)

    def report(self) -> dict[str, object]:
        """What the bench says of the pace."""
        return {
            "pace": str(self.pace),
            "factor": float(self.factor),
            "talking": self.talking,
            "while_talking": f"x{float(self.while_talking):g}",
            "lag_us": self.lag_us,
            "lag_us_max": self.lag_us_max,
            "keeps_up": self.keeps_up,
        }


class Deadline:
    """A wall-clock limit to waiting, for ports of the operating system. None never ends."""

    def __init__(self, seconds: float | None) -> None:
        self._end_us = None if seconds is None else wall_us() + int(seconds * 1_000_000)

    def left_s(self) -> float | None:
        """Seconds left, never below zero; None if it never ends."""
        return None if self._end_us is None else max(0, self._end_us - wall_us()) / 1_000_000


def wait_for(condition: threading.Condition, true: Callable[[], bool], seconds: float | None) -> bool:
    """Wait on a held condition until `true()`, at most so long; returns its last value."""
    return condition.wait_for(true, seconds)


def after(loop: asyncio.AbstractEventLoop, seconds: float, act: Callable[[], None]) -> asyncio.TimerHandle:
    """Have the loop do something after so much wall time."""
    return loop.call_later(seconds, act)
