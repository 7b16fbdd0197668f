"""Putting bytes onto stable storage, and files that their owner alone may read."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["open_private", "sync_data", "sync_folder"]

_BINARY = getattr(os, "O_BINARY", 0)
"""Windows would turn the end of a line into two bytes."""


def open_private(path: Path, flags: int) -> int:
    """A descriptor to write bytes to; a new file is its owner's alone. Raises OSError."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | flags | _BINARY, 0o600)


def sync_data(descriptor: int) -> None:
    """Return when what was written is on stable storage."""
    getattr(os, "fdatasync", os.fsync)(descriptor)


def sync_folder(path: Path) -> None:
    """The same for the names in a folder; Windows keeps those by itself and opens no folder."""
    if os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
