"""What a mutant is: a pump with one firmware defect, said as a few changes of named places in the firmware or the device role.

A place is `module:name` or `module:Class.name`; a change makes the new thing there from the one that was. Nothing is imported or changed
before a mutant is applied (`hil.mutants.applied`). A defect changes what code does and never how state is kept, so that save, restore,
fork and boot carry on with it, and an image is the same bytes for a healthy pump and a mutant.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from functools import wraps
from typing import Any, NamedTuple

__all__ = ["Change", "Mutant", "gives", "numbers", "turns", "value"]

Make = Callable[[Any], Any]


class Change(NamedTuple):
    """One place, and what makes the new thing there from the one that was."""

    place: str
    make: Make


class Mutant(NamedTuple):
    """One defect. `negates` are rows of requirements.csv that no longer hold, `source` is where such a pump was met or which row it denies.

    `acts` and `look` are the two lines that show it alive (`hil.mutants.trial` reads them): what is done, and what is then looked at.
    """

    name: str
    doc: str
    negates: tuple[str, ...]
    source: str
    changes: tuple[Change, ...]
    acts: str
    look: str


def gives(place: str, answer: object = None) -> Change:
    """A function that does nothing and gives this."""
    return Change(place, lambda _real: lambda *_args, **_named: answer)


def value(place: str, new: object) -> Change:
    """A constant of another value."""
    return Change(place, lambda _real: new)


def turns(place: str, turn: Callable[..., Any]) -> Change:
    """A function whose result passes through `turn(result, *arguments)`."""

    def make(real: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(real)
        def turned(*args: Any, **named: Any) -> Any:
            return turn(real(*args, **named), *args)

        return turned

    return Change(place, make)


def numbers(section: str, **changed: Callable[[int], int]) -> Change:
    """A firmware that works with other numbers than its profile has in this section; what it tells of its limits stays as it was."""

    def make(real: Callable[..., None]) -> Callable[..., None]:
        @wraps(real)
        def begin(self: Any, profile: Any, *others: Any) -> None:
            kept = getattr(profile, section)
            new = {name: change(getattr(kept, name)) for name, change in changed.items()}
            assert new.keys() <= {field.name for field in fields(kept)}, section
            real(self, replace(profile, **{section: replace(kept, **new)}), *others)

        return begin

    return Change("firmware_sim.firmware.controller:Controller.__init__", make)
