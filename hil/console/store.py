"""The folder where runs are kept, one folder each, for their owner alone.

::

    RUNS/NAME/lock           held while a server has the run
    RUNS/NAME/run.json       which lesson, seed and language; the links' secrets
    RUNS/NAME/log.jsonl      the log of the run: its only state, and all results
    RUNS/NAME/sessions.json  who is there: nickname, and the SHA-256 of a cookie
    RUNS/NAME/clock.json     how far simulated time had come

Forgetting a run removes its folder; nothing of it is anywhere else but what somebody took out: files that were exported, and lessons that
were saved from it, in which stands what a learner typed.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

from hil.errors import UsageError
from hil.system.file_lock import FileLock, LockHeld

__all__ = ["COLOURS", "Run", "RunFacts", "about", "forget", "runs_folder", "runs_in"]

VERSION = 1
NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+){1,3}")
NAME_CHARS_MAX = 60
COLOURS = {
    "blue": "#1A5FB4",
    "brown": "#865E3C",
    "green": "#1B7F3B",
    "grey": "#5F6368",
    "orange": "#B45309",
    "purple": "#7B3FA0",
    "red": "#B00020",
    "teal": "#0F766E",
}
"""White text on any of them has a contrast of 5 : 1 or more."""
WORDS = (
    "alder",
    "aspen",
    "badger",
    "beech",
    "birch",
    "cedar",
    "crane",
    "finch",
    "hazel",
    "heron",
    "larch",
    "linden",
    "lynx",
    "maple",
    "martin",
    "osprey",
    "otter",
    "plover",
    "robin",
    "rowan",
    "sparrow",
    "swift",
    "tern",
    "thrush",
    "wren",
    "willow",
)
DRAWS_MAX = 200


class RunFacts(NamedTuple):
    """What a run's folder says of it without its log. `lesson` is a name or the path of a folder; empty while none is chosen."""

    name: str
    colour: str
    lesson: str = ""
    digest: str = ""
    """Of the lesson's files, since a log can only be gone on with by the lesson it is of."""
    language: str = "en"
    seed: int | None = None
    units: str = "US"
    places: int = 1
    secrets: Mapping[str, str] = {}
    """Role: what its link ends with. `code` is the learners' short one."""


class Run:
    """An open, locked folder of one run. Close it."""

    def __init__(self, folder: Path, facts: RunFacts, lock: FileLock) -> None:
        self.folder = folder
        self.facts = facts
        self.kept = True
        """Whether it is there for later."""
        self._lock = lock
        self._open = True

    @classmethod
    def new(cls, runs: Path, facts: RunFacts) -> Self:
        """Make a folder for a run; its name and colour are drawn. Raises UsageError."""
        _make(runs)
        for _ in range(DRAWS_MAX):
            colour = secrets.choice(tuple(COLOURS))
            name = f"{colour}-{secrets.choice(WORDS)}"
            try:
                (runs / name).mkdir(mode=0o700)
            except FileExistsError:
                continue
            except OSError as error:
                raise _unusable(runs, error) from None
            run = cls(runs / name, facts._replace(name=name, colour=COLOURS[colour]), _locked(runs / name))
            run.keep(run.facts)
            return run
        raise UsageError("all names are taken", where=str(runs), do="forget a run: pumpsim train runs, pumpsim train forget RUN")

    @classmethod
    def there(cls, runs: Path, name: str) -> Self:
        """Open the folder of a run that was begun before. Raises UsageError."""
        folder = _folder(runs, name)
        lock = _locked(folder)
        try:
            return cls(folder, _facts(folder), lock)
        except UsageError:
            lock.close()
            raise

    @property
    def log_path(self) -> Path:
        """Where its log is."""
        return self.folder / "log.jsonl"

    def keep(self, facts: RunFacts) -> None:
        """Write down what the run is."""
        self.facts = facts
        _write(self.folder / "run.json", {"pumpsim_run": VERSION, **facts._asdict(), "secrets": dict(facts.secrets)})

    def keep_sessions(self, sessions: list[dict[str, object]]) -> None:
        """Write down who is there."""
        _write(self.folder / "sessions.json", {"sessions": sessions})

    def sessions(self) -> list[dict[str, Any]]:
        """Who was there. Raises UsageError."""
        found: list[dict[str, Any]] = _read(self.folder / "sessions.json", {"sessions": []})["sessions"]
        return found

    def keep_clock(self, now_us: int) -> None:
        """Write down how far time has come."""
        _write(self.folder / "clock.json", {"now_us": now_us})

    def clock_us(self) -> int:
        """How far time had come when it was last written down."""
        return int(_read(self.folder / "clock.json", {"now_us": 0})["now_us"])

    def mend_log(self) -> None:
        """Cut off a last line that was torn when the server died: it never counted."""
        with contextlib.suppress(FileNotFoundError), self.log_path.open("rb+") as file:
            data = file.read()
            file.truncate(data.rfind(b"\n") + 1)

    def close(self, *, keep: bool = True) -> None:
        """Give the folder back, or remove it. May be called twice."""
        if self._open:
            self._open, self.kept = False, keep
            if not keep:
                with contextlib.suppress(OSError):
                    _empty(self.folder)
            self._lock.close()
            if not keep:
                shutil.rmtree(self.folder, ignore_errors=True)


