"""Test vectors: every message in both directions, every other answer, broken frames, and a keyed session, as JSON.

All of it is made by the code that both ends use: bodies by `protocol.codec`, frames by `protocol.framing`, keys and MACs by
`protocol.mac`. Only the values are made up, by `protocol.export.samples`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from itertools import count
from typing import Any, NamedTuple

from protocol.answers import CARRIED, failed, ok, part_answer, read_answer
from protocol.codec import decode_of_any_minor, encode
from protocol.codes import Answer
from protocol.command import command_of
from protocol.errors import WireError
from protocol.export.broken import broken_runs, unreadable_frames
from protocol.export.keyed import keyed_session
from protocol.export.layout import answer_bodies, version
from protocol.export.plain_body import plain_body
from protocol.export.samples import bodies_of, editions_of, sample
from protocol.fields import NEWEST
from protocol.framing import ANSWER, Bad, Frame, FrameDecoder, encode_frame
from protocol.message_table import HELLO, INTERROGATE, MESSAGES, PROTOCOL_MAJOR, PROTOCOL_MINOR, SPECS, Spec
from protocol.messages import Refusal
from protocol.refusals import RefusalCode
from protocol.therapy import Therapy

__all__ = ["Vector", "messages", "render"]

_ABOUT = """Test vectors of the wire of pumpsim, a simulated infusion pump. Bytes are hexadecimal, frames end with their zero, integers go
up to 2^64 - 1 and need a reader that keeps them whole."""
_SESSION = 0x01020304
_PROGRAMMER = 0x1122334455667788


class Vector(NamedTuple):
    """A message as values and as bytes. `answer` and `part` are for answers; a part is that of INTERROGATE."""

    name: str
    case: str
    body: tuple[Any, ...]
    frame: Frame
    answer: Answer | None = None
    part: int | None = None
    minor: int = NEWEST

    def plain(self) -> dict[str, Any]:
        """The vector as JSON takes it."""
        kind = {"kind": "request"} if self.answer is None else {"kind": "answer", "answer": self.answer.name}
        part = {} if self.part is None else {"part": self.part}
        since = {"since": version(SPECS[self.frame.opcode].since)} if SPECS[self.frame.opcode].since else {}
        header = {"opcode": self.frame.opcode, "session": self.frame.session, "sequence": self.frame.sequence}
        raw = {"body": self.frame.body.hex(), "frame": encode_frame(self.frame).hex()}
        return {"name": self.name, **kind, **part, **since, "case": self.case, **header, "fields": plain_body(self.body, self.minor), **raw}


def messages() -> Iterator[Vector]:
    """Every message with each case of its values; every other answer, and every refusal."""
    numbers = count(1)
    for spec in MESSAGES:
        for case, minor, body in editions_of(spec.request):
            yield Vector(spec.name, case, body, _frame(spec, encode(body, minor), next(numbers)), minor=minor)
        for part, declaration in enumerate(answer_bodies(spec)):
            for case, minor, body in editions_of(declaration):
                yield _ok(spec, (case, minor, body), part, next(numbers))
    for spec, answer, case, body in _failures():
        yield Vector(spec.name, case, body, _frame(spec, failed(answer, body), next(numbers), ANSWER), answer)


def _ok(spec: Spec, edition: tuple[str, int, tuple[Any, ...]], part: int, number: int) -> Vector:
    case, minor, body = edition
    in_parts = spec.opcode == INTERROGATE
    data = part_answer(part, body, minor) if in_parts else ok(body, minor)
    return Vector(spec.name, case, body, _frame(spec, data, number, ANSWER), Answer.OK, part if in_parts else None, minor)


def _failures() -> Iterator[tuple[Spec, Answer, str, tuple[Any, ...]]]:
    """Every answer but OK to one of the requests in turn, and a refusal with each code."""
    asked = [spec for spec in MESSAGES if spec.command]
    for number, answer in enumerate(answer for answer in Answer if answer is not Answer.OK):
        for case, body in bodies_of(CARRIED[answer]) if answer in CARRIED else [("counting", ())]:
            yield asked[number % len(asked)], answer, case, body
    for number, code in enumerate(RefusalCode):
        yield asked[number % len(asked)], Answer.REFUSED, code.name, _refusal(code)


def _refusal(code: RefusalCode) -> Refusal:
    return Refusal(*sample(Refusal, "counting"))._replace(code=code)


def _frame(spec: Spec, body: bytes, number: int, flags: int = 0) -> Frame:
    at_home = (0, 0) if spec.opcode == HELLO else (_SESSION, number)
    return Frame(spec.opcode, *at_home, body, flags)


# ---------------------------------------------------------------- the document


def render() -> str:
    """The whole document, ending in a newline; a vector stands on one line."""
    parts: dict[str, Any] = {
        "about": " ".join(_ABOUT.split()),
        "protocol": {"major": PROTOCOL_MAJOR, "minor": PROTOCOL_MINOR},
        "messages": [vector.plain() for vector in messages()],
        "broken": [_broken(name, run) for name, run in broken_runs()],
        "unreadable": [_unreadable(name, frame) for name, frame in unreadable_frames()],
        "images": [_image(case, image) for case, image in bodies_of(Therapy)],
        "commands": [_command(spec) for spec in MESSAGES if spec.command],
        "keyed_session": keyed_session(),
    }
    return "{\n" + ",\n".join(f"{json.dumps(name)}: {_lined(part)}" for name, part in parts.items()) + "\n}\n"


def _lined(part: Any) -> str:
    if not isinstance(part, list):
        return json.dumps(part, indent=1)
    return "[\n" + ",\n".join(f" {json.dumps(each)}" for each in part) + "\n]"


def _broken(name: str, run: bytes) -> dict[str, Any]:
    """A run that is no frame, as it comes over the line; without a zero at its end it paused too long."""
    decoder = FrameDecoder()
    (found,) = decoder.feed(run) or decoder.break_off()
    assert isinstance(found, Bad), name
    return {"name": name, "reason": found.reason.name, "says": found.reason.value, "run": run.hex()}


def _unreadable(name: str, frame: Frame) -> dict[str, Any]:
    """A good frame whose body is none."""
    kind = "answer" if frame.flags & ANSWER else "request"
    try:
        read_answer(frame.opcode, frame.body) if kind == "answer" else decode_of_any_minor(SPECS[frame.opcode].request, frame.body)
    except WireError as error:
        return {"name": name, "kind": kind, "error": type(error).__name__, "says": str(error), "frame": encode_frame(frame).hex()}
    raise AssertionError(f"{name} can be read")


def _image(case: str, image: tuple[Any, ...]) -> dict[str, Any]:
    data = encode(image)
    return {"case": case, "fields": plain_body(image), "image": data.hex(), "sha256": hashlib.sha256(data).hexdigest()}


def _command(spec: Spec) -> dict[str, Any]:
    """The digest by which OUTCOME tells whose command an id was: SHA-256 over opcode u16, programmer id u64 and body, 16 bytes of it."""
    body = encode(sample(spec.request, "counting"))
    digest = command_of(0, _PROGRAMMER, spec.opcode, body).digest
    return {"name": spec.name, "opcode": spec.opcode, "programmer_id": _PROGRAMMER, "body": body.hex(), "digest": digest.hex()}
