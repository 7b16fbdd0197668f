"""A record of the pump's log in words."""

from __future__ import annotations

from hil.wording import quantity
from hil.wording.alarms import alarm_name
from protocol.codes import Answer, DoseKind, EventKind, ResetCause, StopReason
from protocol.message_table import SPECS
from protocol.messages import LogEntry
from protocol.refusals import RefusalCode

__all__ = ["BAD_RECORD", "detail_text", "kind_text", "volumes_text"]

BAD_RECORD = "bad record"
_ALARMS = (EventKind.ALARM_RAISED, EventKind.ALARM_CLEARED, EventKind.SILENCED, EventKind.ACKNOWLEDGED)
_BOLUSES = (EventKind.BOLUS_STARTED, EventKind.BOLUS_ENDED)
_STOPS: dict[int, str] = {
    StopReason.NONE: "",
    StopReason.COMMAND: "by command",
    StopReason.UPDATE: "for an update",
    StopReason.EMPTY: "empty",
    StopReason.NEW_DRUG: "new drug",
    StopReason.AFTER_BOLUS: "after a bolus",
    StopReason.EOS: "end of service",
    StopReason.FAILURE: "a failure; needs service",
}
"""Why the pump stopped, by the record's detail."""
_RESETS: dict[int, str] = {ResetCause.WATCHDOG: ", reset by the watchdog", ResetCause.LOW_BATTERY: ", the supply had dipped"}
"""Why the pump booted, by the record's detail; power that came back needs no word."""
_DOSES: dict[int, str] = {DoseKind.PATIENT: "by the patient, ", DoseKind.PRIME: "prime, ", DoseKind.BRIDGE: "bridge, "}
"""What a dose is, by the record's detail; a single bolus needs no word."""


def kind_text(entry: LogEntry) -> str:
    """What the record tells, in lower-case words."""
    if not entry.good:
        return BAD_RECORD
    return EventKind(entry.kind).name.lower().replace("_", " ") if entry.kind in set(EventKind) else f"kind {entry.kind}"


def volumes_text(entry: LogEntry) -> str:
    """The volumes of a record that has such; elsewhere the two fields carry other numbers."""
    programmed, delivered = quantity.VOLUME.text(entry.programmed_nl), quantity.VOLUME.text(entry.delivered_nl)
    if entry.good and entry.kind in _BOLUSES:
        return f"{delivered} of {programmed}"
    if entry.good and entry.kind == EventKind.WINDOW_SUM:
        return f"24 hours may hold {delivered}, the patient's limit is {programmed}"
    return f"{programmed} in, {delivered} withdrawn" if entry.good and entry.kind == EventKind.REFILL else ""


def detail_text(entry: LogEntry) -> str:
    """The rest of the record but its volumes; empty where its kind says all."""
    if not entry.good:
        return "its checksum does not fit"
    if entry.kind in _ALARMS:
        return alarm_name(entry.detail)
    if entry.kind in {EventKind.COMMAND, EventKind.REFUSAL}:
        return _command_text(entry)
    return _other_text(entry)


def _command_text(entry: LogEntry) -> str:
    name = SPECS[entry.detail].name if entry.detail in SPECS else f"opcode {entry.detail:#06x}"
    of = f"{name}, command {entry.command_id}" if entry.command_id else name
    answer, refusal = _name(Answer, entry.programmed_nl), _name(RefusalCode, entry.delivered_nl)
    return f"{of}: {answer} {refusal}" if entry.delivered_nl else f"{of}: {answer}"


def _name(table: type[Answer | RefusalCode], number: int) -> str:
    """The name of a code; one of a newer pump is its number."""
    return next((member.name for member in table if member == number), str(number))


def _corrected(entry: LogEntry) -> str:
    if entry.detail:
        return f"{entry.detail} record{'s' if entry.detail > 1 else ''} mended"
    return f"generation {entry.value}, loaded anew from its bank"


def _other_text(entry: LogEntry) -> str:
    command = f"command {entry.command_id}" if entry.command_id else ""
    says = {
        EventKind.BOOT: f"boot {entry.value}{_RESETS.get(entry.detail, '')}",
        EventKind.MEMORY_CORRECTED: _corrected(entry),
        EventKind.OVERRIDE: f"rule {entry.detail}, generation {entry.value}",
        EventKind.SERVICE_RESET: "failures forgotten, tests begin again",
        EventKind.THERAPY_COMMITTED: f"generation {entry.value}",
        EventKind.UPDATE_BEGUN: f"from generation {entry.value}",
        EventKind.UPDATE_DROPPED: "expired" if entry.detail else "given up",
        EventKind.CLOCK_SET: f"it was {quantity.clock(entry.value)}",
        EventKind.REFILL: quantity.CONCENTRATION.text(entry.value),
        EventKind.BOLUS_STARTED: f"{_DOSES.get(entry.detail, '')}over {quantity.duration(entry.value)}",
        EventKind.STOPPED: _STOPS.get(entry.detail, f"reason {entry.detail}"),
        EventKind.TURNED_AWAY: f"{entry.value} since the last such record",
        EventKind.KEY_SET: f"slot {entry.detail}",
        EventKind.BOLUS_ENDED: "interrupted" if entry.detail else "complete",
    }
    text = next((say for kind, say in says.items() if kind == entry.kind), "")
    return ", ".join(part for part in (text, command) if part)
