"""The lessons that happened, by title, and what each is played with here.

| lesson | played with |
| --- | --- |
| minutes typed for hours; once a morning as every hour | commands: the wrong therapy is committed; who typed it (*) |
| concentration raised or lowered without a bridge bolus | commands: the bridge is left out; who forgot it (*) |
| update abandoned | commands: begun and lapsed; who walked away (*) |
| stop during a revision; restart after a holiday | commands |
| side-port flush without aspirating | bench acts |
| all others | faults of the registry |

(*) The slip itself needs a human.* fault, which rewrites what the programmer is told: that, and what the programmer's checks say to it,
waits for the clinic. No lesson is left out. Each is a title, a few acts on a settled pump (`Bed`), and what is asserted: the direction
and the size of the error in the dose, worked out from rate, strength and volumes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

__all__ = ["LESSONS", "lesson"]

LESSONS = (
    "Minutes typed for hours in a bolus interval",
    "Once a morning programmed as every hour",
    "Concentration raised without a bridge bolus",
    "Concentration lowered without a bridge bolus",
    "Pocket fill",
    "Refill into the side port",
    "Side-port flush without aspirating",
    "Update abandoned",
    "MRI with the telemetry trap",
    "Laptop or phone magnet",
    "Over-infusing pump runs dry without alarm",
    "19 mL left at two visits",
    "Three short stalls before a permanent one",
    "Stop of 48 h during a revision",
    "Restart at full dose after a holiday",
    "ERI missed, EOS stop",
    "Low-reservoir alarm at 2 mL too late",
    "Slow occlusion by precipitate",
    "Deep dive and pressure chamber",
)

_Test = TypeVar("_Test", bound=Callable[..., None])


def lesson(title: str) -> Callable[[_Test], _Test]:
    """Marks a test as (part of) the lesson of that title."""
    assert title in LESSONS, title
    return lambda test: test
