"""Acts of traces that no proper programmer does: frames bent, unproved, played again, or sent by somebody without a key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hil.instruments.intruder import Intruder, frames_in
from hil.mutants.bedside import Bedside
from protocol.codec import encode
from protocol.codes import Answer, Role
from protocol.device.raw_memory import RAW_MEMORY, Peek
from protocol.errors import BadAnswer
from protocol.framing import Frame, encode_frame
from protocol.message_table import BY_NAME

__all__ = ["STRANGE_ACTS"]

STRANGER = 99


def _host(bedside: Bedside) -> Intruder:
    return Intruder(bedside.bench.send, STRANGER)


def _answer(bedside: Bedside, frame: Frame) -> str:
    """What comes back to a frame, in a word."""
    return _answer_to(bedside, encode_frame(frame))


def _answer_to(bedside: Bedside, data: bytes) -> str:
    """What comes back to these bytes, by its first byte."""
    found = frames_in(bedside.bench.send(data))
    return Answer(found[0].body[0]).name if found else "nothing"


def _last_sent(bedside: Bedside) -> Frame:
    """The programmer's last frame."""
    (frame,) = frames_in(bedside.sent[-1])
    return frame


def record_stop(bedside: Bedside) -> None:
    """Send STOP, and keep its frame."""
    bedside.ask("STOP")
    bedside.recorded = bedside.sent[-1]


def replay(bedside: Bedside) -> str:
    """The frame that was kept, once more; how the pump then runs."""
    return f"{_answer_to(bedside, bedside.recorded)}, {bedside.bench.status()['mode']}"


def flipped(bedside: Bedside) -> str:
    """A HELLO with one flipped bit in the part of it that names nobody."""
    data = bytearray(encode_frame(_host(bedside).hello_frame(client_nonce=bytes([0x55]) * 16)))
    data[-12] ^= 0x10
    return _answer_to(bedside, bytes(data))


def unproved(bedside: Bedside) -> str:
    """STOP in the programmer's own session, as his next request, with a MAC of noughts."""
    bedside.programmer.status()
    sent = _last_sent(bedside)
    return _answer(bedside, Frame(BY_NAME["STOP"].opcode, sent.session, sent.sequence + 1, b"", 0, bytes(8)))


def clinician_with_patients_key(bedside: Bedside) -> str:
    """A clinician's HELLO with the id of the patient's key."""
    return _answer(bedside, _host(bedside).hello_frame(Role.CLINICIAN, int(Role.PATIENT)))


def raw(bedside: Bedside, name: str) -> str:
    """A request in the session as it was, which a programmer would have opened anew."""
    line: Any = bedside.programmer
    before = line.identity_hello.session
    body = bedside.programmer.request(name)
    return f"{body.answer.name}, {'the same session' if _last_sent(bedside).session == before else 'a new session'}"


def stranger(bedside: Bedside, name: str) -> str:
    """A request without a session."""
    return f"{_answer(bedside, Frame(BY_NAME[name].opcode, 0, 0, b''))}, {bedside.bench.status()['mode']}"


def bad_hellos(bedside: Bedside, count: int) -> str:
    """HELLOs that name a key which is not there, one after the other."""
    frames = [_host(bedside).hello_frame(key_id=9, client_nonce=bytes([number]) * 16) for number in range(count)]
    return ", ".join(_answer(bedside, frame) for frame in frames)


def hello(bedside: Bedside, major: int) -> str:
    """A HELLO of a major version."""
    return _answer(bedside, _host(bedside).hello_frame(major=major))


def peek(bedside: Bedside) -> str:
    """A request to read raw memory."""
    try:
        return bedside.programmer.raw_request(RAW_MEMORY[0].opcode, encode(Peek(0, 0, 16))).answer.name
    except BadAnswer:
        return "bytes that the protocol does not know"


STRANGE_ACTS: dict[str, Callable[..., object]] = {
    act.__name__: act
    for act in (record_stop, replay, flipped, unproved, clinician_with_patients_key, raw, stranger, bad_hellos, hello, peek)
}
"""By their words."""
