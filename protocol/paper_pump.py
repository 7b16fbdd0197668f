"""A pump on paper: the smallest honest `DeviceApp`, for tests of this package and of clients without a simulator.

It keeps its memory in bytes, counts what is written, and can lose its power inside any byte of a write. Flow is arithmetic on
its own clock, which moves only by `advance`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, NamedTuple

from protocol import messages as m
from protocol.app import BusyUntil, Effect, Refused, Region
from protocol.codec import encode
from protocol.codes import AlarmCause, AlarmClass, Answer, DoseKind, DoseState, EventKind, LogRing, Mode, StatusFlag, Unit
from protocol.command import Command
from protocol.errors import Rejected
from protocol.message_table import BY_NAME
from protocol.refusals import Field, RefusalCode
from protocol.therapy import Therapy
from protocol.therapy_check import check_bolus, check_fill, check_refill, check_therapy

__all__ = ["LIMITS", "Note", "PaperPowerCut", "PaperPump"]

LIMITS = m.Limits(
    rate_nl_per_h_min=2000,
    rate_nl_per_h_max=1_000_000,
    minimum_rate_nl_per_h=250,
    steps_per_group_max=13,
    capacity_nl=40_000_000,
    low_reservoir_nl_min=1_000_000,
    low_reservoir_nl_max=20_000_000,
    bolus_nl_min=250,
    bolus_nl_max=1_000_000,
    bolus_s_min=60,
    bolus_s_max=43_200,
    critical_repeat_s_min=600,
    critical_repeat_s_max=7200,
    non_critical_repeat_s_min=3600,
    non_critical_repeat_s_max=86_400,
    clock_us_max=1 << 62,
    prime_nl_max=1_000_000,
    bridge_nl_max=1_000_000,
    lockout_s_min=300,
    lockout_s_max=86_400,
    most_per_day_max=24,
)
_DRUG = m.DrugEntry(1, 1, "baclofen", 500_000, 3_000_000, 2_000_000, 0, 180)
_SIZES = {Region.ANSWERS: 1024, Region.LAST_ID: 16, Region.SESSION: 16, Region.KEYS: 512}
_RECORD_BYTES = 64
_SILENCE_US = 3600 * 1_000_000
_NO_FILL = m.Refill(0, 0, 0, 0, 0)


class PaperPowerCut(BaseException):
    """The power went inside a write."""


class Note(NamedTuple):
    """One line of the journal."""

    opcode: int
    command_id: int
    answer: Answer
    refusal: m.Refusal | None


class PaperPump:
    """Implements `protocol.app.DeviceApp`. Public fields are for tests to look at and to set."""

    def __init__(self) -> None:
        self.memory = {region: bytearray(b"\xff" * size) for region, size in _SIZES.items()}
        self.written_bytes = 0
        self.cut_at_byte: int | None = None
        self.time_us = 0
        self.clock_offset_us = 0
        self.boot_count = 1
        self.mode = Mode.SHELF
        self.stopped_by_update = False
        self.generation = 0
        self.in_force: Therapy | None = None
        self.fill = _NO_FILL
        self.effects: dict[int, Effect] = {}
        self.bolus_start_us = 0
        self.bolus_end_us = 0
        self.journal: list[Note] = []
        self.alarms: dict[int, AlarmClass] = {}
        self.silenced: set[int] = set()
        self.acknowledged: set[int] = set()
        self.interrogations = 0
        self.alarm_tests = 0
        self.looks = 0
        self.magnet_held = False
        self.wakes = 0
        self.turned_away_logged: list[int] = []
        self.keys_set: list[int] = []
        self.services: list[str] = []

    def advance(self, us: int) -> None:
        """Let device time pass; a bolus that is over is closed."""
        self.time_us += us
        for command_id, effect in self.effects.items():
            if effect.state is DoseState.EXECUTING and self.time_us >= self.bolus_end_us:
                self.effects[command_id] = effect._replace(state=DoseState.EXECUTED, delivered_nl=effect.programmed_nl)

    def reboot(self) -> None:
        """Power back: what ran is interrupted and never resumed."""
        self.cut_at_byte = None
        self.boot_count += 1
        self.silenced.clear()
        self._end_bolus()

    def now_us(self) -> int:
        return self.time_us

    def memory_writes(self) -> int:
        self.looks += 1
        return self.looks

    def load(self, region: str) -> bytes:
        return bytes(self.memory[region])

    def store(self, region: str, offset: int, data: bytes) -> None:
        written = self._write(len(data))
        self.memory[region][offset : offset + written] = data[:written]
        if written < len(data):
            raise PaperPowerCut

    def identity(self) -> m.Identity:
        limits, drugs = (LIMITS,), (_DRUG,)
        clock_us = self.time_us + self.clock_offset_us
        return m.Identity("paper", "P-0001", "1.0", 1, 0, 1_000_000, self.boot_count, clock_us, 1, 140_000, limits, drugs)

    def status(self) -> m.Status:
        digest = bytes(32) if self.in_force is None else hashlib.sha256(encode(self.in_force)).digest()
        clock_us = self.time_us + self.clock_offset_us
        alarms, silenced, acknowledged = (sum(1 << cause for cause in causes) for causes in (self.alarms, self.silenced, self.acknowledged))
        own = (self.time_us, clock_us, self.boot_count, self.mode, self._flags(), self.generation, digest)
        return m.Status(*own, 0, 0, 0, 0, 0, alarms, silenced, acknowledged, 0)

    def condition(self) -> m.Condition:
        alarms = [
            m.AlarmEntry(cause, kind, 1, cause in self.acknowledged, 0, _SILENCE_US if cause in self.silenced else 0)
            for cause, kind in self.alarms.items()
        ]
        clock_us = self.time_us + self.clock_offset_us
        fill = (self.fill.volume_nl, self.fill.drug_id, self.fill.concentration_ng_per_ml)
        return m.Condition(
            self.time_us, clock_us, self.mode, self._flags(), self._rate(), *fill, 0, 0, 0, 0, 3000, self._running(), tuple(alarms)
        )

    def counters(self) -> m.Counters:
        bolus_nl = sum(effect.delivered_nl for effect in self.effects.values())
        return m.Counters(0, bolus_nl, 0, 0, 0, 0, min(1, len(self.journal)), len(self.journal), 0, 0)

    def read_log(self, first: int, count: int, ring: LogRing) -> m.LogAnswer:
        if ring is LogRing.FAULTS:  # nothing ever happens to this pump
            return m.LogAnswer(0, 0, ())
        first = max(first, 1)
        rows = [
            m.LogEntry(first + at, 1, EventKind.COMMAND, note.opcode, note.command_id, 0, 0, 0, 0, note.answer)
            for at, note in enumerate(self.journal[first - 1 : first - 1 + count])
        ]
        return m.LogAnswer(min(1, len(self.journal)), len(self.journal), tuple(rows))

    def interrogated(self) -> None:
        self.interrogations += 1

    def therapy(self) -> tuple[int, Therapy | None]:
        return self.generation, self.in_force

    def begin_update(self, interrupt: bool) -> None:
        if self._running() and not interrupt:
            raise _refused(RefusalCode.BOLUS_RUNNING)
        self._write_record()
        self._end_bolus()
        if self.mode is not Mode.SHELF:
            self.mode = Mode.STOPPED
        self.stopped_by_update = True

    def drop_update(self, expired: bool) -> None:
        """The pump stays as it is."""

    def check_therapy(self, therapy: Therapy) -> None:
        self._judge(lambda: check_therapy(therapy, self.identity()))
        self._judge(lambda: check_fill(therapy, self.condition()))

    def commit(self, command: Command, therapy: Therapy, overrides: tuple[int, ...]) -> tuple[int, int]:
        self._write_record()
        self.generation += 1
        self.in_force, self.mode, self.stopped_by_update = therapy, Mode(therapy.mode), False
        self.effects[command.command_id] = Effect(command, BY_NAME["COMMIT"].opcode, DoseState.EXECUTED)
        return self.generation, self.mode

    def start(self, command: Command, generation: int) -> int:
        if self.in_force is None:
            raise _refused(RefusalCode.NO_THERAPY)
        if generation != self.generation:
            raise Refused(m.Refusal(RefusalCode.GENERATION, Field.GENERATION, 0, generation, self.generation, Unit.COUNT))
        self._write_record()
        self.mode, self.stopped_by_update = Mode(self.in_force.mode), False
        self.effects[command.command_id] = Effect(command, BY_NAME["START"].opcode, DoseState.EXECUTED)
        return self.mode

    def stop(self) -> int:
        self._write_record()
        self._end_bolus()
        self.mode = Mode.STOPPED
        return self.mode

    def refill(self, command: Command, refill: m.Refill) -> m.RefillAnswer:
        self._judge(lambda: check_refill(refill, self.identity()))
        self._write_record()
        expected_nl, self.fill = self.fill.volume_nl, refill
        self.effects[command.command_id] = Effect(command, BY_NAME["REFILL"].opcode, DoseState.EXECUTED)
        return m.RefillAnswer(expected_nl, refill.volume_nl)

    def check_dose(self, name: str, body: Any) -> m.BolusAnswer:
        if name != "BOLUS":  # this pump has single boluses only, and says so
            raise _refused(RefusalCode.NO_PATIENT_BOLUS if name == "PATIENT_BOLUS" else RefusalCode.UNKNOWN_MODE)
        bolus: m.Bolus = body
        if self._running():
            raise BusyUntil(self.bolus_end_us)
        if self.mode in (Mode.SHELF, Mode.STOPPED):
            raise _refused(RefusalCode.NOT_RUNNING)
        concentration = self.in_force.concentration_ng_per_ml if self.in_force else 0
        self._judge(lambda: check_bolus(bolus, self.identity(), concentration))
        return m.BolusAnswer(bolus.duration_s, self.time_us + bolus.duration_s * 1_000_000)

    def dose(self, command: Command, name: str, body: Any) -> None:
        bolus: m.Bolus = body
        self._write_record()
        self.bolus_start_us = self.time_us
        self.bolus_end_us = self.time_us + bolus.duration_s * 1_000_000
        opcode = BY_NAME[name].opcode
        self.effects[command.command_id] = Effect(command, opcode, DoseState.EXECUTING, bolus.volume_nl)

    def set_clock(self, command: Command, clock_us: int) -> m.SetClockAnswer:
        self._write_record()
        old_us = self.time_us + self.clock_offset_us
        self.clock_offset_us = clock_us - self.time_us
        self.effects[command.command_id] = Effect(command, BY_NAME["SET_CLOCK"].opcode, DoseState.EXECUTED)
        return m.SetClockAnswer(old_us, clock_us)

    def silence(self, cause: int) -> int:
        self._known(cause)
        self.silenced.add(cause)
        return self.time_us + _SILENCE_US

    def end_silences(self) -> None:
        self.silenced.clear()

    def acknowledge(self, cause: int) -> None:
        self._known(cause)
        self.acknowledged.add(cause)

    def alarm_test(self) -> None:
        self.alarm_tests += 1

    def magnet(self) -> bool:
        return self.magnet_held

    def woken(self) -> None:
        self.wakes += 1

    def turned_away(self, count: int) -> None:
        self.turned_away_logged.append(count)

    def stop_by_magnet(self) -> None:
        self.stop()
        self.alarms[AlarmCause.MAGNET_STOP] = AlarmClass.CRITICAL

    def key_set(self, key_id: int) -> None:
        self.keys_set.append(key_id)
        self.alarms[AlarmCause.KEYS_CHANGED] = AlarmClass.NON_CRITICAL

    def self_test(self) -> int:
        self.services.append("self-test")
        return self.status().alarms

    def service_reset(self) -> None:
        self.services.append("reset")
        self.reboot()

    def effect(self, command_id: int) -> Effect | None:
        effect = self.effects.get(command_id)
        if effect is None or effect.state is not DoseState.EXECUTING:
            return effect
        return effect._replace(delivered_nl=self._delivered(effect))

    def last_effect_id(self) -> int:
        return max(self.effects, default=0)

    def note(self, opcode: int, command_id: int, answer: Answer, refusal: m.Refusal | None) -> None:
        self._write_record()
        self.journal.append(Note(opcode, command_id, answer, refusal))

    def _write(self, size: int) -> int:
        """Count bytes as written; returns how many the power lasted for."""
        if self.cut_at_byte is not None and self.written_bytes + size > self.cut_at_byte:
            size = self.cut_at_byte - self.written_bytes
        self.written_bytes += size
        return size

    def _write_record(self) -> None:
        """An act's own record: whole, or as if never written."""
        if self._write(_RECORD_BYTES) < _RECORD_BYTES:
            raise PaperPowerCut

    def _running(self) -> tuple[m.BolusEntry, ...]:
        return tuple(
            m.BolusEntry(command_id, effect.programmed_nl, self._delivered(effect), self.bolus_start_us, self.bolus_end_us, DoseKind.SINGLE)
            for command_id, effect in self.effects.items()
            if effect.state is DoseState.EXECUTING
        )

    def _delivered(self, effect: Effect) -> int:
        return effect.programmed_nl * (self.time_us - self.bolus_start_us) // (self.bolus_end_us - self.bolus_start_us)

    def _end_bolus(self) -> None:
        for entry in self._running():
            effect = self.effects[entry.command_id]
            self.effects[entry.command_id] = effect._replace(state=DoseState.INTERRUPTED, delivered_nl=entry.delivered_nl)

    def _flags(self) -> int:
        flags = StatusFlag(0)
        flags |= StatusFlag.NO_FILL if self.fill is _NO_FILL else StatusFlag(0)
        flags |= StatusFlag.STOPPED_BY_UPDATE if self.stopped_by_update else StatusFlag(0)
        return flags | (StatusFlag.BOLUS_RUNNING if self._running() else StatusFlag(0))

    def _rate(self) -> int:
        """The first step's rate whatever the time of day: this pump needs no more."""
        if self.in_force is None or self.mode in (Mode.SHELF, Mode.STOPPED):
            return 0
        groups = self.in_force.groups
        return groups[0].steps[0].rate_nl_per_h if groups else LIMITS.minimum_rate_nl_per_h

    def _known(self, cause: int) -> None:
        if cause not in self.alarms:
            raise Refused(m.Refusal(RefusalCode.NOT_ACTIVE, Field.CAUSE, 0, cause, 0, Unit.NONE))

    def _judge(self, check: Callable[[], None]) -> None:
        """The client's rules are this pump's rules."""
        try:
            check()
        except Rejected as error:
            raise Refused(error.refusal) from None


def _refused(code: RefusalCode) -> Refused:
    return Refused(m.Refusal(code, Field.NONE, 0, 0, 0, Unit.NONE))