def runs_folder(chosen: Path | None) -> Path:
    """Where runs are kept: as chosen, or where this person's programs keep their state."""
    if chosen is not None:
        return chosen
    state = os.environ.get("XDG_STATE_HOME") or Path("~/.local/state").expanduser()
    return Path(state) / "pumpsim" / "runs"


def runs_in(runs: Path) -> list[dict[str, Any]]:
    """What runs there are, the newest first: name, lesson, who took part, entries of the log, whether a server has it now."""
    folders = [each for each in runs.glob("*/run.json") if NAME.fullmatch(each.parent.name)]
    return [_about(each.parent) for each in sorted(folders, key=lambda path: path.parent.stat().st_mtime, reverse=True)]


def about(runs: Path, name: str) -> dict[str, Any]:
    """What is kept of one run. Raises UsageError if there is none."""
    return _about(_folder(runs, name))


def forget(runs: Path, name: str) -> None:
    """Remove a run with all that is known of who took part. Raises UsageError if there is none, or a server has it."""
    folder = _folder(runs, name)
    lock = _locked(folder)
    try:
        _empty(folder)
        lock.close()
        shutil.rmtree(folder)
    except OSError as error:
        raise _unusable(folder, error) from None
    finally:
        lock.close()


def _empty(folder: Path) -> None:
    """Remove all but the lock, which Windows lets nobody remove while it is held. Raises OSError."""
    for path in folder.iterdir():
        if path.name not in {"run.json", "lock"}:
            path.unlink()
    (folder / "run.json").unlink(missing_ok=True)  # the last, or what was left of it could not be forgotten again


def _about(folder: Path) -> dict[str, Any]:
    try:
        facts = _facts(folder)
        sessions = _read(folder / "sessions.json", {"sessions": []})["sessions"]
    except UsageError as error:
        return {"run": folder.name, "problem": error.what, "learners": [], "entries": 0}
    log = folder / "log.jsonl"
    try:
        _locked(folder).close()
        running = False
    except UsageError:
        running = True
    return {
        "run": facts.name,
        "lesson": facts.lesson,
        "learners": [each["nickname"] for each in sessions if each["role"] == "learner"],
        "entries": log.read_bytes().count(b"\n") if log.exists() else 0,
        "running": running,
        "folder": str(folder),
    }


def _facts(folder: Path) -> RunFacts:
    path = folder / "run.json"
    found = _read(path, None)
    try:
        if found.pop("pumpsim_run") != VERSION:
            raise KeyError
        return RunFacts(**found)
    except (KeyError, TypeError):
        raise UsageError("this is no run of this version", where=str(path), do="forget it, or use the version that wrote it") from None


def _folder(runs: Path, name: str) -> Path:
    folder = runs / name
    if not (NAME.fullmatch(name) and len(name) <= NAME_CHARS_MAX and (folder / "run.json").is_file()):
        raise UsageError(f"there is no run {name!r}", where=str(runs), do="see: pumpsim train runs")
    return folder


def _make(runs: Path) -> None:
    try:
        runs.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(runs, error) from None


def _unusable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"cannot use the folder: {error.strerror}", where=str(path), do="choose another --state folder")


def _locked(folder: Path) -> FileLock:
    try:
        return FileLock(folder / "lock")
    except OSError as error:
        raise _unusable(folder, error) from None
    except LockHeld:
        raise UsageError("a running server has this run", where=folder.name, do="stop it first") from None


def _write(path: Path, content: object) -> None:
    fresh = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(content, file)
    fresh.replace(path)


def _read(path: Path, otherwise: Any) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if otherwise is None:
            raise UsageError("no such file", where=str(path), do="forget the run, or put the file back") from None
        return otherwise
    except (OSError, ValueError):
        raise UsageError("this file is damaged", where=str(path), do="forget the run, or put the file back") from None
