"""What the firmware thinks: the belief side of the pump, as an interrogation would tell it."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from firmware_sim.firmware.alarms import ALARMS, number_of
from firmware_sim.firmware.controller import Controller
from firmware_sim.firmware.dosing import BolusRun, Dosing
from firmware_sim.firmware.modes import RUNNING
from firmware_sim.firmware.power import battery_state, measured_mv, replace_by_us
from firmware_sim.firmware.prescription import Prescription, RefillEntry
from firmware_sim.firmware.week import Week, constant_week, week_of
from firmware_sim.units import UNITS_PER_NL, US_PER_DAY

__all__ = ["ActiveAlarm", "BolusStatus", "BriefStatus", "DeviceStatus", "brief_of", "status_of"]

_UNAWARE = frozenset(("trap", "hang"))
"""Holds that the part of the firmware which tells the status knows nothing of."""


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
    """What a short look tells: the part of a `DeviceStatus` that costs nothing to work out.

    `self_testing` says that the power-on self-test is not over, `overridden` that the therapy is above a soft limit which its COMMIT set
    aside.
    """

    device_us: int
    clock_us: int
    boot_count: int
    mode: str
    stop_reason: str
    safe_state: bool
    self_testing: bool
    overridden: bool
    concentration_pending: bool
    generation: int
    prescription: Prescription | None
    fill: RefillEntry | None
    bolus: BolusStatus | None
    alarms: tuple[ActiveAlarm, ...]


class DeviceStatus(NamedTuple):
    """The firmware's belief at one instant. Clock dates are microseconds since 2000-01-01, None where nothing can be computed.

    The reservoir's dates are those of the plan in force; of a pump that is stopped, those of its therapy if it ran from now on. A pump held
    back without knowing it, as in telemetry mode, tells the rate that it believes to give.
    """

    device_us: int
    clock_us: int
    boot_count: int
    mode: str
    stop_reason: str
    safe_state: bool
    self_testing: bool
    overridden: bool
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
    battery_state: str
    bolus: BolusStatus | None
    alarms: tuple[ActiveAlarm, ...]
    basal_nl: int
    bolus_nl: int
    steps: int
    log_oldest: int
    log_newest: int
    fault_log_oldest: int
    fault_log_newest: int
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
        belief.post_until_us >= 0,
        controller.overridden,
        _pending(belief.prescription, entry),
        belief.generation,
        belief.prescription,
        entry,
        _bolus(belief.dosing.bolus, now_us),
        _alarms(controller) if belief.alarms.states else (),
    )


def status_of(controller: Controller) -> DeviceStatus:
    """Read the belief at the controller's `now_us`; writes nothing."""
    brief, belief, now_us = brief_of(controller), controller.belief, controller.now_us
    dosing, hal, profile = belief.dosing, controller.hal, controller.profile
    journal, plan = controller.store.journal, _plan(controller)
    unaware = belief.mode in RUNNING and not _UNAWARE.isdisjoint(belief.holds)
    return DeviceStatus(
        **brief._asdict(),
        rate_nl_per_h=(plan if unaware else dosing).rate_at(now_us),
        computed_reservoir_nl=max(0, controller.computed_units()) // UNITS_PER_NL if brief.fill else None,
        low_reservoir_clock_us=_low_date(controller, plan),
        empty_clock_us=_date(controller, plan, 0),
        replace_by_clock_us=_replace_by(controller),
        supply_mv=measured_mv(belief, hal, profile, now_us),
        battery_state=battery_state(belief, profile, now_us),
        basal_nl=dosing.basal_at(now_us) // UNITS_PER_NL,
        bolus_nl=dosing.bolus_at(now_us) // UNITS_PER_NL,
        steps=dosing.steps_at(now_us),
        log_oldest=journal.events.oldest,
        log_newest=journal.events.next_number - 1,
        fault_log_oldest=journal.faults.oldest,
        fault_log_newest=journal.faults.next_number - 1,
        patient_granted=belief.patient_granted,
        patient_refused=belief.patient_refused,
    )


def _pending(prescription: Prescription | None, entry: RefillEntry | None) -> bool:
    """Whether the pump was told of a fill that the therapy does not fit yet."""
    if prescription is None or entry is None:
        return False
    return prescription.concentration_ng_per_ml != entry.concentration_ng_per_ml or prescription.drug_id != entry.drug_id


def _plan(controller: Controller) -> Dosing:
    """The plan in force; where none is, the programmed one as if it ran from now on."""
    dosing, week = controller.belief.dosing, _programmed_week(controller)
    if dosing.moving or week is None:
        return dosing
    return replace(dosing, anchor_us=controller.now_us, clock_offset_us=controller.clock_us() - controller.now_us, week=week)


def _programmed_week(controller: Controller) -> Week | None:
    belief, minimum = controller.belief, controller.profile.rate.minimum_rate_nl_per_h
    if belief.prescription is not None and not belief.safe_state:
        return week_of(belief.prescription, minimum)
    return constant_week(minimum) if belief.mode in RUNNING else None


def _date(controller: Controller, plan: Dosing, left_nl: int) -> int | None:
    """Clock time at which `left_nl` will be left under a plan."""
    fill = controller.belief.fill
    if fill is None or plan.week is None:
        return None
    at_us = plan.time_of_total(fill.end_units(left_nl))
    return None if at_us is None else at_us + controller.clock_us() - controller.now_us


def _low_date(controller: Controller, plan: Dosing) -> int | None:
    """When the low-reservoir level is reached, never later than the drug's stability ends."""
    prescription, fill = controller.belief.prescription, controller.belief.fill
    date = _date(controller, plan, prescription.low_reservoir_nl) if prescription else None
    drug = controller.profile.drug(fill.entry.drug_id) if fill else None
    if date is None or fill is None or drug is None:
        return date
    return min(date, fill.clock_us + drug.stability_days * US_PER_DAY)


def _replace_by(controller: Controller) -> int | None:
    """When service will end, as far as can be told; None for a pump that was never implanted."""
    belief, now_us = controller.belief, controller.now_us
    if belief.implanted_us < 0 and belief.eri_us < 0:
        return None
    return replace_by_us(belief, controller.hal, controller.profile, now_us) + controller.clock_us() - now_us


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
