"""The wire as one C99 header: constants, enums, a struct for each body with functions that get and put it, and frames.

Numbers are put together byte by byte, so neither alignment nor byte order of the machine matters. What the declarations do not hold
(COBS, CRC, the way a frame is taken apart) is `wire_core.h`.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterable, Iterator
from importlib.resources import files

from protocol import limits
from protocol.export.c_dispatch import dispatch
from protocol.export.layout import (
    CRC_BYTES,
    CRC_POLYNOMIAL,
    Body,
    Codes,
    Header,
    Item,
    bodies,
    code_tables,
    constant,
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
from protocol.framing import ANSWER, HEADER, MAC, MAC_BYTES, VERSION, BadReason
from protocol.message_table import MESSAGES, PROTOCOL_MAJOR, PROTOCOL_MINOR

__all__ = ["render"]

_ABOUT = f"""The wire of pumpsim, a simulated infusion pump, version {PROTOCOL_MAJOR}.{PROTOCOL_MINOR}, for C99.
Written by `pumpsim export c-header`; edit the declarations in protocol/ instead. An open protocol, made for simulation and test; it is
no maker's protocol.

pumpsim_parse_frame reads what stood before a zero, pumpsim_decode_request and pumpsim_decode_answer its body; pumpsim_encode_... and
pumpsim_build_frame go the other way. Nothing is allocated. Texts, tails and rows point into the bytes that were read."""
_COLUMNS = 140
_Step = Callable[[Item], Iterator[str]]


def render() -> str:
    """The whole header, ending in a newline."""
    core = (files("protocol") / "export" / "wire_core.h").read_text(encoding="utf-8")
    reading, frames = core.split(frames_begin := _heading("frames"))
    before = [_comment(_ABOUT), _GUARD, *_constants(), *_enums(), _bad(), reading]
    header = [_heading("header"), *_type(Header)]
    ordered = [*rows(), *bodies()]
    types = [_heading("bodies"), *(line for body in ordered for line in (*_type(body), *_whole(body)))]
    walks = [_heading("the same as lists of macros"), *(_fields_macro(body) for body in ordered), _types_macro(ordered)]
    return "\n".join([*before, *header, frames_begin + frames, *types, *walks, dispatch(), "#endif", ""])


_GUARD = """#ifndef PUMPSIM_WIRE_H
#define PUMPSIM_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
"""


# ---------------------------------------------------------------- constants and enums


def _constants() -> Iterator[str]:
    yield f"#define PUMPSIM_PROTOCOL_MAJOR {PROTOCOL_MAJOR}\n#define PUMPSIM_PROTOCOL_MINOR {PROTOCOL_MINOR}"
    yield f"#define PUMPSIM_VERSION {VERSION}\n#define PUMPSIM_FLAG_ANSWER {ANSWER}\n#define PUMPSIM_FLAG_MAC {MAC}"
    yield f"#define PUMPSIM_HEADER_BYTES {HEADER.size}\n#define PUMPSIM_MAC_BYTES {MAC_BYTES}\n#define PUMPSIM_CRC_BYTES {CRC_BYTES}"
    yield f"#define PUMPSIM_CRC_POLYNOMIAL UINT32_C({CRC_POLYNOMIAL:#x})\n"
    for name in _limit_names():
        value = getattr(limits, name)
        yield f"#define PUMPSIM_{name} {value if value < 1 << 31 else f'UINT64_C({value})'}"
    yield ""


def _limit_names() -> Iterator[str]:
    """The limits in the order of the source."""
    for node in ast.parse(inspect.getsource(limits)).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id in limits.__all__:
            yield node.targets[0].id


def _enums() -> Iterator[str]:
    yield _enum("opcode", "The messages.", ((spec.name, spec.opcode) for spec in MESSAGES))
    for table in code_tables():
        yield _enum(snake(table.__name__), said(table), members(table).items())
        if not is_flags(table):
            yield _names(table)


def _enum(name: str, about: str, entries: Iterable[tuple[str, int]]) -> str:
    prefix = f"PUMPSIM_{name.upper()}_"
    listed = ",\n".join(f"  {prefix}{entry} = {value}" for entry, value in entries)
    return f"{_comment(about)}\nenum pumpsim_{name} {{\n{listed}\n}};\n"


def _names(table: Codes) -> str:
    name = snake(table.__name__)
    cases = "\n".join(f'    case PUMPSIM_{name.upper()}_{code}: return "{code}";' for code in members(table))
    return f"""/* The code's name; NULL for one that this version does not know. */
