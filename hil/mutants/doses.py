"""Mutants of boluses: given twice, given too early, given against a limit, or told otherwise than given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

from firmware_sim.firmware.bolus_plan import plan_bolus
from firmware_sim.firmware.journal import EventKind
from firmware_sim.firmware.prescription import BolusOrder, BolusPlan, PatientRule
from firmware_sim.firmware.window import Day
from firmware_sim.units import US_PER_S
from hil.mutants.mutant import Change, Mutant, gives, turns
from protocol.codes import Answer, DoseState
from protocol.link import Verdict, judge
from protocol.message_table import DOSES as DOSE_OPCODES
from protocol.messages import OutcomeAnswer

__all__ = ["DOSES"]

DESK = "firmware_sim.firmware.dose_desk:DoseDesk"
LEDGER = "protocol.device.ledger:Ledger"
_kernel_of = attrgetter("_pump._kernel")


# -- given twice ---------------------------------------------------------------------------------------------------------------


def _again_means_more(real: Callable[..., bytes]) -> Callable[..., bytes]:
    def in_session(self: Any, session: Any, frame: Any, now_us: int) -> bytes:
        if frame.opcode in DOSE_OPCODES and judge(session.accepted, frame) is Verdict.AGAIN:
            with _kernel_of(self._app).ordering() as firmware:
                dosing = firmware.belief.dosing
                dosing.move_anchor(firmware.now_us)
                dosing.bolus = dosing.bolus and dosing.bolus._replace(volume_nl=2 * dosing.bolus.volume_nl)
        return real(self, session, frame, now_us)

    return in_session


def _not_for_doses(real: Callable[..., bytes | None]) -> Callable[..., bytes | None]:
    def judged(self: Any, command: Any) -> bytes | None:
        entry = self._table.entries().get(command.command_id)
        seen = entry is not None and entry.opcode in DOSE_OPCODES and entry.command == command
        return None if seen else real(self, command)

    return judged


def _abandons_nothing(real: Callable[..., Any]) -> Callable[..., Any]:
    def unknown(self: Any, command_id: int, programmer_id: int) -> Any:
        if command_id != self.last_id() + 1:
            return real(self, command_id, programmer_id)
        return OutcomeAnswer(DoseState.ABANDONED, Answer.CONFLICT, 0, programmer_id, bytes(16), 0, 0)

    return unknown


# -- lockout, window, limit ----------------------------------------------------------------------------------------------------


def _on_the_wall_clock(real: Callable[..., None]) -> Callable[..., None]:
    def judge_lockout(self: Any, rule: PatientRule) -> None:
        firmware = self._firmware
        now_us, begun = firmware.now_us, [entry for entry in _entries(firmware) if entry.kind == EventKind.BOLUS_STARTED]
        if begun:
            firmware.now_us = now_us + (firmware.clock_us() - now_us) - (begun[-1].clock_us - begun[-1].device_us)
        try:
            real(self, rule)
        finally:
            firmware.now_us = now_us

    return judge_lockout


def _entries(firmware: Any) -> list[Any]:
    """Whole records of the event log, oldest first."""
    ring = firmware.store.journal.events
    return [entry for entry in map(ring.read, range(ring.oldest, ring.next_number)) if entry.good]


def _with_rule(change: Callable[[PatientRule], PatientRule]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A judgement by another rule than the therapy's."""

    def make(real: Callable[..., None]) -> Callable[..., None]:
        return lambda self, rule, *others: real(self, change(rule), *others)

    return make


class _ActualDay(Day):
    """A day in which basal counts as given: not over the stops."""

    stops: tuple[tuple[int, int], ...] = ()

    def _basal_between(self, from_us: int, to_us: int) -> int:
        missed = 0
        for stop_us, end_us in self.stops:
            span = (max(stop_us, from_us), min(end_us, to_us))
            missed += super()._basal_between(*span) if span[1] > span[0] else 0
        return super()._basal_between(from_us, to_us) - missed


def _only_what_was_given(day: Day, desk: Any, *_asked: object) -> Day:
    stops, since_us = [], -1
    for entry in _entries(desk._firmware):
        if entry.kind == EventKind.STOPPED:
            since_us = entry.device_us
        elif entry.kind == EventKind.STARTED and since_us >= 0:
            stops.append((since_us, entry.device_us))
            since_us = -1
    actual = _ActualDay(*day)
    actual.stops = tuple(stops)
    return actual


def _only_the_patients(day: Day, *_asked: object) -> Day:
    return day._replace(doses=tuple(dose for dose in day.doses if dose[0].kind == "patient"))


def _lockouts_lost(real: Callable[..., None]) -> Callable[..., None]:
    def boot(self: Any, *, first: bool) -> None:
        if not first:
            offset, size = self.layout.offsets["lockout_ring"], self.layout.sizes["lockout_ring"]
            self.hal.memory.write(offset, b"\xff" * size)
            kept = self.store.fill()
            if kept is not None:
                self.store.write_fill(kept[0]._replace(device_us=0), kept[1])
        real(self, first=first)

    return boot


