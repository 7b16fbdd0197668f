"""A folder that lets a pump outlive its server: one unit image and an append-only journal of inputs since.

::

    DIR/lock        held while a server runs
    DIR/image       one JSON line (profile, seed, name of the journal, size, SHA-256), then the bytes of the unit image
    DIR/journal-N   one JSON line an input, the newest last

A line is written, and on stable storage, before the answer it led to leaves. Restart restores the image and gives the pump the same
inputs at the same instants; because the run is deterministic, memory and truth come out as they were at the last line. What the pump
then goes through is a plain reset: its server was gone, and so was its power to think.

The image holds the pump's memory and so its programmers' keys: only its owner may read what is here.

The image names its journal, so renewing both is one atomic rename. A line that was torn by the end of the server never counted.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from hil.errors import UsageError
from hil.own.wire import OWN
from hil.system.file_lock import FileLock, LockHeld
from hil.system.storage import open_private, sync_data, sync_folder
from protocol.security import DEFAULT

__all__ = ["JOURNAL_BYTES_MAX", "MARK_EVERY_US", "Entry", "StateFolder", "Stored"]

VERSION = 2
JOURNAL_BYTES_MAX = 1_000_000
"""Past this the image is renewed; some thousands of frames."""
MARK_EVERY_US = 3_600_000_000
"""Virtual time between two marks while nothing else happens: what a kill can cost a paced pump."""


class Entry(NamedTuple):
    """One input at a true instant: bytes from the wire, an act of the bench, or neither (a mark: time has come this far)."""

    at_us: int
    data: bytes | None = None
    verb: str | None = None
    args: Mapping[str, object] | None = None


class Stored(NamedTuple):
    """What a folder held when it was opened."""

    image: bytes
    entries: tuple[Entry, ...]


class StateFolder:
    """An open, locked folder. Raises UsageError if it cannot be used, or holds another pump than the one asked for.

    `seed` None asks for whatever seed the folder's pump has; `seed` then tells it, 0 for a new folder.
    """

    def __init__(self, path: str | Path, *, profile: str, seed: int | None = None, security: str = DEFAULT, sync: bool = True) -> None:
        self.path = Path(path)
        self.profile = profile
        self.security = security
        self.seed = seed or 0
        self._any_seed = seed is None
        self._sync = sync
        self._image: Callable[[], bytes] = bytes
        self._journal = -1
        self._size = 0
        self._marked_us = 0
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = FileLock(self.path / "lock")
        except OSError as error:
            raise UsageError(f"cannot use the folder: {error.strerror}", where=str(path), do="choose another --state folder") from None
        except LockHeld:
            raise UsageError("a running server has this state folder", where=str(path), do="stop it or choose another folder") from None
        self._open = True

    def stored(self) -> Stored | None:
        """The image and the inputs since; None for a new folder. Raises UsageError if they are damaged or another pump's."""
        try:
            raw = (self.path / "image").read_bytes()
        except FileNotFoundError:
            return None
        head, _, image = raw.partition(b"\n")
        about = self._judged(head, image)
        return Stored(image, tuple(self._entries(self.path / str(about["journal"]))))

    def begin(self, image: Callable[[], bytes]) -> None:
        """Start afresh from the unit as it is now; `image` is asked again at each renewal."""
        self._image = image
        self.renew()

    def frame(self, at_us: int, data: bytes) -> None:
        """Bytes from the wire are about to be handled."""
        self._write({"at": at_us, "in": data.hex()}, at_us)

    def act(self, at_us: int, verb: str, args: Mapping[str, object]) -> None:
        """A bench act is about to be done."""
        self._write({"at": at_us, "act": verb, "args": dict(args)}, at_us)

    def mark(self, at_us: int) -> None:
        """Time has come this far."""
        self._write({"at": at_us}, at_us)

    @property
    def mark_due_us(self) -> int:
        """True time from which the next mark is wanted, if nothing else is written before."""
        return self._marked_us + MARK_EVERY_US

    def passing(self, at_us: int) -> None:
        """Time passes by itself: mark it if the last line is a virtual hour old."""
        if at_us >= self.mark_due_us:
            self.mark(at_us)
            self.renew_if_long()

    def renew_if_long(self) -> None:
        """Renew the image when the journal has grown past its limit; to be called when no input is half handled."""
        if self._size > JOURNAL_BYTES_MAX:
            self.renew()

    def renew(self) -> None:
        """Write the unit as it is now and begin an empty journal, in one step as seen from a later start."""
        image = self._image()
        old = set(self.path.glob("journal-*"))
        name = f"journal-{self._next_number(old)}"
        fresh = open_private(self.path / name, os.O_APPEND)
        about = {"pumpsim_state": VERSION, "profile": self.profile, "seed": self.seed, "security": self.security}
        about |= {"journal": name}
        about |= {"size": len(image), "sha256": hashlib.sha256(image).hexdigest()}
        self._place(json.dumps(about).encode() + b"\n" + image)
        if self._journal >= 0:
            os.close(self._journal)
        self._journal, self._size = fresh, 0
        for path in old:
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """Give the folder back. May be called twice."""
        if not self._open:
            return
        self._open = False
        if self._journal >= 0:
            os.close(self._journal)
        self._lock.close()

    def _write(self, line: dict[str, object], at_us: int) -> None:
        raw = json.dumps(line, separators=(",", ":")).encode() + b"\n"
        os.write(self._journal, raw)
        if self._sync:
            sync_data(self._journal)
        self._size += len(raw)
        self._marked_us = at_us

    def _place(self, content: bytes) -> None:
        fresh = self.path / "image.new"
        fresh.unlink(missing_ok=True)
        with os.fdopen(open_private(fresh, os.O_EXCL), "wb") as file:
            file.write(content)
            file.flush()
            if self._sync:
                os.fsync(file.fileno())
        fresh.replace(self.path / "image")
        if self._sync:
            sync_folder(self.path)

    @staticmethod
    def _next_number(old: set[Path]) -> int:
        return 1 + max((int(path.name.partition("-")[2]) for path in old if path.name.partition("-")[2].isdecimal()), default=0)

    def _judged(self, head: bytes, image: bytes) -> dict[str, Any]:
        """The image's first line, if it fits the bytes and the pump that was asked for."""
        where = str(self.path / "image")
        try:
            about: dict[str, Any] = json.loads(head)
            whole = about["pumpsim_state"] == VERSION and about["sha256"] == hashlib.sha256(image).hexdigest()
        except (ValueError, KeyError, TypeError):
            whole = False
            about = {}
        if not whole:
            raise UsageError(
                f"this is no state image of version {VERSION}, or it is damaged", where=where, do="choose another --state folder"
            )
        if self._any_seed:
            self.seed = about["seed"]
        for name, asked in (("profile", self.profile), ("seed", self.seed), ("security", self.security)):
            if about[name] != asked:
                how = "the --wire that it was made with" if about[name] == OWN else f"{name} {about[name]}"
                do = f"serve with {how}, or choose another folder"
                raise UsageError(f"it holds a pump of {name} {about[name]}, not {asked}", where=where, do=do)
        return about

    @staticmethod
    def _entries(path: Path) -> Iterator[Entry]:
        """The journal's lines; a torn last one is left out. Raises UsageError for damage anywhere else."""
        lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
        for number, line in enumerate(lines, start=1):
            try:
                found = json.loads(line)
                data = bytes.fromhex(found["in"]) if "in" in found else None
                yield Entry(int(found["at"]), data, found.get("act"), found.get("args"))
            except (ValueError, KeyError, TypeError):
                if number < len(lines):
                    do = "the lines after it cannot be trusted: choose another --state folder"
                    raise UsageError("a damaged line", where=f"{path}:{number}", do=do) from None
