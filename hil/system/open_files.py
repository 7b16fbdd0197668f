"""How many files and sockets this process may have open."""

from __future__ import annotations

from importlib import import_module

__all__ = ["files_allowed", "make_room"]

WINDOWS_SOCKETS = 512
"""Windows lets a process wait for so many sockets at once."""


def files_allowed() -> int | None:
    """How many may be open now; None where there is no limit."""
    return _limits()[0]


def make_room(files: int) -> int | None:
    """Have the system let us open so many, as far as it may be asked to; returns what is allowed where that is fewer, else None."""
    now, most = _limits()
    if now is None or now >= files:
        return None
    if most is not None and most < files:
        return most
    resource = import_module("resource")
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, resource.RLIM_INFINITY if most is None else most))
    return None


def _limits() -> tuple[int | None, int | None]:
    """Now, and at most if we ask."""
    try:
        resource = import_module("resource")
    except ImportError:
        return WINDOWS_SOCKETS, WINDOWS_SOCKETS
    now, most = (None if limit == resource.RLIM_INFINITY else int(limit) for limit in resource.getrlimit(resource.RLIMIT_NOFILE))
    return now, most