def _granted_only(real: Callable[..., None]) -> Callable[..., None]:
    def count(self: Any, granted: bool) -> None:
        if granted:
            real(self, granted)

    return count


# -- alarms and limits of a bolus ----------------------------------------------------------------------------------------------


def _any_active(self: Any, but: tuple[str, ...] = ()) -> bool:
    return any(state.active for cause, state in self.states.items() if cause not in but)


def _bolus_runs_on(real: Callable[..., None]) -> Callable[..., None]:
    def raise_alarm(self: Any, cause: str) -> None:
        dosing = self._firmware.belief.dosing
        run, dosing.bolus = dosing.bolus, None
        try:
            real(self, cause)
        finally:
            dosing.bolus = run

    return raise_alarm


def _unlimited(order: BolusOrder, _dosing: Any, now_us: int, _profile: Any) -> BolusPlan:
    return BolusPlan(order.duration_s, now_us + order.duration_s * US_PER_S)


def _lengthened(order: BolusOrder, dosing: Any, now_us: int, profile: Any) -> BolusPlan:
    return plan_bolus(order._replace(may_lengthen=True), dosing, now_us, profile)


def _short(real: Callable[..., BolusPlan]) -> Callable[..., BolusPlan]:
    return lambda self, kind, volume_nl, plan, command: real(self, kind, volume_nl - volume_nl // 20, plan, command)


def _told_whole(real: Callable[[Any, int], int]) -> Callable[[Any, int], int]:
    def end_bolus(self: Any, device_us: int) -> int:
        programmed_nl = self.bolus.volume_nl if self.bolus else 0
        real(self, device_us)
        return programmed_nl

    return end_bolus


def _three_quarters(real: Callable[[Any, int, int], BolusPlan]) -> Callable[[Any, int, int], BolusPlan]:
    return lambda self, volume_nl, rate_nl_per_h: real(self, volume_nl - volume_nl // 4, rate_nl_per_h)


def _from_any_mode(real: Callable[[Any, int], BolusPlan]) -> Callable[[Any, int], BolusPlan]:
    def check_prime(self: Any, volume_nl: int) -> BolusPlan:
        belief = self._firmware.belief
        mode = belief.mode
        belief.mode = "stopped" if mode in ("minimum_rate", "simple", "flex") else mode
        try:
            return real(self, volume_nl)
        finally:
            belief.mode = mode

    return check_prime


DOSES: Sequence[Mutant] = (
    Mutant(
        "bolus-twice-after-lost-reply",
        "A request for a bolus that is sent again because its answer was lost adds its volume once more.",
        ("PR-02",),
        "OmniBLE PR#16; decocare",
        (Change("protocol.device.role:DeviceRole._in_session", _again_means_more),),
        "running rate=10000; bolus ul=100 minutes=10; resend; advance hours=1",
        "belief bolus_nl",
    ),
    Mutant(
        "late-duplicate-doses",
        "A late copy of a bolus that is long over is given again.",
        ("PR-02",),
        "ps2/rileylink_ios#757",
        (Change(f"{LEDGER}.again", _not_for_doses), Change(f"{LEDGER}.fault", _not_for_doses)),
        "running rate=10000; bolus ul=100 minutes=10; advance hours=1; repeat; advance hours=1",
        "belief bolus_nl",
    ),
    Mutant(
        "outcome-abandons-nothing",
        "A command that the pump has called abandoned is still carried out when its first copy comes late.",
        ("PR-02", "PR-03"),
        "LoopKit/Loop#2275: the outcome of an unanswered command",
        (Change(f"{LEDGER}._unknown", _abandons_nothing),),
        "running rate=10000; outcome next; bolus_with next; advance hours=1",
        "belief bolus_nl",
    ),
    Mutant(
        "lockout-on-the-wall-clock",
        "Setting the clock forward ends the patient's lockout.",
        ("BO-14",),
        "BO-14 denied: clock set forward must not defeat it",
        (Change(f"{DESK}._judge_lockout", _on_the_wall_clock),),
        "running rate=10000 lockout_min=60; advance hours=2; patient; advance minutes=20; set_clock hours=1",
        "patient",
    ),
    Mutant(
        "lockout-second-short",
        "The patient's lockout ends a second early.",
        ("BO-14",),
        "BO-14 denied",
        (Change(f"{DESK}._judge_lockout", _with_rule(lambda rule: rule._replace(lockout_s=rule.lockout_s - 1))),),
        "running rate=10000 lockout_min=60; advance hours=2; patient; advance seconds=3599",
        "patient",
    ),
    Mutant(
        "lockout-lost-at-reset",
        "A restart forgets when the patient last had a bolus.",
        ("BO-14",),
        "BO-14 denied: lockouts in RAM",
        (Change("firmware_sim.firmware.controller:Controller.boot", _lockouts_lost),),
        "running rate=10000 lockout_min=60; advance hours=2; patient; advance minutes=20; reset; advance minutes=5",
        "patient",
    ),
    Mutant(
        "window-forgets-basal-while-stopped",
        "The dose window counts basal as given, so a pump that stood still grants a bolus that passes the limit later.",
        ("BO-16",),
        "Vasicek et al. ICLP'24, 06-max_dose-original: the rule as first written allows an overdose",
        (turns(f"{DESK}._day", _only_what_was_given),),
        "running rate=10000 lockout_min=60 window_ul=270; advance hours=26; patient; advance hours=1; stop; advance hours=12; start",
        "patient",
    ),
    Mutant(
        "window-forgets-clinicians-boluses",
        "What a clinician gives does not count in the patient's window.",
        ("BO-15",),
        "BO-15 denied",
        (turns(f"{DESK}._day", _only_the_patients),),
        "running rate=10000 lockout_min=60 window_ul=300; advance hours=2; bolus ul=100 minutes=10; advance hours=1",
        "patient",
    ),
    Mutant(
        "dose-limit-one-bolus-late",
        "The dose window holds one bolus more than the therapy allows.",
        ("BO-13",),
        "BO-13 denied",
        (Change(f"{DESK}._judge_window", _with_rule(lambda rule: rule._replace(window_nl=rule.window_nl + rule.volume_nl))),),
        "running rate=10000 lockout_min=60 window_ul=250; advance hours=2",
        "patient",
    ),
    Mutant(
        "patient-refusals-not-counted",
        "A bolus that the patient was refused is counted nowhere.",
        ("BO-13",),
        "BO-13 denied",
        (Change(f"{DESK}.count_patient_bolus", _granted_only),),
        "running rate=10000 lockout_min=60; patient",
        "belief patient_refused",
    ),
    Mutant(
        "critical-alarm-lets-bolus-start",
        "A bolus is begun while a critical alarm is active.",
        ("BO-11",),
        "BO-11 denied",
        (gives("firmware_sim.firmware.alarms:AlarmBoard.critical_active", answer=False),),
        "running rate=10000; inject motor.stall; advance hours=2",
        "bolus ul=100 minutes=10",
    ),
    Mutant(
        "low-reservoir-blocks-bolus",
        "Any alarm blocks a bolus, where only a critical one should.",
        ("BO-11",),
        "BO-11 denied",
        (Change("firmware_sim.firmware.alarms:AlarmBoard.critical_active", lambda _real: _any_active),),
        "running rate=10000 ml=2",
        "bolus ul=100 minutes=10",
    ),
    Mutant(
        "alarm-lets-bolus-run-on",
        "A critical alarm leaves the rest of a running bolus to be given.",
        ("BO-12",),
        "BO-12 denied",
        (Change("firmware_sim.firmware.alarm_desk:AlarmDesk.raise_alarm", _bolus_runs_on),),
        "running rate=10000; bolus ul=100 minutes=300; inject motor.stall; advance hours=1",
        "log BOLUS_ENDED",
    ),
    Mutant(
        "bolus-above-maximum-rate",
        "A bolus may take the sum of all rates above the greatest.",
        ("BO-03",),
        "BO-03 denied",
        (Change("firmware_sim.firmware.dose_desk:plan_bolus", lambda _real: _unlimited),),
        "running rate=10000",
        "bolus ul=1000 minutes=30",
    ),
    Mutant(
        "bolus-lengthened-unasked",
        "A bolus that would be too fast is stretched though nobody allowed it.",
        ("BO-03",),
        "BO-03 denied",
        (Change("firmware_sim.firmware.dose_desk:plan_bolus", lambda _real: _lengthened),),
        "running rate=10000",
        "bolus ul=1000 minutes=30",
    ),
    Mutant(
        "bolus-short",
        "A bolus gives nineteen parts of its twenty.",
        ("BO-01",),
        "BO-01 denied",
        (Change(f"{DESK}.begin", _short),),
        "running rate=10000; bolus ul=100 minutes=10; advance hours=1",
        "belief bolus_nl",
    ),
    Mutant(
        "interrupted-bolus-told-whole",
        "The record of an interrupted bolus says that all of it was given.",
        ("LG-10", "BO-12"),
        "MedtrumKit#141, AndroidAPS#1361",
        (Change("firmware_sim.firmware.dosing:Dosing.end_bolus", _told_whole),),
        "running rate=10000; bolus ul=100 minutes=60; advance minutes=15; stop",
        "log BOLUS_ENDED",
    ),
    Mutant(
        "bridge-too-short",
        "A bridge bolus runs for three quarters of its time, so that new drug comes too early and too fast.",
        ("RS-11",),
        "RS-11 denied; the concentration raised without a bridge",
        (Change(f"{DESK}.check_bridge", _three_quarters),),
        "running rate=10000; bridge ul=120 rate=20000; advance hours=5",
        "belief basal_nl",
    ),
    Mutant(
        "prime-while-running",
        "A priming bolus is taken from a pump that runs.",
        ("RS-11",),
        "MPR 2013-06-26: overdose by priming",
        (Change(f"{DESK}.check_prime", _from_any_mode),),
        "running rate=10000",
        "prime ul=100",
    ),
    Mutant(
        "prime-not-bounded",
        "A priming bolus may have any volume.",
        ("RS-11",),
        "MPR 2013-06-26: overdose by priming",
        (gives("firmware_sim.firmware.dose_desk:judge_prime"),),
        "running rate=10000; stop",
        "prime ul=5000",
    ),
)
