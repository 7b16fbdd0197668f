"""What the lessons that ship must cover between them: events that are known from the field, and what every clinic does."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from hil.therapy.source import FileKind, load

__all__ = ["CurriculumItem", "curriculum"]

ITEMS = "items.yaml"


class CurriculumItem(NamedTuple):
    """Something that a lesson must be about: an event that is known from the field, or practice of every clinic."""

    id: str
    title: str
    origin: str


@cache
def curriculum() -> dict[str, CurriculumItem]:
    """All of them, by id."""
    path = Path(str(files("hil") / "lesson" / ITEMS))
    root = load(path.read_bytes(), ITEMS, FileKind("the curriculum", "pocket-fill: {title: Pocket fill, from: event}")).root
    assert isinstance(root, dict)
    found = {}
    for name, row in root.items():
        assert isinstance(row, dict)
        found[name] = CurriculumItem(name, str(row["title"]), str(row["from"]))
    return found
