"""The wire of a simulated infusion pump: a sans-IO core, the device and programmer roles, and transports.

An open protocol, written for simulation and test; it is no maker's protocol. `Programmer` is loaded on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from protocol.client import Programmer

__all__ = ["Programmer"]


def __getattr__(name: str) -> object:
    if name == "Programmer":
        from protocol.client import Programmer

        return Programmer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
