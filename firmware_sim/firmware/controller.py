"""The firmware: takes orders, keeps deadlines, raises alarms. It sees the board through `hal` and nothing else.

Every method acts at `now_us` (device time), which the owner sets first. Deadlines are worked out from state (`deadlines`), never queued.
"""

from __future__ import annotations

from collections.abc import Callable

from firmware_sim.errors import Refused
from firmware_sim.firmware.alarm_desk import AlarmDesk
from firmware_sim.firmware.belief import STOP_REASONS, Belief, Fill
from firmware_sim.firmware.boot import Fresh, wake
from firmware_sim.firmware.deadlines import Deadline, next_deadline
from firmware_sim.firmware.dose_desk import DoseDesk
from firmware_sim.firmware.journal import Entry, EventKind
from firmware_sim.firmware.judge import is_over_soft_limit, judge_overrides, judge_prescription, judge_refill
from firmware_sim.firmware.modes import MODE_TABLE, RUNNING, run_trigger
from firmware_sim.firmware.nvm import Layout
from firmware_sim.firmware.prescription import NO_COMMAND, Command, Prescription, RefillEntry
from firmware_sim.firmware.safety import Safety
from firmware_sim.firmware.scrub import Scrub, image_crc
from firmware_sim.firmware.service_life import ServiceLife
from firmware_sim.firmware.store import Store
from firmware_sim.firmware.week import Week, constant_week, week_of
from firmware_sim.hal import RESET_CAUSES, Factory, Hal
from firmware_sim.profile import Profile
from firmware_sim.units import UNITS_PER_NL

__all__ = ["Controller"]

Logged = Callable[[Entry], None]


