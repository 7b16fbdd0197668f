"""The wire as a dissector for Wireshark: tables written out from the declarations, before the code in `dissector.lua` that reads them.

It reads captures of link type USER0 (147) whose packets are runs of bytes as they went over the line, each with its
zero, and whose directions are the programmer's: outbound goes to the pump.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib.resources import files
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
    rows,
    said,
    snake,
    unit,
)
from protocol.framing import ANSWER, HEADER, MAC, MAC_BYTES, BadReason
from protocol.limits import DECODED_BYTES_MAX, ENCODED_BYTES_MAX
from protocol.message_table import MESSAGES, PROTOCOL_MAJOR, PROTOCOL_MINOR, Spec

__all__ = ["render"]

_ABOUT = f"""-- Dissector for the wire of pumpsim, a simulated infusion pump, version {PROTOCOL_MAJOR}.{PROTOCOL_MINOR}.
-- Use: tshark -X lua_script:THIS_FILE -r CAPTURE.pcapng, or copy it to a folder of plugins.
-- Written by `pumpsim export wireshark`; edit the declarations in protocol/ instead. An open protocol; it is no maker's protocol.
"""
_P2P_RECEIVED = 1
"""How Wireshark says that a packet is inbound: from the pump to the programmer."""


def render() -> str:
    """The whole script, ending in a newline."""
    code = (files("protocol") / "export" / "dissector.lua").read_text(encoding="utf-8")
    return f"{_ABOUT}\n{_constants()}\n{_codes()}\n{_bodies()}\n{_messages()}\n{code}"


def _constants() -> str:
    flags = {"ANSWER": ANSWER, "MAC": MAC, "OK": int(Answer.OK)}
    sizes = {"HEADER_BYTES": HEADER.size, "MAC_BYTES": MAC_BYTES, "CRC_BYTES": CRC_BYTES}
    limits = {"DECODED_BYTES_MAX": DECODED_BYTES_MAX, "RUN_BYTES_MAX": ENCODED_BYTES_MAX - 1}
    more = {"CRC_POLYNOMIAL": CRC_POLYNOMIAL, "INBOUND": _P2P_RECEIVED}
    lines = [f"local {name} = {value}" for name, value in {**flags, **sizes, **limits, **more}.items()]
    reasons = _table((f"{reason.name} = {_text(reason.value)}" for reason in BadReason), "")
    return "\n".join([*lines, f"local BAD = {reasons}", f"local HEADER = {_items(Header, '')}", ""])


def _codes() -> str:
    opcodes = _table((f"[{spec.opcode}] = {_text(spec.name)}" for spec in MESSAGES), "  ")
    flags = _table((f"[{value}] = {_text(name)}" for name, value in (("ANSWER", ANSWER), ("MAC", MAC))), "  ")
    tables = [f"  Opcode = {opcodes},", f"  HeaderFlag = {flags},"]
    tables += [f"  {table.__name__} = {_numbered(table)}," for table in code_tables()]
    return "\n".join(["local CODES = {", *tables, "}", ""])


def _numbered(table: Codes) -> str:
    return _table((f"[{number}] = {_text(name)}" for name, number in members(table).items()), "  ")


def _bodies() -> str:
    lines = []
    for body in (*bodies(), *rows()):
        prefix = f"prefix = {_text(snake(body.__name__))}"
        lines.append(f"  -- {said(body)}\n  {body.__name__} = {{ {prefix}, items = {_items(body, '  ')} }},")
    return "\n".join(["local BODIES = {", *lines, "}", ""])


def _items(declaration: Body, indent: str) -> str:
    return _table((_item(item, declaration) for item in items(declaration)), indent)


def _item(item: Item, declaration: Body) -> str:
    told: dict[str, Any] = {"name": item.name, "kind": item.kind, "size": item.size, "since": item.since}
    if item.signed:
        told["signed"] = True
    if item.row is not None:
        told["row"] = item.row.__name__
    if item.name == "opcode":
        told["codes"] = "Opcode"
    elif declaration is Header and item.name == "flags":
        told |= {"codes": "HeaderFlag", "bits": True}
    elif item.codes is not None:
        told["codes"] = item.codes.__name__
        told |= {"bits": True} if item.bits else {}
        told |= {"numbered": True} if item.bits and not is_flags(item.codes) else {}
    if found := unit(item.name):
        told["unit"] = found
    return "{ " + ", ".join(f"{name} = {_text(value)}" for name, value in told.items()) + " }"


def _messages() -> str:
    lines = [f"  [{spec.opcode}] = {{ {_message(spec)} }}," for spec in MESSAGES]
    carried = _table((f"[{int(answer)}] = {_text(body.__name__)}" for answer, body in CARRIED.items()), "")
    return "\n".join(["local MESSAGES = {", *lines, "}", "", f"local CARRIED = {carried}", ""])


def _message(spec: Spec) -> str:
    told = [f"name = {_text(spec.name)}"]
    if items(spec.request):
        told.append(f"request = {_text(spec.request.__name__)}")
    answers = answer_bodies(spec)
    if len(answers) > 1:
        told.append(f"parts = {{ {', '.join(_text(body.__name__) for body in answers)} }}")
    elif items(spec.answer):
        told.append(f"answer = {_text(spec.answer.__name__)}")
    return ", ".join(told)


def _table(entries: Iterable[str], indent: str) -> str:
    """A Lua table, an entry on each line."""
    return "{\n" + "".join(f"{indent}  {entry},\n" for entry in entries) + indent + "}"


def _text(value: object) -> str:
    """A Lua literal; JSON's strings are Lua's for the plain texts that declarations hold."""
    return json.dumps(value, ensure_ascii=False)
