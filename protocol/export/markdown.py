"""The wire as one Markdown page, written out from the declarations, so that page and code cannot part."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable
from enum import IntEnum, IntFlag
from itertools import pairwise
from typing import Any

from protocol import codes, limits, refusals, therapy
from protocol.answers import CARRIED
from protocol.codec import FieldForm, fields_of
from protocol.codes import Answer, Role
from protocol.limits import U32_MAX
from protocol.message_table import INTERROGATE, INTERROGATE_PARTS, MESSAGES, PROTOCOL_MAJOR, PROTOCOL_MINOR, Spec
from protocol.messages import Busy, Expected, Nothing, Refusal
from protocol.staging import TRANSITIONS

__all__ = ["render"]

_INTRODUCTION = f"""# Wire protocol

Version {PROTOCOL_MAJOR}.{PROTOCOL_MINOR}. An open protocol, written for simulation and test. It is no maker's protocol, and all
numbers in it are assumed. This page is generated from the declarations in `protocol/`; edit those.

## Frame

A frame is COBS-encoded bytes ended by `0x00`. Decoded, all integers little-endian:

| bytes | field | content |
|---|---|---|
| 1 | version | 1 |
| 1 | flags | bit 0: answer; bit 1: a MAC is present; all others zero |
| 2 | opcode | see the message table |
| 4 | session | 0 in HELLO, else the number that HELLO's answer gave |
| 4 | sequence | 0 in HELLO, 1 in the first request of a session, then one more each |
| 2 | length | bytes of the payload |
| 2 | zero | 0 |
| length | payload | the body |
| 8 | MAC | only when flagged |
| 4 | CRC | CRC-32C (Castagnoli) over everything before it; of `123456789` it is `0xE3069283` |

An answer repeats opcode, session and sequence with the answer bit set. Bytes that do not decode, and answers sent to a pump, are
counted and never answered. Every request that decodes gets exactly one answer. A frame of another version is answered REFUSED,
UNKNOWN_VERSION. On a busy port a server sends one answer with opcode, session and sequence 0 and the single byte PORT_BUSY.

## Exchange

The programmer asks, the pump answers, one request at a time.

- The sequence number of the last request with the same opcode and body: the same answer again, nothing is done again.
  The same number with anything else, or a lower one: REPLAY. One higher: taken, whatever its answer. Higher still: SEQUENCE_GAP.
- Without a session, or with another number than the open one: NOT_AUTHENTICATED. A new HELLO replaces the session; the very same
  HELLO gets the same answer. At sequence number {U32_MAX} the session ends.
- Commands carry an id that is used once in the life of a pump. The id of one of the last {limits.ENTRIES} commands: the same
  command gets the same answer, another CONFLICT. Up to the last id: STALE. The next id: the command is carried out or refused, and
  the id is used up either way. Higher: ID_GAP.
- OUTCOME tells what became of an id. Asked for the next id, the pump first marks it ABANDONED, so that a late copy does nothing.
- A body of a wrong length is REFUSED, LENGTH; an opcode that is not in the table UNSUPPORTED; one that the role may not use
  NOT_AUTHORISED.
- A session that times out without CLOSE ends all silences of alarms, and so does a HELLO of another programmer over an open session.
- After each start a pump tests itself for some seconds. STATUS then carries SELF_TESTING, and BEGIN, COMMIT, START, the doses, REFILL
  and SET_CLOCK are answered BUSY with the time at which it will be over. Nothing was done, and the id is used up: a client that still
  wants it asks again under the next id, by a person's decision and not as a resend. Our client waits before it sends, if it may at all.
- A pump without power, whose telemetry task hangs or whose clock stands still answers nothing.

## Versions

A HELLO of another major version is refused. A minor version adds requests, codes and flags. Who meets a code that he does not know
names it by its number and goes on. A request that an older pump does not know is answered UNSUPPORTED. Until the first release a row of
an answer may gain a field too, which the table says.

| version | adds |
|---|---|
| 1.0 | |
| 1.1 | FAULT_LOG; AlarmCause from 6 on; EventKind from 18 on; SELF_TESTING, OVERRIDDEN; MOTOR_OFF, END_OF_SERVICE; ERI and EOS are told |
| 1.1 | overrides in COMMIT; the field `daily_dose_ng_soft` of DrugEntry |
"""

_ANSWERS = """## Answers

