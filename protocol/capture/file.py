"""A capture file that is being written: one run after another, never two at once, and nothing half done.

Each block goes to the operating system whole, before the next byte of the wire moves, so a process that is killed leaves every packet that
had passed. A file that is there already is gone on with: its runs stay, and a new section begins. If its writer died in the middle of a
block, that block is cut off first. A file that is anything else than a capture is left alone.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

from protocol.capture.reader import CaptureReader
from protocol.errors import CaptureFileError

__all__ = ["CaptureFile"]

_PIECE_BYTES = 1 << 20
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class CaptureFile:
    """An open file, locked against other writers where the system can. Raises CaptureFileError.

    A write that fails, on a full disk say, ends the capture and not what is captured: `problem` tells why, and so does `on_problem`, once.
    """

    def __init__(self, path: str | os.PathLike[str], *, on_problem: Callable[[str], None] = lambda _why: None) -> None:
        self.path = Path(path)
        self.problem = ""
        self._on_problem = on_problem
        try:
            self._fd = os.open(self.path, _FLAGS, 0o600)
        except OSError as error:
            raise CaptureFileError(f"{path}: cannot be written ({error.strerror}); choose another capture file") from None
        try:
            self._take()
            self._size = self._end_of_whole_blocks()
            os.ftruncate(self._fd, self._size)
        except BaseException:
            self.close()
            raise

    def write(self, blocks: bytes) -> None:
        """Append whole blocks."""
        if self._fd < 0 or self.problem:
            return
        try:
            if os.write(self._fd, blocks) < len(blocks):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self._size += len(blocks)
        except OSError as error:
            self.problem = f"{self.path}: the capture ends here ({error.strerror}); what passed before is in it"
            os.ftruncate(self._fd, self._size)
            self._on_problem(self.problem)

    def close(self) -> None:
        """Let go; may be called again."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _take(self) -> None:
        """Have the file to ourselves. Raises CaptureFileError."""
        if not stat.S_ISREG(os.fstat(self._fd).st_mode):
            raise CaptureFileError(f"{self.path}: is no regular file; choose another capture file")
        try:
            import fcntl
        except ImportError:
            return  # a system without such locks
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CaptureFileError(f"{self.path}: another process is writing to it; choose another capture file") from None

    def _end_of_whole_blocks(self) -> int:
        """Read through what is there. Raises CaptureFileError if it is no capture or damaged before its end."""
        reader = CaptureReader()
        while data := os.read(self._fd, _PIECE_BYTES):
            for _ in reader.feed(data):
                pass
        damage = reader.end()
        if damage is not None and not damage.torn:
            place = f"at byte {damage.at_byte:,}, after packet {damage.packets:,}"
            raise CaptureFileError(f"{self.path}: {damage.what}, {place}; choose another capture file")
        return reader.whole_bytes
