"""The journal of a campaign: which cases are done, with their rows, and what went wrong. SQLite, one writer, every chunk on stable storage.

A driver that is killed loses the chunks under way and nothing else. Chunks of another size may follow: what is left is what no chunk has.
"""

from __future__ import annotations

import json
import os
import sqlite3
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from hil.campaign.cases import Row
from hil.errors import CheckFailed, UsageError
from hil.system.file_lock import FileLock, LockHeld, is_held

__all__ = ["Chunk", "Counts", "Failure", "Journal", "read_counts"]

FILE, LOCK = "results.sqlite", "lock"
FORMAT = 1
PACKING = 1
"""Rows are alike: the fastest compression takes nine tenths away."""
_TABLES = """
CREATE TABLE IF NOT EXISTS campaign (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS done (low INTEGER PRIMARY KEY, high INTEGER NOT NULL, worker TEXT NOT NULL, seconds REAL NOT NULL,
                                 rows BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS failed (case_index INTEGER PRIMARY KEY, error TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS trouble (number INTEGER PRIMARY KEY, low INTEGER NOT NULL, high INTEGER NOT NULL, worker TEXT NOT NULL,
                                    error TEXT NOT NULL);
"""


class Chunk(NamedTuple):
    """Cases from index `low` up to `high`; how often they were tried alone and a worker was lost over it."""

    low: int
    high: int
    losses: int = 0

    @property
    def size(self) -> int:
        return self.high - self.low

    def halves(self) -> tuple[Chunk, Chunk]:
        """Both halves, each with a fresh start."""
        middle = (self.low + self.high) // 2
        return Chunk(self.low, middle), Chunk(middle, self.high)


@dataclass(frozen=True)
class Failure:
    """A case that no worker got through."""

    index: int
    error: str


class Counts(NamedTuple):
    """How far a campaign has come."""

    name: str
    cases: int
    done: int
    failed: int
    busy_s: float
    running: bool


class Journal:
    """An open journal in its folder, locked against a second driver. Raises UsageError if it is another campaign's."""

    def __init__(self, folder: Path, identity: dict[str, str]) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(folder / LOCK)
        except OSError as error:
            raise UsageError(f"cannot use the folder: {error.strerror}", where=str(folder), do="choose another --out") from None
        except LockHeld:
            raise UsageError("a campaign is running in this folder", where=str(folder), do="wait for it, or choose another --out") from None
        self._base = sqlite3.connect(folder / FILE, isolation_level=None)
        try:
            self._open(identity)
        except sqlite3.DatabaseError as error:
            self.close()
            raise UsageError(f"{FILE} is no journal: {error}", where=str(folder), do="choose another --out") from None
        except UsageError:
            self.close()
            raise

    def _open(self, identity: dict[str, str]) -> None:
        self._base.execute("PRAGMA journal_mode=WAL")
        self._base.execute("PRAGMA synchronous=FULL")
        self._base.executescript(_TABLES)
        known = dict(self._base.execute("SELECT key, value FROM campaign"))
        wanted = {"format": str(FORMAT), **identity}
        if not known:
            with self._transaction():
                self._base.executemany("INSERT INTO campaign VALUES (?, ?)", wanted.items())
            return
        other = next((key for key, value in wanted.items() if known.get(key) != value), "")
        if other:
            known_as, asked = known.get(other, "unknown"), wanted[other]
            how = "differs in what the results hang on" if other == "plan" else f"has {known_as} as its {other}, not {asked}"
            what = f"the folder holds another campaign, which {how}"
            raise UsageError(what, where=str(self.folder), do="choose another --out, or remove the folder")

    def gaps(self, size: int) -> Iterator[tuple[int, int]]:
        """Runs of indices that are neither done nor failed."""
        taken = list(self._base.execute("SELECT low, high FROM done UNION ALL SELECT case_index, case_index + 1 FROM failed ORDER BY 1"))
        at = 0
        for low, high in [*taken, (size, size)]:
            if low > at:
                yield at, low
            at = max(at, high)

    def done(self, chunk: Chunk, worker: str, seconds: float, rows: list[Row]) -> None:
        """Keep the rows of a chunk."""
        columns = list(rows[0])
        other = next((place for place, row in enumerate(rows) if list(row) != columns), None)
        if other is not None:
            raise CheckFailed(f"case {chunk.low + other} has other columns than case {chunk.low}", do="mend the engine")
        table = {"columns": columns, "cells": [list(row.values()) for row in rows]}
        packed = zlib.compress(json.dumps(table, separators=(",", ":")).encode(), PACKING)
        with self._transaction():
            self._base.execute("INSERT INTO done VALUES (?, ?, ?, ?, ?)", (chunk.low, chunk.high, worker, seconds, packed))

    def trouble(self, chunk: Chunk, worker: str, error: str) -> None:
        """Note that a chunk was not got through."""
        with self._transaction():
            self._base.execute("INSERT INTO trouble (low, high, worker, error) VALUES (?, ?, ?, ?)", (chunk.low, chunk.high, worker, error))

    def give_up(self, index: int, error: str) -> None:
        """Note a case that crashes whoever takes it."""
        with self._transaction():
            self._base.execute("INSERT INTO failed VALUES (?, ?)", (index, error))

    def rows(self) -> Iterator[tuple[int, Row]]:
        """Every row that there is, with its index, in order."""
        for low, packed in self._base.execute("SELECT low, rows FROM done ORDER BY low"):
            table = json.loads(zlib.decompress(packed))
            for place, cells in enumerate(table["cells"]):
                yield low + place, dict(zip(table["columns"], cells, strict=True))

    def failures(self) -> list[Failure]:
        """Cases that were given up, in order."""
        return [Failure(*row) for row in self._base.execute("SELECT case_index, error FROM failed ORDER BY case_index")]

    def troubles(self) -> list[tuple[int, int, str, str]]:
        """Every chunk that was not got through: low, high, worker, error."""
        return list(self._base.execute("SELECT low, high, worker, error FROM trouble ORDER BY number"))

    def forget_failures(self) -> int:
        """Give cases that were given up another chance; returns how many."""
        with self._transaction():
            return self._base.execute("DELETE FROM failed").rowcount

    def close(self) -> None:
        """Let go of it."""
        self._base.close()
        self._lock.close()

    def _transaction(self) -> _Transaction:
        return _Transaction(self._base)


class _Transaction:
    """All or nothing."""

    def __init__(self, base: sqlite3.Connection) -> None:
        self._base = base

    def __enter__(self) -> None:
        self._base.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, _error: object, _trace: object) -> None:
        self._base.execute("COMMIT" if kind is None else "ROLLBACK")


def read_counts(folder: Path) -> Counts:
    """How far the campaign of a folder has come; one may be running. Raises UsageError if the folder holds none."""
    try:
        base = sqlite3.connect(f"{Path(os.path.abspath(folder / FILE)).as_uri()}?mode=ro", uri=True)
        facts = dict(base.execute("SELECT key, value FROM campaign"))
        ((done, busy_s),) = base.execute("SELECT COALESCE(SUM(high - low), 0), COALESCE(SUM(seconds), 0) FROM done")
        ((failed,),) = base.execute("SELECT COUNT(*) FROM failed")
        base.close()
    except sqlite3.Error:
        raise UsageError("there is no campaign in this folder", where=str(folder), do="name the folder that was --out") from None
    return Counts(facts["name"], int(facts["cases"]), done, failed, busy_s, is_held(folder / LOCK))
