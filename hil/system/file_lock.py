"""A file that one process at a time holds. The system takes it back when its holder ends, however that happens."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from types import ModuleType

__all__ = ["FileLock", "LockHeld", "is_held"]


class LockHeld(Exception):
    """Somebody else holds it."""


def _module(name: str) -> ModuleType | None:
    try:
        return import_module(name)
    except ImportError:
        return None


_posix, _windows = _module("fcntl"), _module("msvcrt")


class FileLock:
    """Held from when it is made until `close`. Raises LockHeld, or OSError if the file cannot be made; others may not read it."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _take(self._descriptor)
        except OSError:
            self.close()
            raise LockHeld(str(path)) from None

    def close(self) -> None:
        """Give it back. May be called twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def is_held(path: Path) -> bool:
    """Whether somebody holds it now. Raises OSError if there is no such file."""
    with path.open("rb") as file:
        try:
            _take(file.fileno(), shared=True)
        except OSError:
            return True
    return False


def _take(descriptor: int, *, shared: bool = False) -> None:
    """Lock without waiting. Raises OSError."""
    if _posix is not None:
        _posix.flock(descriptor, (_posix.LOCK_SH if shared else _posix.LOCK_EX) | _posix.LOCK_NB)
    elif _windows is not None:
        _windows.locking(descriptor, _windows.LK_NBLCK, 1)  # the first byte, which need not be there; it is nobody's to share
