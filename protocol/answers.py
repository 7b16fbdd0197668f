"""Answer bodies: an `Answer` byte, and behind it what that answer carries."""

from __future__ import annotations

from typing import Any, NamedTuple

from protocol.app import BusyUntil, Refused
from protocol.codec import decode, encode
from protocol.codes import Answer
from protocol.errors import Malformed, WrongLength
from protocol.message_table import INTERROGATE, INTERROGATE_PARTS, SPECS
from protocol.messages import Busy, Expected, Nothing, Refusal

__all__ = ["CARRIED", "Reply", "failed", "ok", "of_exception", "part_answer", "read_answer"]

CARRIED: dict[Answer, type[tuple[Any, ...]]] = {
    Answer.BUSY: Busy,
    Answer.REFUSED: Refusal,
    Answer.STALE: Expected,
    Answer.ID_GAP: Expected,
    Answer.SEQUENCE_GAP: Expected,
}
"""What stands behind the answer byte when it is not OK; behind all others, nothing."""


class Reply(NamedTuple):
    """An answer as read: its byte, and its body in the declared type."""

    answer: Answer
    body: Any


def ok(body: tuple[Any, ...]) -> bytes:
    """An OK answer."""
    return b"\0" + encode(body)


def part_answer(part: int, body: tuple[Any, ...]) -> bytes:
    """An OK answer to INTERROGATE: the part's number goes before it, so that a capture reads without its request."""
    return bytes((Answer.OK, part)) + encode(body)


def failed(answer: Answer, body: tuple[Any, ...] = ()) -> bytes:
    """Any answer but OK."""
    return bytes((answer,)) + (encode(body) if body else b"")


def of_exception(error: Refused | BusyUntil) -> bytes:
    """What the app raised, as an answer."""
    if isinstance(error, Refused):
        return failed(Answer.REFUSED, error.refusal)
    return failed(Answer.BUSY, Busy(error.until_us))


def read_answer(opcode: int, data: bytes) -> Reply:
    """Read an answer body. Raises WrongLength or Malformed."""
    if not data:
        raise WrongLength("answer", 1, 0)
    if data[0] == Answer.OK:
        return Reply(Answer.OK, _read_ok(opcode, data))
    try:
        answer = Answer(data[0])
    except ValueError:
        raise Malformed(f"answer code {data[0]} is not known") from None
    return Reply(answer, decode(CARRIED.get(answer, Nothing), data[1:]))


def _read_ok(opcode: int, data: bytes) -> tuple[Any, ...]:
    if opcode != INTERROGATE:
        spec = SPECS.get(opcode)
        if spec is None:
            raise Malformed(f"OK to opcode {opcode:#06x}, which is not known")
        return decode(spec.answer, data[1:])
    if len(data) < 2:
        raise WrongLength("INTERROGATE answer", 2, len(data))
    if data[1] >= len(INTERROGATE_PARTS):
        raise Malformed(f"part {data[1]} is not known")
    return decode(INTERROGATE_PARTS[data[1]], data[2:])