The first byte of every answer body says what became of the request; with OK the fields of the answer follow, and in INTERROGATE
the part's number before them.
"""


def render() -> str:
    """The whole page, ending in a newline."""
    sections = [
        _INTRODUCTION,
        _answers(),
        "## Messages\n\n" + _message_table(),
        *(_message(spec) for spec in MESSAGES),
        _rows("Therapy image", [therapy.Therapy, therapy.Group, therapy.Step]),
        _rows("Rows inside answers", _nested()),
        _staging(),
        *(_code_table(table) for table in _CODE_TABLES),
        _limits(),
    ]
    return "\n".join(sections)


def _answers() -> str:
    rows = ((str(a.value), a.name, _said(CARRIED[a]) if a in CARRIED else "") for a in Answer)
    bodies = "\n".join(_body(body.__name__, body) for body in (Busy, Refusal, Expected))
    return f"{_ANSWERS}\n{_table(('byte', 'answer', 'followed by'), rows)}\n{bodies}"


def _message_table() -> str:
    asks = (Role.NONE, Role.PATIENT, Role.CLINICIAN, Role.SERVICE)
    head = ("opcode", "message", "command id", *(role.name.lower() for role in asks))
    rows = (
        (f"`{spec.opcode:#04x}`", spec.name, "yes" if spec.command else "", *("yes" if role in spec.roles else "" for role in asks))
        for spec in MESSAGES
    )
    return _table(head, rows)


def _message(spec: Spec) -> str:
    answers = INTERROGATE_PARTS if spec.opcode == INTERROGATE else (spec.answer,)
    parts = [f"### {spec.name}\n", _body("Request", spec.request)]
    for number, answer in enumerate(answers):
        parts.append(_body(f"Answer, part {number}" if len(answers) > 1 else "Answer", answer))
    return "\n".join(parts)


def _body(title: str, declaration: type[tuple[Any, ...]]) -> str:
    if declaration is Nothing:
        return f"{title}: empty.\n"
    return f"{title}: {_said(declaration)}\n\n{_fields(declaration)}"


def _fields(declaration: type[tuple[Any, ...]]) -> str:
    rows = ((f"`{field.name}`", _form(field), _unit(field.name)) for field in fields_of(declaration))
    return _table(("field", "form", "unit"), rows)


def _form(field: FieldForm) -> str:
    kind, code = field.form
    if field.row is not None:
        return f"u8 count, then rows of {field.row.__name__}"
    if kind == "int":
        return {"B": "u8", "H": "u16", "I": "u32", "Q": "u64", "q": "i64"}[code]
    return {"fixed": f"{code[:-1]} bytes", "text": "u8 length, then UTF-8", "tail": "bytes to the end"}[kind]


def _unit(name: str) -> str:
    """The unit that a field's name ends in, before any minimum or maximum."""
    plain = name.removesuffix("_min").removesuffix("_max")
    endings = {"_ng_per_ml": "ng/mL", "_nl_per_h": "nL/h", "_nl": "nL", "_ng": "ng", "_us": "us", "_s": "s", "_minute": "min"}
    for ending, unit in {**endings, "_ppm": "ppm", "_mv": "mV", "_days": "days"}.items():
        if plain.endswith(ending):
            return unit
    return ""


def _rows(title: str, declarations: Iterable[type[tuple[Any, ...]]]) -> str:
    return f"## {title}\n\n" + "\n".join(_body(f"### {declaration.__name__}\n\nRow", declaration) for declaration in declarations)


def _nested() -> list[type[tuple[Any, ...]]]:
    """Rows that messages hold, in the order they are met."""
    bodies = [body for spec in MESSAGES for body in (spec.request, spec.answer)] + list(INTERROGATE_PARTS)
    return list(dict.fromkeys(field.row for body in bodies for field in fields_of(body) if field.row is not None))


def _staging() -> str:
    rows = ((state.name, event, after.name) for state, events in TRANSITIONS.items() for event, after in events.items())
    return "## Staging of an update\n\nWhat is not in the table is refused.\n\n" + _table(("state", "on", "then"), rows)


_CODE_TABLES: tuple[type[IntEnum | IntFlag], ...] = (
    codes.Role,
    codes.Mode,
    codes.StatusFlag,
    codes.DoseState,
    codes.DoseKind,
    codes.StagingState,
    codes.AlarmClass,
    codes.AlarmCause,
    codes.BatteryState,
    codes.LogRing,
    codes.EventKind,
    codes.ResetCause,
    codes.StopReason,
    codes.Unit,
    refusals.RefusalCode,
    refusals.Field,
)


def _code_table(table: type[IntEnum | IntFlag]) -> str:
    rows = ((str(code.value), name) for name, code in table.__members__.items())
    return f"## {table.__name__}\n\n{inspect.getdoc(table)}\n\n{_table(('number', 'name'), rows)}"


def _limits() -> str:
    """Names, values and the reasons that stand below them in the source."""
    body = ast.parse(inspect.getsource(limits)).body
    reasons = {
        node.targets[0].id: after.value.value
        for node, after in pairwise(body)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
    }
    rows = ((f"`{name}`", str(getattr(limits, name)), str(reason)) for name, reason in reasons.items())
    return f"## Limits\n\n{_table(('limit', 'value', 'reason'), rows)}"


def _said(declaration: type[tuple[Any, ...]]) -> str:
    return " ".join((inspect.getdoc(declaration) or "").split())


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
