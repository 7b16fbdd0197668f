"""The two lines that show a mutant alive: acts, and one look, in words that are done on a pump in this process.

A line is acts with `;` between them: a word, and what it takes, as `advance hours=3` or `inject motor.stall`. Acts are those of the bench
and of a programmer, through the two doors. What the pump answers to the look is the observation; a refusal is an observation too.
"""

from __future__ import annotations

import shlex
from typing import Any, NamedTuple

from hil.errors import UsageError
from hil.mutants.applied import mutated
from hil.mutants.bedside import Bedside
from hil.mutants.mutant import Mutant
from hil.mutants.stranger import STRANGE_ACTS
from protocol.errors import DeviceAnswer, Refused

__all__ = ["Shown", "observe", "show"]


class Shown(NamedTuple):
    """What the healthy pump and the mutant let be seen after the same acts."""

    name: str
    acts: str
    look: str
    healthy: str
    mutant: str

    @property
    def alive(self) -> bool:
        """Whether they differ."""
        return self.healthy != self.mutant


def show(mutant: Mutant) -> Shown:
    """Do a mutant's two lines on a healthy pump and on the mutant."""
    seen = []
    for name in (None, mutant.name):
        with mutated(name):
            seen.append(observe(mutant.acts, mutant.look))
    return Shown(mutant.name, mutant.acts, mutant.look, *seen)


def observe(acts: str, look: str) -> str:
    """Do the acts on a pump of its own, and look. Raises UsageError for a word that is no act."""
    with Bedside.open() as bedside:
        for line in filter(None, map(str.strip, acts.split(";"))):
            _do(bedside, line)
        return str(_do(bedside, look))


def _do(bedside: Bedside, line: str) -> object:
    """Do one act; what the pump refuses is told as its answer."""
    word, *rest = shlex.split(line)
    act = STRANGE_ACTS.get(word) or getattr(Bedside, f"do_{word}", None)
    if act is None:
        raise UsageError(f"no act {word!r}", where=line, do="see hil/mutants/bedside.py for what there is")
    named: dict[str, Any] = {}
    plain: list[Any] = []
    for part in rest:
        name, sign, text = part.partition("=")
        if sign:
            named[name] = _value(text)
        else:
            plain.append(_value(part))
    try:
        return act(bedside, *plain, **named)
    except Refused as refused:
        return f"refused: {refused}"
    except DeviceAnswer as answer:
        return f"{type(answer).__name__}: {answer}"


def _value(text: str) -> int | str:
    return int(text) if text.lstrip("-").isdecimal() else text
