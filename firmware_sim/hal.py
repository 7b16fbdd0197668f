"""Where firmware and physics meet, and the only place.

The firmware sees the steps it sent, whether they moved, its supply voltage, its oscillator, a magnetic field flag and memory
bytes. It never sees volume, pressure or concentration. The closed forms below stand for what a real pump learns step by step:
`MotorFeedback` says since which commanded step the rotor has been in its present state, which is what per-step feedback adds up to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

__all__ = ["RESET_CAUSES", "SELF_TESTS", "Factory", "Hal", "MemoryPort", "MotorFeedback", "Registers"]

RESET_CAUSES = ("power", "watchdog", "low_battery")
"""Why the firmware was started, as the reset register tells."""
SELF_TESTS = ("cpu", "rom", "ram", "adc", "watchdog", "rtc", "tone")
"""The tests of a power-on and of each period after it, in their order."""


class MotorFeedback(NamedTuple):
    """The rotor answers (`moving`) or not, for every commanded step after number `since_step`."""

    moving: bool
    since_step: int


class MemoryPort(Protocol):
    """Byte-addressed non-volatile memory. A write goes in rising order and a power cut may end it: PowerCut."""

    @property
    def writes(self) -> int:
        """Count of changes to the bytes, by writes and by faults; decoded views are cached by it."""

    @property
    def disturbed_us(self) -> int | None:
        """Device time of the first change that no write made, since the last `checked()`; a scrub finds it at its next turn."""

    def checked(self) -> None: ...
    def disturb(self, device_us: int) -> None: ...
    def read(self, offset: int, length: int) -> bytes: ...
    def write(self, offset: int, data: bytes) -> None: ...


@dataclass(slots=True)
class Registers:
    """Hardware registers that outlive a reset and a power cut: what was commanded, and the counter's value when power failed.

    A supply that dips below the brown-out voltage loses them, and `lost` says so.
    """

    basal_units: int = 0
    bolus_units: int = 0
    running_us: int = 0
    last_step_running_us: int = 0
    lost_at_us: int = 0
    lost: bool = False

    def forget(self) -> None:
        """All is lost."""
        self.basal_units = self.bolus_units = self.running_us = self.last_step_running_us = self.lost_at_us = 0
        self.lost = True


class Factory(Protocol):
    """What was measured at manufacture: the calibration constant, and the units of a step that follow from it."""

    printed_ppm: int

    @property
    def step_units(self) -> int: ...


class Hal(Protocol):
    """The board under the firmware."""

    registers: Registers

    @property
    def memory(self) -> MemoryPort: ...
    def rtc_shift_us(self) -> int:
        """How far the clock chip has jumped; the firmware adds it unknowingly."""

    def motor_feedback(self) -> MotorFeedback: ...
    def supply_mv(self, device_us: int, steps: int) -> int:
        """What the A/D converter reads at a device time with that many steps commanded, as things stand."""

    @property
    def supply_disturbed_us(self) -> int | None:
        """Device time of the last change of what the supply is under; None on one that was never disturbed."""

    @property
    def supply_changes(self) -> int:
        """Rises with whatever changes readings to come: what was worked out from them is then worked out anew."""

    @property
    def motor_cut(self) -> bool:
        """The independent limiter's latch: it has cut the motor's supply."""

    @property
    def reset_cause(self) -> str:
        """Why the firmware was started, from the reset register."""

    @property
    def failing(self) -> frozenset[str]:
        """Self-tests that fail when they are run."""

    @property
    def failing_us(self) -> int | None:
        """Device time since which a periodic test would fail; None while none would. A test that finds nothing need not be run."""

    def tested(self) -> None:
        """The tests have been run: what fails is known."""

    @property
    def hung(self) -> frozenset[str]:
        """Tasks that do not run: what they would do is not done."""
