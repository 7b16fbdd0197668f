"""How quantities look to whom: the rules of display as a table that can be run, and the profiles that differ in a few of them.

Everything is worked out, stored and logged in one form, that of `hil.wording.quantity`, which is the US profile's. A profile is put on
where text leaves for a person, by `render`, and taken off where typed text comes in, by `typed`. `broken` names the rules that
a text breaks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from hil.errors import QuantityError, UsageError
from hil.wording.quantity import Kind

__all__ = ["PROFILES", "RULES", "UK", "US", "Profile", "Quantity", "Rule", "broken", "profile_named", "render", "typed"]


class Profile(NamedTuple):
    """Whom a text is for: how a part of a unit is written there, in place of that of the US, and which parts are never written."""

    name: str
    title: str
    parts: Mapping[str, str] = {}
    never: frozenset[str] = frozenset()


class Quantity(NamedTuple):
    """A number on its way to a screen."""

    kind: Kind
    units: int
    places: int | None = None


_NEVER = frozenset({"cc", "ml", "ML", "ug", "MCG", "gamma", "U", "IU", "mcgs", "mgs", "mLs"})
US = Profile("US", "United States: mcg", never=_NEVER | {"micrograms"})
UK = Profile(
    "UK",
    "United Kingdom: micrograms and nanograms in full",
    {"mcg": "micrograms", "ng": "nanograms"},
    _NEVER | {"mcg", "ng"},
)
PROFILES = {profile.name: profile for profile in (US, UK)}


def profile_named(name: str) -> Profile:
    """One of the profiles. Raises UsageError."""
    if name not in PROFILES:
        raise UsageError(f"no profile of units {name!r}", where="units", do=f"choose one of {', '.join(PROFILES)}")
    return PROFILES[name]


def render(shown: str | Quantity, profile: Profile) -> str:
    """The text for this profile: of a quantity, or of any text made for the US in which quantities stand."""
    text = shown.kind.text(shown.units, shown.places) if isinstance(shown, Quantity) else shown
    for part, word in profile.parts.items():
        text = re.sub(rf"(?<![\w-]){part}(?![\w-])", word, text)
    return text


def typed(text: str, profile: Profile) -> str:
    """What somebody typed, as the parsers read it. Raises QuantityError for a unit that this profile never writes."""
    for part, word in profile.parts.items():
        if re.search(rf"(?<![A-Za-z_-]){part}(?![A-Za-z_-])", text):
            raise QuantityError(f"{text!r} has {part!r} where {word} is written here", do=f"write {word} in full")
        text = re.sub(rf"(?<![A-Za-z_-]){word}(?![A-Za-z_-])", part, text)
    return text


# ---------------------------------------------------------------- rules


class Found(NamedTuple):
    """A number with something like a unit behind it."""

    number: str
    space: str
    unit: str


class Rule(NamedTuple):
    """One rule of display: its name, where it comes from, and whether a found quantity breaks it."""

    name: str
    source: str
    breaks: Callable[[Found, Profile], bool]


_PARTS = ("mcg", "micrograms", "mg", "ng", "nanograms", "mL", "nL", "g", "kg", *sorted(_NEVER), "µg", "μg", "µL", "μL")
_UNIT = rf"(?:{'|'.join(sorted(map(re.escape, _PARTS), key=len, reverse=True))})"
_NUMBER = r"(?<![\w.,])(?P<number>[.,]?\d[\d.,]*)(?P<space>[ \t\u00a0]*)"
_FOUND = re.compile(rf"{_NUMBER}(?P<unit>{_UNIT}(?:/\w+)?)(?!\w)")
_GROUPED = re.compile(r"\d{1,3}(,\d{3})*(\.\d+)?")
_WHOLE = re.compile(r"[\d,]+")
FOUR_DIGITS = 4


def _long_ungrouped(found: Found, _: Profile) -> bool:
    whole = _WHOLE.match(found.number)
    return whole is not None and len(whole[0].replace(",", "")) >= FOUR_DIGITS and _GROUPED.fullmatch(found.number) is None


RULES: tuple[Rule, ...] = (
    Rule("a zero before the point", "ISMP list; MSCUI MEDi-016", lambda found, _: found.number.startswith((".", ","))),
    Rule("no zero at the end", "ISMP list; MSCUI MEDi-015", lambda found, _: "." in found.number and found.number.endswith(("0", "."))),
    Rule("a comma between thousands from 1,000", "ISMP (at or above 1,000); MSCUI MEDi-017", _long_ungrouped),
    Rule("no comma in a shorter number", "ISMP list", lambda found, _: "," in found.number and _GROUPED.fullmatch(found.number) is None),
    Rule("one space before the unit", "ISMP list", lambda found, _: len(found.space) != 1),
    Rule("no unit that is misread", "ISMP list; FDA", lambda found, profile: bool(set(found.unit.split("/")) & profile.never)),
    Rule("no Greek letter in a unit", "ISMP and FDA: read as m, 1000-fold", lambda found, _: bool(set(found.unit) & {"µ", "μ"})),
)
"""What each shown quantity keeps to, in every profile."""
NO_GREEK = "no Greek letter for micro anywhere"


def broken(text: str, profile: Profile) -> list[str]:
    """Which rules any quantity in a text breaks, one line each: the rule and what broke it."""
    lines = [f"{NO_GREEK}: {letter}" for letter in ("µ", "μ") if letter in text]
    for fit in _FOUND.finditer(text):
        found = Found(fit["number"], fit["space"], fit["unit"])
        lines += [f"{rule.name}: {fit[0].strip()}" for rule in RULES if rule.breaks(found, profile)]
    return lines
