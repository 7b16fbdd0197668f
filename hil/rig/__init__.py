"""A rig: pump, programmer, bench and instruments together, opened from a URL, a ready line or a rig file.

`Rig` is loaded when first asked for: the pytest plugin reads rig files long before a test needs a pump.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hil.rig.rig import Rig, ready_line

__all__ = ["Rig", "ready_line"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from hil.rig import rig

        return getattr(rig, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
