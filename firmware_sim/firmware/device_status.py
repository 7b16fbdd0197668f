"""What the firmware thinks: the belief side of the pump, as an interrogation would tell it."""

from __future__ import annotations

from typing import NamedTuple

from firmware_sim.firmware.alarms import ALARMS, number_of
from firmware_sim.firmware.controller import Controller
from firmware_sim.firmware.dosing import BolusRun
from firmware_sim.firmware.prescription import Prescription, RefillEntry
from firmware_sim.units import UNITS_PER_NL, US_PER_DAY

__all__ = ["ActiveAlarm", "BolusStatus", "BriefStatus", "DeviceStatus", "brief_of", "status_of"]


class ActiveAlarm(NamedTuple):
    """One cause: active or not, acknowledged or not, when raised, silenced until (device times; 0 = not silenced)."""

    cause: str
    critical: bool
    active: bool
    acknowledged: bool
    raised_us: int
    silenced_until_us: int


class BolusStatus(NamedTuple):
    """The bolus under way."""

    command_id: int
    programmed_nl: int
    delivered_nl: int
    start_us: int
    end_us: int
    kind: str


class BriefStatus(NamedTuple):
    """What a short look tells: the part of a `DeviceStatus` that costs nothing to work out."""

    device_us: int
    clock_us: int
    boot_count: int
    mode: str
    stop_reason: str
    safe_state: bool
    concentration_pending: bool
    generation: int
    prescription: Prescription | None
    fill: RefillEntry | None
    bolus: BolusStatus | None
    alarms: tuple[ActiveAlarm, ...]


class DeviceStatus(NamedTuple):
    """The firmware's belief at one instant. Clock dates are microseconds since 2000-01-01, None where nothing can be computed."""

    device_us: int
    clock_us: int
    boot_count: int
    mode: str
    stop_reason: str
    safe_state: bool
    concentration_pending: bool
    generation: int
    prescription: Prescription | None
    rate_nl_per_h: int
    computed_reservoir_nl: int | None
    fill: RefillEntry | None
    low_reservoir_clock_us: int | None
    empty_clock_us: int | None
    replace_by_clock_us: int | None
    supply_mv: int
    bolus: BolusStatus | None
    alarms: tuple[ActiveAlarm, ...]
    basal_nl: int
    bolus_nl: int
    steps: int
    log_oldest: int
    log_newest: int
    patient_granted: int
    patient_refused: int


def brief_of(controller: Controller) -> BriefStatus:
    """Read the brief part at the controller's `now_us`; writes nothing."""
    belief, now_us = controller.belief, controller.now_us
    entry = belief.fill.entry if belief.fill else None
    return BriefStatus(
        now_us,
        controller.clock_us(),
        belief.boot_count,
        belief.mode,
        belief.stop_reason,
        belief.safe_state,
        _pending(belief.prescription, entry),
        belief.generation,
        belief.prescription,
        entry,
        _bolus(belief.dosing.bolus, now_us),
        _alarms(controller) if belief.alarms.states else (),
    )


def status_of(controller: Controller) -> DeviceStatus:
    """Read the belief at the controller's `now_us`; writes nothing."""
    brief, dosing, now_us = brief_of(controller), controller.belief.dosing, controller.now_us
    events, steps = controller.store.journal.events, dosing.steps_at(now_us)
    return DeviceStatus(
        **brief._asdict(),
        rate_nl_per_h=dosing.rate_at(now_us),
        computed_reservoir_nl=max(0, controller.computed_units()) // UNITS_PER_NL if brief.fill else None,
        low_reservoir_clock_us=_low_date(controller),
        empty_clock_us=_date(controller, 0),
        replace_by_clock_us=_replace_by(controller),
        supply_mv=controller.hal.supply_mv(now_us, steps),
        basal_nl=dosing.basal_at(now_us) // UNITS_PER_NL,
        bolus_nl=dosing.bolus_at(now_us) // UNITS_PER_NL,
        steps=steps,
        log_oldest=events.oldest,
        log_newest=events.next_number - 1,
        patient_granted=controller.belief.patient_granted,
        patient_refused=controller.belief.patient_refused,
    )


def _pending(prescription: Prescription | None, entry: RefillEntry | None) -> bool:
    """Whether the pump was told of a fill that the therapy does not fit yet."""
    if prescription is None or entry is None:
        return False
    return prescription.concentration_ng_per_ml != entry.concentration_ng_per_ml or prescription.drug_id != entry.drug_id


def _date(controller: Controller, left_nl: int) -> int | None:
    """Clock time at which `left_nl` will be left under the present plan."""
    fill, dosing = controller.belief.fill, controller.belief.dosing
    if fill is None or dosing.week is None:
        return None
    at_us = dosing.time_of_total(fill.end_units(left_nl))
    return None if at_us is None else at_us + controller.clock_us() - controller.now_us


def _low_date(controller: Controller) -> int | None:
    """When the low-reservoir level is reached, never later than the drug's stability ends."""
    prescription, fill = controller.belief.prescription, controller.belief.fill
    date = _date(controller, prescription.low_reservoir_nl) if prescription else None
    drug = controller.profile.drug(fill.entry.drug_id) if fill else None
    if date is None or fill is None or drug is None:
        return date
    return min(date, fill.clock_us + drug.stability_days * US_PER_DAY)


def _replace_by(controller: Controller) -> int | None:
    implanted_us = controller.belief.implanted_us
    if implanted_us < 0:
        return None
    days = controller.profile.battery.replace_after_days
    return implanted_us + days * US_PER_DAY + controller.clock_us() - controller.now_us


def _bolus(run: BolusRun | None, now_us: int) -> BolusStatus | None:
    return BolusStatus(run.command_id, run.volume_nl, run.delivered_nl(now_us), run.start_us, run.end_us, run.kind) if run else None


def _alarms(controller: Controller) -> tuple[ActiveAlarm, ...]:
    now_us = controller.now_us
    states = sorted(controller.belief.alarms.states.items(), key=lambda item: (item[1].raised_us, number_of(item[0])))
    return tuple(
        ActiveAlarm(
            cause,
            ALARMS[number_of(cause)].critical,
            state.active,
            state.life == "acknowledged",
            state.raised_us,
            state.silenced_until_us if state.silenced_until_us > now_us else 0,
        )
        for cause, state in states
    )
