"""The wire as a Kaitai Struct description of one COBS-decoded frame.

The outer sequence takes the frame apart and refuses what `protocol.framing` refuses; the instance `body` reads the payload, so that a
parser still has the frame where a body cannot be read.
"""

from __future__ import annotations

from typing import Any

from protocol.answers import CARRIED
from protocol.codes import Answer
from protocol.export.layout import (
    CRC_BYTES,
    CRC_POLYNOMIAL,
    Body,
    Codes,
    Header,
    Item,
    answer_bodies,
    bodies,
    code_tables,
    is_flags,
    items,
    members,
    minors,
    rows,
    said,
    snake,
    unit,
    version,
)
from protocol.export.yaml_text import yaml_text
from protocol.framing import ANSWER, HEADER, MAC, MAC_BYTES
from protocol.limits import DECODED_BYTES_MAX
from protocol.message_table import INTERROGATE, MESSAGES, PROTOCOL_MAJOR, PROTOCOL_MINOR
from protocol.therapy import Therapy

__all__ = ["render"]

Node = dict[str, Any]

_ABOUT = f"""One frame of the wire of pumpsim, a simulated infusion pump, version {PROTOCOL_MAJOR}.{PROTOCOL_MINOR}.
Give it the bytes between two zeros, COBS-decoded. An open protocol, written for simulation and test; it is no maker's protocol."""


def render() -> str:
    """The whole description, ending in a newline."""
    types = {"request": _request(), "answer": _answer(), "unknown": _unknown()} | _answer_types()
    types |= {snake(row.__name__): _type(row) for row in rows()}
    types |= {snake(body.__name__): _type(body) for body in bodies()}
    types |= {"crc_steps": _crc_steps(), "crc_step": _crc_step()}
    root: Node = {
        "meta": {
            "id": "pumpsim_frame",
            "title": "Frame of a simulated infusion pump",
            "license": "Apache-2.0",
            "ks-version": "0.9",
            "endian": "le",
            "encoding": "UTF-8",
        },
        "doc": " ".join(_ABOUT.split()),
        "seq": _frame(),
        "instances": _frame_instances(),
        "types": types,
        "enums": _enums(),
    }
    return "# Written by `pumpsim export kaitai`; edit the declarations in protocol/ instead.\n" + yaml_text(root)


# ---------------------------------------------------------------- the frame


def _frame() -> list[Node]:
    """Header, payload, MAC and CRC; what follows is refused, as are reserved bits and a wrong CRC."""
    valid = {
        "version": f"_io.size <= {DECODED_BYTES_MAX}",
        "flags": f"(_ & {0xFF & ~(ANSWER | MAC)}) == 0",
        "zero": "_ == 0",
    }
    header = []
    for item in items(Header):
        field = _field(item)
        if item.name == "opcode":
            field["enum"] = "opcode"
        if item.name in valid:
            field["valid"] = {"expr": valid[item.name]}
        header.append(field)
    return [
        *header,
        {"id": "payload", "size": "length", "doc": "The body as bytes; the instance `body` reads it."},
        {"id": "mac", "size": MAC_BYTES, "if": "has_mac", "doc": "HMAC-SHA-256, cut; only the two ends of the session can check it."},
        {
            "id": "crc",
            "type": f"u{CRC_BYTES}",
            "valid": {"expr": "_ % 65536 == crc_computed.low and _ / 65536 == crc_computed.high"},
            "doc": "CRC-32C over all bytes before it.",
        },
        _end("excess"),
    ]


def _frame_instances() -> Node:
    return {
        "is_answer": {"value": f"(flags & {ANSWER}) != 0", "doc": "Sent by the pump."},
        "has_mac": {"value": f"(flags & {MAC}) != 0"},
        "body": {
            "pos": HEADER.size,
            "size": "length",
            "type": {"switch-on": "is_answer", "cases": {"true": "answer", "false": "request"}},
            "doc": "What the payload says. Reading it fails where the payload does not fit its declaration.",
        },
        "crc_computed": {"pos": 0, "size": f"{HEADER.size} + length + (has_mac ? {MAC_BYTES} : 0)", "type": "crc_steps"},
    }


