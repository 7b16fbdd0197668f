"""Bookmarks of a run: all cases as they were, so that somebody can go back and do it otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hil.errors import UsageError

if TYPE_CHECKING:
    from hil.lesson.case import CaseImage

__all__ = ["BOOKMARKS_MAX", "Bookmarks", "Mark"]

BOOKMARKS_MAX = 20
NAME_CHARS_MAX = 40

Mark = tuple[int, int, Any, "dict[str, CaseImage]"]
"""When it was, when the next look was due, how the reactions stood, and every case."""


class Bookmarks:
    """By name; one that is set again replaces the older."""

    def __init__(self) -> None:
        self._marks: dict[str, Mark] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """In the order in which they were set."""
        return tuple(self._marks)

    def keep(self, name: str, mark: Mark) -> None:
        """Keep one. Raises UsageError for a name that is none, or when there are too many."""
        if not name or len(name) > NAME_CHARS_MAX or not name.isprintable():
            raise UsageError(f"a bookmark's name has 1 to {NAME_CHARS_MAX} letters", where="name", do="write a short one")
        if name not in self._marks and len(self._marks) >= BOOKMARKS_MAX:
            raise UsageError(f"{BOOKMARKS_MAX} bookmarks are kept already", where="name", do="use one of their names again")
        self._marks[name] = mark

    def find(self, name: str) -> Mark:
        """One of them. Raises UsageError."""
        if name not in self._marks:
            raise UsageError(f"no bookmark is called {name!r}", where="name", do=f"there are: {', '.join(self._marks) or 'none'}")
        return self._marks[name]
