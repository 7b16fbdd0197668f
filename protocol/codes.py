"""The numbers that stand for words on the wire: one table each, shared by codec, docs and both roles."""

from __future__ import annotations

from enum import IntEnum, IntFlag

__all__ = [
    "AlarmCause",
    "AlarmClass",
    "Answer",
    "BatteryState",
    "DoseKind",
    "DoseState",
    "EventKind",
    "LogRing",
    "Mode",
    "ResetCause",
    "Role",
    "StagingState",
    "StatusFlag",
    "StopReason",
    "Unit",
]


class Answer(IntEnum):
    """First byte of every answer body: what became of the request."""

    OK = 0
    BUSY = 1
    REFUSED = 2
    CONFLICT = 3
    STALE = 4
    ID_GAP = 5
    SEQUENCE_GAP = 6
    REPLAY = 7
    FORGOTTEN = 8
    NOT_AUTHENTICATED = 9
    NOT_AUTHORISED = 10
    UNSUPPORTED = 11
    PORT_BUSY = 12


class Role(IntEnum):
    """Who speaks; what each may do is the table of messages."""

    NONE = 0
    PATIENT = 1
    CLINICIAN = 2
    SERVICE = 3
    PROVISIONER = 4


class Mode(IntEnum):
    """What the pump is doing, as its firmware believes."""

    SHELF = 0
    STOPPED = 1
    MINIMUM_RATE = 2
    SIMPLE = 3
    FLEX = 4


class StagingState(IntEnum):
    """How far a therapy update has come."""

    NONE = 0
    OPEN = 1
    SEALED = 2


class StatusFlag(IntFlag):
    """Bits of the status flags."""

    CONCENTRATION_PENDING = 1
    STOPPED_BY_UPDATE = 2
    SAFE_STATE = 4
    BOLUS_RUNNING = 8
    NO_FILL = 16
    SELF_TESTING = 32
    OVERRIDDEN = 64


class DoseState(IntEnum):
    """What OUTCOME says of one command id."""

    NEVER_SEEN = 0
    ABANDONED = 1
    RECEIVED = 2
    EXECUTING = 3
    EXECUTED = 4
    INTERRUPTED = 5
    REFUSED = 6


class DoseKind(IntEnum):
    """What a dose is: on top of a mode (SINGLE, PATIENT), from stopped (PRIME), or in the place of basal (BRIDGE)."""

    SINGLE = 0
    PATIENT = 1
    PRIME = 2
    BRIDGE = 3


class AlarmClass(IntEnum):
    """The two sounds an implant of this class has."""

    NON_CRITICAL = 0
    CRITICAL = 1


class AlarmCause(IntEnum):
    """What an alarm is about; the number is its bit in alarm words. A newer pump may have more."""

    LOW_RESERVOIR = 0
    EMPTY_RESERVOIR = 1
    MOTOR_STALL = 2
    STOPPED_TOO_LONG = 3
    MEMORY_ERROR = 4
    MEMORY_FAILURE = 5
    ERI = 6
    EOS = 7
    LOW_BATTERY_RESET = 8
    RATE_LIMITER = 9
    WATCHDOG_FAILURE = 10
    SELF_TEST_CPU = 11
    SELF_TEST_ROM = 12
    SELF_TEST_RAM = 13
    SELF_TEST_ADC = 14
    SELF_TEST_RTC = 15
    SELF_TEST_TONE = 16
    LOG_ERROR = 17
    SUPPLY_RANGE = 18
    MAGNET_STOP = 19
    KEYS_CHANGED = 20


class BatteryState(IntEnum):
    """Battery as the firmware judges it: ERI asks for a replacement, at EOS the pump has come to the end of its service."""

    GOOD = 0
    ERI = 1
    EOS = 2


class Unit(IntEnum):
    """Unit of `value` and `limit` in a refusal."""

    NONE = 0
    NL_PER_H = 1
    NL = 2
    NG = 3
    NG_PER_ML = 4
    S = 5
    MIN = 6
    US = 7
    BYTES = 8
    COUNT = 9


class EventKind(IntEnum):
    """What one log record tells."""

    COMMAND = 1
    REFUSAL = 2
    BOOT = 3
    ALARM_RAISED = 4
    ALARM_CLEARED = 5
    THERAPY_COMMITTED = 6
    STARTED = 7
    STOPPED = 8
    BOLUS_STARTED = 9
    BOLUS_ENDED = 10
    REFILL = 11
    CLOCK_SET = 12
    SILENCED = 13
    ACKNOWLEDGED = 14
    ALARM_TEST = 15
    UPDATE_BEGUN = 16
    UPDATE_DROPPED = 17
    MEMORY_CORRECTED = 18
    SERVICE_RESET = 19
    WINDOW_SUM = 20
    OVERRIDE = 21
    TURNED_AWAY = 22
    KEY_SET = 23
    MAGNET_STOP = 24


class ResetCause(IntEnum):
    """Why the firmware started: the detail of a BOOT record."""

    POWER = 0
    WATCHDOG = 1
    LOW_BATTERY = 2


class StopReason(IntEnum):
    """Why the motor was stopped: the detail of a STOPPED record."""

    NONE = 0
    COMMAND = 1
    UPDATE = 2
    EMPTY = 3
    NEW_DRUG = 4
    AFTER_BOLUS = 5
    EOS = 6
    FAILURE = 7


class LogRing(IntEnum):
    """The two rings of the log: everything, and faults by themselves, each with numbers of its own."""

    EVENTS = 0
    FAULTS = 1
