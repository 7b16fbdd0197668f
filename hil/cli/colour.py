"""When output has colours: at a terminal. NO_COLOR takes them away anywhere, FORCE_COLOR has them anywhere; NO_COLOR goes before.

Both count when they are set and not empty (no-color.org). Nothing is said by colour alone.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["console", "wished"]


def wished() -> bool | None:
    """What the environment says; None leaves it to where the output goes."""
    if os.environ.get("NO_COLOR"):
        return False
    return True if os.environ.get("FORCE_COLOR") else None


def console(**options: Any) -> Console:
    """Standard output for texts of several colours. It is a terminal only if it is one: no spinner goes into a file."""
    from rich.console import Console

    terminal, wish = sys.stdout.isatty(), wished()
    with_colours = terminal if wish is None else wish
    return Console(
        highlight=False, force_terminal=terminal, color_system=("auto" if terminal else "standard") if with_colours else None, **options
    )
