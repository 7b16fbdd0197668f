"""Answers that are well-formed and untrue: one field of the body says something else, in its own form."""

from __future__ import annotations

import struct
from typing import Any

from protocol.answers import CARRIED
from protocol.codec import FieldForm, decode, encode, fields_of
from protocol.codes import Answer
from protocol.errors import WireError
from protocol.framing import Frame
from protocol.fuzz.draws import Draw, edges
from protocol.limits import PAYLOAD_BYTES_MAX
from protocol.message_table import INTERROGATE, INTERROGATE_PARTS, SPECS

__all__ = ["reworded"]

_TEXTS = ("", "S-1", "\u00e9" * 20, "x" * 100)


def reworded(draw: Draw, answer: Frame) -> Frame:
    """The answer with another content; the same one where it cannot be read or would get too long."""
    head, declaration = _declared(answer)
    if declaration is None or not fields_of(declaration):
        return answer
    try:
        body = encode(_another(draw, decode(declaration, answer.body[head:])))
    except WireError:
        return answer
    return answer._replace(body=answer.body[:head] + body) if head + len(body) <= PAYLOAD_BYTES_MAX else answer


def _declared(answer: Frame) -> tuple[int, type[tuple[Any, ...]] | None]:
    """Bytes before the fields of an answer's body, and their declaration."""
    body = answer.body
    if not body:
        return 0, None
    if body[0] != Answer.OK:
        return 1, CARRIED.get(Answer(body[0])) if body[0] in tuple(Answer) else None
    if answer.opcode != INTERROGATE:
        spec = SPECS.get(answer.opcode)
        return 1, None if spec is None else spec.answer
    return 2, INTERROGATE_PARTS[body[1]] if len(body) >= 2 and body[1] < len(INTERROGATE_PARTS) else None


def _another(draw: Draw, body: tuple[Any, ...]) -> tuple[Any, ...]:
    """One or two fields said otherwise."""
    fields, values = fields_of(type(body)), list(body)
    for _ in range(draw.randint(1, 2)):
        at = draw.randrange(len(fields))
        values[at] = _value(draw, fields[at], values[at])
    return tuple.__new__(type(body), values)


def _value(draw: Draw, field: FieldForm, value: Any) -> Any:
    match field.form.kind:
        case "int":
            return _number(draw, field.form.code, value)
        case "fixed":
            return draw.randbytes(len(value))
        case "text":
            return draw.choice(_TEXTS)
        case "many":
            return _rows(draw, value)
        case _:
            return draw.choice((b"", value[:-1], value + b"\0", draw.randbytes(max(1, len(value)))))


def _number(draw: Draw, code: str, value: int) -> int:
    size = struct.calcsize("<" + code)
    bits = edges(draw, size, value % (1 << 8 * size))
    return bits if code.isupper() else bits - (bits >> (8 * size - 1) << 8 * size)


def _rows(draw: Draw, rows: tuple[Any, ...]) -> tuple[Any, ...]:
    """Rows fewer, doubled, turned about, or one of them said otherwise."""
    if not rows or draw.randrange(3) == 0:
        return draw.choice(((), rows[:1], rows + rows, rows[::-1]))
    at = draw.randrange(len(rows))
    return (*rows[:at], _another(draw, rows[at]), *rows[at + 1 :])
