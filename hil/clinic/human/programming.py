"""Programming in a scenario: the slips in force between the clinician and the programmer, and what is left sent over the wire."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from hil.clinic.human.intent import Bolus, Bridge, Intent, Prime, Refill, Update
from hil.clinic.human.slips import HumanError, Told, told
from protocol.client import Programmer
from protocol.client.commander import error_of
from protocol.codec import encode
from protocol.codes import Answer
from protocol.limits import CHUNK_BYTES_MAX
from protocol.messages import Begin, Put, Seal

if TYPE_CHECKING:
    from hil.bench.calls import BenchCalls

__all__ = ["in_force", "programmed", "send"]


def in_force(bench: BenchCalls) -> tuple[HumanError, ...]:
    """The human faults in force on a bench, in the order in which they came."""
    rows = bench.call("faults")["in_force"]
    return tuple(HumanError(row["handle"], row["name"], row["parameters"]) for row in rows if row["name"].startswith("human."))


def programmed(bench: BenchCalls, programmer: Programmer, intent: Intent) -> Told:
    """Programme what somebody means, with the slips in force; one that acts once is over then, also when the pump refuses what came of it.

    Raises what `send` raises.
    """
    said = told(intent, in_force(bench))
    for error in said.by:
        if error.once:
            bench.clear(error.handle)
    if said.intent is not None:
        send(programmer, said.intent)
    return said


def send(programmer: Programmer, intent: Intent) -> None:
    """Tell the pump one act. Raises what the programmer raises."""
    match intent:
        case Update() if intent.stops_after:
            _abandon(programmer, intent)
        case Update():
            programmer.update(intent.therapy, overrides=intent.overrides)
        case Bolus():
            programmer.bolus(*intent)
        case Bridge():
            programmer.bridge(intent.volume_nl, intent.rate_nl_per_h)
        case Prime():
            programmer.prime(intent.volume_nl)
        case Refill():
            programmer.refill(*intent)


def _abandon(programmer: Programmer, update: Update) -> None:
    """Begin an update and walk away after the message that it stops after."""
    image = encode(update.therapy)
    _ask(programmer, "BEGIN", Begin(programmer.interrogate().generation, 0))
    if update.stops_after == "begin":
        return
    for offset in range(0, len(image), CHUNK_BYTES_MAX):
        _ask(programmer, "PUT", Put(offset, image[offset : offset + CHUNK_BYTES_MAX]))
    if update.stops_after == "seal":
        _ask(programmer, "SEAL", Seal(len(image), hashlib.sha256(image).digest()))


def _ask(programmer: Programmer, name: str, body: tuple[Any, ...]) -> None:
    answered = programmer.request(name, body)
    if answered.answer is not Answer.OK:
        raise error_of(name, answered)
