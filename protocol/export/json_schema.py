"""The wire's bodies as JSON Schema (2020-12): what test vectors and decoded captures hold.

A message is an object with its name, whether it is a request or an answer, and its fields; `protocol.export.plain_body` says how values
are written. Integers have the range that their field can carry, codes the names of this version; a code of a newer one is taken too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from protocol.answers import CARRIED
from protocol.codes import Answer
from protocol.export.layout import (
    Body,
    Codes,
    Item,
    answer_bodies,
    bodies,
    bytes_min,
    code_tables,
    is_flags,
    items,
    members,
    rows,
    said,
    unit,
    version,
)
from protocol.limits import PAYLOAD_BYTES_MAX
from protocol.message_table import INTERROGATE, MESSAGES, PROTOCOL_MAJOR, PROTOCOL_MINOR
from protocol.therapy import Therapy

__all__ = ["IDENTIFIER", "render", "schema"]

Node = dict[str, Any]

IDENTIFIER = f"urn:pumpsim:wire:{PROTOCOL_MAJOR}.{PROTOCOL_MINOR}"
_ABOUT = """One message of the wire of pumpsim, a simulated infusion pump: its fields as numbers, texts and hexadecimal bytes. An open
protocol, written for simulation and test; it is no maker's protocol. Written by `pumpsim export json-schema`."""


def render() -> str:
    """The whole document, ending in a newline."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def schema() -> Node:
    """The schema as a dictionary. Each body is also there by name, below `$defs`."""
    defs: Node = {body.__name__: _object(body) for body in (*rows(), *bodies())}
    defs |= {"Nothing": {"type": "object", "properties": {}, "additionalProperties": False, "description": "An empty body."}}
    defs |= {f"codes.{table.__name__}": _codes(table) for table in code_tables()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": IDENTIFIER,
        "title": f"Messages of the wire, version {PROTOCOL_MAJOR}.{PROTOCOL_MINOR}",
        "description": " ".join(_ABOUT.split()),
        "type": "object",
        "required": ["name", "kind", "fields"],
        "oneOf": [*_messages(), *_others()],
        "$defs": defs,
    }


# ---------------------------------------------------------------- messages


def _messages() -> Iterator[Node]:
    """Each request, each OK answer, each part of an interrogation."""
    for spec in MESSAGES:
        head: Node = {"name": {"const": spec.name}, "opcode": {"const": spec.opcode}}
        yield _message(f"{spec.name} request", {**head, "kind": {"const": "request"}}, spec.request)
        answers = answer_bodies(spec)
        answered = {**head, "kind": {"const": "answer"}, "answer": {"const": Answer.OK.name}}
        for number, body in enumerate(answers):
            part = {"part": {"const": number}} if spec.opcode == INTERROGATE else {}
            yield _message(" ".join(map(str, [spec.name, "answer", *([number] if part else [])])), {**answered, **part}, body)


def _others() -> Iterator[Node]:
    """The answers that are not OK, to whatever request."""
    for answer in Answer:
        if answer is not Answer.OK:
            head = {"name": {"type": "string"}, "kind": {"const": "answer"}, "answer": {"const": answer.name}}
            yield _message(f"{answer.name} to any request", head, CARRIED.get(answer))


def _message(title: str, head: Node, body: Body | None) -> Node:
    name = body.__name__ if body is not None and items(body) else "Nothing"
    return {
        "title": title,
        "properties": {**head, "fields": {"$ref": f"#/$defs/{name}"}},
        "required": [name for name in head if name != "opcode"],
    }


# ---------------------------------------------------------------- bodies


def _object(declaration: Body) -> Node:
    """A body or a row. Fields that came later may be missing."""
    fields = {item.name: _property(item, declaration) for item in items(declaration)}
    always = [item.name for item in items(declaration) if not item.since]
    return {
        "description": said(declaration),
        "type": "object",
        "properties": fields,
        "required": always,
        "additionalProperties": False,
        **_together(declaration),
    }


def _together(declaration: Body) -> Node:
    """Fields of one later version come together, and those of the versions before it with them."""
    later = [item for item in items(declaration) if item.since]
    needs = {item.name: [other.name for other in later if other.since <= item.since and other is not item] for item in later}
    found = {name: others for name, others in needs.items() if others}
    return {"dependentRequired": found} if found else {}


def _property(item: Item, declaration: Body) -> Node:
    return {**_form(item, declaration), **({"x-since": version(item.since)} if item.since else {})}


def _form(item: Item, declaration: Body) -> Node:
    match item.kind:
        case "int":
            return _integer(item)
        case "text":
            return {"type": "string", "maxLength": (1 << 8 * item.size) - 1, "description": "At most so many bytes of UTF-8."}
        case "many":
            assert item.row is not None
            return {"type": "array", "items": {"$ref": f"#/$defs/{item.row.__name__}"}, "maxItems": _rows_max(item, declaration)}
        case "fixed":
            return _bytes(item.size, item.size)
        case _:
            return _bytes(0, PAYLOAD_BYTES_MAX - bytes_min(declaration))


def _rows_max(item: Item, declaration: Body) -> int:
    """A one-byte count, and in a frame no more than fit into it."""
    assert item.row is not None
    most = (1 << 8 * item.size) - 1
    in_frame = declaration is not Therapy and declaration not in rows((Therapy,))
    return min(most, (PAYLOAD_BYTES_MAX - bytes_min(declaration)) // bytes_min(item.row)) if in_frame else most


def _bytes(least: int, most: int) -> Node:
    return {"type": "string", "pattern": f"^([0-9a-f]{{2}}){{{least},{most}}}$", "description": "Bytes as hexadecimal digits."}


def _integer(item: Item) -> Node:
    made: Node = {"type": "integer", "minimum": item.low, "maximum": item.high}
    if found := unit(item.name):
        made["x-unit"] = found
    if item.codes is None:
        return made
    known = {"$ref": f"#/$defs/codes.{item.codes.__name__}"}
    if item.bits:
        kind = "A sum of these masks" if is_flags(item.codes) else "One bit for each of these numbers"
        return {**made, "description": f"{kind}: {item.codes.__name__}.", "x-bits": known["$ref"]}
    return {**made, "anyOf": [known, {"not": known, "title": "a code that this version does not know"}]}


def _codes(table: Codes) -> Node:
    """Numbers with their names; for a table of flags, masks with theirs."""
    return {"description": said(table), "oneOf": [{"const": number, "title": name} for name, number in members(table).items()]}
