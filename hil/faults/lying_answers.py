"""What `answer.*` faults make of an answer: frames that decode, and lie.

With keyed sessions such frames carry no valid MAC any more: a line can lie only as far as nobody signs.
"""

from __future__ import annotations

from collections.abc import Callable

from hil.faults.line_fault import LineFault
from hil.faults.passage import Notes, Passage
from protocol.answers import failed
from protocol.codec import decode, encode
from protocol.codes import Answer
from protocol.errors import WireError
from protocol.framing import ANSWER, Frame, decode_frame, encode_frame
from protocol.limits import U32_MAX
from protocol.message_table import CLOSE, HELLO, INTERROGATE
from protocol.messages import Busy, HelloAnswer, Identity

__all__ = ["lie"]

NEVER_US = (1 << 64) - 1
SEQUENCES = U32_MAX + 1


def lie(fault: LineFault, passage: Passage, number: int) -> Notes | None:
    """Do what a fault of the answers does; None if this frame is none that it can strike."""
    frame = decode_frame(passage.data.removesuffix(b"\0"))
    if not isinstance(frame, Frame) or (frame.flags == ANSWER) == (fault.name == "answer.busy_for_ever"):
        return None
    if fault.name in _LIES:
        told = _LIES[fault.name](fault, frame, number)
        if told is None:
            return None
        passage.replace(encode_frame(told))
        return {"sequence": told.sequence, "body_bytes": len(told.body)}
    return _DEEDS[fault.name](fault, passage, frame)


def _wrong_sequence(fault: LineFault, frame: Frame, _number: int) -> Frame:
    return frame._replace(sequence=(frame.sequence + fault.number("offset_count")) % SEQUENCES)


def _short_body(fault: LineFault, frame: Frame, _number: int) -> Frame:
    return frame._replace(body=frame.body[: max(0, len(frame.body) - fault.number("missing_bytes"))])


def _garbage(fault: LineFault, frame: Frame, number: int) -> Frame:
    return frame._replace(body=fault.noise(fault.directions[0], number, len(frame.body)))


def _unknown_code(fault: LineFault, frame: Frame, _number: int) -> Frame:
    return frame._replace(body=bytes((fault.number("code"),)))


def _wrong_serial(fault: LineFault, frame: Frame, _number: int) -> Frame | None:
    """HELLO and the first part of INTERROGATE, if they were answered OK."""
    kinds: dict[int, tuple[type[HelloAnswer | Identity], bytes]] = {HELLO: (HelloAnswer, b"\0"), INTERROGATE: (Identity, b"\0\0")}
    if frame.opcode not in kinds:
        return None
    kind, head = kinds[frame.opcode]
    if not frame.body.startswith(head):
        return None
    try:
        told = decode(kind, frame.body[len(head) :])
    except WireError:
        return None
    return frame._replace(body=head + encode(told._replace(serial=str(fault.values["serial"]))))


def _late(fault: LineFault, passage: Passage, _frame: Frame) -> Notes:
    delay_us = fault.number("delay_us")
    passage.pieces = [piece._replace(delay_us=piece.delay_us + delay_us) for piece in passage.pieces]
    return {"delay_us": delay_us}


def _stale(fault: LineFault, passage: Passage, _frame: Frame) -> Notes | None:
    if not fault.state.answer_before:
        return None
    passage.replace(fault.state.answer_before)
    return {"told_bytes": len(fault.state.answer_before)}


def _busy(_fault: LineFault, passage: Passage, frame: Frame) -> Notes | None:
    """The request does not reach the pump: one that is busy does nothing."""
    if frame.opcode in (HELLO, CLOSE):
        return None
    passage.pieces = []
    passage.replies.append(encode_frame(Frame(frame.opcode, frame.session, frame.sequence, failed(Answer.BUSY, Busy(NEVER_US)), ANSWER)))
    return {"sequence": frame.sequence}


def _reboot(_fault: LineFault, passage: Passage, frame: Frame) -> Notes:
    passage.pieces = []
    passage.reboot = True
    return {"sequence": frame.sequence}


_LIES: dict[str, Callable[[LineFault, Frame, int], Frame | None]] = {
    "answer.wrong_sequence": _wrong_sequence,
    "answer.short_body": _short_body,
    "answer.valid_crc_garbage": _garbage,
    "answer.unknown_code": _unknown_code,
    "answer.wrong_serial": _wrong_serial,
}
_DEEDS: dict[str, Callable[[LineFault, Passage, Frame], Notes | None]] = {
    "answer.late": _late,
    "answer.stale": _stale,
    "answer.busy_for_ever": _busy,
    "answer.reboot_mid_session": _reboot,
}
