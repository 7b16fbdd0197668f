"""Doses of every kind: judged, begun with their record before motion, ended once.

A single or patient bolus runs on top of a running mode. A prime runs from stopped and leaves it stopped. A bridge bolus replaces basal
while it lasts. One dose at a time: another is Busy until the end. Critical alarms block doses; a prime may follow a pump that stood
too long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware_sim.errors import Busy, Refused
from firmware_sim.firmware.bolus_plan import plan_bolus
from firmware_sim.firmware.dosing import DOSE_KINDS, BolusRun
from firmware_sim.firmware.journal import EventKind
from firmware_sim.firmware.judge import judge_bolus, judge_bridge, judge_prime
from firmware_sim.firmware.lockouts import PLAN_CHANGE, Happening
from firmware_sim.firmware.modes import RUNNING
from firmware_sim.firmware.prescription import BolusOrder, BolusPlan, Command, PatientRule
from firmware_sim.firmware.week import week_of
from firmware_sim.firmware.window import Bound, Day, highest_window_units
from firmware_sim.units import UNITS_PER_NL, US_PER_DAY, US_PER_S

if TYPE_CHECKING:
    from firmware_sim.firmware.controller import Controller

__all__ = ["DoseDesk"]


class DoseDesk:
    """The doses of one firmware."""

    def __init__(self, firmware: Controller) -> None:
        self._firmware = firmware

    def refuse_while_running(self) -> None:
        """Raise Busy until the end of the dose that runs."""
        run = self._firmware.belief.dosing.bolus
        if run is not None:
            raise Busy(run.end_us)

    def check_single(self, order: BolusOrder) -> BolusPlan:
        """Judge a single bolus as of now. Raises Refused or Busy."""
        firmware, belief = self._firmware, self._firmware.belief
        self._may_run()
        assert belief.prescription is not None, "a running mode has a prescription"
        judge_bolus(order, belief.prescription.concentration_ng_per_ml, firmware.profile)
        self.refuse_while_running()
        return plan_bolus(order, belief.dosing, firmware.now_us, firmware.profile)

    def check_patient(self) -> BolusPlan:
        """Judge what the patient asks for: lockout, count, and the window. Raises Refused or Busy."""
        firmware, belief = self._firmware, self._firmware.belief
        self._may_run()
        assert belief.prescription is not None, "a running mode has a prescription"
        if not belief.prescription.patient:
            raise Refused("NO_PATIENT_BOLUS", "VOLUME")
        rule = belief.prescription.patient[0]
        self.refuse_while_running()
        self._judge_lockout(rule)
        plan = plan_bolus(BolusOrder(rule.volume_nl, rule.dose_ng, rule.duration_s), belief.dosing, firmware.now_us, firmware.profile)
        self._judge_window(rule, plan)
        return plan

    def check_prime(self, volume_nl: int) -> BolusPlan:
        """Judge a prime: only from stopped. Raises Refused or Busy."""
        firmware, belief = self._firmware, self._firmware.belief
        firmware.safety.refuse_doses()
        self.refuse_while_running()
        if belief.mode != "stopped":
            raise Refused("NOT_STOPPED", "MODE")
        if belief.holds:
            raise Refused("NOT_RUNNING", "MODE")
        if belief.alarms.critical_active(but=("stopped_too_long", "magnet_stop")):
            raise Refused("CRITICAL_ALARM", "MODE")
        if belief.fill is None or firmware.computed_units() <= 0:
            raise Refused("NO_FILL", "VOLUME")
        judge_prime(volume_nl, firmware.profile)
        return _at_rate(volume_nl, firmware.profile.bolus.prime_rate_nl_per_h, firmware.now_us)

    def check_bridge(self, volume_nl: int, rate_nl_per_h: int) -> BolusPlan:
        """Judge a bridge bolus. Raises Refused or Busy."""
        firmware = self._firmware
        self._may_run()
        judge_bridge(volume_nl, rate_nl_per_h, firmware.profile)
        self.refuse_while_running()
        return _at_rate(volume_nl, rate_nl_per_h, firmware.now_us)

    def begin(self, kind: str, volume_nl: int, plan: BolusPlan, command: Command) -> BolusPlan:
        """Begin a dose that was judged at this instant: records first, then motion."""
        firmware, belief = self._firmware, self._firmware.belief
        run = BolusRun(command.command_id, firmware.now_us, plan.end_us, volume_nl, kind)
        firmware.store.lockouts.add_dose(run)
        belief.bolus_slot = firmware.store.doses.begin(command, run)
        belief.dosing.move_anchor(firmware.now_us)
        belief.dosing.bolus = run
        if kind == "bridge":
            firmware.replan()
        firmware.log(EventKind.BOLUS_STARTED, DOSE_KINDS.index(kind), command.command_id, (volume_nl, 0), plan.duration_s)
        if kind != "patient":
            self.log_window(command.command_id)
        return plan

    def log_window(self, command_id: int) -> None:
        """A clinician's act is not cut by the patient's window, but its log tells what the fullest window holds now."""
        firmware, belief = self._firmware, self._firmware.belief
        if belief.prescription is None or not belief.prescription.patient or belief.dosing.week is None:
            return
        highest_nl = -(-highest_window_units(self._day()) // UNITS_PER_NL)
        firmware.log(EventKind.WINDOW_SUM, 0, command_id, (belief.prescription.patient[0].window_nl, highest_nl))

    def count_patient_bolus(self, granted: bool) -> None:
        """Count what became of a patient's asking."""
        belief = self._firmware.belief
        belief.patient_granted += granted
        belief.patient_refused += not granted
        self._firmware.store.write_patient_counters(belief.patient_granted, belief.patient_refused)

    def highest_basal(self) -> int:
        """The highest rate the therapy programs; what the past counts at where the plan it ran by is gone."""
        belief, rate = self._firmware.belief, self._firmware.profile.rate
        if belief.generation == 0:
            return 0
        if belief.prescription is None:  # lost, and it may have been any
            return rate.rate_nl_per_h_max
        return max(week_of(belief.prescription, rate.minimum_rate_nl_per_h).rates_nl_per_h)

    def bound_past(self) -> None:
        """From now on the day before now counts at the highest rate: when in it each step ran is no longer told by the clock."""
        belief = self._firmware.belief
        rate = self.highest_basal()
        kept = [bound for bound in belief.plan_bounds if bound.until_us > self._firmware.now_us - US_PER_DAY]
        if kept and kept[-1].rate_nl_per_h == rate:  # one that runs on
            kept.pop()
        belief.plan_bounds = (*kept, Bound(self._firmware.now_us, rate))

    def finish(self) -> None:
        """The dose has reached its end."""
        self._end("done")

    def interrupt(self) -> None:
        """End the dose that runs, if one does, with what it has delivered; at its very end it is done."""
        run = self._firmware.belief.dosing.bolus
        if run is not None:
            self._end("interrupted" if self._firmware.now_us < run.end_us else "done")

    def _end(self, end: str) -> None:
        firmware, belief = self._firmware, self._firmware.belief
        run = belief.dosing.bolus
        assert run is not None, "only a running dose ends"
        delivered_nl = belief.dosing.end_bolus(firmware.now_us)
        if run.kind == "bridge":
            firmware.replan()
        slot, belief.bolus_slot = belief.bolus_slot, -1
        firmware.store.doses.close(slot, end, delivered_nl, firmware.now_us)
        firmware.log(EventKind.BOLUS_ENDED, int(end != "done"), run.command_id, (run.volume_nl, delivered_nl), run.start_us)
        if end == "done" and run.kind in ("single", "patient") and firmware.profile.behaviour.after_bolus == "stop":
            firmware.stop("after_bolus")

    def _may_run(self) -> None:
        """A dose on top of a mode needs a mode that runs, and no critical alarm."""
        belief = self._firmware.belief
        self._firmware.safety.refuse_doses()
        if belief.safe_state:
            raise Refused("SAFE_STATE", "MODE")
        if belief.prescription is None or belief.mode not in RUNNING or belief.holds:
            raise Refused("NOT_RUNNING", "MODE")
        if belief.alarms.critical_active():
            raise Refused("CRITICAL_ALARM", "MODE")

    def _judge_lockout(self, rule: PatientRule) -> None:
        """One lockout since the last grant, COMMIT and REFILL; at most so many in 24 hours."""
        firmware, now_us = self._firmware, self._firmware.now_us
        happened, fill = firmware.store.lockouts.all(), firmware.belief.fill
        grants = [dose.start_us for dose in happened if dose.kind == "patient"]
        since = [*(event.start_us for event in happened if event.kind in ("patient", PLAN_CHANGE)), *([fill.device_us] if fill else [0])]
        free_us = max(since) + rule.lockout_s * US_PER_S
        within = [start_us for start_us in grants if start_us > now_us - US_PER_DAY]
        if len(within) >= rule.most_per_day:
            free_us = max(free_us, sorted(within)[-rule.most_per_day] + US_PER_DAY)
        if firmware.store.lockouts.is_spoilt():
            free_us = max(free_us, now_us + rule.lockout_s * US_PER_S)
        if now_us < free_us:
            raise Refused("LOCKOUT", "LOCKOUT", now_us, free_us, "US")

    def _judge_window(self, rule: PatientRule, plan: BolusPlan) -> None:
        """No window of 24 hours may hold more than the rule allows, with this bolus in it."""
        firmware, now_us = self._firmware, self._firmware.now_us
        asked = Happening("patient", rule.volume_nl, now_us, plan.end_us, 0)
        day = self._day((asked, rule.volume_nl * UNITS_PER_NL))
        highest = highest_window_units(day)
        lockouts = firmware.store.lockouts
        kept = lockouts.all()
        forgotten = len(kept) >= lockouts.slots - 1 and kept[0].start_us > now_us - US_PER_DAY  # a cut may have taken one in its write
        if forgotten or highest > rule.window_nl * UNITS_PER_NL:
            raise Refused("DOSE_LIMIT", "WINDOW", -(-highest // UNITS_PER_NL), rule.window_nl, "NL")

    def _day(self, *asked: tuple[Happening, int]) -> Day:
        """Everything known of the days around now."""
        firmware, belief = self._firmware, self._firmware.belief
        happened = firmware.store.lockouts.all()
        bounds = [Bound(change.start_us, change.amount) for change in happened if change.kind == PLAN_CHANGE]
        bounds = sorted([*bounds, *belief.plan_bounds], key=lambda bound: (bound.until_us, -bound.rate_nl_per_h))
        records = {(dose.command.command_id, dose.start_us): dose for dose in firmware.store.doses.all() if dose.end is not None}
        doses = list(asked)
        for dose in happened:
            if dose.kind != PLAN_CHANGE:
                record = records.get((dose.command_id, dose.start_us))
                if record is not None and record.end == "interrupted":
                    cut = dose._replace(end_us=max(record.ended_us, dose.start_us + 1))
                    doses.append((cut, (record.delivered_nl + 1) * UNITS_PER_NL))
                else:
                    doses.append((dose, dose.amount * UNITS_PER_NL))
        week = belief.dosing.week
        assert week is not None, "a patient bolus is judged only while a mode runs"
        return Day(firmware.now_us, tuple(bounds), week, belief.dosing.clock_offset_us, tuple(doses))


def _at_rate(volume_nl: int, rate_nl_per_h: int, now_us: int) -> BolusPlan:
    """A dose given at one rate; the end is rounded up to a microsecond, the duration told to a second."""
    lasts_us = -(-volume_nl * UNITS_PER_NL // rate_nl_per_h)
    return BolusPlan(-(-lasts_us // US_PER_S), now_us + lasts_us)
