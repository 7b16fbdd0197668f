"""The wire as one Markdown page, written out from the declarations, so that page and code cannot part."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable
from enum import IntFlag
from itertools import pairwise

from protocol import limits
from protocol.answers import CARRIED
from protocol.codes import AlarmCause, Answer, Role
from protocol.device.staging import TRANSITIONS
from protocol.export.layout import Body, Codes, Item, answer_bodies, code_tables, items, members, minors, rows, said, unit, version
from protocol.export.sessions import SESSIONS
from protocol.export.walk import WALK
from protocol.limits import U32_MAX
from protocol.message_table import MESSAGES, PROTOCOL_MAJOR, PROTOCOL_MINOR, Spec
from protocol.messages import Busy, Expected, Nothing, Refusal
from protocol.therapy import Therapy

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
- Without a session, or with another number than the open one: NOT_AUTHENTICATED. The very same HELLO gets the same answer. At
  sequence number {U32_MAX} the session ends.
- Commands carry an id that is used once in the life of a pump. The id of one of the last {limits.ENTRIES} commands: the same
  command gets the same answer, another CONFLICT. Up to the last id: STALE. The next id: the command is carried out or refused, and
  the id is used up either way. Higher: ID_GAP.
- OUTCOME tells what became of an id. Asked for the next id, the pump first marks it ABANDONED, so that a late copy does nothing.
- A body of a wrong length is REFUSED, LENGTH; an opcode that is not in the table UNSUPPORTED; one that the role may not use
  NOT_AUTHORISED.
- A session that times out without CLOSE ends all silences of alarms, and so does another programmer's that takes its place.
- After each start a pump tests itself for some seconds. STATUS then carries SELF_TESTING, and BEGIN, COMMIT, START, the doses, REFILL
  and SET_CLOCK are answered BUSY with the time at which it will be over. Nothing was done, and the id is used up: a client that still
  wants it asks again under the next id, by a person's decision and not as a resend. Our client waits before it sends, if it may at all.
- A pump without power, whose telemetry task hangs or whose clock stands still answers nothing.

{SESSIONS}
{WALK}
## Versions

HELLO and its answer each name a minor version, and in the session both ends speak the lower of the two. A body has exactly the fields
that came up to it: the column "since" says with which version a field or a message came, and nothing there is the first. A message that
came later than the session's version is UNSUPPORTED in it. HELLO, its answer and the bodies of all answers but OK are the same in every
minor version, and so is a STOP without a session. Who meets a number that he does not know carries it as a number. A HELLO of another
major version is REFUSED, UNKNOWN_VERSION. [What a minor version may add](compatibility.md), and what a client should make of it, is a
page of its own.

| version | adds |
|---|---|
| 1.0 | (its COMMIT had no overrides and its DrugEntry no `daily_dose_ng_soft`; who names it is spoken to with the bodies of 1.1) |
| 1.1 | FAULT_LOG; AlarmCause from 6 on; EventKind from 18 on; SELF_TESTING, OVERRIDDEN; MOTOR_OFF, END_OF_SERVICE; ERI and EOS are told |
| 1.2 | keys, proofs and MACs; SELF_TEST, SERVICE_RESET, KEY; `turned_away` of STATUS; Role from 4 on |
| 1.2 | AlarmCause from 19 on; EventKind from 22 on; RefusalCode from 36 on; Field from 32 on |
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
        _rows("Therapy image", (Therapy, *reversed(rows((Therapy,))))),
        _rows("Rows inside messages", [row for row in rows() if row not in rows((Therapy,))]),
        _staging(),
        *(_code_table(table) for table in code_tables() if table is not Answer),
        _limits(),
    ]
    return "\n".join(sections)


def _answers() -> str:
    told = ((str(a.value), a.name, said(CARRIED[a]) if a in CARRIED else "") for a in Answer)
    bodies = "\n".join(_body(body.__name__, body) for body in (Busy, Refusal, Expected))
    return f"{_ANSWERS}\n{_table(('byte', 'answer', 'followed by'), told)}\n{bodies}"


def _message_table() -> str:
    asks = tuple(Role)
    head = ("opcode", "message", "since", "command id", *(role.name.lower() for role in asks))
    return _table(
        head, ((f"`{s.opcode:#04x}`", s.name, version(s.since), *_yes(s.command, *(r in s.roles for r in asks))) for s in MESSAGES)
    )


def _yes(*so: bool) -> tuple[str, ...]:
    return tuple("yes" if each else "" for each in so)


def _message(spec: Spec) -> str:
    answers = answer_bodies(spec)
    parts = [f"### {spec.name}\n", _body("Request", spec.request)]
    for number, answer in enumerate(answers):
        parts.append(_body(f"Answer, part {number}" if len(answers) > 1 else "Answer", answer))
    return "\n".join(parts)


def _body(title: str, declaration: Body) -> str:
    if declaration is Nothing:
        return f"{title}: empty.\n"
    return f"{title}: {said(declaration)}\n\n{_fields(declaration)}"


def _fields(declaration: Body) -> str:
    later = bool(minors(declaration))
    described = ((f"`{item.name}`", _form(item), _meaning(item), *([version(item.since)] if later else [])) for item in items(declaration))
    return _table(("field", "form", "unit or table", *(["since"] if later else [])), described)


def _form(item: Item) -> str:
    match item.kind:
        case "int":
            return f"{'i' if item.signed else 'u'}{8 * item.size}"
        case "many":
            assert item.row is not None
            return f"u8 count, then rows of {item.row.__name__}"
        case "fixed":
            return f"{item.size} bytes"
        case _:
            return {"text": "u8 length, then UTF-8", "tail": "bytes to the end"}[item.kind]


def _meaning(item: Item) -> str:
    """A number's unit, or the table that it is looked up in."""
    if item.codes is None:
        return unit(item.name)
    place = f"[{item.codes.__name__}](#{'answers' if item.codes is Answer else item.codes.__name__.lower()})"
    return f"bits of {place}" if item.bits else place


def _rows(title: str, declarations: Iterable[Body]) -> str:
    return f"## {title}\n\n" + "\n".join(_body(f"### {declaration.__name__}\n\nRow", declaration) for declaration in declarations)


def _staging() -> str:
    rows = ((state.name, event, after.name) for state, events in TRANSITIONS.items() for event, after in events.items())
    return "## Staging of an update\n\nWhat is not in the table is refused.\n\n" + _table(("state", "on", "then"), rows)


def _code_table(table: Codes) -> str:
    named = ((str(number), name) for name, number in members(table).items())
    return f"## {table.__name__}\n\n{said(table)}\n\n{_table((_heading(table), 'name'), named)}"


def _heading(table: Codes) -> str:
    """What the numbers of a table are."""
    if issubclass(table, IntFlag):
        return "value of the bit"
    return "place of the bit" if table is AlarmCause else "number"


def _limits() -> str:
    """Names, values and the reasons that stand below them in the source."""
    body = ast.parse(inspect.getsource(limits)).body
    reasons = {
        node.targets[0].id: after.value.value
        for node, after in pairwise(body)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
    }
    told = ((f"`{name}`", str(getattr(limits, name)), " ".join(str(reason).split())) for name, reason in reasons.items())
    return f"## Limits\n\n{_table(('limit', 'value', 'reason'), told)}"


def _table(head: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
