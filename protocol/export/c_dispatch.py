"""The part of the C header that knows which body belongs to which message: requests, answers, and the parts of an interrogation."""

from __future__ import annotations

from typing import NamedTuple

from protocol.answers import CARRIED
from protocol.codes import Answer
from protocol.export.layout import Body, items, snake
from protocol.message_table import INTERROGATE, INTERROGATE_PARTS, MESSAGES
from protocol.messages import Nothing

__all__ = ["dispatch"]


class _Case(NamedTuple):
    """A label of a switch, the member of the union, and what it is."""

    label: str
    member: str
    body: Body

    def act(self, verb: str) -> str:
        """What the switch does: get it from the reader, or put it to the writer."""
        call = f"pumpsim_{verb}_{snake(self.body.__name__)}(at, &body->as.{self.member}); " if items(self.body) else ""
        return f"    case {self.label}: {call}break;"


_REQUESTS = [_Case(f"PUMPSIM_OPCODE_{spec.name}", spec.name.lower(), spec.request) for spec in MESSAGES]
_ANSWERS = [_Case(f"PUMPSIM_OPCODE_{spec.name}", spec.name.lower(), spec.answer) for spec in MESSAGES if spec.opcode != INTERROGATE]
_PARTS = [_Case(str(number), snake(body.__name__), body) for number, body in enumerate(INTERROGATE_PARTS)]
_CARRIED = [
    _Case(f"PUMPSIM_ANSWER_{answer.name}", snake(CARRIED.get(answer, Nothing).__name__), CARRIED.get(answer, Nothing))
    for answer in Answer
    if answer is not Answer.OK
]


def dispatch() -> str:
    """Unions of all requests and of all answers, with the functions that read and write them, and both as lists of macros."""
    lists = {"REQUESTS": _REQUESTS, "ANSWERS": _ANSWERS, "PARTS": _PARTS, "CARRIED": _CARRIED}
    return "\n".join([_HEADING, _requests(), _answers(), _ENDS, *(_macro(name, cases) for name, cases in lists.items())])


def _requests() -> str:
    return (
        _REQUEST.replace("UNION", _union(_REQUESTS))
        .replace("READS", _switch("get", _REQUESTS))
        .replace("WRITES", _switch("put", _REQUESTS))
    )


def _answers() -> str:
    text = _ANSWER.replace("UNION", _union([*_ANSWERS, *_PARTS, *_CARRIED]))
    named = {"ANSWERS": _ANSWERS, "PARTS": _PARTS, "CARRIED": _CARRIED}
    for name, cases in named.items():
        text = text.replace(f"READ_{name}", _switch("get", cases)).replace(f"WRITE_{name}", _switch("put", cases))
    return text


def _union(cases: list[_Case]) -> str:
    members = dict.fromkeys(f"    pumpsim_{snake(case.body.__name__)} {case.member};" for case in cases if items(case.body))
    return "  union {\n" + "\n".join(members) + "\n  } as;"


def _switch(verb: str, cases: list[_Case]) -> str:
    return "\n".join(case.act(verb) for case in cases)


def _macro(name: str, cases: list[_Case]) -> str:
    """Each case that has a body as M(LABEL, member, type)."""
    lines = [f"M({case.label}, {case.member}, {snake(case.body.__name__)})" for case in cases if items(case.body)]
    return f"#define PUMPSIM_{name}(M) \\\n  " + " \\\n  ".join(lines) + "\n"


_HEADING = "/* ---------------------------------------------------------------- requests and answers */\n"

_REQUEST = """/* A request by its opcode; the member has the message's name. A message without a body has none. */
typedef struct {
  uint16_t opcode;
UNION
} pumpsim_request_body;

static inline void pumpsim_get_request(pumpsim_reader *at, pumpsim_request_body *body) {
  switch (body->opcode) {
READS
    default: at->result = PUMPSIM_MALFORMED;
  }
}

static inline void pumpsim_put_request(pumpsim_writer *at, const pumpsim_request_body *body) {
  switch (body->opcode) {
WRITES
    default: at->failed = true;
  }
}
"""

