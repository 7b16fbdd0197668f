"""Every message body of the wire, declared once. Codec, tables, vectors and both roles read these declarations.

A request and its answer share an opcode. An answer body begins with an `Answer` byte; the fields below follow it only when
that byte is OK. The other answers carry `Busy`, `Refusal` or `Expected`, or nothing. `protocol.message_table` joins bodies to
opcodes and roles.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from protocol.codes import AlarmCause, Answer, DoseState, EventKind, Mode, Role, StagingState, StatusFlag, Unit
from protocol.fields import I64, U8, U16, U32, U64, Bits, Digest, Fixed, Many, Nonce, Since, Tail, Text
from protocol.interrogation import AlarmEntry, BolusEntry, Condition, Counters, DrugEntry, Identity, Limits, TherapyPart
from protocol.refusals import Field, RefusalCode

__all__ = [
    "AlarmEntry",
    "Begin",
    "BeginAnswer",
    "Bolus",
    "Bridge",
    "PatientBolus",
    "Prime",
    "BolusAnswer",
    "BolusEntry",
    "Busy",
    "Cause",
    "Commit",
    "CommitAnswer",
    "Condition",
    "Counters",
    "DrugEntry",
    "Expected",
    "Hello",
    "HelloAnswer",
    "Identity",
    "Interrogate",
    "KeyChange",
    "Limits",
    "Log",
    "LogAnswer",
    "LogEntry",
    "ModeAnswer",
    "Nothing",
    "Outcome",
    "OutcomeAnswer",
    "Put",
    "Readback",
    "Refill",
    "RefillAnswer",
    "Refusal",
    "Seal",
    "SelfTestAnswer",
    "ServiceReset",
    "ServiceResetAnswer",
    "SetClock",
    "SetClockAnswer",
    "SilenceAnswer",
    "Start",
    "Status",
    "TherapyPart",
    "Token",
]


class Nothing(NamedTuple):
    """An empty body."""


class Busy(NamedTuple):
    """Come back at this device time (monotonic microseconds)."""

    until_us: U64


class Refusal(NamedTuple):
    """A coded refusal: which field at which place (group x 16 + step), its value, the limit it broke and their unit.

    `code` and `field` are numbers of the tables RefusalCode and Field. With OVERRIDE the value is the number of the rule whose token
    would set the limit aside.
    """

    code: Annotated[U16, RefusalCode]
    field: Annotated[U16, Field]
    index: U16  # type: ignore[assignment]  # named as on the wire; hides tuple.index, which nobody calls
    value: I64
    limit: I64
    unit: Annotated[U8, Unit]


class Expected(NamedTuple):
    """The number the pump would have taken (SEQUENCE_GAP, ID_GAP) or has taken last (STALE)."""

    number: U32


class Hello(NamedTuple):
    """Open a session. `key_id` names the key that the session rests on: 1 to 4, or 0 where nothing is proved."""

    major: U8
    minor: U8
    role: Annotated[U8, Role]
    key_id: U8
    programmer_id: U64
    client_nonce: Nonce


class HelloAnswer(NamedTuple):
    """Identity and versions only; `proof` shows that the pump has the key, and is zero under `no-auth`."""

    session: U32
    major: U8
    minor: U8
    boot_count: U32
    pump_nonce: Nonce
    proof: Fixed
    model: Text
    serial: Text
    firmware: Text


class Status(NamedTuple):
    """The short look: no side effect, ends nothing, may be asked at any rate. Alarm words have one bit a cause.

    `turned_away` counts the requests since the last start that were refused for want of a session, of the right key, or of a new number.
    """

    device_us: U64
    clock_us: U64
    boot_count: U32
    mode: Annotated[U8, Mode]
    flags: Annotated[U16, StatusFlag]
    generation: U32
    therapy_digest: Digest
    last_command_id: U32
    last_command_state: Annotated[U8, DoseState]
    staging: Annotated[U8, StagingState]
    staging_owner: U64
    staging_until_us: U64
    alarms: Annotated[U32, Bits(AlarmCause)]
    silenced: Annotated[U32, Bits(AlarmCause)]
    acknowledged: Annotated[U32, Bits(AlarmCause)]
    line_errors: U32
    turned_away: Annotated[U32, Since(2)] = 0


class Interrogate(NamedTuple):
    """Ask for one part (0 identity and limits, 1 therapy, 2 status and alarms, 3 counters); offset counts in part 1 only."""

    part: U8
    offset: U16


class Begin(NamedTuple):
    """Open a therapy update; a pump that stops for updates stops here. `interrupt` allows it to end a running bolus."""

    generation: U32
    interrupt: U8


class BeginAnswer(NamedTuple):
    """When the staged image lapses (device time)."""

    until_us: U64


class Put(NamedTuple):
    """Lay bytes of the image at an offset; may be repeated."""

    offset: U16
    data: Tail


class Seal(NamedTuple):
    """Close the image: its length and SHA-256. The pump parses and checks it now."""

    length: U16
    digest: Digest


class Readback(NamedTuple):
    """Ask for the sealed image again, made anew from what the pump understood."""

    offset: U16


class Commit(NamedTuple):
    """Make the sealed image the therapy. `overrides` are tokens of soft rules that a clinician sets aside; the pump logs them."""

    command_id: U32
    digest: Digest
    overrides: Many[Token]


class Token(NamedTuple):
    """One override of a soft limit: the rule's number."""

    rule: U16


