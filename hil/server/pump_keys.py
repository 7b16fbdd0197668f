"""The keys of a served pump and the file in which its programmers find them.

A new pump gets the keys of the file that was named, or fresh ones; a pump that was kept has its own. Unless a file was named, the keys
are written where a client looks for them by the port's URL (`protocol.key_file.beside`), and taken away again with a pump that nobody
keeps. While a server runs it holds a lock on the file it wrote, so that no other writes over it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from hil.errors import UsageError
from hil.system.file_lock import FileLock, LockHeld, is_held
from hil.system.terminals import has_terminals
from protocol.errors import KeyFileError
from protocol.key_file import beside, load_keys, new_keys, slotted, write_keys
from protocol.keys import Key
from protocol.security import Security

__all__ = ["PumpKeys"]

REMARK = "made by pumpsim serve for a simulated pump"


class PumpKeys:
    """Keys of one pump on their way into it and out to its programmers. Raises UsageError."""

    def __init__(self, named: Path | None, security: Security) -> None:
        if named is not None and not (security.authenticates and security.key_of_its_own):
            raise UsageError(f"a pump of security {security.name} has no keys of its own", where="--key-file", do="leave it out")
        self._named = named
        self._made: Path | None = None
        self._made_as = (0, 0)
        """Which file of that name it was."""
        self._lock: FileLock | None = None
        self.path: Path | None = named

    def of_a_new_pump(self) -> Sequence[Key]:
        """The keys that a new pump gets; a named file that is not there yet is made."""
        if self._named is None:
            return new_keys()
        if not self._named.exists():
            self._write(self._named, new_keys())
        return [slotted(key) for key in self._load(self._named)]

    def publish(self, keys: Sequence[Key], url: str) -> None:
        """Have the keys of the pump that is served lie where its programmers look; a pump without any leaves none of another's there."""
        if not keys:
            self.path = None
            if REMARK in self._text(beside(url)):
                self._demand_left(beside(url))
                beside(url).unlink()
        elif self._named is None:
            self.path = beside(url)
            if self.path.exists() and REMARK not in self._text(self.path):
                raise UsageError(f"{self.path} is there and not ours", where="--key-file", do="name it, or move it away")
            self._demand_left(self.path)
            self._write(self.path, keys)
            self._hold(self.path)
        elif not self._named.exists():
            self._write(self._named, keys)
        elif sorted(slotted(key) for key in self._load(self._named)) != sorted(keys):
            raise UsageError(
                f"{self._named} has other keys than this state's pump",
                where="--key-file",
                do="name the pump's own file, or none",
            )

    def withdraw(self) -> None:
        """Take away the file of a pump that nobody keeps, if it is the one that was written here."""
        if self._made is not None:
            with contextlib.suppress(OSError):
                if _which(self._made) == self._made_as:
                    self._made.unlink()

    def close(self) -> None:
        """Let others write over the file. May be called twice."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _hold(self, path: Path) -> None:
        """Show others that whoever wrote this file lives. Windows has no lock that leaves a file readable."""
        self.close()
        self._made, self._made_as = path, _which(path)
        if has_terminals():
            with contextlib.suppress(LockHeld):  # where files cannot be locked
                self._lock = FileLock(path)

    def _demand_left(self, path: Path) -> None:
        """Let only a file be replaced that is one's own, or whose server has ended. Raises UsageError."""
        if path != self._made and path.exists() and has_terminals() and is_held(path):
            raise UsageError(f"{path} has the keys of another running pump", where="--key-file", do="name a file of this pump's own")

    def _load(self, path: Path) -> Sequence[Key]:
        try:
            return load_keys(path)
        except KeyFileError as error:
            raise UsageError(str(error), where="--key-file") from None

    def _write(self, path: Path, keys: Sequence[Key]) -> None:
        try:
            write_keys(path, keys, "" if path == self._named else REMARK)
        except KeyFileError as error:
            raise UsageError(str(error), where="--key-file", do="name a file that can be written") from None

    def _text(self, path: Path) -> str:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            return path.read_text(encoding="ascii")
        return ""


def _which(path: Path) -> tuple[int, int]:
    """What tells a file from another that gets its name later."""
    found = path.stat()
    return found.st_dev, found.st_ino
