"""The pump: physics and firmware in virtual time. `Pump` is loaded when first asked for, so that importing this costs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from firmware_sim.pump import Pump

__all__ = ["Pump"]


def __getattr__(name: str) -> Any:
    if name == "Pump":
        from firmware_sim.pump import Pump

        return Pump
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