class Controller:
    """One pump's firmware. `on_log` is told every journal entry as it is written."""

    def __init__(self, profile: Profile, hal: Hal, factory: Factory, on_log: Logged) -> None:
        self.profile = profile
        self.hal = hal
        self.layout = Layout(profile.memory.regions())
        self.store = Store(hal.memory, self.layout)
        self.alarms = AlarmDesk(self)
        self.desk = DoseDesk(self)
        self.safety = Safety(self)
        self.scrub = Scrub(self)
        self.service_life = ServiceLife(self)
        self.now_us = 0
        self._factory = factory
        self._soft_judged: tuple[Prescription | None, bool] = (None, False)
        self._on_log = on_log
        self.belief: Belief

    def boot(self, *, first: bool) -> None:
        """Start from memory at `now_us`; the `first` boot is the factory's, which has tested. Raises PowerCut when the supply dies during
        boot's own writes.
        """
        fresh = Fresh(self._factory.step_units, self.profile.clock.clock_us_start)
        if first:
            self.calibrate()
        waking = wake(self.store, self.hal.registers, fresh, self.now_us)
        self.belief = waking.belief
        if not self.profile.behaviour.telemetry:
            self.belief.mode = "simple"
            self.replan()
            return
        self.log(EventKind.BOOT, RESET_CAUSES.index(self.hal.reset_cause), value=self.belief.boot_count)
        for command_id, programmed_nl, delivered_nl, start_us in waking.interrupted:
            self.log(EventKind.BOLUS_ENDED, 1, command_id, (programmed_nl, delivered_nl), start_us)
        if not first:
            self.safety.begin_power_on_test()
        self.hung_changed()
        self.belief.ram_crc = image_crc(self.belief.prescription)
        self.alarms.recall(waking)
        self._resume(waking.trigger)
        self.desk.bound_past()
        self.store.banks.mirror()
        self.scrub.run()
        self.alarms.judge_reservoir(self.computed_units())

    def resume(self, belief: Belief) -> None:
        """Go on with a belief that was saved, as if nothing had been."""
        self.belief = belief
        self.store.journal.events.next_number, self.store.journal.faults.next_number = belief.events_next, belief.faults_next

    def calibrate(self) -> None:
        """Keep the constant printed on the box."""
        self.store.write_calibration(self._factory.printed_ppm)

    def log(self, kind: EventKind, detail: int = 0, command_id: int = 0, volumes_nl: tuple[int, int] = (0, 0), value: int = 0) -> None:
        """Write one journal record at `now_us`; volumes are (programmed, delivered)."""
        journal = self.store.journal
        entry = Entry(journal.events.next_number, kind, detail, command_id, self.now_us, self.clock_us(), *volumes_nl, value)
        entry, good = journal.append(entry)
        self.belief.events_next, self.belief.faults_next = journal.events.next_number, journal.faults.next_number
        self._on_log(entry)
        if good == self.belief.alarms.is_active("log_error"):
            (self.alarms.clear_alarm if good else self.alarms.raise_alarm)("log_error")

    @property
    def overridden(self) -> bool:
        """Whether the therapy is above a soft limit, which its COMMIT must have set aside; judged once a therapy."""
        therapy = self.belief.prescription
        if self._soft_judged[0] is not therapy:
            self._soft_judged = (therapy, therapy is not None and is_over_soft_limit(therapy, self.profile))
        return self._soft_judged[1]

    def clock_us(self) -> int:
        """The device clock: monotonic counter + offset + what the clock chip has jumped."""
        return self.now_us + self._clock_shift_us()

    # -- orders ----------------------------------------------------------------------------------------------------------

    def check(self, prescription: Prescription) -> None:
        """Judge a prescription against the device, its drug entry and the last fill. Raises Refused."""
        judge_prescription(prescription, self.profile)
        fill = self.belief.fill
        if fill is None or self.computed_units() <= 0:
            raise Refused("NO_FILL", "VOLUME")
        if fill.entry.drug_id != prescription.drug_id:
            raise Refused("UNIT_MISMATCH", "DRUG", prescription.drug_id, fill.entry.drug_id)
        filled, asked = fill.entry.concentration_ng_per_ml, prescription.concentration_ng_per_ml
        if filled != asked:
            raise Refused("UNIT_MISMATCH", "CONCENTRATION", asked, filled, "NG_PER_ML")

    def commit(self, prescription: Prescription, command: Command, overrides: tuple[int, ...]) -> int:
        """Make it the therapy and start its mode (with a new drug: stay stopped); returns the generation.

        `overrides` are the numbers of soft rules that the clinician sets aside; each is logged.
        """
        self.safety.refuse_doses()
        self.check(prescription)
        judge_overrides(prescription, overrides, self.profile)
        self.desk.refuse_while_running()
        belief = self.belief
        new_drug = belief.drug_id not in (0, prescription.drug_id)
        self.store.lockouts.add_plan_change(self.now_us, self.desk.highest_basal())
        self.store.banks.commit(belief.generation + 1, prescription, command)
        belief.generation, belief.prescription, belief.safe_state = belief.generation + 1, prescription, False
        belief.ram_crc, belief.drug_id = image_crc(prescription), prescription.drug_id
        self.alarms.clear_alarm("low_battery_reset")
        if belief.implanted_us < 0:
            belief.implanted_us = self.now_us
        if new_drug:
            self._halt("new_drug", "unload")
        else:
            self._run(run_trigger(prescription.mode))
        self.store.write_delivery(belief, command)
        self.store.banks.repair(belief.generation)
        self.log(EventKind.THERAPY_COMMITTED, 0, command.command_id, value=belief.generation)
        for rule in overrides:
            self.log(EventKind.OVERRIDE, rule, command.command_id, value=belief.generation)
        self.desk.log_window(command.command_id)
        for cause in ("memory_error", "memory_failure"):
            self.alarms.clear_alarm(cause)
        return belief.generation

    def start(self, generation: int | None, command: Command) -> str:
        """Run the therapy of this generation; returns the mode. Raises Refused."""
        belief = self.belief
        self.safety.refuse_doses()
        if belief.safe_state:
            raise Refused("SAFE_STATE", "MODE")
        if belief.prescription is None or belief.mode == "shelf":
            raise Refused("NO_THERAPY", "GENERATION", generation or 0, belief.generation, "COUNT")
        if generation is not None and generation != belief.generation:
            raise Refused("GENERATION", "GENERATION", generation, belief.generation, "COUNT")
        if belief.fill is None or self.computed_units() <= 0:
            raise Refused("NO_FILL", "VOLUME")
        if belief.mode == "stopped":
            self.desk.refuse_while_running()
            self._run(run_trigger(belief.prescription.mode))
        self.store.write_delivery(belief, command)
        self.log(EventKind.STARTED, 0, command.command_id)
        return belief.mode

    def stop(self, reason: str = "command") -> str:
        """Stop all infusion; accepted always, idempotent; returns the mode. The 48 h clock keeps its first start."""
        belief = self.belief
        if belief.mode == "shelf" or not (belief.mode in RUNNING or belief.dosing.bolus or reason == "update"):
            return belief.mode
        self.desk.interrupt()
        self._halt(reason, "stop")
        delivery = self.store.delivery()
        self.store.write_delivery(belief, delivery.command if delivery else NO_COMMAND)
        self.log(EventKind.STOPPED, STOP_REASONS.index(reason))
        return belief.mode

    def begin_update(self, interrupt: bool) -> None:
        """An update begins: stop, if this pump stops for updates. Raises Busy during a bolus unless `interrupt`."""
        self.safety.refuse_while_testing()
        if not interrupt:
            self.desk.refuse_while_running()
        if self.profile.behaviour.stops_for_update:
            self.stop("update")
        self.log(EventKind.UPDATE_BEGUN, value=self.belief.generation)

    def drop_update(self, expired: bool) -> None:
        """Staging is gone; what runs does not change."""
        self.log(EventKind.UPDATE_DROPPED, int(expired), value=self.belief.generation)

    def refill(self, entry: RefillEntry, command: Command) -> tuple[int, int]:
        """Take what the programmer says; returns (expected before, computed now) in nL. Flow does not change."""
        self.safety.refuse_while_testing()
        judge_refill(entry, self.profile)
        belief, total_units = self.belief, self.belief.dosing.total_at(self.now_us)
        expected_nl = max(0, belief.fill.end_units() - total_units) // UNITS_PER_NL if belief.fill else 0
        fill = Fill(entry, total_units, self.now_us, self.clock_us())
        self.store.write_fill(fill, command)
        belief.fill = fill
        for cause in ("low_reservoir", "empty_reservoir"):
            self.alarms.clear_alarm(cause)
        self.log(EventKind.REFILL, entry.drug_id, command.command_id, (entry.volume_nl, entry.withdrawn_nl), entry.concentration_ng_per_ml)
        self.alarms.judge_reservoir(fill.end_units() - total_units)
        return expected_nl, entry.volume_nl

    def set_clock(self, clock_us: int, command: Command) -> tuple[int, int]:
        """Set the device clock; returns (old, new). Raises Refused outside its range, Busy during a bolus."""
        limit_us = self.profile.clock.clock_us_max
        if not 0 <= clock_us <= limit_us:
            raise Refused("RANGE", "CLOCK", clock_us, limit_us if clock_us > 0 else 0, "US")
        self.safety.refuse_while_testing()
        self.desk.refuse_while_running()
        old_us = self.clock_us()
        self.store.write_clock_offset(self.belief.clock_offset_us + clock_us - old_us, command)
        self.belief.clock_offset_us += clock_us - old_us
        self.clock_moved()
        self.log(EventKind.CLOCK_SET, 0, command.command_id, value=old_us)
        return old_us, clock_us

    def interrogated(self) -> None:
        """An interrogation was completed: it ends the telemetry mode, and a pump that is lazy about it logs its recovery now."""
        self.release("trap")
        self.alarms.log_recovery()

    @property
    def has_news(self) -> bool:
        """Whether an interrogation will change something."""
        return "trap" in self.belief.holds or self.belief.recovery_us >= 0

    # -- what the board reports ------------------------------------------------------------------------------------------

    def feedback_changed(self) -> None:
        """The rotor stalled or came free: the next steps will tell."""
        self.belief.stall.feedback_changed(self.hal.motor_feedback(), self.belief.dosing, self.now_us)

    def field_began(self) -> None:
        """Interference: with an alarm sounding, a pump of this class goes into telemetry mode: no step until it is interrogated."""
        belief = self.belief
        if self.profile.behaviour.telemetry_trap and belief.alarms.signalled(self.now_us):
            self.hold("trap")

    def hung_changed(self) -> None:
        """The dosing task hangs, or runs again."""
        if "dosing" in self.hal.hung:
            self.hold("hang")
        else:
            self.release("hang")

    def clock_moved(self) -> None:
        """The clock shows another time: the step that contains it is in force at once."""
        dosing = self.belief.dosing
        self.desk.bound_past()
        self.replan()
        run = dosing.bolus
        if run is None or dosing.week is None:
            return
        span = (self.clock_us(), run.end_us + dosing.clock_offset_us)
        if dosing.week.highest_rate(*span) + run.rate_nl_per_h() > self.profile.rate.rate_nl_per_h_max:
            self.desk.interrupt()

    # -- deadlines -------------------------------------------------------------------------------------------------------

    def next_due(self) -> Deadline | None:
        """Name and device time of the next deadline; derived from state alone."""
        return next_deadline(self.belief, self.hal, self.profile)

    def act(self, name: str) -> None:
        """Do what a deadline is for, at `now_us`."""
        acts: dict[str, Callable[[], None]] = {
            "power_on_test": self.safety.end_power_on_test,
            "scrub": self.scrub.run,
            "self_test": self.safety.run_tests,
            "bolus_end": self.desk.finish,
            "empty": self.alarms.run_empty,
            "low": lambda: self.alarms.raise_alarm("low_reservoir"),
            "stall": lambda: self.alarms.raise_alarm("motor_stall"),
            "recovery": self.alarms.recover,
            "stopped": lambda: self.alarms.raise_alarm("stopped_too_long"),
            "eri": self.service_life.begin_eri,
            "eos": self.service_life.end_service,
            "supply": self.service_life.judge_supply,
        }
        acts[name]()

    def computed_units(self) -> int:
        """Computed reservoir in units: entered fill minus what was commanded since; 0 without a fill."""
        fill = self.belief.fill
        return fill.end_units() - self.belief.dosing.total_at(self.now_us) if fill else 0

    # -- what its parts ask of it -----------------------------------------------------------------------------------------

    def replan(self) -> None:
        """Bring the week of rates into force that the state asks for, from now on."""
        dosing = self.belief.dosing
        dosing.move_anchor(self.now_us)
        dosing.clock_offset_us = self._clock_shift_us()
        dosing.week = self._week()

    def hold(self, why: str) -> None:
        """Command no step from now on, though the mode goes on."""
        if why not in self.belief.holds:
            self.desk.interrupt()
            self.belief.holds = (*self.belief.holds, why)
            self.replan()

    def release(self, why: str) -> None:
        """One reason to hold is gone."""
        if why in self.belief.holds:
            self.belief.holds = tuple(hold for hold in self.belief.holds if hold != why)
            self.replan()
            self._note_infusion()

    def fail_safe(self, cause: str) -> None:
        """A critical alarm, the minimum rate if the pump was running and is calibrated, and a new COMMIT needed."""
        self.alarms.raise_alarm(cause)
        self.belief.safe_state, self.belief.prescription = True, None
        if self.belief.mode not in RUNNING:
            return
        if self.store.calibration_ppm() is None:
            self.stop("failure")
        else:
            self._run("fail_safe")

    # -- inside ----------------------------------------------------------------------------------------------------------

    def _clock_shift_us(self) -> int:
        return self.belief.clock_offset_us + self.hal.rtc_shift_us()

    def _resume(self, trigger: str | None) -> None:
        """Bring into force what boot found; a finished COMMIT gets its delivery state now."""
        belief = self.belief
        if trigger is None:
            return
        delivery = self.store.delivery()
        if belief.implanted_us < 0:
            belief.implanted_us = self.now_us
        if belief.alarms.off_until_service() or (belief.safe_state and self.store.calibration_ppm() is None):
            trigger = "unload"
        if belief.alarms.is_active("eos") and self.profile.behaviour.stops_at_end_of_service:
            trigger = "unload"
        if trigger == "unload":
            belief.mode = MODE_TABLE.after(belief.mode, trigger)
            belief.stopped_us = belief.stopped_us if belief.stopped_us >= 0 else self.now_us
        elif belief.safe_state:
            belief.mode = "stopped"
            self._run("fail_safe")
        else:
            self._run(trigger)
        running = belief.mode in RUNNING
        if delivery is None or delivery.generation != belief.generation or delivery.running != running:
            self.store.write_delivery(belief, delivery.command if delivery else NO_COMMAND)

    def _run(self, trigger: str) -> None:
        belief = self.belief
        belief.mode = MODE_TABLE.after(belief.mode, trigger)
        self.replan()
        belief.stop_reason = "none"
        self._note_infusion()

    def _note_infusion(self) -> None:
        """Infusion runs, if it does: the pump no longer stands."""
        if self.belief.dosing.week is not None:
            self.belief.stopped_us = -1
            for cause in ("stopped_too_long", "magnet_stop"):
                self.alarms.clear_alarm(cause)

    def _week(self) -> Week | None:
        """The week of rates in force now; None where no basal is commanded."""
        belief, rate = self.belief, self.profile.rate
        run = belief.dosing.bolus
        if belief.mode not in RUNNING or belief.holds or (run is not None and run.kind == "bridge"):
            return None
        if not self.profile.behaviour.telemetry:
            return constant_week(rate.constant_rate_nl_per_h)
        if belief.safe_state or belief.prescription is None:
            return constant_week(rate.minimum_rate_nl_per_h)
        return week_of(belief.prescription, rate.minimum_rate_nl_per_h)

    def _halt(self, reason: str, trigger: str) -> None:
        belief = self.belief
        belief.mode = MODE_TABLE.after(belief.mode, trigger)
        self.replan()
        belief.stop_reason = reason
        if belief.stopped_us < 0:
            belief.stopped_us = self.now_us
