"""The firmware: takes orders, keeps deadlines, raises alarms. It sees the board through `hal` and nothing else.

Every method acts at `now_us` (device time), which the owner sets first. Deadlines are worked out from state (`deadlines`), never queued.
"""

from __future__ import annotations

from collections.abc import Callable

from firmware_sim.errors import Refused
from firmware_sim.firmware.alarms import ALARMS, number_of
from firmware_sim.firmware.belief import STOP_REASONS, Belief, Fill
from firmware_sim.firmware.boot import Fresh, wake
from firmware_sim.firmware.deadlines import deadlines
from firmware_sim.firmware.dose_desk import DoseDesk
from firmware_sim.firmware.journal import Entry, EventKind
from firmware_sim.firmware.judge import judge_prescription, judge_refill
from firmware_sim.firmware.modes import MODE_TABLE, run_trigger
from firmware_sim.firmware.nvm import Layout
from firmware_sim.firmware.prescription import NO_COMMAND, Command, Prescription, RefillEntry
from firmware_sim.firmware.store import Store
from firmware_sim.firmware.week import week_of
from firmware_sim.firmware.window import Bound
from firmware_sim.hal import Hal
from firmware_sim.profile import Profile
from firmware_sim.units import UNITS_PER_NL, US_PER_DAY, US_PER_S

__all__ = ["Controller"]

Logged = Callable[[Entry], None]


