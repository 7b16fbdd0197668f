"""Looks at the firmware: brief and whole status at an instant. What no time changes is worked out once, and again after each change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from firmware_sim.firmware.alarms import ALARMS, number_of
from firmware_sim.firmware.controller import Controller
from firmware_sim.firmware.device_status import ActiveAlarm, BolusStatus, BriefStatus, DeviceStatus
from firmware_sim.firmware.dosing import PLAN, BolusRun, Course, Dosing
from firmware_sim.firmware.modes import RUNNING
from firmware_sim.firmware.power import Outlook, outlook_of
from firmware_sim.firmware.prescription import Prescription, RefillEntry
from firmware_sim.firmware.readings import Readings, readings_of
from firmware_sim.firmware.week import Week, constant_week, week_of
from firmware_sim.units import UNITS_PER_NL, US_PER_DAY

__all__ = ["Looks"]

_UNAWARE = frozenset(("trap", "hang"))
"""Holds that the part of the firmware which tells the status knows nothing of."""


class _Words(NamedTuple):
    """What a brief status tells that no time changes. `told` goes from boot count to therapy; `alarms` is None where a silence may end."""

    shift_us: int
    told: tuple[Any, ...]
    fill: RefillEntry | None
    alarms: tuple[ActiveAlarm, ...] | None


class _Plan(NamedTuple):
    """What rests on the plan of dosing and the supply alone; a refill leaves it as it is. `outlook` is None before there is a life."""

    course: Course
    readings: Readings
    gently: bool
    outlook: Outlook | None


class _Figures(NamedTuple):
    """What else a status tells that no time changes. `dates` are those of the plan in force, None where none is; `counted` goes from the
    log's numbers to the end.
    """

    unaware: bool
    end_units: int
    dates: tuple[int | None, int | None] | None
    counted: tuple[int, ...]


class Looks:
    """Looks at one firmware at its `now_us`. They write nothing; `forget` must be called after each change."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._plan_key: tuple[object, ...] = ()
        self.forget()

    def forget(self) -> None:
        """Something has changed."""
        self._words: _Words | None = None
        self._figures: _Figures | None = None
        self._status: DeviceStatus | None = None

    def brief(self) -> BriefStatus:
        """The part that costs nothing to work out."""
        now_us, (shift_us, told, fill, alarms) = self._controller.now_us, self._words or self._find_words()
        bolus = self._controller.belief.dosing.bolus
        running = None if bolus is None else _bolus(bolus, now_us)
        return BriefStatus._make((now_us, now_us + shift_us, *told, fill, running, _alarms(self._controller) if alarms is None else alarms))

    def status(self) -> DeviceStatus:
        """All of it; asked again at the same instant, it is the same."""
        status = self._status
        if status is None or status.device_us != self._controller.now_us:
            status = self._status = self._find_status()
        return status

    def _find_status(self) -> DeviceStatus:
        controller = self._controller
        shift_us, told, fill, alarms = self._words or self._find_words()
        unaware, end_units, dates, counted = self._figures or self._find_figures()
        course, readings, gently, outlook = self._plan
        now_us, bolus = controller.now_us, course.bolus
        basal_units, bolus_units, rate = course.at(now_us)
        supply_mv = readings.measured_gently_mv(now_us) if gently else readings.measured_mv(now_us)
        low_us, empty_us = dates or _dates(controller, _plan(controller))
        return DeviceStatus._make(
            (
                now_us,
                now_us + shift_us,
                *told,
                _plan(controller).rate_at(now_us) if unaware else rate,
                None if fill is None else max(0, end_units - basal_units - bolus_units) // UNITS_PER_NL,
                fill,
                low_us,
                empty_us,
                None if outlook is None else outlook.replace_by_us(now_us, supply_mv) + shift_us,
                supply_mv,
                "good" if outlook is None else outlook.state(now_us),
                None if bolus is None else _bolus(bolus, now_us),
                _alarms(controller) if alarms is None else alarms,
                basal_units // UNITS_PER_NL,
                bolus_units // UNITS_PER_NL,
                (basal_units + bolus_units) // course.step_units,
                *counted,
            )
        )

    def _find_words(self) -> _Words:
        controller, belief = self._controller, self._controller.belief
        therapy, entry = belief.prescription, belief.fill.entry if belief.fill else None
        told = (
            belief.boot_count,
            belief.mode,
            belief.stop_reason,
            belief.safe_state,
            belief.post_until_us >= 0,
            controller.overridden,
            _pending(therapy, entry),
            belief.generation,
            therapy,
        )
        silenced = any(state.silenced_until_us for state in belief.alarms.states.values())
        self._words = words = _Words(controller.clock_us() - controller.now_us, told, entry, None if silenced else _alarms(controller))
        return words

    def _find_figures(self) -> _Figures:
        controller, belief = self._controller, self._controller.belief
        events, faults = controller.store.journal.events, controller.store.journal.faults
        rings = (events.oldest, events.next_number - 1, faults.oldest, faults.next_number - 1)
        key = (controller.hal.supply_changes, belief.booted_us, belief.eri_us, belief.implanted_us, *PLAN(belief.dosing))
        if key != self._plan_key:
            self._plan, self._plan_key = self._find_plan(), key
        self._figures = figures = _Figures(
            belief.mode in RUNNING and not _UNAWARE.isdisjoint(belief.holds),
            belief.fill.end_units() if belief.fill else 0,
            _dates(controller, belief.dosing) if belief.dosing.moving else None,
            (*rings, belief.patient_granted, belief.patient_refused),
        )
        return figures

    def _find_plan(self) -> _Plan:
        controller, belief = self._controller, self._controller.belief
        readings = readings_of(belief, controller.hal, controller.profile)
        return _Plan(
            readings.course,
            readings,
            readings.fall_gently(controller.now_us, controller.profile.battery.empty_mv),
            outlook_of(belief, controller.profile) if belief.implanted_us >= 0 or belief.eri_us >= 0 else None,
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


def _dates(controller: Controller, plan: Dosing) -> tuple[int | None, int | None]:
    """When the low-reservoir level is reached, never later than the drug's stability ends, and when nothing is left."""
    prescription, fill = controller.belief.prescription, controller.belief.fill
    low_us, empty_us = _date(controller, plan, prescription.low_reservoir_nl) if prescription else None, _date(controller, plan, 0)
    drug = controller.profile.drug(fill.entry.drug_id) if fill else None
    if low_us is not None and fill is not None and drug is not None:
        low_us = min(low_us, fill.clock_us + drug.stability_days * US_PER_DAY)
    return low_us, empty_us


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
