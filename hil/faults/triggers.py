"""What a scheduled fault can wait for, written as short text.

====================  ============================================================  =====================
trigger               comes when                                                    example
====================  ============================================================  =====================
command:NAME#N        the host sends the N-th request of this name; the same        command:BOLUS#3
                      command id, or the same sequence number, again is no new one
frame#N               the host sends its N-th frame                                 frame#17
byte#N                the host sends the frame that holds its N-th byte             byte#1000
boot#N                the firmware starts for the N-th time                         boot#2
CONDITION#N           a condition of `run_until` begins to hold for the N-th time   alarm:motor_stall
====================  ============================================================  =====================

All counting begins when the fault is scheduled; `#1` may be left out. Frames and bytes are seen at the host's end of the line, before any
fault of the line and before the pump, so that a fault can strike the very frame that brings it. A condition that holds already must end
and begin again; while the pump has no power conditions are not looked at.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import NamedTuple

from hil.errors import BenchError
from hil.faults.conditions import Condition, parse_condition
from protocol.codec import decode
from protocol.errors import WireError
from protocol.framing import ANSWER, Frame, decode_frame
from protocol.limits import U32_MAX
from protocol.message_table import BY_NAME, SPECS

__all__ = ["Trigger", "parse_trigger", "request_key"]

NTH_MAX = 1_000_000_000
COUNTED = ("frame", "byte", "boot")


class Trigger(NamedTuple):
    """One trigger: `kind` is command, frame, byte, boot or condition."""

    kind: str
    nth: int = 1
    opcode: int = 0
    condition: Condition | None = None

    @property
    def on_wire(self) -> bool:
        """Whether what the host sends brings it."""
        return self.kind in ("command", "frame", "byte")

    def hit(self, before: int, after: int, *, each: bool) -> bool:
        """Whether the count has come to its number, or to a multiple of it, between two looks."""
        return after // self.nth > before // self.nth if each else before < self.nth <= after


def parse_trigger(text: str) -> Trigger:
    """Read a trigger. Raises BenchError that says what there is."""
    head, mark, number = text.strip().partition("#")
    nth = int(number) if number.isdecimal() and len(number) <= len(str(NTH_MAX)) else 0
    if mark and not 1 <= nth <= NTH_MAX:
        raise BenchError(f"{number!r} is no count", where="when", do=f"write # and a number from 1 to {NTH_MAX:,}")
    nth = nth or 1
    if head in COUNTED:
        return Trigger(head, nth)
    if head.startswith("command:"):
        return Trigger("command", nth, _opcode(head.removeprefix("command:")))
    try:
        return Trigger("condition", nth, condition=parse_condition(head))
    except BenchError as error:
        do = error.do if error.what.startswith("unknown") else "use command:NAME#N, frame#N, byte#N, boot#N or a condition of run_until"
        raise BenchError(error.what.replace("no condition", "no trigger"), where="when", do=do) from None


def request_key(run: bytes) -> tuple[int, int] | None:
    """Opcode and what tells this request from the ones before it: it rises with each new one; None for what is no request."""
    frame = decode_frame(run.removesuffix(b"\0"))
    if not isinstance(frame, Frame) or frame.flags == ANSWER:
        return None
    spec = SPECS.get(frame.opcode)
    if spec is not None and spec.command:
        try:
            return frame.opcode, int(decode(spec.request, frame.body)[0])
        except WireError:
            return frame.opcode, 0
    return frame.opcode, frame.session * (U32_MAX + 1) + frame.sequence + 1


def _opcode(name: str) -> int:
    if name not in BY_NAME:
        near = get_close_matches(name.upper(), BY_NAME, n=1)
        do = f"did you mean {near[0]}?" if near else f"use one of: {', '.join(BY_NAME)}"
        raise BenchError(f"unknown command {name!r}", where="when", do=do)
    return BY_NAME[name].opcode