static inline const char *pumpsim_{name}_name(unsigned code) {{
  switch (code) {{
{cases}
    default: return NULL;
  }}
}}
"""


def _bad() -> str:
    reasons = "\n".join(f"  PUMPSIM_BAD_{reason.name}, /* {reason.value} */" for reason in BadReason)
    cases = "\n".join(f'    case PUMPSIM_BAD_{reason.name}: return "{reason.name}";' for reason in BadReason)
    return f"""/* Why a run of bytes is no frame. */
typedef enum {{
  PUMPSIM_GOOD = 0,
{reasons.rpartition(",")[0]}{reasons.rpartition(",")[2]}
}} pumpsim_bad;

static inline const char *pumpsim_bad_name(pumpsim_bad reason) {{
  switch (reason) {{
{cases}
    default: return NULL;
  }}
}}
"""


# ---------------------------------------------------------------- bodies


def _type(declaration: Body) -> Iterator[str]:
    """Its struct, and how it is got and put."""
    name = snake(declaration.__name__)
    fields = [_member(item) for item in items(declaration)]
    minor = (
        ["uint8_t minor; /* of which the body is: fields of a later version are neither there nor put */"] if minors(declaration) else []
    )
    struct = "".join(f"  {line}\n" for line in minor + fields)
    yield f"{_comment(said(declaration))}\ntypedef struct {{\n{struct}}} pumpsim_{name};\n"
    got = "".join(f"  {line}\n" for line in _steps(declaration, _get))
    yield f"static inline void pumpsim_get_{name}(pumpsim_reader *from, pumpsim_{name} *body) {{\n{_zeroed(minor)}{got}}}\n"
    put = "".join(f"  {line}\n" for line in _steps(declaration, _put))
    yield f"static inline void pumpsim_put_{name}(pumpsim_writer *to, const pumpsim_{name} *body) {{\n{put}}}\n"


def _zeroed(minor: list[str]) -> str:
    return "  memset(body, 0, sizeof *body);\n" if minor else ""


def _member(item: Item) -> str:
    notes = [unit(item.name)] if unit(item.name) else []
    if item.name == "opcode":
        notes.append("enum pumpsim_opcode")
    if item.codes is not None:
        kind = "" if not item.bits else "sum of " if is_flags(item.codes) else "a bit for each of "
        notes.append(f"{kind}enum pumpsim_{snake(item.codes.__name__)}")
    if item.row is not None:
        notes.append(f"pumpsim_{snake(item.row.__name__)}")
    if item.since:
        notes.append(f"since {version(item.since)}")
    note = f" /* {', '.join(notes)} */" if notes else ""
    match item.kind:
        case "int":
            return f"{'int' if item.signed else 'uint'}{8 * item.size}_t {item.name};{note}"
        case "fixed":
            return f"uint8_t {item.name}[{item.size}];{note}"
        case "many":
            return f"pumpsim_rows {item.name};{note}"
        case _:
            return f"pumpsim_span {item.name};{note}"


def _steps(declaration: Body, step: _Step) -> Iterator[str]:
    """One step for each field; those of a later version inside a condition."""
    for item in items(declaration):
        if not item.since:
            yield from step(item)
    for minor in minors(declaration):
        yield "if (from->at < from->length) {" if step is _get else f"if (body->minor >= {minor}) {{"
        if step is _get:
            yield f"  body->minor = {minor};"
        yield from (f"  {line}" for item in items(declaration) if item.since == minor for line in step(item))
        yield "}"


def _get(item: Item) -> Iterator[str]:
    place = f"body->{item.name}"
    match item.kind:
        case "int":
            yield f"{place} = pumpsim_get_{'i' if item.signed else 'u'}{8 * item.size}(from);"
        case "fixed":
            yield f"pumpsim_get_fixed(from, {place}, sizeof {place});"
        case "many":
            assert item.row is not None
            row = snake(item.row.__name__)
            yield f"{place}.count = pumpsim_get_u8(from);"
            yield f"{place}.encoded = pumpsim_rows_of_{row}(from, {place}.count);"
        case _:
            yield f"{place} = pumpsim_get_{item.kind}(from);"


def _put(item: Item) -> Iterator[str]:
    place = f"body->{item.name}"
    match item.kind:
        case "int":
            yield f"pumpsim_put_{'i' if item.signed else 'u'}{8 * item.size}(to, {place});"
        case "fixed":
            yield f"pumpsim_put_fixed(to, {place}, sizeof {place});"
        case "many":
            assert item.row is not None
            yield f"pumpsim_put_rows_of_{snake(item.row.__name__)}(to, {place});"
        case _:
            yield f"pumpsim_put_{item.kind}(to, {place});"


def _whole(declaration: Body) -> Iterator[str]:
    """For a row, how many of it are got and put; for a body, how it is read and written as a whole."""
    name = snake(declaration.__name__)
    yield (_ROWS if declaration in rows() else _BODY).replace("NAME", name)


_ROWS = """/* Step over rows, to know where they end. */
static inline pumpsim_span pumpsim_rows_of_NAME(pumpsim_reader *from, uint8_t count) {
  pumpsim_reader rows = *from;
  pumpsim_NAME row;
  for (; count > 0; count--) pumpsim_get_NAME(&rows, &row);
  if (rows.result != PUMPSIM_READ) {
    from->result = rows.result;
    rows.at = from->at;
  }
  return pumpsim_get_span(from, rows.at - from->at);
}

