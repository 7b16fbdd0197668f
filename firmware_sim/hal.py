"""Where firmware and physics meet, and the only place.

The firmware sees the steps it sent, whether they moved, its supply voltage, its oscillator, a magnetic field flag and memory
bytes. It never sees volume, pressure or concentration. The closed forms below stand for what a real pump learns step by step:
`MotorFeedback` says since which commanded step the rotor has been in its present state, which is what per-step feedback adds up to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

__all__ = ["Hal", "MemoryPort", "MotorFeedback", "PulseSource", "Registers"]


class MotorFeedback(NamedTuple):
    """The rotor answers (`moving`) or not, for every commanded step after number `since_step`."""

    moving: bool
    since_step: int


class PulseSource(Protocol):
    """The step pulses the firmware sends, as a function of device time."""

    def steps_at(self, device_us: int) -> int:
        """Pulses sent up to and at this device time, since manufacture."""


class MemoryPort(Protocol):
    """Byte-addressed non-volatile memory. A write goes in rising order and a power cut may end it: PowerCut."""

    @property
    def writes(self) -> int:
        """Count of changes to the bytes, by writes and by faults; decoded views are cached by it."""

    @property
    def disturbed_us(self) -> int | None:
        """Device time of the first change that no write made, since the last `checked()`; a scrub finds it at its next turn."""

    def checked(self) -> None: ...
    def read(self, offset: int, length: int) -> bytes: ...
    def write(self, offset: int, data: bytes) -> None: ...


@dataclass(slots=True)
class Registers:
    """Hardware registers that outlive a reset and a power cut: what was commanded, and the counter's value when power failed."""

    basal_units: int = 0
    bolus_units: int = 0
    running_us: int = 0
    last_step_running_us: int = 0
    lost_at_us: int = 0


class Hal(Protocol):
    """The board under the firmware."""

    registers: Registers

    @property
    def memory(self) -> MemoryPort: ...
    def rtc_shift_us(self) -> int:
        """How far the clock chip has jumped; the firmware adds it unknowingly."""

    def motor_feedback(self) -> MotorFeedback: ...
    def supply_mv(self, device_us: int, steps: int) -> int: ...
