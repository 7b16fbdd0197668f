"""The adapter: turns wire requests into pump calls and what the pump says into answers. Nothing else joins the two packages.

For a pump with a wire protocol of your own nothing here is changed: `hil.own.wire` puts a class of yours in the place of this one and
of `protocol.device` together. This file then is an example of what there is to call: each method is one order to `firmware_sim.Pump`, a
refusal of the pump comes as `Refused` with code, field and limit, and one that has to wait as `Busy`.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any

from firmware_sim import Pump
from firmware_sim import errors as pump_errors
from firmware_sim.firmware.alarms import ALARMS
from firmware_sim.firmware.prescription import BolusOrder, BolusPlan, Prescription, RefillEntry
from firmware_sim.firmware.prescription import Command as PumpCommand
from firmware_sim.firmware.store import Effect as PumpEffect
from hil.belief_on_wire import Introduction, condition_of, counters_of, log_entry_of, status_of
from hil.therapy.prescription import MODE_NAMES, to_prescription, to_therapy
from protocol.app import BusyUntil, Command, Effect, Refused
from protocol.codes import Answer, DoseState, LogRing, Unit
from protocol.message_table import BY_NAME
from protocol.messages import (
    Bolus,
    BolusAnswer,
    Condition,
    Counters,
    Identity,
    LogAnswer,
    Refill,
    RefillAnswer,
    Refusal,
    SetClockAnswer,
    Status,
)
from protocol.refusals import Field, RefusalCode
from protocol.therapy import Therapy

__all__ = ["PumpApp"]

_EFFECT_NAMES = {
    "commit": "COMMIT",
    "start": "START",
    "refill": "REFILL",
    "set_clock": "SET_CLOCK",
    "single": "BOLUS",
    "patient": "PATIENT_BOLUS",
    "prime": "PRIME",
    "bridge": "BRIDGE",
}
_DOSE_STATES = {None: DoseState.EXECUTING, "done": DoseState.EXECUTED, "interrupted": DoseState.INTERRUPTED}


class PumpApp:
    """A simulated pump as the device role needs it (`protocol.app.DeviceApp`)."""

    def __init__(self, pump: Pump) -> None:
        self._pump = pump
        self._introduction: Introduction | None = None
        self._prescription: Prescription | None = None
        self._therapy: Therapy | None = None

    def now_us(self) -> int:
        """The pump's own monotonic clock."""
        return self._pump.device_us

    def memory_writes(self) -> int:
        """How often memory has changed, by writes and by faults."""
        return self._pump.memory_writes

    def load(self, region: str) -> bytes:
        """Bytes of one of the role's memory regions."""
        return self._pump.load(region)

    def store(self, region: str, offset: int, data: bytes) -> None:
        """Write into one of the role's memory regions."""
        self._pump.store(region, offset, data)

    def identity(self) -> Identity:
        """Who the pump is and what it accepts."""
        pump = self._pump
        if self._introduction is None:
            self._introduction = Introduction(pump.profile, pump.serial, pump.calibration_ppm)
        return self._introduction.at(*pump.counted())

    def status(self) -> Status:
        """The short look."""
        return status_of(self._pump.brief())

    def condition(self) -> Condition:
        """What it is doing and what it has to say."""
        return condition_of(self._pump.status())

    def counters(self) -> Counters:
        """Totals and log range."""
        return counters_of(self._pump.status())

    def read_log(self, first: int, count: int, ring: LogRing) -> LogAnswer:
        """Records of one ring of the log."""
        oldest, newest, entries = self._pump.read_log(first, count, "faults" if ring is LogRing.FAULTS else "events")
        return LogAnswer(oldest, max(0, newest), tuple(log_entry_of(entry) for entry in entries))

    def interrogated(self) -> None:
        """An interrogation was completed."""
        self._pump.interrogated()

    def therapy(self) -> tuple[int, Therapy | None]:
        """Generation and therapy in force."""
        generation, prescription = self._pump.programmed()
        if prescription is not self._prescription:
            self._prescription, self._therapy = prescription, None if prescription is None else to_therapy(prescription)
        return generation, self._therapy

    def begin_update(self, interrupt: bool) -> None:
        """An update begins."""
        with _ANSWERS:
            self._pump.begin_update(interrupt)

    def drop_update(self, expired: bool) -> None:
        """An update was given up."""
        self._pump.drop_update(expired)

    def check_therapy(self, therapy: Therapy) -> None:
        """Judge a therapy."""
        with _ANSWERS:
            self._pump.check(to_prescription(therapy))

    def commit(self, command: Command, therapy: Therapy, overrides: tuple[int, ...]) -> tuple[int, int]:
        """Make it the therapy."""
        with _ANSWERS:
            generation = self._pump.commit(to_prescription(therapy), PumpCommand(*command), overrides)
        return generation, MODE_NAMES[self._pump.brief().mode]

    def start(self, command: Command, generation: int) -> int:
        """Run the therapy of this generation."""
        with _ANSWERS:
            return MODE_NAMES[self._pump.start(generation, PumpCommand(*command))]

    def stop(self) -> int:
        """Stop all infusion."""
        return MODE_NAMES[self._pump.stop()]

    def refill(self, command: Command, refill: Refill) -> RefillAnswer:
        """Take what the programmer says of a refill."""
        with _ANSWERS:
            return RefillAnswer(*self._pump.refill(RefillEntry(*refill[1:]), PumpCommand(*command)))

    def check_dose(self, name: str, body: Any) -> BolusAnswer:
        """Judge a dose and say how it would run; a patient's refusal is counted."""
        with _ANSWERS:
            try:
                return BolusAnswer(*self._judged(name, body))
            except pump_errors.Refused:
                if name == "PATIENT_BOLUS":
                    self._pump.count_patient_refusal()
                raise

    def dose(self, command: Command, name: str, body: Any) -> None:
        """Begin a dose."""
        pump, by = self._pump, PumpCommand(*command)
        with _ANSWERS:
            if name == "BOLUS":
                pump.bolus(_order(body), by)
            elif name == "PATIENT_BOLUS":
                pump.patient_bolus(by)
            elif name == "PRIME":
                pump.prime(body.volume_nl, by)
            else:
                pump.bridge(body.volume_nl, body.rate_nl_per_h, by)

    def _judged(self, name: str, body: Any) -> BolusPlan:
        pump = self._pump
        if name == "BOLUS":
            return pump.check_bolus(_order(body))
        if name == "PATIENT_BOLUS":
            return pump.check_patient_bolus()
        if name == "PRIME":
            return pump.check_prime(body.volume_nl)
        return pump.check_bridge(body.volume_nl, body.rate_nl_per_h)

    def set_clock(self, command: Command, clock_us: int) -> SetClockAnswer:
        """Set the device clock."""
        with _ANSWERS:
            return SetClockAnswer(*self._pump.set_clock(clock_us, PumpCommand(*command)))

    def silence(self, cause: int) -> int:
        """Silence one cause."""
        with _ANSWERS:
            return self._pump.silence(_cause(cause))

    def end_silences(self) -> None:
        """What a lost session silenced sounds again."""
        self._pump.end_silences()

    def acknowledge(self, cause: int) -> None:
        """Mark a cause as seen."""
        with _ANSWERS:
            self._pump.acknowledge(_cause(cause))

    def alarm_test(self) -> None:
        """Play both sounds."""
        self._pump.alarm_test()

    def magnet(self) -> bool:
        """Whether a magnet lies over the pump."""
        return self._pump.magnet_held

    def woken(self) -> None:
        """The telemetry was woken."""
        self._pump.woken()

    def turned_away(self, count: int) -> None:
        """Journal refusals without a session."""
        self._pump.turned_away(count)

    def stop_by_magnet(self) -> None:
        """Stop all infusion for somebody without a session."""
        self._pump.stop_by_magnet()

    def key_set(self, key_id: int) -> None:
        """A programmer key was replaced."""
        self._pump.key_set(key_id)

    def self_test(self) -> int:
        """Run the periodic tests."""
        with _ANSWERS:
            self._pump.self_test()
        return status_of(self._pump.brief()).alarms

    def service_reset(self) -> None:
        """Forget failures and start anew."""
        with _ANSWERS:
            self._pump.service_reset()

    def effect(self, command_id: int) -> Effect | None:
        """What a command left in the pump's memory."""
        effect = self._pump.effect(command_id)
        return None if effect is None else _effect(effect, self._pump.device_us)

    def last_effect_id(self) -> int:
        """Highest command id in any act's record."""
        return self._pump.last_effect_id()

    def note(self, opcode: int, command_id: int, answer: Answer, refusal: Refusal | None) -> None:
        """Journal a command and what became of it."""
        self._pump.note(opcode, command_id, int(answer), refusal.code if refusal else 0)


