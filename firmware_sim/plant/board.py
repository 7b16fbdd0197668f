"""The board's watchman: which reset is due and why, kept in true time, for the watchdog has an oscillator of its own.

A task that no longer answers is reset after the watchdog's time. What still does not answer after that, for the failure time, is a
watchdog failure. A dead watchdog does nothing; a self-test finds it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from firmware_sim.hal import RESET_CAUSES
from firmware_sim.profile.sections import Watchdog
from firmware_sim.units import US_PER_S

__all__ = ["Board"]


@dataclass(slots=True)
class Board:
    """`silent` has the true time since which each task, or the clock, does not answer; `reset_once` says that the watchdog has reset it
    for that already, and `given_up` that this did not help. `backup_clock`: the firmware runs on the watchdog's oscillator. `failing_us`
    is the device time since which a self-test would fail (-1: none).
    """

    silent: dict[str, int] = field(default_factory=dict)
    reset_once: bool = False
    given_up: bool = False
    backup_clock: bool = False
    reset_cause: str = RESET_CAUSES[0]
    failing_us: int = -1

    def watch(self, silent: frozenset[str], true_us: int) -> None:
        """These do not answer from now on; each has a watchdog of its own."""
        self.silent = {name: self.silent.get(name, true_us) for name in sorted(silent)}
        if not silent:
            self.reset_once, self.given_up = False, False

    def start(self, true_us: int) -> None:
        """The firmware starts: the watchdogs wait anew."""
        self.silent = dict.fromkeys(self.silent, true_us)

    def give_up(self) -> None:
        """The reset did not help: nothing is waited for any more until all answer, or service."""
        self.given_up = True

    def serviced(self) -> None:
        """Service: begin as if nothing had been."""
        self.reset_once, self.given_up = False, False

    def due_us(self, numbers: Watchdog) -> int | None:
        """True time at which the watchdog acts."""
        if not self.silent or self.given_up:
            return None
        return min(self.silent.values()) + (numbers.failure_s if self.reset_once else numbers.timeout_s) * US_PER_S