class CommitAnswer(NamedTuple):
    """The new generation and the mode in force."""

    generation: U32
    mode: Annotated[U8, Mode]


class Start(NamedTuple):
    """Run the therapy of this generation."""

    command_id: U32
    generation: U32


class ModeAnswer(NamedTuple):
    """The mode in force after the command."""

    mode: Annotated[U8, Mode]


class Refill(NamedTuple):
    """Tell the pump what was done with the needle: volume in it now, volume taken out, drug and concentration."""

    command_id: U32
    volume_nl: U32
    withdrawn_nl: U32
    drug_id: U16
    concentration_ng_per_ml: U32


class RefillAnswer(NamedTuple):
    """What the pump had computed before, and now holds as computed."""

    expected_nl: U64
    computed_nl: U64


class Bolus(NamedTuple):
    """Give one single bolus on top of the running mode. `may_lengthen` lets the pump stretch it below its maximum rate."""

    command_id: U32
    volume_nl: U32
    dose_ng: U32
    duration_s: U32
    may_lengthen: U8


class PatientBolus(NamedTuple):
    """Ask for the bolus that the therapy allows the patient."""

    command_id: U32


class Prime(NamedTuple):
    """Fill tubing and catheter from a stopped pump, which stays stopped."""

    command_id: U32
    volume_nl: U32


class Bridge(NamedTuple):
    """Run the old drug out of tubing and catheter: this volume at this rate, in the place of basal."""

    command_id: U32
    volume_nl: U32
    rate_nl_per_h: U32


class BolusAnswer(NamedTuple):
    """The duration the pump uses and when the dose ends (device time)."""

    duration_s: U32
    end_us: U64


class SetClock(NamedTuple):
    """Set the device clock: microseconds since 2000-01-01 00:00, no zone."""

    command_id: U32
    clock_us: U64


class SetClockAnswer(NamedTuple):
    """Clock before and after."""

    old_us: U64
    new_us: U64


class Cause(NamedTuple):
    """Name one alarm cause (SILENCE, ACK)."""

    cause: Annotated[U8, AlarmCause]


class SilenceAnswer(NamedTuple):
    """When the silence ends (device time)."""

    until_us: U64


class Log(NamedTuple):
    """Ask for up to 7 records of a ring from number `first` on; the oldest still kept answers for older ones."""

    first: U32


class LogEntry(NamedTuple):
    """One record; `good` is 0 where its CRC in the pump's memory does not fit, and then the rest is as found."""

    number: U32
    good: U8
    kind: Annotated[U8, EventKind]
    detail: U16
    command_id: U32
    device_us: U64
    clock_us: U64
    programmed_nl: U64
    delivered_nl: U64
    value: I64


class LogAnswer(NamedTuple):
    """The range kept and the records asked for."""

    oldest: U32
    newest: U32
    records: Many[LogEntry]


class SelfTestAnswer(NamedTuple):
    """Active alarms after the tests: one bit a cause."""

    alarms: Annotated[U32, Bits(AlarmCause)]


class ServiceReset(NamedTuple):
    """Forget failures and start the firmware anew: `token` 0 asks for a token, the frame with that token does it."""

    token: U64


class ServiceResetAnswer(NamedTuple):
    """The token to confirm with and the device time until which it holds; both 0 when the reset is done."""

    token: U64
    until_us: U64


class KeyChange(NamedTuple):
    """Put a key into a slot (1 to 4) for a role. `wrapped` is the key, masked with a mask that only both ends of this session know."""

    key_id: U8
    role: Annotated[U8, Role]
    wrapped: Digest


class Outcome(NamedTuple):
    """Ask what became of a command id."""

    command_id: U32


class OutcomeAnswer(NamedTuple):
    """`state` is a DoseState; `answer` the Answer byte given then; programmer and digest tell whose command it was."""

    state: Annotated[U8, DoseState]
    answer: Annotated[U8, Answer]
    opcode: U16
    programmer_id: U64
    digest: Fixed
    programmed_nl: U32
    delivered_nl: U32
