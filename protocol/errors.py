"""Everything that this package raises to its callers.

ProtocolError
├── WireError                 bytes or values that do not fit the declarations
│   ├── WrongLength           a body of the wrong length
│   ├── Malformed             text that is no UTF-8, a number that names nothing
│   ├── FieldRange            a value that its field cannot carry
│   └── FrameTooLong          a payload above the frame limit
├── LinkError                 the way to the pump
│   ├── PortMissing           no such port
│   ├── PortBusy              somebody else has it
│   ├── LinkLost              the other end went away
│   ├── NoAnswer              nothing came back in time
│   ├── BadAnswer             something came back that cannot be read
│   ├── Unproved              the pump did not prove that it has the key
│   └── OtherVersion          the pump speaks another major version
├── DeviceAnswer              the pump answered, and not OK
│   └── Refused Busy Conflict Stale IdGap SequenceGap Replay Forgotten NotAuthenticated NotAuthorised Unsupported
├── Rejected                  the client's own check, before anything is sent
├── Uncertain                 a command may or may not have been carried out
├── Unanswered                an act without a command id may or may not have been carried out
├── AnswerLost                a command was carried out, its own answer is gone
├── CutShort                  a dose was accepted and never begun, or broken off by a loss of power
├── KeyFileError              the key cannot be used
├── ClientFileError           the programmer's file cannot be used
├── CaptureFileError          a capture file cannot be written to
└── BadImage                  saved bytes that are no state of this role
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from protocol.codes import Answer, Unit
from protocol.refusals import Field, RefusalCode

if TYPE_CHECKING:
    from protocol.messages import OutcomeAnswer, Refusal

__all__ = [
    "AnswerLost",
    "BadAnswer",
    "BadImage",
    "Busy",
    "CaptureFileError",
    "ClientFileError",
    "Conflict",
    "CutShort",
    "DeviceAnswer",
    "FieldRange",
    "Forgotten",
    "FrameTooLong",
    "IdGap",
    "KeyFileError",
    "LinkError",
    "LinkLost",
    "Malformed",
    "NoAnswer",
    "NotAuthenticated",
    "NotAuthorised",
    "OtherVersion",
    "PortBusy",
    "PortMissing",
    "ProtocolError",
    "Refused",
    "Rejected",
    "Replay",
    "SequenceGap",
    "Stale",
    "Uncertain",
    "Unanswered",
    "Unproved",
    "Unsupported",
    "WireError",
    "WrongLength",
    "answer_error",
    "say_refusal",
]


class ProtocolError(Exception):
    """Root of this package's errors; the text is one line: what, where, what to do."""


class WireError(ProtocolError):
    """Bytes or values that do not fit the declarations."""


class WrongLength(WireError):
    """A body of `got` bytes where `expected` are due (the nearest length that would do)."""

    def __init__(self, name: str, expected: int, got: int) -> None:
        super().__init__(f"{name}: body of {got} bytes, {expected} expected")
        self.expected = expected
        self.got = got


class Malformed(WireError):
    """Content that cannot be read though its length fits."""


class FieldRange(WireError):
    """A value that its field cannot carry."""


class FrameTooLong(WireError):
    """A payload above the frame limit."""


class LinkError(ProtocolError):
    """The way to the pump failed."""


class PortMissing(LinkError):
    """There is no such port, or nothing listens there."""


class PortBusy(LinkError):
    """Somebody else has the port."""


class LinkLost(LinkError):
    """The other end went away."""


class NoAnswer(LinkError):
    """Nothing came back within the reply time, retries included."""


class BadAnswer(LinkError):
    """Something came back that cannot be read; the text says what was sent and what came."""


class Unproved(LinkError):
    """The pump did not prove that it has the key; nothing but a HELLO was sent."""


class OtherVersion(LinkError):
    """The pump speaks another major version of the protocol; nothing but a HELLO was sent."""


class DeviceAnswer(ProtocolError):
    """The pump answered, and not OK; `number` is what the answer carried (time in us, id or sequence), else None."""

    def __init__(self, text: str, answer: Answer, number: int | None = None) -> None:
        super().__init__(text)
        self.answer = answer
        self.number = number


class Refused(DeviceAnswer):
    """The pump refuses, with a code."""

    def __init__(self, name: str, refusal: Refusal) -> None:
        super().__init__(f"{name} refused: {say_refusal(refusal)}", Answer.REFUSED)
        self.refusal = refusal


class Busy(DeviceAnswer):
    """The pump cannot now; `until_us` is the device time at which it can."""

    @property
    def until_us(self) -> int:
        return self.number or 0


class Conflict(DeviceAnswer):
    """The command id belongs to another command."""


class Stale(DeviceAnswer):
    """The command id is used up."""


