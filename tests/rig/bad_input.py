"""What must hold around a request that is refused: a coded answer, the therapy untouched, at most one line in the log."""

from __future__ import annotations

from typing import Any, NamedTuple

from protocol.client import Programmer
from protocol.codes import Answer, Unit
from protocol.framing import Frame, FrameDecoder
from protocol.limits import ENTRIES
from protocol.messages import Refusal
from protocol.refusals import Field, RefusalCode
from tests.link.bedside import Bedside

__all__ = ["Footprint", "Limit", "footprint", "opcodes_heard", "refused"]


class Limit(NamedTuple):
    """What a refusal names: code, field, value, limit, unit."""

    code: RefusalCode
    field: Field
    value: int
    limit: int
    unit: Unit = Unit.NONE


class Footprint(NamedTuple):
    """What a refusal may not change (therapy, generation, mode, totals), and what it may by one (log, answers)."""

    therapy_digest: str
    generation: int
    mode: str
    totals: tuple[int, ...]
    log_newest: int
    answers: tuple[bytes, ...]


def footprint(bedside: Bedside) -> Footprint:
    """The pump as it is now."""
    pump = bedside.unit.pump
    belief, table = pump.status(), pump.load("answer_table")
    size = len(table) // ENTRIES
    answers = tuple(table[at : at + size] for at in range(0, len(table), size))
    return Footprint(pump.digest("therapy"), belief.generation, belief.mode, bedside.totals(), belief.log_newest, answers)


def refused(bedside: Bedside, programmer: Programmer, name: str, body: tuple[Any, ...]) -> Limit:
    """Send a request that must be refused; returns what the refusal named, all else having stayed as it was."""
    before = footprint(bedside)
    answered = programmer.request(name, body)
    check_unchanged(before, footprint(bedside))
    assert answered.answer is Answer.REFUSED, answered
    refusal: Refusal = answered.body
    return Limit(RefusalCode(refusal.code), Field(refusal.field), refusal.value, refusal.limit, Unit(refusal.unit))


def check_unchanged(before: Footprint, after: Footprint) -> None:
    """Nothing but one log record and one answer entry may differ."""
    assert after[:4] == before[:4]
    assert after.log_newest - before.log_newest <= 1
    assert sum(old != new for old, new in zip(before.answers, after.answers, strict=True)) <= 1


def opcodes_heard(bedside: Bedside) -> list[int]:
    """Opcodes of every frame that has reached the pump."""
    found = FrameDecoder().feed(b"".join(bedside.heard))
    return [item.opcode for item in found if isinstance(item, Frame)]
