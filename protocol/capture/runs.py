"""Cuts what passes a place on the wire into runs: the bytes up to and with a zero.

Joined again, the runs of one direction are exactly its bytes. A run without a zero at its end is one that was broken off, by a pause after
which a pump gives a frame up, by its length, or by the end of the capture.
"""

from __future__ import annotations

from typing import NamedTuple

from protocol.limits import INTER_BYTE_US

__all__ = ["HOST", "PUMP", "RUN_BYTES_MAX", "Run", "RunCutter"]

HOST = "host"
PUMP = "pump"
RUN_BYTES_MAX = 4_096
"""Past this a run is cut though no zero has come; a frame has 544 bytes at most."""


class Run(NamedTuple):
    """`sender` is `host` or `pump`; `at_us` the time of the last byte."""

    at_us: int
    sender: str
    raw: bytes


class RunCutter:
    """One place on the wire, both directions."""

    def __init__(self) -> None:
        self._held: dict[str, Run] = {}

    def feed(self, at_us: int, sender: str, data: bytes) -> list[Run]:
        """Bytes have passed; returns the runs that are complete, or known to be broken off, in order of time."""
        found = self._paused(at_us)
        before = self._held.pop(sender, None)
        *whole, rest = ((before.raw if before else b"") + data).split(b"\0")
        found += [Run(at_us, sender, run + b"\0") for run in whole]
        while len(rest) > RUN_BYTES_MAX:
            found.append(Run(at_us, sender, rest[:RUN_BYTES_MAX]))
            rest = rest[RUN_BYTES_MAX:]
        if rest:
            self._held[sender] = Run(at_us, sender, rest)
        return found

    def holds(self, sender: str) -> bool:
        """Whether a run of this end has begun and not ended."""
        return sender in self._held

    def end(self) -> list[Run]:
        """What has begun and not ended."""
        found = sorted(self._held.values())
        self._held.clear()
        return found

    def _paused(self, at_us: int) -> list[Run]:
        """A frame to the pump that has paused for too long is broken off; a client waits for as long as it likes."""
        held = self._held.get(HOST)
        if held is None or at_us - held.at_us < INTER_BYTE_US:
            return []
        del self._held[HOST]
        return [held]
