"""Errors of the pump.

PumpError
├── Refused            the firmware refuses: code, field, index, value, limit, unit
├── Busy               the firmware cannot now: until_us
├── PowerOff           the pump has no power and does not answer
├── BenchRefused       a bench act that cannot be done (needle, fault, time)
├── ProfileError       a profile file is wrong: file, line, what to do
├── ImageError         bytes that are no image of this version
└── LimitExceeded      a named limit of firmware_sim.limits was passed
PowerCut (BaseException)   the supply died inside a memory write; nothing may catch it but the pump's owner
"""

from __future__ import annotations

__all__ = [
    "BenchRefused",
    "Busy",
    "ImageError",
    "LimitExceeded",
    "PowerCut",
    "PowerOff",
    "ProfileError",
    "PumpError",
    "Refused",
]


class PumpError(Exception):
    """Root of every error this package raises on purpose."""


class Refused(PumpError):
    """A coded refusal. `code`, `field` and `unit` are names; `index` is group x 16 + step within a prescription."""

    def __init__(self, code: str, field: str, value: int = 0, limit: int = 0, unit: str = "NONE", index: int = 0) -> None:
        super().__init__(f"{code}: {field} is {value}, limit {limit} {unit}, index {index}")
        self.code = code
        self.field = field
        self.value = value
        self.limit = limit
        self.unit = unit
        self.index = index


class Busy(PumpError):
    """Not now; `until_us` is device time."""

    def __init__(self, until_us: int) -> None:
        super().__init__(f"busy until device time {until_us} us")
        self.until_us = until_us


class PowerOff(PumpError):
    """The pump is without power."""


class BenchRefused(PumpError):
    """A bench act that physics or the model cannot do; the text says what and what to do instead."""


class ProfileError(PumpError):
    """A profile file is wrong; the text begins with FILE:LINE."""


class ImageError(PumpError):
    """Bytes given to `Pump.restore` are not an image of this version."""


class LimitExceeded(PumpError):
    """A named limit was passed."""


class PowerCut(BaseException):
    """The supply died inside a memory write. Derived from BaseException so that no handler of errors swallows it."""