class IdGap(DeviceAnswer):
    """The command id is ahead of the pump's."""


class SequenceGap(DeviceAnswer):
    """The sequence number is ahead of the pump's."""


class Replay(DeviceAnswer):
    """The sequence number was used for something else."""


class Forgotten(DeviceAnswer):
    """The pump no longer knows what became of this id."""


class NotAuthenticated(DeviceAnswer):
    """No session, or not this one."""


class NotAuthorised(DeviceAnswer):
    """This role may not."""


class Unsupported(DeviceAnswer):
    """The pump does not know this request."""


class Rejected(ProtocolError):
    """The client's own check, before anything is sent. Names and numbers are those of a pump's refusal."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"not sent: {say_refusal(refusal)}")
        self.refusal = refusal
        self.reason = _name(RefusalCode, refusal.code)
        self.field = _name(Field, refusal.field)
        self.index = refusal.index
        self.value = refusal.value
        self.limit = refusal.limit
        self.unit = _name(Unit, refusal.unit)


class Uncertain(ProtocolError):
    """Command `command_id` may or may not have been carried out; no further command goes out until it is settled."""

    def __init__(self, command_id: int, hint: str) -> None:
        super().__init__(f"command {command_id} is uncertain: {hint}")
        self.command_id = command_id
        self.hint = hint


class Unanswered(ProtocolError):
    """An act without a command id may or may not have been carried out; the text says what tells."""


class AnswerLost(ProtocolError):
    """Command `command_id` was carried out, as `outcome` tells; what its own answer said is gone."""

    def __init__(self, command_id: int, outcome: OutcomeAnswer) -> None:
        super().__init__(f"command {command_id} was carried out, but its own answer is lost: ask for the status")
        self.command_id = command_id
        self.outcome = outcome


class CutShort(ProtocolError):
    """Dose `command_id` was accepted and then, as `outcome` tells, never begun or broken off; it is not resumed."""

    def __init__(self, command_id: int, outcome: OutcomeAnswer) -> None:
        delivered = f"{outcome.delivered_nl} nL of it were delivered" if outcome.delivered_nl else "nothing of it was delivered"
        super().__init__(f"command {command_id} was cut short by a loss of power: {delivered}; decide anew")
        self.command_id = command_id
        self.outcome = outcome


class KeyFileError(ProtocolError):
    """The key cannot be used."""


class ClientFileError(ProtocolError):
    """The programmer's file cannot be used."""


class CaptureFileError(ProtocolError):
    """The file cannot be written to as a capture."""


class BadImage(ProtocolError):
    """Saved bytes that are no state of this role."""


_BY_ANSWER: dict[Answer, type[DeviceAnswer]] = {
    Answer.BUSY: Busy,
    Answer.CONFLICT: Conflict,
    Answer.STALE: Stale,
    Answer.ID_GAP: IdGap,
    Answer.SEQUENCE_GAP: SequenceGap,
    Answer.REPLAY: Replay,
    Answer.FORGOTTEN: Forgotten,
    Answer.NOT_AUTHENTICATED: NotAuthenticated,
    Answer.NOT_AUTHORISED: NotAuthorised,
    Answer.UNSUPPORTED: Unsupported,
}

_NUMBER_SAYS: dict[Answer, str] = {
    Answer.BUSY: " until device time {} us",
    Answer.STALE: ", the last id taken is {}",
    Answer.ID_GAP: ", the next id is {}",
    Answer.SEQUENCE_GAP: ", the next sequence number is {}",
}


def answer_error(name: str, answer: Answer, number: int | None = None) -> DeviceAnswer:
    """Make the error for an answer to request `name` that is neither OK nor REFUSED."""
    says = _NUMBER_SAYS.get(answer, "").format(number)
    if name == "HELLO" and answer is Answer.NOT_AUTHENTICATED:
        says = ": it knows no such key for this role; give the key file that its server names"
    return _BY_ANSWER.get(answer, DeviceAnswer)(f"{name}: the pump answers {answer.name}{says}", answer, number)


def say_refusal(refusal: Refusal) -> str:
    """Say a refusal in one line: code, field, place, value, limit, unit."""
    unit = _name(Unit, refusal.unit)
    unit_says = "" if unit == Unit.NONE.name else f" {unit}"
    place = f" at group {refusal.index // 16} step {refusal.index % 16}" if refusal.index else ""
    return (
        f"{_name(RefusalCode, refusal.code)}, field {_name(Field, refusal.field)}{place}:"
        f" value {refusal.value}{unit_says}, limit {refusal.limit}{unit_says}"
    )


def _name(table: type[RefusalCode | Field | Unit], number: int) -> str:
    """Name of a code; a number that this version does not know names itself."""
    try:
        return table(number).name
    except ValueError:
        return str(number)
