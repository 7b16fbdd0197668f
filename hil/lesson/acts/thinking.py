"""What a learner thinks, writes down, whom he calls, and that he is done: nothing of it touches pump or patient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.errors import QuantityError, UsageError
from hil.lesson.acts.asked import Asked, Done

if TYPE_CHECKING:
    from hil.lesson.case import Case

__all__ = ["CALLS", "call", "finish", "note", "think"]

CALLS = (
    "supervisor",
    "pump clinic",
    "pharmacy",
    "neurosurgery",
    "intensive care",
    "emergency team",
    "radiology",
    "poison centre",
    "manufacturer",
    "family",
)
PERCENT = 100


def _share(text: str) -> str:
    number = text.removesuffix("%").strip()
    if not (text.endswith("%") and number.isascii() and number.isdigit() and len(number) <= len("100") and int(number) <= PERCENT):
        raise QuantityError(f"{text!r} is no share from 0 % to {PERCENT} %", do="write it like 80 %")
    return f"{int(number)} %"


def think(case: Case, asked: Asked) -> Done:
    """Commit to a diagnosis."""
    diagnosis, sure = asked.text("diagnosis"), asked.read("sure", _share)
    known = case.setting.diagnoses
    if known and diagnosis not in known:
        raise UsageError(f"{diagnosis!r} is none of the diagnoses", where="diagnosis", do=f"it is one of: {', '.join(sorted(known))}")
    thought = {"diagnosis": diagnosis, "sure": sure}
    return Done({}, "committed to a diagnosis", (("thought", thought),))


def note(_case: Case, asked: Asked) -> Done:
    """Write something down."""
    return Done({}, "wrote a note", (("note", {"text": asked.text("text")}),))


def call(_case: Case, asked: Asked) -> Done:
    """Call somebody."""
    whom, why = asked.choice("whom", CALLS), asked.maybe("why")
    return Done({"text": f"{whom.capitalize()} is called."}, f"called {whom}{f': {why}' if why else ''}")


def finish(_case: Case, _asked: Asked) -> Done:
    """Hand the case over: the learner is done."""
    return Done({"text": "You have finished."}, "finished the lesson", (("finished", {}),))
