"""What the firmware believes, as the wire's answers to STATUS, INTERROGATE and LOG."""

from __future__ import annotations

from firmware_sim.firmware.alarms import number_of
from firmware_sim.firmware.device_status import ActiveAlarm, BriefStatus, DeviceStatus
from firmware_sim.firmware.dosing import DOSE_KINDS
from firmware_sim.firmware.journal import Entry
from firmware_sim.profile import Profile
from hil.therapy.prescription import MODE_NAMES, image_digest
from protocol.codes import AlarmClass, BatteryState, StatusFlag
from protocol.message_table import PROTOCOL_MAJOR, PROTOCOL_MINOR
from protocol.messages import (
    AlarmEntry,
    BolusEntry,
    Condition,
    Counters,
    DrugEntry,
    Identity,
    Limits,
    LogEntry,
    Status,
)

__all__ = ["Introduction", "condition_of", "counters_of", "identity_of", "log_entry_of", "status_of"]

NO_DIGEST = bytes(32)
_PENDING, _STOPPED_BY_UPDATE, _SAFE_STATE, _BOLUS_RUNNING, _NO_FILL, _SELF_TESTING, _OVERRIDDEN = (flag.value for flag in StatusFlag)
"""Plain numbers: STATUS is asked often, and enum arithmetic costs more than all the rest of it."""
_BATTERY_STATES = {state.name.lower(): state for state in BatteryState}
_NO_WORDS = (0, 0, 0)
_OF_THE_ROLE = (0, 0, 0, 0, 0)
"""Last command, its state, and staging with its owner and end: what the device role fills in."""


def status_of(belief: BriefStatus) -> Status:
    """The short look; what the device role knows of itself is left 0 for it to fill in."""
    active, silenced, acknowledged = _words(belief.alarms) if belief.alarms else _NO_WORDS
    return Status(
        belief.device_us,
        belief.clock_us,
        belief.boot_count,
        MODE_NAMES[belief.mode],
        _flags(belief),
        belief.generation,
        image_digest(belief.prescription) if belief.prescription else NO_DIGEST,
        *_OF_THE_ROLE,
        active,
        silenced,
        acknowledged,
        0,
    )


def condition_of(belief: DeviceStatus) -> Condition:
    """Part 2 of an interrogation."""
    bolus, fill, alarms = belief.bolus, belief.fill, belief.alarms
    return Condition(
        belief.device_us,
        belief.clock_us,
        MODE_NAMES[belief.mode],
        _flags(belief),
        belief.rate_nl_per_h,
        belief.computed_reservoir_nl or 0,
        fill.drug_id if fill else 0,
        fill.concentration_ng_per_ml if fill else 0,
        belief.low_reservoir_clock_us or 0,
        belief.empty_clock_us or 0,
        belief.replace_by_clock_us or 0,
        _BATTERY_STATES[belief.battery_state],
        belief.supply_mv,
        (BolusEntry(*bolus[:-1], DOSE_KINDS.index(bolus.kind)),) if bolus else (),
        tuple([_alarm(alarm) for alarm in alarms]) if alarms else (),
    )


def counters_of(belief: DeviceStatus) -> Counters:
    """Part 3 of an interrogation; what the device role knows of itself is left 0 for it to fill in."""
    return Counters(
        belief.basal_nl,
        belief.bolus_nl,
        belief.steps,
        0,
        0,
        0,
        belief.log_oldest,
        belief.log_newest,
        belief.patient_granted,
        belief.patient_refused,
    )


class Introduction:
    """Part 0 of an interrogation of one pump: what never changes is put together once."""

    def __init__(self, profile: Profile, serial: str, calibration_ppm: int) -> None:
        drugs = tuple(
            DrugEntry(
                drug.drug_id,
                drug.version,
                drug.name,
                drug.concentration_ng_per_ml_min,
                drug.concentration_ng_per_ml_max,
                drug.daily_dose_ng_max,
                drug.daily_dose_ng_soft,
                drug.stability_days,
            )
            for drug in profile.drugs
        )
        identity = profile.identity
        self._names = (identity.model, serial, identity.firmware, PROTOCOL_MAJOR, PROTOCOL_MINOR, calibration_ppm)
        self._numbers = (int(profile.behaviour.stops_for_update), profile.catheter.tubing_nl, (_limits(profile),), drugs)

    def at(self, boot_count: int, clock_us: int) -> Identity:
        """As told after so many boots, when the clock shows this."""
        return Identity._make((*self._names, boot_count, clock_us, *self._numbers))


def identity_of(belief: BriefStatus, profile: Profile, serial: str, calibration_ppm: int) -> Identity:
    """Part 0 of an interrogation."""
    return Introduction(profile, serial, calibration_ppm).at(belief.boot_count, belief.clock_us)


def log_entry_of(entry: Entry) -> LogEntry:
    """One log record."""
    return LogEntry(
        number=entry.number,
        good=int(entry.good),
        kind=entry.kind,
        detail=entry.detail,
        command_id=entry.command_id,
        device_us=entry.device_us,
        clock_us=max(0, entry.clock_us),
        programmed_nl=entry.programmed_nl,
        delivered_nl=entry.delivered_nl,
        value=entry.value,
    )


def _flags(belief: BriefStatus | DeviceStatus) -> int:
    flags = _PENDING if belief.concentration_pending else 0
    if belief.stop_reason == "update":
        flags |= _STOPPED_BY_UPDATE
    if belief.safe_state:
        flags |= _SAFE_STATE
    if belief.bolus is not None:
        flags |= _BOLUS_RUNNING
    if belief.self_testing:
        flags |= _SELF_TESTING
    if belief.overridden:
        flags |= _OVERRIDDEN
    return flags if belief.fill is not None else flags | _NO_FILL


def _words(alarms: tuple[ActiveAlarm, ...]) -> tuple[int, int, int]:
    """Alarm words: active, silenced, acknowledged."""
    active = silenced = acknowledged = 0
    for alarm in alarms:
        bit = 1 << number_of(alarm.cause)
        active |= bit * alarm.active
        silenced |= bit * (alarm.silenced_until_us > 0)
        acknowledged |= bit * alarm.acknowledged
    return active, silenced, acknowledged


def _alarm(alarm: ActiveAlarm) -> AlarmEntry:
    return AlarmEntry(
        cause=number_of(alarm.cause),
        alarm_class=AlarmClass.CRITICAL if alarm.critical else AlarmClass.NON_CRITICAL,
        active=int(alarm.active),
        acknowledged=int(alarm.acknowledged),
        raised_us=alarm.raised_us,
        silenced_until_us=alarm.silenced_until_us,
    )


def _limits(profile: Profile) -> Limits:
    """Device limits: each field of the wire has its name in one of the profile's sections."""
    sections = (profile.rate, profile.reservoir, profile.alarm, profile.bolus, profile.clock)
    return Limits(*(next(getattr(section, name) for section in sections if hasattr(section, name)) for name in Limits._fields))
