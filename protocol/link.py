"""Stop-and-wait bookkeeping, the same rules seen from both ends. No bytes, no time, no ids here.

One request is out at a time. A request's sequence number is one above the last; the same number with the same content is a
retransmission and gets the same answer again; the same number with other content, or a lower one, is a replay; a higher one
is a gap. Whatever the answer, a new number is used up.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from protocol.framing import ANSWER, Frame
from protocol.limits import U32_MAX

__all__ = ["Accepted", "Outstanding", "Verdict", "judge", "matches"]


class Verdict(Enum):
    """What a sequence number makes of a request."""

    NEW = "new"
    AGAIN = "again"
    REPLAY = "replay"
    GAP = "gap"


class Accepted(NamedTuple):
    """The device's end: the last request accepted and the answer it got."""

    sequence: int = 0
    opcode: int = 0
    body: bytes = b""
    answer: bytes = b""

    @property
    def exhausted(self) -> bool:
        """No further number is left: the session ends."""
        return self.sequence == U32_MAX


def judge(last: Accepted, frame: Frame) -> Verdict:
    """Judge a request by its sequence number."""
    ahead = frame.sequence - last.sequence
    if ahead == 1:
        return Verdict.NEW
    if ahead > 1:
        return Verdict.GAP
    same = ahead == 0 and bool(last.answer) and frame.opcode == last.opcode and frame.body == last.body
    return Verdict.AGAIN if same else Verdict.REPLAY


class Outstanding(NamedTuple):
    """The programmer's end: the request that waits for its answer, as sent."""

    frame: Frame
    raw: bytes
    resends: int = 0


def matches(waiting: Outstanding, answer: Frame) -> bool:
    """Whether an answer belongs to the waiting request; late answers to earlier ones do not."""
    asked = waiting.frame
    return (
        answer.flags == ANSWER and answer.sequence == asked.sequence and answer.session == asked.session and answer.opcode == asked.opcode
    )