_ANSWER = """/* An answer: `result` says what became of the request. With PUMPSIM_ANSWER_OK the member has the message's name, in an
 * interrogation that of its part, and `part` its number; with other results it has the name of what they carry, if anything. */
typedef struct {
  uint16_t opcode;
  uint8_t result;
  uint8_t part;
UNION
} pumpsim_answer_body;

static inline void pumpsim_get_part(pumpsim_reader *at, pumpsim_answer_body *body) {
  body->part = pumpsim_get_u8(at);
  if (at->result != PUMPSIM_READ) return;
  switch (body->part) {
READ_PARTS
    default: at->result = PUMPSIM_MALFORMED;
  }
}

static inline void pumpsim_get_ok(pumpsim_reader *at, pumpsim_answer_body *body) {
  switch (body->opcode) {
    case PUMPSIM_OPCODE_INTERROGATE: pumpsim_get_part(at, body); break;
READ_ANSWERS
    default: at->result = PUMPSIM_MALFORMED;
  }
}

static inline void pumpsim_get_answer(pumpsim_reader *at, pumpsim_answer_body *body) {
  body->result = pumpsim_get_u8(at);
  if (at->result != PUMPSIM_READ) return;
  switch (body->result) {
    case PUMPSIM_ANSWER_OK: pumpsim_get_ok(at, body); break;
READ_CARRIED
    default: at->result = PUMPSIM_MALFORMED;
  }
}

static inline void pumpsim_put_part(pumpsim_writer *at, const pumpsim_answer_body *body) {
  pumpsim_put_u8(at, body->part);
  switch (body->part) {
WRITE_PARTS
    default: at->failed = true;
  }
}

static inline void pumpsim_put_ok(pumpsim_writer *at, const pumpsim_answer_body *body) {
  switch (body->opcode) {
    case PUMPSIM_OPCODE_INTERROGATE: pumpsim_put_part(at, body); break;
WRITE_ANSWERS
    default: at->failed = true;
  }
}

static inline void pumpsim_put_answer(pumpsim_writer *at, const pumpsim_answer_body *body) {
  pumpsim_put_u8(at, body->result);
  switch (body->result) {
    case PUMPSIM_ANSWER_OK: pumpsim_put_ok(at, body); break;
WRITE_CARRIED
    default: at->failed = true;
  }
}
"""

_ENDS = """/* Read the body of a request's frame: all of it, or it is no body of that opcode. */
static inline pumpsim_result pumpsim_decode_request(const pumpsim_frame *frame, pumpsim_request_body *body) {
  pumpsim_reader from = pumpsim_reader_of(frame->body.bytes, frame->body.length);
  memset(body, 0, sizeof *body);
  body->opcode = frame->header.opcode;
  pumpsim_get_request(&from, body);
  return from.result == PUMPSIM_READ && from.at != from.length ? PUMPSIM_WRONG_LENGTH : from.result;
}

/* The same of an answer's frame. */
static inline pumpsim_result pumpsim_decode_answer(const pumpsim_frame *frame, pumpsim_answer_body *body) {
  pumpsim_reader from = pumpsim_reader_of(frame->body.bytes, frame->body.length);
  memset(body, 0, sizeof *body);
  body->opcode = frame->header.opcode;
  pumpsim_get_answer(&from, body);
  return from.result == PUMPSIM_READ && from.at != from.length ? PUMPSIM_WRONG_LENGTH : from.result;
}

/* Write a request's body. Returns false if it does not fit or could not be read again; `length` may be 0. */
static inline bool pumpsim_encode_request(const pumpsim_request_body *body, uint8_t *bytes, size_t capacity, size_t *length) {
  pumpsim_writer to = pumpsim_writer_of(bytes, capacity);
  pumpsim_put_request(&to, body);
  *length = to.at;
  return !to.failed;
}

/* The same of an answer's body. */
static inline bool pumpsim_encode_answer(const pumpsim_answer_body *body, uint8_t *bytes, size_t capacity, size_t *length) {
  pumpsim_writer to = pumpsim_writer_of(bytes, capacity);
  pumpsim_put_answer(&to, body);
  *length = to.at;
  return !to.failed;
}

/* Every message with a body as M(LABEL, member, type): requests, OK answers, parts of an interrogation, and what other answers carry. */"""
