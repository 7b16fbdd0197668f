"""A balance as a test sees it, whatever speaks at the other end of its line."""

from __future__ import annotations

from typing import NamedTuple, Protocol

__all__ = ["Balance", "BalanceFacts", "Weight"]


class Weight(NamedTuple):
    """One reading: net mass, and whether the balance called it stable."""

    net_ug: int
    stable: bool


class BalanceFacts(NamedTuple):
    """What a balance says of itself."""

    model: str
    capacity: str
    software: str
    serial: str


class Balance(Protocol):
    """Weighs. All raise InstrumentError: no answer, out of range, not stable in time."""

    def facts(self) -> BalanceFacts:
        """Who is there."""

    def read(self) -> Weight:
        """The reading of this instant."""

    def read_stable(self) -> Weight:
        """The next stable reading."""

    def tare(self) -> int:
        """Count from what lies on the pan; returns the tare in mcg."""

    def zero(self) -> None:
        """Take this for an empty pan, and forget the tare."""

    def close(self) -> None:
        """Let go of the line."""