class _Answers:
    """Turns the pump's refusals into the wire's; the names are the same in both packages."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if isinstance(error, pump_errors.Refused):
            place = (RefusalCode[error.code], Field[error.field], error.index)
            raise Refused(Refusal(*place, error.value, error.limit, Unit[error.unit])) from error
        if isinstance(error, pump_errors.Busy):
            raise BusyUntil(error.until_us) from error


_ANSWERS = _Answers()


def _order(bolus: Bolus) -> BolusOrder:
    return BolusOrder(bolus.volume_nl, bolus.dose_ng, bolus.duration_s, bool(bolus.may_lengthen))


def _cause(number: int) -> str:
    """The cause of that number. Raises the pump's Refused."""
    if number >= len(ALARMS):
        raise pump_errors.Refused("UNKNOWN_CAUSE", "CAUSE", number, len(ALARMS) - 1)
    return ALARMS[number].cause


def _effect(effect: PumpEffect, now_us: int) -> Effect:
    """What a record tells; a dose that still runs has delivered what it commanded by now."""
    dose = effect.dose
    state = _DOSE_STATES[dose.end] if dose else DoseState.EXECUTED
    programmed_nl, delivered_nl = (dose.programmed_nl, dose.delivered_nl) if dose else (0, 0)
    if dose is not None and dose.end is None:
        delivered_nl = dose.run().delivered_nl(now_us)
    return Effect(Command(*effect.command), BY_NAME[_EFFECT_NAMES[effect.kind]].opcode, state, programmed_nl, delivered_nl)
