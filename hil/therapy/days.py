"""Weekdays as a file writes them (`all`, `Mon`, `Mon-Fri`, a list of those) and as the wire has them (bit 0 = Monday)."""

from __future__ import annotations

from difflib import get_close_matches

from hil.errors import QuantityError

__all__ = ["ALL_DAYS", "DAYS", "days_name", "days_plain", "parse_days"]

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
ALL_DAYS = (1 << len(DAYS)) - 1
ALL = "all"
RANGE_MIN = 3
"""A run of this many days is written as a range."""


def parse_days(plain: object) -> int:
    """Read days. Raises QuantityError for an unknown day, a day named twice, a range that runs backwards, or none."""
    if plain == ALL:
        return ALL_DAYS
    words = plain if isinstance(plain, list) else [plain]
    mask = 0
    for word in words:
        for day in _range(word):
            if mask >> day & 1:
                raise QuantityError(f"{DAYS[day]} is named twice", do="name every day once")
            mask |= 1 << day
    if not mask:
        raise QuantityError("no day is named", do="write `days: all` or a list such as [Mon, Tue]")
    return mask


def _range(word: object) -> range:
    """The days that one word names."""
    if not isinstance(word, str):
        raise QuantityError("a list or a mapping stands where a day belongs", do="write a list such as [Mon, Tue]")
    first, dash, last = (part.strip() for part in word.partition("-"))
    start, end = _day(first), _day(last) if dash else _day(first)
    if end < start:
        raise QuantityError(f"the range {word!r} runs backwards", do="name the days one by one, such as [Sat, Sun, Mon]")
    return range(start, end + 1)


def _day(word: str) -> int:
    if word not in DAYS:
        near = get_close_matches(word.capitalize()[:3], DAYS, 1)
        raise QuantityError(f"{word!r} is no day", do=f"did you mean {near[0]}?" if near else f"the days are {', '.join(DAYS)}")
    return DAYS.index(word)


def _runs(mask: int) -> list[str]:
    """The days as words, runs of three or more as ranges."""
    words: list[str] = []
    day = 0
    while day < len(DAYS):
        end = day
        while mask >> end & 1:
            end += 1
        if end - day >= RANGE_MIN:
            words.append(f"{DAYS[day]}-{DAYS[end - 1]}")
        else:
            words += DAYS[day:end]
        day = end + 1
    return words


def days_plain(mask: int) -> str | list[str]:
    """Write days the shortest way that reads back to the same."""
    words = _runs(mask)
    return ALL if mask == ALL_DAYS else words[0] if len(words) == 1 else words


def days_name(mask: int) -> str:
    """Days for a reader: every day, Mon-Fri, or a list."""
    return "every day" if mask == ALL_DAYS else ", ".join(_runs(mask))
