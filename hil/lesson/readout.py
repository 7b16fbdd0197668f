"""What a pump told when it was interrogated, as a programmer's page and a printout show it: finished texts in blocks, alarms apart."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from hil.lesson.finish import days_drawn
from hil.lesson.form import form_of, titration
from hil.therapy.days import days_name
from hil.therapy.review import steps_text
from hil.wording import quantity
from hil.wording.alarms import ALARM_WORDS, ALARMS_SAID, alarm_name
from protocol.client import Interrogation
from protocol.codes import BatteryState, DoseState, Mode, StatusFlag
from protocol.messages import AlarmEntry, Condition
from protocol.therapy import Therapy

__all__ = ["readout"]

Row = tuple[str, str]
NOT_COMPUTED = "not computed"
NONE = "none"
_RUNS = (Mode.MINIMUM_RATE, Mode.SIMPLE, Mode.FLEX)
_BATTERY: dict[int, str] = {BatteryState.GOOD: "good", BatteryState.ERI: "replacement due (ERI)", BatteryState.EOS: "end of service"}


def readout(known: Interrogation) -> dict[str, Any]:
    """Everything of one interrogation. `state` is running or stopped in a word, `form` what the pump has in each field of the form."""
    condition = known.condition
    return {
        "pump": f"{known.identity.model}, serial {known.identity.serial}",
        "read_clock": quantity.clock(condition.clock_us),
        "state": _state(condition),
        "runs": condition.mode in _RUNS,
        "alarms": [_alarm(alarm, condition) for alarm in condition.alarms],
        "blocks": [
            {"title": "Now", "rows": _now(condition)},
            {"title": "Therapy", "rows": _therapy(known)},
            {"title": "Reservoir and dates", "rows": _dates(condition)},
            {"title": "Given since manufacture", "rows": _counters(known)},
            {"title": "Pump", "rows": _about(known)},
        ],
        "drawn": days_drawn(None, known.therapy, known.identity) if known.therapy else [],
        "form": form_of(known),
        "titration": titration(known),
        "drugs": sorted({drug.name for drug in known.identity.drugs}),
        "dose_per_day": _doses(known.therapy),
    }


def _word(table: type[IntEnum], number: int) -> str:
    return table(number).name.lower().replace("_", " ") if number in set(table) else f"{table.__name__.lower()} {number}"


def _state(condition: Condition) -> str:
    """The one word that matters most, as a person says it."""
    mode = _word(Mode, condition.mode)
    return f"running, {mode}" if condition.mode in _RUNS else mode.upper()


def _date(clock_us: int) -> str:
    return quantity.clock(clock_us) if clock_us else NOT_COMPUTED


def _now(condition: Condition) -> list[Row]:
    flags = [_word_flag(flag) for flag in StatusFlag if condition.flags & flag]
    rows = [
        ("state", _state(condition)),
        ("rate now", quantity.DAILY_FLOW.text(condition.rate_nl_per_h)),
        ("pump's clock", quantity.clock(condition.clock_us, seconds=True)),
        ("battery", f"{_BATTERY.get(condition.battery_state, NONE)}, {quantity.number(condition.battery_mv)} mV"),
        ("marks", ", ".join(flags) or NONE),
    ]
    if condition.bolus:
        bolus = condition.bolus[0]
        left_s = max(bolus.end_us - condition.device_us, 0) // quantity.US_PER_S
        given, programmed = quantity.VOLUME.text(bolus.delivered_nl), quantity.VOLUME.text(bolus.programmed_nl)
        rows.append(("bolus", f"{given} of {programmed} given, {quantity.duration(left_s)} left"))
    return rows


def _word_flag(flag: StatusFlag) -> str:
    return (flag.name or "").lower().replace("_", " ")


def _therapy(known: Interrogation) -> list[Row]:
    therapy = known.therapy
    if therapy is None:
        return [("therapy", "none was ever programmed")]
    names = {(drug.drug_id, drug.version): drug.name for drug in known.identity.drugs}
    rows = [
        ("drug", names.get((therapy.drug_id, therapy.drug_version), f"drug {therapy.drug_id}")),
        ("concentration", quantity.CONCENTRATION.text(therapy.concentration_ng_per_ml)),
        ("mode", _word(Mode, therapy.mode)),
    ]
    for group in therapy.groups:
        rows.append((f"dose per day, {days_name(group.weekdays)}", quantity.DAILY_DOSE.text(group.daily_dose_ng)))
        rows.append((f"steps, {days_name(group.weekdays)}", steps_text(group, therapy.concentration_ng_per_ml)))
    return [
        *rows,
        ("low-reservoir alarm at", quantity.VOLUME.text(therapy.low_reservoir_nl)),
        ("critical alarm every", quantity.duration(therapy.critical_repeat_s)),
        ("non-critical alarm every", quantity.duration(therapy.non_critical_repeat_s)),
        ("patient bolus", _patient(therapy)),
        ("programmed", f"generation {quantity.number(known.generation)}"),
    ]


def _patient(therapy: Therapy) -> str:
    if not therapy.patient:
        return NONE
    rule = therapy.patient[0]
    return f"{quantity.DOSE.text(rule.dose_ng)}, one in {quantity.duration(rule.lockout_s)}, {rule.most_per_day} in 24 h"


def _doses(therapy: Therapy | None) -> str:
    if therapy is None:
        return NONE
    each = [(days_name(group.weekdays), quantity.DAILY_DOSE.text(group.daily_dose_ng)) for group in therapy.groups]
    return each[0][1] if len(each) == 1 else "; ".join(f"{days} {dose}" for days, dose in each) or "minimum rate"


def _dates(condition: Condition) -> list[Row]:
    filled = not condition.flags & StatusFlag.NO_FILL
    return [
        (
            "reservoir",
            f"{quantity.VOLUME.text(condition.computed_reservoir_nl, 3)}, computed, not measured" if filled else "no fill was told",
        ),
        ("last fill told", quantity.CONCENTRATION.text(condition.fill_concentration_ng_per_ml) if filled else "nothing yet"),
        ("low-reservoir date", _date(condition.low_reservoir_clock_us)),
        ("empty date", _date(condition.empty_clock_us)),
        ("replace the pump by", _date(condition.replace_by_clock_us)),
    ]


def _counters(known: Interrogation) -> list[Row]:
    counters = known.counters
    last = f"{counters.last_command_id}, {_word(DoseState, counters.last_command_state)}" if counters.last_command_id else NONE
    return [
        ("basal", f"{quantity.VOLUME.text(counters.basal_nl, 3)}, commanded"),
        ("boluses", f"{quantity.VOLUME.text(counters.bolus_nl, 3)}, commanded"),
        ("last command", last),
    ]


def _about(known: Interrogation) -> list[Row]:
    identity = known.identity
    return [
        ("model", identity.model),
        ("serial", identity.serial),
        ("firmware", identity.firmware),
        ("calibration", f"{quantity.number(identity.calibration_ppm)} ppm"),
        ("tubing", quantity.VOLUME.text(identity.tubing_nl)),
        ("reservoir holds", quantity.VOLUME.text(identity.limits[0].capacity_nl)),
        ("an update", "stops the pump until it is complete" if identity.stops_for_update else "does not stop the pump"),
    ]


def _alarm(alarm: AlarmEntry, condition: Condition) -> dict[str, Any]:
    """One alarm: its class as a badge has it, and what it does to the flow; what to do about it is for the reader to know."""
    since = quantity.clock(condition.clock_us + alarm.raised_us - condition.device_us)
    marks = ["active" if alarm.active else "gone", "acknowledged" if alarm.acknowledged else "not acknowledged"]
    if alarm.silenced_until_us > condition.device_us:
        marks.append(f"silent until {quantity.clock(condition.clock_us + alarm.silenced_until_us - condition.device_us)}")
    known = alarm.cause < len(ALARMS_SAID)
    return {
        "name": alarm_name(alarm.cause),
        "word": ALARM_WORDS[alarm.cause] if known else str(alarm.cause),
        "priority": "high" if alarm.alarm_class else "low",
        "class": "critical" if alarm.alarm_class else "non-critical",
        "since": since,
        "marks": ", ".join(marks),
        "flow": ALARMS_SAID[alarm.cause].flow if known and alarm.active else "",
    }
