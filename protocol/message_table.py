"""The message table: opcode, name, bodies, and who may ask."""

from __future__ import annotations

from typing import Any, NamedTuple

from protocol.codes import Role
from protocol.messages import (
    Begin,
    BeginAnswer,
    Bolus,
    BolusAnswer,
    Bridge,
    Cause,
    Commit,
    CommitAnswer,
    Condition,
    Counters,
    Hello,
    HelloAnswer,
    Identity,
    Interrogate,
    Log,
    LogAnswer,
    ModeAnswer,
    Nothing,
    Outcome,
    OutcomeAnswer,
    PatientBolus,
    Prime,
    Put,
    Readback,
    Refill,
    RefillAnswer,
    Seal,
    SetClock,
    SetClockAnswer,
    SilenceAnswer,
    Start,
    Status,
    TherapyPart,
)

__all__ = [
    "DOSES",
    "BY_NAME",
    "CLOSE",
    "HELLO",
    "INTERROGATE",
    "INTERROGATE_PARTS",
    "MESSAGES",
    "PROTOCOL_MAJOR",
    "PROTOCOL_MINOR",
    "SPECS",
    "Spec",
]

PROTOCOL_MAJOR = 1
"""A pump refuses a HELLO of another major version."""
PROTOCOL_MINOR = 1
"""It tells what there may be beyond the first edition; neither side refuses another's."""

C, S, P = Role.CLINICIAN, Role.SERVICE, Role.PATIENT


class Spec(NamedTuple):
    """One row of the message table.

    `command` marks requests that carry a command id as their first field, `journal` those that the pump's log keeps even when
    they succeed, `dose` those that move drug and whose answer is kept before motion begins.
    """

    opcode: int
    name: str
    request: type[tuple[Any, ...]]
    answer: type[tuple[Any, ...]]
    roles: tuple[Role, ...]
    command: bool = False
    journal: bool = False
    dose: bool = False


MESSAGES: tuple[Spec, ...] = (
    Spec(0x01, "HELLO", Hello, HelloAnswer, (Role.NONE, P, C, S)),
    Spec(0x02, "CLOSE", Nothing, Nothing, (P, C, S)),
    Spec(0x10, "STATUS", Nothing, Status, (P, C, S)),
    Spec(0x11, "INTERROGATE", Interrogate, Nothing, (P, C, S)),
    Spec(0x12, "LOG", Log, LogAnswer, (C, S)),
    Spec(0x13, "OUTCOME", Outcome, OutcomeAnswer, (P, C, S)),
    Spec(0x14, "FAULT_LOG", Log, LogAnswer, (C, S)),
    Spec(0x20, "BEGIN", Begin, BeginAnswer, (C,), journal=True),
    Spec(0x21, "PUT", Put, Nothing, (C,)),
    Spec(0x22, "SEAL", Seal, Nothing, (C,), journal=True),
    Spec(0x23, "READBACK", Readback, TherapyPart, (C,)),
    Spec(0x24, "COMMIT", Commit, CommitAnswer, (C,), command=True, journal=True),
    Spec(0x25, "ABORT", Nothing, ModeAnswer, (C,), journal=True),
    Spec(0x30, "START", Start, ModeAnswer, (C,), command=True, journal=True),
    Spec(0x31, "STOP", Nothing, ModeAnswer, (C,), journal=True),
    Spec(0x32, "REFILL", Refill, RefillAnswer, (C,), command=True, journal=True),
    Spec(0x33, "BOLUS", Bolus, BolusAnswer, (C,), command=True, journal=True, dose=True),
    Spec(0x34, "SET_CLOCK", SetClock, SetClockAnswer, (C,), command=True, journal=True),
    Spec(0x35, "PATIENT_BOLUS", PatientBolus, BolusAnswer, (P, C), command=True, journal=True, dose=True),
    Spec(0x36, "PRIME", Prime, BolusAnswer, (C,), command=True, journal=True, dose=True),
    Spec(0x37, "BRIDGE", Bridge, BolusAnswer, (C,), command=True, journal=True, dose=True),
    Spec(0x40, "SILENCE", Cause, SilenceAnswer, (C,), journal=True),
    Spec(0x41, "ACK", Cause, Nothing, (P, C), journal=True),
    Spec(0x42, "ALARM_TEST", Nothing, Nothing, (C,), journal=True),
)
"""The whole table. INTERROGATE answers with the part's number and Identity, TherapyPart, Condition or Counters."""

INTERROGATE_PARTS: tuple[type[tuple[Any, ...]], ...] = (Identity, TherapyPart, Condition, Counters)

SPECS: dict[int, Spec] = {spec.opcode: spec for spec in MESSAGES}
BY_NAME: dict[str, Spec] = {spec.name: spec for spec in MESSAGES}

HELLO = BY_NAME["HELLO"].opcode
CLOSE = BY_NAME["CLOSE"].opcode
INTERROGATE = BY_NAME["INTERROGATE"].opcode
DOSES: frozenset[int] = frozenset(spec.opcode for spec in MESSAGES if spec.dose)
