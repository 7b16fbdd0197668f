"""The arguments of an act, as typed: each is one text, read strictly; what cannot be read is refused with its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple, Self, TypeVar

from hil.errors import CheckFailed, HilError, UsageError
from hil.wording import quantity

__all__ = ["TEXT_CHARS_MAX", "Argument", "Asked", "Barred", "Done"]

T = TypeVar("T")
TEXT_CHARS_MAX = 2_000
"""Characters of one typed text."""


class Argument(NamedTuple):
    """One argument of an act: its name, its words, an example with its unit, the choices there are, whether it must be given."""

    name: str
    label: str
    example: str = ""
    choices: tuple[str, ...] = ()
    needed: bool = True
    long: bool = False


class Done(NamedTuple):
    """What came of an act: what the learner sees, what was done in words, and what else belongs into the log (kind and data)."""

    seen: dict[str, Any]
    words: str = ""
    also: tuple[tuple[str, dict[str, Any]], ...] = ()


Also = tuple[tuple[str, dict[str, Any]], ...]


class Barred(CheckFailed):
    """An act that a limit stops, which is worth an entry of its own."""

    also: Also = ()

    def logging(self, what: str, detail: str) -> Self:
        """With such an `edit` entry."""
        self.also = (("edit", {"what": what, "detail": detail}),)
        return self


class Asked:
    """What somebody typed, argument by argument."""

    def __init__(self, typed: Mapping[str, Any]) -> None:
        self.typed = typed

    def text(self, name: str) -> str:
        """A text. Raises UsageError if it is missing, empty, too long or no text."""
        value = self.maybe(name)
        if value is None:
            raise UsageError("nothing is written there", where=name, do="fill it in")
        return value

    def maybe(self, name: str) -> str | None:
        """The same; None if nothing was written. Raises UsageError."""
        value = self.typed.get(name)
        if value is None:
            return None
        if not isinstance(value, str) or len(value) > TEXT_CHARS_MAX:
            raise UsageError("this is no text of a field", where=name, do=f"write at most {TEXT_CHARS_MAX:,} characters")
        return value.strip() or None

    def read(self, name: str, parse: Callable[[str], T], where: str = "") -> T:
        """A text read by a parser. Raises UsageError with the argument's name, or where else it is wrong."""
        return self._parsed(where or name, self.text(name), parse)

    def maybe_read(self, name: str, parse: Callable[[str], T]) -> T | None:
        """The same of an argument that may be left empty."""
        text = self.maybe(name)
        return None if text is None else self._parsed(name, text, parse)

    def choice(self, name: str, words: Iterable[str]) -> str:
        """One of these words. Raises UsageError."""
        text, known = self.text(name), tuple(words)
        if text in known:
            return text
        near = get_close_matches(text, known, 1)
        do = f"did you mean {near[0]!r}?" if near else f"it is one of: {', '.join(known)}"
        raise UsageError(f"{text!r} is not known", where=name, do=do)

    def yes(self, name: str) -> bool:
        """Yes or no; no if nothing was said."""
        return self.maybe(name) is not None and self.choice(name, ("yes", "no")) == "yes"

    def whole(self, name: str, least: int, most: int) -> int:
        """A whole number within limits. Raises UsageError."""
        text = self.text(name)
        if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and least <= int(text) <= most):
            raise UsageError(f"{text!r} is no whole number from {least} to {most}", where=name, do=f"write it like {least}")
        return int(text)

    def volume(self, name: str) -> int:
        """A volume in nL."""
        return self.read(name, quantity.VOLUME.parse)

    def maybe_volume(self, name: str) -> int | None:
        """The same of a volume that may be left empty."""
        return self.maybe_read(name, quantity.VOLUME.parse)

    def volume_or_all(self, name: str) -> int | None:
        """A volume in nL, or None for `all`."""
        return None if self.text(name) == "all" else self.volume(name)

    def strength(self, name: str) -> int:
        """A concentration in ng/mL; `drug-free` is none."""
        return 0 if self.text(name) == "drug-free" else self.read(name, quantity.CONCENTRATION.parse)

    @staticmethod
    def _parsed(name: str, text: str, parse: Callable[[str], T]) -> T:
        try:
            return parse(text)
        except HilError as error:
            raise UsageError(error.what, where=name, do=error.do) from None
