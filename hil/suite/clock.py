"""The bench's time, true and the device's. A pump counts by its own oscillator; what it promises for a device time is looked at then."""

from __future__ import annotations

from hil.bench.calls import BenchCalls

__all__ = ["Clock"]

MARGIN = 1_000
"""An approach leaves out a thousandth of the way: no oscillator in service is off by as much, so none is overshot."""


class Clock:
    """Reads and lets pass."""

    def __init__(self, bench: BenchCalls) -> None:
        self._bench = bench

    @property
    def device_us(self) -> int:
        """The device's monotonic counter."""
        return int(self._bench.call("now")["device_us"])

    @property
    def boots(self) -> int:
        """Starts of the firmware so far."""
        return int(self._bench.call("now")["boots"])

    def until(self, device_us: int) -> None:
        """Let time pass to the first true microsecond at which the device counter has come to `device_us`."""
        while (left_us := device_us - self.device_us) > 0:
            self._bench.advance(us=max(1, left_us - left_us // MARGIN - 1))
