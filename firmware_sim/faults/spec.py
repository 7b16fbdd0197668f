"""What a fault is: its name, its parameters, how it goes on in time, what it imposes on the pump, and who could notice."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from firmware_sim.kernel import Kernel
    from firmware_sim.plant.conditions import Conditions
    from firmware_sim.profile import Profile

__all__ = ["ActiveFault", "Course", "FaultSpec", "Impose", "Parameter", "Strike", "Turn", "Values"]

Values = dict[str, int | str]


class Parameter(NamedTuple):
    """One parameter: name with its unit last, what it means, and the range it may have (None: no end).

    One with `choices` is given as one of those words; `text` marks a free name. `default` stands when it is left out.
    """

    name: str
    meaning: str
    low: int | None = None
    high: int | None = None
    text: bool = False
    choices: tuple[str, ...] = ()
    default: int | str | None = None


class ActiveFault(NamedTuple):
    """A lasting fault in force. A word chosen is kept as its place in the choices; `phase` counts the turns of its course."""

    handle: int
    name: str
    parameters: tuple[tuple[str, int], ...]
    since_us: int
    phase: int = 0

    def value(self, name: str) -> int:
        """One parameter's value."""
        return next(value for key, value in self.parameters if key == name)


class Turn(NamedTuple):
    """The end of a phase: its true time, and whether the fault is over with it."""

    at_us: int
    last: bool = False


Course = Callable[[ActiveFault], Turn | None]
"""When the phase in force ends; None: it stays."""
Impose = Callable[[ActiveFault, "Conditions", "Profile"], None]
"""Adds what a fault in its present phase does to the conditions the pump is under."""
Strike = Callable[["Kernel", Values], None]
"""Does, or judges, what happens once."""


class FaultSpec(NamedTuple):
    """One fault. A lasting one has `impose` and stays until its course ends or it is cleared; the others have `strike` and happen once.

    `notices` is what the firmware could know, `misses` what it cannot, `truth` what is so meanwhile, `origin` where the fault is known
    from. `judge` refuses values that only a given pump can judge. A `clearable` fault can be taken back.
    """

    name: str
    parameters: tuple[Parameter, ...]
    notices: str
    misses: str
    truth: str
    origin: str
    impose: Impose | None = None
    course: Course | None = None
    strike: Strike | None = None
    judge: Strike | None = None
    clearable: bool = True

    @property
    def lasting(self) -> bool:
        """Whether it stays."""
        return self.impose is not None

    @property
    def electronic(self) -> bool:
        """Whether only a pump with electronics can have it."""
        return self.owner not in ("reservoir", "catheter", "environment")

    @property
    def owner(self) -> str:
        """The part of the pump it belongs to."""
        return self.name.partition(".")[0]
