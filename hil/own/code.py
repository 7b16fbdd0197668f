"""Somebody's own Python by name: `FILE.py:NAME`, or `MODULE:NAME` of what is installed.

A file is loaded as Python runs a script: what lies beside it can be imported, by its plain name. It is named on a command line or in a rig
file, and trusted as much as a conftest.py; nothing else that pumpsim reads can name any.
"""

from __future__ import annotations

import importlib
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from hil.errors import UsageError

__all__ = ["from_folder", "loaded"]

DO = "write it like ./wire.py:MyWire or my_package.wire:MyWire"
SUFFIX = ".py"


def loaded(text: str, where: str) -> Any:
    """What is meant; `where` names the option or key that says so. Raises UsageError."""
    place, name = _parts(text, where)
    module = _from_file(Path(place), where) if place.endswith(SUFFIX) else _imported(place, place, where)
    try:
        return getattr(module, name)
    except AttributeError:
        raise UsageError(f"{place} has no {name}", where=where, do="look at the name behind the colon") from None


def from_folder(text: str, folder: Path, where: str) -> str:
    """The same name as it holds in every folder: a file's path from its root, looked for from `folder`. Raises UsageError."""
    place, name = _parts(text, where)
    return f"{(folder / place).resolve()}:{name}" if place.endswith(SUFFIX) else text


def _parts(text: str, where: str) -> tuple[str, str]:
    place, _, name = text.rpartition(":")
    if not place or not name.isidentifier():
        raise UsageError(f"{text!r} names no Python", where=where, do=DO)
    return place, name


def _from_file(path: Path, where: str) -> ModuleType:
    if not path.is_file():
        raise UsageError(f"there is no file {path}", where=where, do=DO)
    whole = path.resolve()
    if str(whole.parent) not in sys.path:
        sys.path.append(str(whole.parent))
    module = _imported(whole.stem, str(path), where)
    if Path(str(getattr(module, "__file__", ""))).resolve() != whole:
        what = f"Python has another module of the name {whole.stem}: {getattr(module, '__file__', None) or 'one of its own'}"
        raise UsageError(what, where=where, do=f"give {path} another name")
    return module


def _imported(name: str, told: str, where: str) -> ModuleType:
    """Import it; whatever it raises is told in one line, with the line of the file."""
    try:
        return importlib.import_module(name)
    except Exception as error:  # it is not our code: anything may come
        line = traceback.extract_tb(error.__traceback__)[-1]
        place = f" (line {line.lineno} of {Path(line.filename).name})" if not line.filename.startswith("<") else ""
        raise UsageError(f"{told} cannot be imported: {type(error).__name__}: {error}{place}", where=where, do=DO) from error
