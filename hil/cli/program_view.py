"""What a pump told, as lines for a person."""

from __future__ import annotations

from enum import IntEnum

from hil.cli.output import Pair, aligned
from hil.therapy.days import days_name
from hil.therapy.review import steps_text
from hil.wording import quantity
from hil.wording.alarms import ALARMS_SAID, alarm_name, alarms_in
from hil.wording.log import detail_text, kind_text, volumes_text
from protocol.client import Interrogation
from protocol.codes import BatteryState, DoseState, Mode, StagingState, StatusFlag
from protocol.message_table import SPECS
from protocol.messages import Condition, Counters, LogEntry, OutcomeAnswer, Status
from protocol.therapy import Therapy

__all__ = ["condition_lines", "interrogation_lines", "log_lines", "outcome_lines", "outcome_text", "status_lines", "therapy_lines"]

NOT_COMPUTED = "not computed"
_BATTERY_SAYS: dict[int, str] = {
    BatteryState.GOOD: "good",
    BatteryState.ERI: "replacement due (ERI)",
    BatteryState.EOS: "end of service",
}


def words(name: str) -> str:
    """A code's name as a person reads it."""
    return name.lower().replace("_", " ")


def code_name(table: type[IntEnum], number: int, what: str) -> str:
    """A code in words; one of a newer pump is named by its number."""
    return words(table(number).name) if number in set(table) else f"{what} {number}"


def mode_name(mode: int) -> str:
    return code_name(Mode, mode, "mode")


def _last_command(command_id: int, state: int) -> str:
    return f"{command_id}, {code_name(DoseState, state, 'state')}" if command_id else "none"


def _flags(flags: int) -> str:
    """The names of the flags that are set; one of a newer pump is named by its bit."""
    known = [words(flag.name or "") for flag in StatusFlag if flags & flag]
    unknown = flags & ~sum(StatusFlag)
    return _listed([*known, *(f"flag {bit}" for bit in range(unknown.bit_length()) if unknown >> bit & 1)])


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none"


def _date(clock_us: int) -> str:
    return quantity.clock(clock_us) if clock_us else NOT_COMPUTED


def status_lines(status: Status) -> list[str]:
    """The short look."""
    pairs: list[Pair] = [
        ("mode", mode_name(status.mode)),
        ("clock", quantity.clock(status.clock_us, seconds=True)),
        ("alarms", _listed(alarms_in(status.alarms))),
        ("silenced", _listed(alarms_in(status.silenced))),
        ("flags", _flags(status.flags)),
        ("therapy", f"generation {status.generation}, digest {status.therapy_digest.hex()[:16]}"),
        ("last command", _last_command(status.last_command_id, status.last_command_state)),
        ("update", code_name(StagingState, status.staging, "state")),
        ("boots", quantity.number(status.boot_count)),
        ("line errors", quantity.number(status.line_errors)),
        ("turned away", quantity.number(status.turned_away)),
    ]
    return aligned(pairs)


def interrogation_lines(known: Interrogation) -> list[str]:
    """Everything, in four blocks."""
    identity = known.identity
    about: list[Pair] = [
        ("pump", f"{identity.model}, serial {identity.serial}"),
        ("firmware", f"{identity.firmware}, protocol {identity.major}.{identity.minor}"),
        ("calibration", f"{quantity.number(identity.calibration_ppm)} ppm"),
        ("updates", "stop the pump until they are complete" if identity.stops_for_update else "do not stop the pump"),
        ("drugs", ", ".join(sorted({drug.name for drug in identity.drugs}))),
    ]
    therapy = _therapy_pairs(known) if known.therapy else [("therapy", "none")]
    blocks = [aligned(about), aligned(therapy), condition_lines(known.condition), _counter_lines(known.counters)]
    return [line for block in blocks for line in [*block, ""]][:-1]


def therapy_lines(known: Interrogation) -> list[str]:
    """The therapy in force, its drug, steps and alarms."""
    return aligned(_therapy_pairs(known))


def _therapy_pairs(known: Interrogation) -> list[Pair]:
    therapy = known.therapy
    if therapy is None:
        return []
    names = {(drug.drug_id, drug.version): drug.name for drug in known.identity.drugs}
    name = names.get((therapy.drug_id, therapy.drug_version), f"drug {therapy.drug_id}")
    return [
        ("therapy", f"{mode_name(therapy.mode)}, generation {known.generation}, digest {known.digest.hex()[:16]}"),
        ("drug", f"{name} {quantity.CONCENTRATION.text(therapy.concentration_ng_per_ml)}"),
        *_group_pairs(therapy),
        ("low-reservoir alarm", f"at {quantity.VOLUME.text(therapy.low_reservoir_nl)}"),
        ("critical alarm", f"every {quantity.duration(therapy.critical_repeat_s)}"),
        ("non-critical alarm", f"every {quantity.duration(therapy.non_critical_repeat_s)}"),
    ]


