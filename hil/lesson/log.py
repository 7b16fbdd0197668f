"""The log of a lesson: append-only, numbered from 1, on disk before anybody hears of it. It is the only state; views are folds of it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from hil.errors import CheckFailed, UsageError
from hil.lesson.entries import Entry, as_plain, entry_of

__all__ = ["Log", "branch_of", "read_log"]

_ENCODER = json.JSONEncoder(separators=(",", ":"), sort_keys=True, check_circular=False, allow_nan=False)
Listener = Callable[[Entry], None]


class Log:
    """Entries in order. Without a path all are kept in memory; with one they are lines of that file, and memory holds none of them."""

    def __init__(self, path: Path | str | None = None) -> None:
        self.listeners: list[Listener] = []
        self._kept: list[Entry] = []
        self._path = None if path is None else Path(path)
        self._file: IO[str] | None = None
        self._count = 0
        if self._path is not None:
            _mend(self._path)
            self._count = sum(1 for _ in _lines(self._path)) if self._path.exists() else 0
            self._file = open(self._path, "a", encoding="utf-8", opener=_for_its_owner)  # noqa: SIM115  # closed by `close`

    def __len__(self) -> int:
        return self._count

    def listen(self, listener: Listener) -> None:
        """Tell of every entry from now on, after it was written down."""
        self.listeners.append(listener)

    def append(self, at_us: int, kind: str, who: str, about: str, data: dict[str, Any]) -> Entry:
        """Add an entry; returns it as it was written down."""
        line = _ENCODER.encode(as_plain(Entry(self._count + 1, at_us, kind, who, about, data)))
        entry = entry_of(json.loads(line))
        if self._file is None:
            self._kept.append(entry)
        else:
            self._file.write(line + "\n")
            self._file.flush()
        self._count = entry.n
        for listener in tuple(self.listeners):
            listener(entry)
        return entry

    def entries(self, from_n: int = 1) -> Iterator[Entry]:
        """The entries from a number on, in order."""
        if self._path is None:
            yield from self._kept[from_n - 1 :]
        else:
            yield from (entry for entry in _lines(self._path) if entry.n >= from_n)

    def close(self) -> None:
        """Let go of the file; may be called again."""
        if self._file is not None:
            self._file.close()


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def read_log(path: Path | str) -> list[Entry]:
    """The entries of a file; a last line that was torn by a crash is left out. Raises UsageError, CheckFailed."""
    try:
        return list(_lines(Path(path)))
    except OSError as error:
        raise UsageError(f"the log cannot be read: {error.strerror}", where=str(path), do="give the log of a run") from error


def _mend(path: Path) -> None:
    """Cut off a last line that a crash has torn: nobody was told of it, and what comes next needs a line of its own."""
    if path.exists():
        data = path.read_bytes()
        if data and not data.endswith(b"\n"):
            path.write_bytes(data[: data.rfind(b"\n") + 1])


def _lines(path: Path) -> Iterator[Entry]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith("\n"):
                return
            try:
                entry = entry_of(json.loads(line))
            except ValueError as error:
                raise CheckFailed(str(error), where=f"{path}:{number}", do="use the log as the run wrote it") from None
            if entry.n != number:
                raise CheckFailed(f"entry {entry.n} stands where {number} belongs", where=f"{path}:{number}", do="use the whole log")
            yield entry


def branch_of(entries: Iterable[Entry]) -> Sequence[Entry]:
    """What led to the present: whoever returned to a bookmark has undone what came between it and the return."""
    kept: list[Entry] = []
    marks: dict[str, int] = {}
    for entry in entries:
        if entry.kind == "returned":
            del kept[marks.get(entry.data["bookmark"], len(kept)) :]
        kept.append(entry)
        if entry.kind == "bookmark":
            marks[entry.data["name"]] = len(kept)
    return kept
