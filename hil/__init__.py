"""The bench: joins a pump to a port and drives it. `Rig` is loaded when first asked for, so that importing this costs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hil.rig import Rig

__all__ = ["Rig"]


def __getattr__(name: str) -> Any:
    if name == "Rig":
        from hil.rig import Rig

        return Rig
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