def _request() -> Node:
    cases = {f"opcode::{snake(spec.name)}": snake(spec.request.__name__) for spec in MESSAGES if items(spec.request)}
    cases |= {f"opcode::{snake(spec.name)}": "nothing" for spec in MESSAGES if not items(spec.request)}
    return {
        "doc": "What the programmer asks; fields of an opcode that is not in the table are left as bytes.",
        "seq": [{"id": "fields", "type": {"switch-on": "_root.opcode", "cases": cases | {"_": "unknown"}}}, _end("excess")],
    }


def _answer() -> Node:
    cases = {
        f"answer_code::{answer.name.lower()}": snake(CARRIED[answer].__name__) if answer in CARRIED else "nothing" for answer in Answer
    }
    cases[f"answer_code::{Answer.OK.name.lower()}"] = "ok"
    return {
        "doc": "What the pump says: what became of the request, and behind it what that answer carries.",
        "seq": [
            {"id": "result", "type": "u1", "enum": "answer_code"},
            {"id": "fields", "type": {"switch-on": "result", "cases": cases | {"_": "unknown"}}},
            _end("excess"),
        ],
    }


def _answer_types() -> Node:
    """The OK answer by opcode, INTERROGATE's by part, and the empty body."""
    cases: dict[str, str] = {}
    for spec in MESSAGES:
        name = snake(spec.answer.__name__) if items(spec.answer) else "nothing"
        cases[f"opcode::{snake(spec.name)}"] = "part" if spec.opcode == INTERROGATE else name
    parts = next(answer_bodies(spec) for spec in MESSAGES if spec.opcode == INTERROGATE)
    by_number = {str(number): snake(body.__name__) for number, body in enumerate(parts)}
    return {
        "ok": {"seq": [{"id": "fields", "type": {"switch-on": "_root.opcode", "cases": cases | {"_": "unknown"}}}]},
        "part": {
            "doc": "An answer to INTERROGATE: the part's number, and the part.",
            "seq": [
                {"id": "number", "type": "u1"},
                {"id": "fields", "type": {"switch-on": "number", "cases": by_number | {"_": "unknown"}}},
            ],
        },
        "nothing": {"doc": "An empty body."},
    }


def _unknown() -> Node:
    return {"doc": "Bytes that this version cannot name.", "seq": [{"id": "data", "size-eos": True}]}


def _end(name: str) -> Node:
    """Nothing may follow: a byte too many is as wrong as one too few."""
    return {"id": name, "size-eos": True, "valid": {"expr": "_.length == 0"}}


# ---------------------------------------------------------------- bodies


def _type(declaration: Body) -> Node:
    """A body or a row. Fields that came later are there if the body goes on, all of one minor version or none."""
    fields: list[Node] = []
    for item in items(declaration):
        counted = _counted(item)
        for field in counted:
            if item.since:
                field["if"] = f"has_minor_{item.since}"
                field["doc"] = "; ".join([*([field["doc"]] if "doc" in field else []), f"since version {version(item.since)}"])
        fields += counted
    made: Node = {"doc": said(declaration), "seq": fields}
    if minors(declaration):
        made["instances"] = {f"has_minor_{minor}": {"value": "not _io.eof"} for minor in minors(declaration)}
    if declaration is Therapy:
        made["doc"] += " PUT and READBACK carry it in pieces: join those, then read this type."
    return made


