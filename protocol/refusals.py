"""Codes and field names of a coded refusal."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Field", "RefusalCode"]


class RefusalCode(IntEnum):
    """Why a well-formed request was refused. The pump's own errors carry the same names."""

    RANGE = 1
    RATE_LIMIT = 2
    UNIT_MISMATCH = 3
    NO_FILL = 4
    NO_THERAPY = 5
    NOT_RUNNING = 6
    CRITICAL_ALARM = 7
    GENERATION = 8
    SCHEDULE_GAP = 9
    SCHEDULE_OVERLAP = 10
    SCHEDULE_MIDNIGHT = 11
    WEEKDAY_TWICE = 12
    WEEKDAY_MISSING = 13
    UNKNOWN_DRUG = 14
    UNKNOWN_MODE = 15
    UNKNOWN_CAUSE = 16
    UNKNOWN_PART = 17
    UNKNOWN_VERSION = 18
    LENGTH = 19
    OFFSET = 20
    DIGEST = 21
    NOT_STAGED = 22
    NOT_SEALED = 23
    OVERRIDE = 24
    BOLUS_RUNNING = 25
    UNKNOWN_ROLE = 26
    MALFORMED = 27
    SAFE_STATE = 28
    NOT_ACTIVE = 29
    LOCKOUT = 30
    DOSE_LIMIT = 31
    NOT_STOPPED = 32
    NO_PATIENT_BOLUS = 33
    MOTOR_OFF = 34
    END_OF_SERVICE = 35
    NO_MAGNET = 36
    TOKEN = 37
    UNKNOWN_KEY = 38


class Field(IntEnum):
    """Which field a refusal speaks of."""

    NONE = 0
    MODE = 1
    RATE = 2
    DAILY_DOSE = 3
    CONCENTRATION = 4
    LOW_RESERVOIR = 5
    CRITICAL_REPEAT = 6
    NON_CRITICAL_REPEAT = 7
    WEEKDAYS = 8
    START_MINUTE = 9
    END_MINUTE = 10
    STEPS = 11
    GROUPS = 12
    DRUG = 13
    VOLUME = 14
    WITHDRAWN = 15
    DOSE = 16
    DURATION = 17
    CLOCK = 18
    GENERATION = 19
    CAUSE = 20
    PART = 21
    VERSION = 22
    OFFSET = 23
    LENGTH = 24
    DIGEST = 25
    OVERRIDES = 26
    ROLE = 27
    COMMAND_ID = 28
    LOCKOUT = 29
    MOST_PER_DAY = 30
    WINDOW = 31
    KEY = 32
    TOKEN = 33