static inline void pumpsim_put_rows_of_NAME(pumpsim_writer *to, pumpsim_rows rows) {
  pumpsim_reader from = pumpsim_reader_of(rows.encoded.bytes, rows.encoded.length);
  pumpsim_rows_of_NAME(&from, rows.count);
  if (from.result != PUMPSIM_READ || from.at != from.length) to->failed = true;
  pumpsim_put_u8(to, rows.count);
  pumpsim_put_tail(to, rows.encoded);
}
"""

_BODY = """static inline pumpsim_result pumpsim_decode_NAME(const uint8_t *bytes, size_t length, pumpsim_NAME *body) {
  pumpsim_reader from = pumpsim_reader_of(bytes, length);
  pumpsim_get_NAME(&from, body);
  return from.result == PUMPSIM_READ && from.at != length ? PUMPSIM_WRONG_LENGTH : from.result;
}

/* Returns how many bytes it took, or 0 if they do not fit. */
static inline size_t pumpsim_encode_NAME(const pumpsim_NAME *body, uint8_t *bytes, size_t capacity) {
  pumpsim_writer to = pumpsim_writer_of(bytes, capacity);
  pumpsim_put_NAME(&to, body);
  return to.failed ? 0 : to.at;
}
"""


# ---------------------------------------------------------------- lists of macros


def _fields_macro(declaration: Body) -> str:
    """Every field as F(KIND, name, more): more is a number's unit, the size of fixed bytes, or the type of rows. Those of a later minor
    version are in a list of their own, as F(KIND, name, more, minor).
    """
    name = constant(declaration.__name__)
    first = [f"F({_named(item)})" for item in items(declaration) if not item.since]
    later = [f"F({_named(item)}, {item.since})" for item in items(declaration) if item.since]
    return _macro(f"PUMPSIM_FIELDS_{name}(F)", first) + _macro(f"PUMPSIM_LATER_FIELDS_{name}(F)", later)


def _macro(name: str, lines: list[str]) -> str:
    return " \\\n  ".join([f"#define {name}", *lines]) + "\n"


def _named(item: Item) -> str:
    """Kind, name, and what else there is to know of an item."""
    match item.kind:
        case "int":
            return f'{"I" if item.signed else "U"}{8 * item.size}, {item.name}, "{unit(item.name)}"'
        case "fixed":
            return f"FIXED, {item.name}, {item.size}"
        case "many":
            assert item.row is not None
            return f"ROWS, {item.name}, {snake(item.row.__name__)}"
        case _:
            return f"{item.kind.upper()}, {item.name}, 0"


def _types_macro(declarations: Iterable[Body]) -> str:
    lines = [f"T({snake(body.__name__)}, {constant(body.__name__)})" for body in declarations]
    return "/* Every row and body, a row before those that hold it. */\n" + _macro("PUMPSIM_TYPES(T)", lines)


def _heading(title: str) -> str:
    return f"/* ---------------------------------------------------------------- {title} */\n"


def _comment(text: str) -> str:
    paragraphs = [textwrap.wrap(" ".join(part.split()), _COLUMNS - 6) for part in text.split("\n\n")]
    return "/* " + "\n *\n * ".join("\n * ".join(lines) for lines in paragraphs) + " */"