class Controller:
    """One pump's firmware. `on_log` is told every journal entry as it is written."""

    def __init__(self, profile: Profile, hal: Hal, step_units: int, on_log: Logged) -> None:
        self.profile = profile
        self.hal = hal
        self.layout = Layout(profile.memory.regions())
        self.store = Store(hal.memory, self.layout)
        self.desk = DoseDesk(self)
        self.now_us = 0
        self._step_units = step_units
        self._on_log = on_log
        self.belief: Belief

    def boot(self) -> None:
        """Start from memory at `now_us`. Raises PowerCut when the supply dies during boot's own writes."""
        fresh = Fresh(self._step_units, self.profile.clock.clock_us_start)
        waking = wake(self.store, self.hal.registers, fresh, self.now_us)
        self.belief = waking.belief
        self.log(EventKind.BOOT, value=self.belief.boot_count)
        for command_id, programmed_nl, delivered_nl, start_us in waking.interrupted:
            self.log(EventKind.BOLUS_ENDED, 1, command_id, (programmed_nl, delivered_nl), start_us)
        self._resume(waking.trigger)
        self._bound_past()
        self.store.banks.mirror()
        self.scrub()
        self._judge_reservoir()

    def resume(self, belief: Belief) -> None:
        """Go on with a belief that was saved, as if nothing had been."""
        self.belief = belief
        self.store.journal.events.next_number, self.store.journal.faults.next_number = belief.events_next, belief.faults_next

    def log(self, kind: EventKind, detail: int = 0, command_id: int = 0, volumes_nl: tuple[int, int] = (0, 0), value: int = 0) -> None:
        """Write one journal record at `now_us`; volumes are (programmed, delivered)."""
        entry = Entry(0, kind, detail, command_id, self.now_us, self.clock_us(), *volumes_nl, value)
        numbered = self.store.journal.append(entry)
        self.belief.events_next = self.store.journal.events.next_number
        self.belief.faults_next = self.store.journal.faults.next_number
        self._on_log(numbered)

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

    def commit(self, prescription: Prescription, command: Command) -> int:
        """Make it the therapy and start its mode (with a new drug: stay stopped); returns the generation."""
        self.check(prescription)
        self.desk.refuse_while_running()
        belief = self.belief
        new_drug = belief.drug_id not in (0, prescription.drug_id)
        self.store.lockouts.add_plan_change(self.now_us, self._highest_basal())
        self.store.banks.commit(belief.generation + 1, prescription, command)
        belief.generation, belief.prescription, belief.safe_state = belief.generation + 1, prescription, False
        belief.drug_id = prescription.drug_id
        if belief.implanted_us < 0:
            belief.implanted_us = self.now_us
        if new_drug:
            self._halt("new_drug", "unload")
        else:
            self._run(run_trigger(prescription.mode))
        self.store.write_delivery(belief, command)
        self.store.banks.repair()
        self.log(EventKind.THERAPY_COMMITTED, 0, command.command_id, value=belief.generation)
        for cause in ("memory_error", "memory_failure"):
            self._clear(cause)
        return belief.generation

    def start(self, generation: int | None, command: Command) -> str:
        """Run the therapy of this generation; returns the mode. Raises Refused."""
        belief = self.belief
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
        if belief.mode == "shelf" or not (belief.dosing.moving or reason == "update"):
            return belief.mode
        self.desk.interrupt()
        self._halt(reason, "stop")
        delivery = self.store.delivery()
        self.store.write_delivery(belief, delivery.command if delivery else NO_COMMAND)
        self.log(EventKind.STOPPED, STOP_REASONS.index(reason))
        return belief.mode

    def begin_update(self, interrupt: bool) -> None:
        """An update begins: stop, if this pump stops for updates. Raises Busy during a bolus unless `interrupt`."""
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
        judge_refill(entry, self.profile)
        belief = self.belief
        expected_nl = max(0, self.computed_units()) // UNITS_PER_NL
        fill = Fill(entry, belief.dosing.total_at(self.now_us), self.now_us, self.clock_us())
        self.store.write_fill(fill, command)
        belief.fill = fill
        for cause in ("low_reservoir", "empty_reservoir"):
            self._clear(cause)
        self.log(EventKind.REFILL, entry.drug_id, command.command_id, (entry.volume_nl, entry.withdrawn_nl), entry.concentration_ng_per_ml)
        self._judge_reservoir()
        return expected_nl, entry.volume_nl

    def set_clock(self, clock_us: int, command: Command) -> tuple[int, int]:
        """Set the device clock; returns (old, new). Raises Refused outside its range, Busy during a bolus."""
        limit_us = self.profile.clock.clock_us_max
        if not 0 <= clock_us <= limit_us:
            raise Refused("RANGE", "CLOCK", clock_us, limit_us if clock_us > 0 else 0, "US")
        self.desk.refuse_while_running()
        old_us = self.clock_us()
        self.store.write_clock_offset(self.belief.clock_offset_us + clock_us - old_us, command)
        self.belief.clock_offset_us += clock_us - old_us
        self.clock_moved()
        self.log(EventKind.CLOCK_SET, 0, command.command_id, value=old_us)
        return old_us, clock_us

    def count_patient_bolus(self, granted: bool) -> None:
        """Count what became of a patient's asking."""
        belief = self.belief
        belief.patient_granted += granted
        belief.patient_refused += not granted
        self.store.write_patient_counters(belief.patient_granted, belief.patient_refused)

    def silence(self, cause: str) -> int:
        """Mute one cause for its class's time; returns the device time at which that ends."""
        alarm, numbers = ALARMS[number_of(cause)], self.profile.alarm
        length_s = numbers.critical_silence_s if alarm.critical else numbers.non_critical_silence_s
        until_us = self.now_us + length_s * US_PER_S
        self.belief.alarms.silence(cause, until_us)
        self.log(EventKind.SILENCED, number_of(cause), value=until_us)
        return until_us

    def acknowledge(self, cause: str) -> None:
        """Mark a cause as seen."""
        self.belief.alarms.acknowledge(cause)
        self.log(EventKind.ACKNOWLEDGED, number_of(cause))

    def alarm_test(self) -> None:
        """Play both sounds; changes nothing else."""
        self.belief.alarms.test_began_us = self.now_us
        self.log(EventKind.ALARM_TEST)

    # -- what the board reports ------------------------------------------------------------------------------------------

    def feedback_changed(self) -> None:
        """The rotor stalled or came free: the next steps will tell."""
        self.belief.stall.feedback_changed(self.hal.motor_feedback(), self.belief.dosing, self.now_us)

    def clock_moved(self) -> None:
        """The clock shows another time: the step that contains it is in force at once."""
        dosing = self.belief.dosing
        self._bound_past()
        dosing.move_anchor(self.now_us)
        dosing.clock_offset_us = self._clock_shift_us()
        run = dosing.bolus
        if run is None or dosing.week is None:
            return
        span = (self.clock_us(), run.end_us + dosing.clock_offset_us)
        if dosing.week.highest_rate(*span) + run.rate_nl_per_h() > self.profile.rate.rate_nl_per_h_max:
            self.desk.interrupt()

    # -- deadlines -------------------------------------------------------------------------------------------------------

    def next_due(self) -> tuple[int, int, str] | None:
        """(device time, priority, name) of the next deadline; derived from state alone."""
        found = enumerate(deadlines(self.belief, self.hal, self.profile))
        return min(((due_us, rank, name) for rank, (name, due_us) in found if due_us is not None), default=None)

    def act(self, name: str) -> None:
        """Do what a deadline is for, at `now_us`."""
        acts: dict[str, Callable[[], None]] = {
            "scrub": self.scrub,
            "bolus_end": self.desk.finish,
            "empty": self._run_empty,
            "low": lambda: self._raise("low_reservoir"),
            "stall": lambda: self._raise("motor_stall"),
            "recovery": lambda: self._clear("motor_stall"),
            "stopped": lambda: self._raise("stopped_too_long"),
        }
        acts[name]()

    def scrub(self) -> None:
        """Read the banks through: blank never alarms; one bad is masked, both bad is the safe state."""
        self.hal.memory.checked()
        states = {bank.state for bank in self.store.banks.read()}
        if "bad" not in states:
            return
        if len(states) > 1 or self.belief.mode == "shelf":
            self._raise("memory_error")
        elif not self.belief.alarms.is_active("memory_failure"):
            self._fail_safe()

    def computed_units(self) -> int:
        """Computed reservoir in units: entered fill minus what was commanded since; 0 without a fill."""
        fill = self.belief.fill
        return fill.end_units() - self.belief.dosing.total_at(self.now_us) if fill else 0

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
        if trigger == "unload":
            belief.mode = MODE_TABLE.after(belief.mode, trigger)
            belief.stopped_us = belief.stopped_us if belief.stopped_us >= 0 else self.now_us
        elif trigger == "fail_safe":
            belief.mode = "stopped"
            self._run(trigger)
        else:
            self._run(trigger)
        running = belief.dosing.week is not None
        if delivery is None or delivery.generation != belief.generation or delivery.running != running:
            self.store.write_delivery(belief, delivery.command if delivery else NO_COMMAND)

    def _run(self, trigger: str) -> None:
        belief, dosing = self.belief, self.belief.dosing
        belief.mode = MODE_TABLE.after(belief.mode, trigger)
        dosing.move_anchor(self.now_us)
        dosing.clock_offset_us = self._clock_shift_us()
        minimum = self.profile.rate.minimum_rate_nl_per_h
        running = belief.prescription if trigger != "fail_safe" else None
        dosing.week = week_of(running or _MINIMUM, minimum)
        belief.stop_reason, belief.stopped_us = "none", -1
        self._clear("stopped_too_long")

    def _highest_basal(self) -> int:
        """The highest rate the therapy programs; what the past counts at where the plan it ran by is gone."""
        belief, rate = self.belief, self.profile.rate
        if belief.mode == "shelf":
            return 0
        if belief.prescription is None:  # lost, and it may have been any
            return rate.rate_nl_per_h_max
        return max(week_of(belief.prescription, rate.minimum_rate_nl_per_h).rates_nl_per_h)

    def _bound_past(self) -> None:
        """From now on the day before now counts at the highest rate: when in it each step ran is no longer told by the clock."""
        belief = self.belief
        kept = tuple(bound for bound in belief.plan_bounds if bound.until_us > self.now_us - US_PER_DAY)
        belief.plan_bounds = (*kept, Bound(self.now_us, self._highest_basal()))

    def _halt(self, reason: str, trigger: str) -> None:
        belief, dosing = self.belief, self.belief.dosing
        belief.mode = MODE_TABLE.after(belief.mode, trigger)
        dosing.move_anchor(self.now_us)
        dosing.week = None
        belief.stop_reason = reason
        if belief.stopped_us < 0:
            belief.stopped_us = self.now_us

    def _fail_safe(self) -> None:
        """Both banks are bad: a critical alarm, the minimum rate if the pump was running, and a new COMMIT needed."""
        self._raise("memory_failure")
        self.belief.safe_state = True
        self.belief.prescription = None
        if self.belief.dosing.week is not None:
            self._run("fail_safe")

    def _judge_reservoir(self) -> None:
        """Judge the computed volume outside of infusion: what a boot finds, or a REFILL leaves, raises its alarm at once."""
        belief, left_units = self.belief, self.computed_units()
        if belief.fill is None or belief.prescription is None:
            return
        if left_units <= 0:
            self._raise("empty_reservoir")
        if left_units <= belief.prescription.low_reservoir_nl * UNITS_PER_NL:
            self._raise("low_reservoir")

    def _run_empty(self) -> None:
        self._raise("empty_reservoir")
        self.stop("empty")

    def _raise(self, cause: str) -> None:
        if self.belief.alarms.raise_alarm(cause, self.now_us):
            self.log(EventKind.ALARM_RAISED, number_of(cause))
            if ALARMS[number_of(cause)].critical:
                self.desk.interrupt()

    def _clear(self, cause: str) -> None:
        if self.belief.alarms.clear(cause):
            self.log(EventKind.ALARM_CLEARED, number_of(cause))


_MINIMUM = Prescription("minimum_rate", 0, 0, 0, 0, 0, 0, ())