def _counted(item: Item) -> list[Node]:
    """An item, with the length or the count that stands before it."""
    number = {1: "u1", 2: "u2"}
    match item.kind:
        case "text" | "blob":
            kind: Node = {"type": "str"} if item.kind == "text" else {}
            return [{"id": f"len_{item.name}", "type": number[item.size]}, {"id": item.name, "size": f"len_{item.name}", **kind}]
        case "many":
            assert item.row is not None
            many = {"repeat": "expr", "repeat-expr": f"num_{item.name}"}
            return [{"id": f"num_{item.name}", "type": "u1"}, {"id": item.name, "type": snake(item.row.__name__), **many}]
        case "tail":
            return [{"id": item.name, "size-eos": True}]
        case _:
            return [_field(item)]


def _field(item: Item) -> Node:
    """A number or bytes of a fixed length."""
    if item.kind == "fixed":
        return {"id": item.name, "size": item.size}
    field: Node = {"id": item.name, "type": f"{'s' if item.signed else 'u'}{item.size}"}
    if item.name == "opcode":
        field["enum"] = "opcode"
    if item.codes is not None and not item.bits:
        field["enum"] = _enum_name(item.codes)
    notes = [f"unit: {found}" for found in [unit(item.name)] if found]
    if item.codes is not None and item.bits:
        notes.append(f"{'masks' if is_flags(item.codes) else 'numbers of bits'}: enum {_enum_name(item.codes)}")
    return field | ({"doc": "; ".join(notes)} if notes else {})


# ---------------------------------------------------------------- enums


def _enum_name(table: Codes) -> str:
    return "answer_code" if table is Answer else snake(table.__name__)


def _enums() -> Node:
    since = {spec.opcode: f" Since version {version(spec.since)}." if spec.since else "" for spec in MESSAGES}
    opcodes = {spec.opcode: {"id": snake(spec.name), "doc": said(spec.request) + since[spec.opcode]} for spec in MESSAGES}
    tables = {_enum_name(table): {number: name.lower() for name, number in members(table).items()} for table in code_tables()}
    return {"opcode": opcodes, **tables}


# ---------------------------------------------------------------- CRC


def _crc_steps() -> Node:
    """CRC-32C in two halves of 16 bits, since many targets have no unsigned numbers of 32."""
    before = "(_index == 0 ? 0xffff : steps[_index - 1].{})"
    table = [_crc_of_nibble(number) for number in range(16)]
    return {
        "doc": "CRC-32C, one step a byte.",
        "seq": [{"id": "steps", "type": f"crc_step({before.format('high')}, {before.format('low')})", "repeat": "eos"}],
        "instances": {
            "high": {"value": "steps.last.high ^ 0xffff"},
            "low": {"value": "steps.last.low ^ 0xffff"},
            "high_table": {"value": f"[{', '.join(str(value >> 16) for value in table)}]"},
            "low_table": {"value": f"[{', '.join(str(value & 0xFFFF) for value in table)}]"},
        },
    }


def _crc_step() -> Node:
    """A byte is worked in as two times four bits."""
    made: Node = {
        "first": {"value": "(low_before ^ byte) & 15"},
        "high_between": {"value": "(high_before >> 4) ^ _parent.high_table[first]"},
        "low_between": {"value": "((low_before >> 4) | ((high_before & 15) << 12)) ^ _parent.low_table[first]"},
        "second": {"value": "(low_between ^ (byte >> 4)) & 15"},
        "high": {"value": "(high_between >> 4) ^ _parent.high_table[second]"},
        "low": {"value": "((low_between >> 4) | ((high_between & 15) << 12)) ^ _parent.low_table[second]"},
    }
    params = [{"id": "high_before", "type": "u2"}, {"id": "low_before", "type": "u2"}]
    return {"params": params, "seq": [{"id": "byte", "type": "u1"}], "instances": made}


def _crc_of_nibble(number: int) -> int:
    """The table's entry: the reflected polynomial, four times. The test holds the result against `protocol.crc`."""
    for _ in range(4):
        number = number >> 1 ^ (CRC_POLYNOMIAL if number & 1 else 0)
    return number
