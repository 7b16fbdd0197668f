"""What an interrogation shows beside its readout: the mode, alarms and log in finished texts, and what a checklist asks for by a key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hil.lesson import say
from hil.lesson.form import form_of
from hil.lesson.readout import readout
from hil.wording import quantity
from hil.wording.alarms import alarm_name
from hil.wording.log import detail_text, kind_text, volumes_text
from protocol.codes import Mode

if TYPE_CHECKING:
    from protocol.client import Interrogation
    from protocol.messages import Condition, LogEntry

__all__ = ["mode_name", "reading_shown"]


def mode_name(mode: int) -> str:
    """A mode in words; one of a newer pump is its number."""
    return Mode(mode).name.lower().replace("_", " ") if mode in set(Mode) else f"mode {mode}"


def reading_shown(known: Interrogation, records: Sequence[LogEntry]) -> dict[str, Any]:
    """All of it; the log's newest record first."""
    condition = known.condition
    return {
        "read_clock": say.clock(condition.clock_us),
        "mode": mode_name(condition.mode),
        "reservoir": say.volume(condition.computed_reservoir_nl),
        "therapy": form_of(known),
        "generation": known.generation,
        "daily_dose_ng": known.therapy.groups[0].daily_dose_ng if known.therapy and known.therapy.groups else None,
        "alarms": _alarms(condition),
        "log": [_record(record) for record in reversed(records)],
        "readout": readout(known),
    }


def _alarms(condition: Condition) -> list[str]:
    texts = []
    for alarm in condition.alarms:
        raised = say.clock(condition.clock_us - condition.device_us + alarm.raised_us)
        silenced = ", silenced" if alarm.silenced_until_us > condition.device_us else ""
        ended = "" if alarm.active else ", over"
        texts.append(f"{alarm_name(alarm.cause)}, since {raised}{ended}{silenced}{', seen' if alarm.acknowledged else ''}")
    return texts


def _record(record: LogEntry) -> str:
    parts = (kind_text(record), detail_text(record), volumes_text(record))
    return f"{quantity.clock(record.clock_us)}  {', '.join(part for part in parts if part)}"
