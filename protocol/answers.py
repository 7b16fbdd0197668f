"""Answer bodies: an `Answer` byte, and behind it what that answer carries."""

from __future__ import annotations

from typing import Any, NamedTuple

from protocol.app import BusyUntil, Refused
from protocol.codec import decode, decode_of_any_minor, encode, has_grown
from protocol.codes import Answer
from protocol.errors import Malformed, WrongLength
from protocol.fields import NEWEST
from protocol.limits import I64_MAX
from protocol.message_table import EDITION, INTERROGATE, INTERROGATE_PARTS, Edition
from protocol.messages import Busy, Expected, Nothing, Refusal

__all__ = ["CARRIED", "Reply", "failed", "heard_at", "of_exception", "ok", "part_answer", "read_answer"]

CARRIED: dict[Answer, type[tuple[Any, ...]]] = {
    Answer.BUSY: Busy,
    Answer.REFUSED: Refusal,
    Answer.STALE: Expected,
    Answer.ID_GAP: Expected,
    Answer.SEQUENCE_GAP: Expected,
}
"""What stands behind the answer byte when it is not OK; behind all others, nothing. These are the same in every minor version."""


class Reply(NamedTuple):
    """An answer as read: its byte, and its body in the declared type."""

    answer: Answer
    body: Any


def ok(body: tuple[Any, ...], minor: int = NEWEST) -> bytes:
    """An OK answer."""
    return b"\0" + encode(body, minor)


def part_answer(part: int, body: tuple[Any, ...], minor: int = NEWEST) -> bytes:
    """An OK answer to INTERROGATE: the part's number goes before it, so that a capture reads without its request."""
    return bytes((Answer.OK, part)) + encode(body, minor)


def heard_at(declaration: type[tuple[Any, ...]], answer: bytes, minor: int) -> bytes:
    """An answer that was kept with every field there was then, as a session of this minor version hears it."""
    if answer[0] != Answer.OK or not has_grown(declaration):
        return answer
    return ok(decode_of_any_minor(declaration, answer[1:]), minor)


def failed(answer: Answer, body: tuple[Any, ...] = ()) -> bytes:
    """Any answer but OK."""
    return bytes((answer,)) + (encode(body) if body else b"")


def of_exception(error: Refused | BusyUntil) -> bytes:
    """What the app raised, as an answer. A refused u64 that the answer's i64 cannot carry is told as the greatest that it can."""
    if isinstance(error, Refused):
        refusal = error.refusal
        return failed(Answer.REFUSED, refusal._replace(value=min(refusal.value, I64_MAX)))
    return failed(Answer.BUSY, Busy(error.until_us))


def read_answer(opcode: int, data: bytes, minor: int | None = None, edition: Edition = EDITION) -> Reply:
    """Read an answer body; whoever overhears it, and knows no minor version, goes by its length. Raises WrongLength or Malformed."""
    if not data:
        raise WrongLength("answer", 1, 0)
    if data[0] == Answer.OK:
        declaration, at = _declared(opcode, data, edition)
        body = data[at:]
        return Reply(Answer.OK, decode_of_any_minor(declaration, body) if minor is None else decode(declaration, body, minor))
    try:
        answer = Answer(data[0])
    except ValueError:
        raise Malformed(f"answer code {data[0]} is not known") from None
    return Reply(answer, decode(CARRIED.get(answer, Nothing), data[1:]))


def _declared(opcode: int, data: bytes, edition: Edition) -> tuple[type[tuple[Any, ...]], int]:
    """What an OK answer holds, and where that begins."""
    if opcode != INTERROGATE:
        spec = edition.specs.get(opcode)
        if spec is None:
            raise Malformed(f"OK to opcode {opcode:#06x}, which is not known")
        return spec.answer, 1
    if len(data) < 2:
        raise WrongLength("INTERROGATE answer", 2, len(data))
    if data[1] >= len(INTERROGATE_PARTS):
        raise Malformed(f"part {data[1]} is not known")
    return INTERROGATE_PARTS[data[1]], 2