def _group_pairs(therapy: Therapy) -> list[Pair]:
    pairs: list[Pair] = []
    for group in therapy.groups:
        pairs.append((days_name(group.weekdays), quantity.DAILY_DOSE.text(group.daily_dose_ng)))
        pairs.append(("", steps_text(group, therapy.concentration_ng_per_ml)))
    return pairs


def condition_lines(condition: Condition) -> list[str]:
    """What the pump is doing and what it has to say."""
    filled = not condition.flags & StatusFlag.NO_FILL
    pairs: list[Pair] = [
        ("mode", mode_name(condition.mode)),
        ("clock", quantity.clock(condition.clock_us, seconds=True)),
        ("rate now", quantity.DAILY_FLOW.text(condition.rate_nl_per_h)),
        ("reservoir", f"{quantity.VOLUME.text(condition.computed_reservoir_nl, 3)}, computed" if filled else "no fill yet"),
        ("filled with", quantity.CONCENTRATION.text(condition.fill_concentration_ng_per_ml) if filled else "nothing yet"),
        ("low reservoir", _date(condition.low_reservoir_clock_us)),
        ("empty", _date(condition.empty_clock_us)),
        ("replace pump by", _date(condition.replace_by_clock_us)),
        ("battery", f"{_battery(condition.battery_state)}, {quantity.number(condition.battery_mv)} mV"),
        ("flags", _flags(condition.flags)),
    ]
    pairs += [("bolus", _bolus_text(condition))] if condition.bolus else []
    pairs += [("alarm", line) for line in _alarm_texts(condition)] or [("alarm", "none")]
    return aligned(pairs)


def _battery(state: int) -> str:
    return _BATTERY_SAYS.get(state, f"state {state}")


def _bolus_text(condition: Condition) -> str:
    bolus = condition.bolus[0]
    left_s = max(bolus.end_us - condition.device_us, 0) // quantity.US_PER_S
    given, programmed = quantity.VOLUME.text(bolus.delivered_nl), quantity.VOLUME.text(bolus.programmed_nl)
    return f"command {bolus.command_id}: {given} of {programmed} given, {quantity.duration(left_s)} left"


def _alarm_texts(condition: Condition) -> list[str]:
    texts = []
    for alarm in condition.alarms:
        raised = quantity.clock(condition.clock_us + alarm.raised_us - condition.device_us)
        state = "active" if alarm.active else "gone"
        marks = ["acknowledged" if alarm.acknowledged else "not acknowledged"]
        if alarm.silenced_until_us > condition.device_us:
            marks.append(f"silent until {quantity.clock(condition.clock_us + alarm.silenced_until_us - condition.device_us)}")
        name = f"{'◆ !!!' if alarm.alarm_class else '● !'} {alarm_name(alarm.cause)}"
        line = f"{name}, {'critical' if alarm.alarm_class else 'non-critical'}, {state} since {raised}, {', '.join(marks)}"
        known = ALARMS_SAID[alarm.cause : alarm.cause + 1] if alarm.active else ()
        texts.append("\n".join([line, *(f"{said.flow}: {said.do}" for said in known)]))
    return texts


def _counter_lines(counters: Counters) -> list[str]:
    return aligned(
        [
            ("delivered, basal", quantity.VOLUME.text(counters.basal_nl)),
            ("delivered, boluses", quantity.VOLUME.text(counters.bolus_nl)),
            ("motor steps", quantity.number(counters.steps)),
            ("last command", _last_command(counters.last_command_id, counters.last_command_state)),
            ("log records", f"{counters.log_oldest} to {counters.log_newest}"),
        ]
    )


def log_lines(entries: list[LogEntry]) -> list[str]:
    """One record a line, oldest first."""
    return [_log_line(entry) for entry in entries] or ["the log is empty"]


def _log_line(entry: LogEntry) -> str:
    at = quantity.clock(entry.clock_us, seconds=True)
    return f"{entry.number:>5}  {at}  {kind_text(entry):<18}  {detail_text(entry)}  {volumes_text(entry)}".rstrip()


def outcome_text(outcome: OutcomeAnswer) -> str:
    """What became of a command, in one line."""
    state = code_name(DoseState, outcome.state, "state")
    if outcome.opcode not in SPECS:
        return state
    name = SPECS[outcome.opcode].name
    if not outcome.programmed_nl:
        return f"{name} {state}"
    return f"{name} {state}, {quantity.VOLUME.text(outcome.delivered_nl)} of {quantity.VOLUME.text(outcome.programmed_nl)} delivered"


def outcome_lines(command_id: int, outcome: OutcomeAnswer) -> list[str]:
    """What became of a command, and whose it was."""
    owner = f"{outcome.programmer_id:016x}" if outcome.programmer_id else "nobody"
    return aligned([("command", str(command_id)), ("outcome", outcome_text(outcome)), ("sent by programmer", owner)])
