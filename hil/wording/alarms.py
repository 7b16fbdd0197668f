"""Names of the alarm causes as people read them, in the order of their numbers on the wire."""

from __future__ import annotations

from protocol.codes import AlarmCause

__all__ = ["ALARM_NAMES", "alarm_name", "alarms_in"]

ALARM_NAMES = tuple(cause.name.lower().replace("_", " ") for cause in AlarmCause)


def alarm_name(cause: int) -> str:
    """The name of a cause; one of a newer pump is named by its number."""
    return ALARM_NAMES[cause] if cause < len(ALARM_NAMES) else f"alarm {cause}"


def alarms_in(word: int) -> list[str]:
    """The names of the causes whose bits are set."""
    return [alarm_name(cause) for cause in range(word.bit_length()) if word >> cause & 1]
