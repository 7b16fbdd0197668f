"""One run of bytes as read: a frame with its message, or the reason why it is none."""

from __future__ import annotations

from typing import Any, NamedTuple

from hil.wording.refusals import Said, say
from protocol.answers import read_answer
from protocol.codec import decode_of_any_minor
from protocol.codes import Answer
from protocol.errors import WireError
from protocol.framing import ANSWER, Bad, Frame, decode_frame
from protocol.message_table import SPECS
from protocol.messages import Refusal

__all__ = ["LONE_ZERO", "Reading", "read_run"]

LONE_ZERO = b"\0"
"""What a client sends to end whatever a predecessor left half said."""


class Reading(NamedTuple):
    """`frame` is None where the run is none; `error` says why, or why the body cannot be read. `answer` is None in a request."""

    raw: bytes
    frame: Frame | None = None
    name: str = ""
    answer: Answer | None = None
    body: Any = None
    error: str = ""

    @property
    def is_answer(self) -> bool:
        """Whether it says so of itself."""
        return self.frame is not None and self.frame.flags == ANSWER

    @property
    def refusal(self) -> Said | None:
        """A refusal in words."""
        return say(self.body) if isinstance(self.body, Refusal) else None


def read_run(raw: bytes) -> Reading:
    """Read a run, with its zero or broken off."""
    if raw == LONE_ZERO:
        return Reading(raw, error="a lone zero, which wakes the line")
    frame = decode_frame(raw.removesuffix(LONE_ZERO))
    if not raw.endswith(LONE_ZERO):
        return Reading(raw, error="broken off")
    if isinstance(frame, Bad):
        return Reading(raw, error=frame.reason.value)
    spec = SPECS.get(frame.opcode)
    name = f"{frame.opcode:#06x}" if spec is None else spec.name
    if frame.body == bytes((Answer.PORT_BUSY,)) and frame.flags == ANSWER and not frame.opcode:
        return Reading(raw, frame, "(turned away)", Answer.PORT_BUSY, ())
    try:
        if frame.flags == ANSWER:
            reply = read_answer(frame.opcode, frame.body)
            return Reading(raw, frame, name, reply.answer, reply.body)
        if spec is None:
            return Reading(raw, frame, name, error="no request that is known")
        return Reading(raw, frame, name, None, decode_of_any_minor(spec.request, frame.body))
    except WireError as error:
        return Reading(raw, frame, name, error=str(error))
