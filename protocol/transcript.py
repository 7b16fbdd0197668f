"""Raw bytes of the wire as plain dictionaries, for transcripts, reports and logs."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from protocol.answers import read_answer
from protocol.codec import decode_of_any_minor, fields_of
from protocol.codes import Answer, Unit
from protocol.errors import WireError
from protocol.framing import ANSWER, Bad, Frame, decode_frame
from protocol.message_table import SPECS
from protocol.messages import Refusal
from protocol.refusals import Field, RefusalCode

__all__ = ["describe", "describe_body"]


def describe(raw: bytes) -> dict[str, Any]:
    """Describe one run of bytes, with or without its zero. All values go into JSON; bytes become hexadecimal text.

    Always there: `bytes` (how many). A frame has `kind` (request or answer), `name`, `opcode`, `session`, `sequence`, `mac`,
    and `fields`; an answer has `answer`. What cannot be read has `error`.
    """
    told: dict[str, Any] = {"bytes": len(raw)}
    item = decode_frame(raw.removesuffix(b"\0"))
    if isinstance(item, Bad):
        return told | {"error": item.reason.value, "raw": raw.hex()}
    spec = SPECS.get(item.opcode)
    told |= {
        "kind": "answer" if item.flags == ANSWER else "request",
        "name": f"{item.opcode:#06x}" if spec is None else spec.name,
        "opcode": item.opcode,
        "session": item.session,
        "sequence": item.sequence,
        "mac": item.mac.hex(),
    }
    try:
        return told | (_answer(item) if item.flags == ANSWER else _request(item))
    except WireError as error:
        return told | {"error": str(error), "raw": item.body.hex()}


def describe_body(body: tuple[Any, ...]) -> dict[str, Any]:
    """The fields of a body by name; rows become lists of dictionaries, codes of a refusal their names."""
    told = {field.name: _plain(value) for field, value in zip(fields_of(type(body)), body, strict=True)}
    if isinstance(body, Refusal):
        told |= {"code": _name(RefusalCode, body.code), "field": _name(Field, body.field), "unit": _name(Unit, body.unit)}
    return told


def _request(frame: Frame) -> dict[str, Any]:
    spec = SPECS.get(frame.opcode)
    return {"fields": {"raw": frame.body.hex()} if spec is None else describe_body(decode_of_any_minor(spec.request, frame.body))}


def _answer(frame: Frame) -> dict[str, Any]:
    reply = read_answer(frame.opcode, frame.body)
    return {"answer": Answer(reply.answer).name, "fields": describe_body(reply.body)}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    return [describe_body(row) for row in value] if isinstance(value, tuple) else value


def _name(table: type[IntEnum], number: int) -> str | int:
    """Name of a code, or the number where this version knows none."""
    return table(number).name if number in list(table) else number
