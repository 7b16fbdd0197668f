"""The message table: opcode, name, bodies, and who may ask."""

from __future__ import annotations

from collections.abc import Mapping
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
    KeyChange,
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
    SelfTestAnswer,
    ServiceReset,
    ServiceResetAnswer,
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
    "EDITION",
    "HELLO",
    "INTERROGATE",
    "INTERROGATE_PARTS",
    "MESSAGES",
    "PROTOCOL_MAJOR",
    "PROTOCOL_MINOR",
    "SPECS",
    "Edition",
    "Spec",
]

PROTOCOL_MAJOR = 1
"""A pump refuses a HELLO of another major version."""
PROTOCOL_MINOR = 2
"""It tells what there is beyond the first edition; neither side refuses another's, and both speak the lower of the two."""

C, S, P, K = Role.CLINICIAN, Role.SERVICE, Role.PATIENT, Role.PROVISIONER


class Spec(NamedTuple):
    """One row of the message table.

    `command` marks requests that carry a command id as their first field, `journal` those that the pump's log keeps even when
    they succeed, `dose` those that move drug and whose answer is kept before motion begins. `since` is the minor version it came with; an
    older session does not know it.
    """

    opcode: int
    name: str
    request: type[tuple[Any, ...]]
    answer: type[tuple[Any, ...]]
    roles: tuple[Role, ...]
    command: bool = False
    journal: bool = False
    dose: bool = False
    since: int = 0


MESSAGES: tuple[Spec, ...] = (
    Spec(0x01, "HELLO", Hello, HelloAnswer, (Role.NONE, P, C, S, K)),
    Spec(0x02, "CLOSE", Nothing, Nothing, (P, C, S, K)),
    Spec(0x10, "STATUS", Nothing, Status, (P, C, S)),
    Spec(0x11, "INTERROGATE", Interrogate, Nothing, (P, C, S)),
    Spec(0x12, "LOG", Log, LogAnswer, (C, S)),
    Spec(0x13, "OUTCOME", Outcome, OutcomeAnswer, (P, C, S)),
    Spec(0x14, "FAULT_LOG", Log, LogAnswer, (C, S), since=1),
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
    Spec(0x50, "SELF_TEST", Nothing, SelfTestAnswer, (S,), journal=True, since=2),
    Spec(0x51, "SERVICE_RESET", ServiceReset, ServiceResetAnswer, (S,), journal=True, since=2),
    Spec(0x52, "KEY", KeyChange, Nothing, (K,), journal=True, since=2),
)
"""The whole table. INTERROGATE answers with the part's number and Identity, TherapyPart, Condition or Counters."""

INTERROGATE_PARTS: tuple[type[tuple[Any, ...]], ...] = (Identity, TherapyPart, Condition, Counters)

SPECS: dict[int, Spec] = {spec.opcode: spec for spec in MESSAGES}
BY_NAME: dict[str, Spec] = {spec.name: spec for spec in MESSAGES}


class Edition(NamedTuple):
    """What an end of the wire knows: its minor version, and the messages by opcode and by name. Ours, unless a test plays a newer one."""

    minor: int
    specs: Mapping[int, Spec]
    by_name: Mapping[str, Spec]


EDITION = Edition(PROTOCOL_MINOR, SPECS, BY_NAME)

HELLO = BY_NAME["HELLO"].opcode
CLOSE = BY_NAME["CLOSE"].opcode
INTERROGATE = BY_NAME["INTERROGATE"].opcode
DOSES: frozenset[int] = frozenset(spec.opcode for spec in MESSAGES if spec.dose)
