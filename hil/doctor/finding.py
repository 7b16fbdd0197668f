"""One thing that was looked at, and how it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import NamedTuple

__all__ = ["Finding", "Look", "State"]


class State(StrEnum):
    """How a thing stands."""

    OK = "ok"
    SLOW = "slow"
    MISSING = "missing"
    BROKEN = "broken"


class Finding(NamedTuple):
    """A thing and its state: what was found, what it is for, and what to do where something is to be done. Without a `core` thing nothing
    of pumpsim works; any other one only costs what it is for.
    """

    name: str
    state: State
    found: str
    purpose: str = ""
    remedy: str = ""
    core: bool = False

    @property
    def stops(self) -> bool:
        """Whether pumpsim does not work because of it."""
        return self.core and self.state in (State.MISSING, State.BROKEN)


Look = Callable[[], Iterable[Finding]]
