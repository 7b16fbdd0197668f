"""Where lessons are: those that ship by their names, one's own by their folders."""

from __future__ import annotations

from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path

from hil.errors import UsageError

__all__ = ["LOGIC", "folder_named", "shipped_folder", "shipped_lessons"]

LOGIC = "lesson.yaml"


def shipped_folder() -> Path:
    """The folder of those that ship."""
    return Path(str(files("hil") / "library" / "lessons"))


def shipped_lessons() -> list[str]:
    """Their names, in order."""
    return sorted(path.parent.name for path in shipped_folder().glob(f"*/{LOGIC}"))


def folder_named(path_or_name: Path | str) -> Path:
    """The folder of a lesson: a shipped one by its name, or the path of a folder or of the lesson.yaml in it. Raises UsageError."""
    name = str(path_or_name)
    names = shipped_lessons()
    if name in names:
        return shipped_folder() / name
    path = Path(name)
    if path.name == LOGIC and path.is_file():
        return path.parent
    if path.is_dir() and (path / LOGIC).is_file():
        return path
    if path.exists():
        raise UsageError(f"a lesson is a folder with {LOGIC} in it", where=name, do="give that folder")
    near = get_close_matches(name, names, 1)
    do = f"did you mean {near[0]}?" if near else "see pumpsim train --list, or give a lesson's folder"
    raise UsageError(f"no lesson is called {name!r}", where="train", do=do)
