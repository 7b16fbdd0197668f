"""Results that go to a file: the file is there whole, or is as it was before.

A full disk, a Ctrl-C or a crash in the middle leaves neither a half file nor a part beside it. What is no plain file (a device, a
pipe) is written to as it is; so is a file whose folder takes no new one.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

__all__ = ["demand_folder", "demand_place", "write_whole"]


def write_whole(path: Path, content: str | bytes, *, private: bool = False) -> None:
    """Write a file; text as UTF-8, its ends of lines as they are; a `private` one is for its owner alone. Raises OSError."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    target = Path(os.path.realpath(path))
    mode = _mode(target)
    if mode is not None and (not stat.S_ISREG(mode) or not _may_write(target.parent)):
        target.write_bytes(data)
        return
    _refuse_locked(target, mode)
    part = target.with_name(f".{target.name[:200]}.{os.getpid()}.part")
    try:
        with open(part, "xb", opener=_for_its_owner if private else None) as file:
            file.write(data)
        if mode is not None and not private:
            part.chmod(stat.S_IMODE(mode))
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def demand_place(path: Path) -> None:
    """Say before long work whether its result could be written to this file afterwards. Raises OSError, and leaves nothing."""
    target = Path(os.path.realpath(path))
    mode = _mode(target)
    if mode is not None and stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    _refuse_locked(target, mode)
    if mode is None and not _may_write(target.parent):
        number = errno.EACCES if target.parent.is_dir() else errno.ENOENT
        raise OSError(number, os.strerror(number), str(path))


def demand_folder(path: Path) -> None:
    """The same of a folder that is there or can be made, with those above it. Raises OSError."""
    there = Path(os.path.realpath(path))
    while _mode(there) is None:
        there = there.parent
    if not there.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
    if not _may_write(there):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def _may_write(path: Path) -> bool:
    """Whether this process may, as it is now."""
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _mode(path: Path) -> int | None:
    """What is there; None if nothing is."""
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


def _refuse_locked(path: Path, mode: int | None) -> None:
    """A file that may not be written to is not written over either."""
    if mode is not None and not _may_write(path):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
