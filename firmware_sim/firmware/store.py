"""Everything the firmware keeps in memory, under one roof: banks, delivery records, journal, and the cells of small state.

Each cell that an act writes carries the command that asked for it, so that the outcome can be told even when the answer was lost.
"""

from __future__ import annotations

from typing import NamedTuple

from firmware_sim.firmware.belief import STOP_REASONS, Belief, Fill
from firmware_sim.firmware.doses import Dose, Doses
from firmware_sim.firmware.journal import Journal
from firmware_sim.firmware.lockouts import Lockouts
from firmware_sim.firmware.modes import RUNNING
from firmware_sim.firmware.nvm import Banks, Layout
from firmware_sim.firmware.prescription import Command, RefillEntry
from firmware_sim.firmware.records import Cell
from firmware_sim.hal import MemoryPort
from firmware_sim.limits import BYTE_BITS

__all__ = ["AlarmMemory", "DeliveryState", "Effect", "Store"]

_COMMAND = "IQ16s"
_TOTAL_BYTES = 2 * BYTE_BITS
_PLACES = ("banks", "delivery", "fill", "clock", "doses")
"""Where acts leave a record: each part is read anew only when it has changed."""


class DeliveryState(NamedTuple):
    """What outlives a reset about delivery: running or stopped and why, since when, implanted when, for which generation and drug."""

    running: bool
    stop_reason: str
    safe_state: bool
    stopped_us: int
    implanted_us: int
    generation: int
    drug_id: int
    command: Command


class AlarmMemory(NamedTuple):
    """Latched causes as a word of bits, when ERI came and a recovery from a stall the log was not told (device times, -1: none)."""

    latched: int
    eri_us: int
    recovery_us: int


class Effect(NamedTuple):
    """An act found in memory: its kind (commit, start, refill, set_clock, or a dose's), its command, and the dose if it was one."""

    kind: str
    command: Command
    dose: Dose | None = None


class Store:
    """Typed access to the regions the firmware owns."""

    def __init__(self, memory: MemoryPort, layout: Layout) -> None:
        self.memory = memory
        self.layout = layout
        offsets, sizes = layout.offsets, layout.sizes
        self.banks = Banks(memory, layout)
        self.lockouts = Lockouts(memory, offsets["lockout_ring"], sizes["lockout_ring"])
        self.doses = Doses(memory, offsets["delivery_records"], sizes["delivery_records"])
        rings = [(offsets[name], sizes[name]) for name in ("event_ring", "fault_ring")]
        self.journal = Journal(memory, rings[0], rings[1])
        self._delivery = Cell(memory, offsets["delivery_state"], f"<BBBqqIH{_COMMAND}")
        self._fill = Cell(memory, offsets["reservoir_state"], f"<IIHI{_TOTAL_BYTES}sqq{_COMMAND}")
        self._clock = Cell(memory, offsets["clock_offset"], f"<q{_COMMAND}")
        self._boot = Cell(memory, offsets["boot_state"], "<I")
        self._patient = Cell(memory, offsets["patient_counters"], "<II")
        self._calibration = Cell(memory, offsets["calibration"], "<I")
        self._alarms = Cell(memory, offsets["alarm_state"], "<Iqq")
        self._seen: list[Effect] = []
        self._seen_writes = -1
        self._parts: list[object] = [None] * len(_PLACES)
        self._acts: list[list[Effect]] = [[] for _ in _PLACES]

    def delivery(self) -> DeliveryState | None:
        """The delivery state; None in shelf."""
        fields = self._delivery.read()
        if fields is None:
            return None
        running, reason, safe, stopped_us, implanted_us, generation, drug_id, *command = fields
        state = (bool(running), STOP_REASONS[reason], bool(safe), stopped_us, implanted_us, generation, drug_id)
        return DeliveryState(*state, Command(*command))

    def write_delivery(self, belief: Belief, command: Command) -> None:
        """Keep how delivery stands now."""
        reason = STOP_REASONS.index(belief.stop_reason)
        running = belief.mode in RUNNING
        numbers = (belief.stopped_us, belief.implanted_us, belief.generation, belief.drug_id)
        self._delivery.write(running, reason, belief.safe_state, *numbers, *command)

    def fill(self) -> tuple[Fill, Command] | None:
        """The last REFILL and who said it; none of drug 0, which is what is left of one whose count was lost."""
        fields = self._fill.read()
        if fields is None:
            return None
        volume, withdrawn, drug, concentration, total, device_us, clock_us, *command = fields
        entry = RefillEntry(volume, withdrawn, drug, concentration)
        return Fill(entry, int.from_bytes(total, "little"), device_us, clock_us), Command(*command)

    def write_fill(self, fill: Fill, command: Command) -> None:
        """Keep a REFILL."""
        entry = fill.entry
        numbers = (entry.volume_nl, entry.withdrawn_nl, entry.drug_id, entry.concentration_ng_per_ml)
        self._fill.write(*numbers, fill.total_units.to_bytes(_TOTAL_BYTES, "little"), fill.device_us, fill.clock_us, *command)

    def forget_fill(self) -> None:
        """What was commanded since the last REFILL is lost: keep who said it, and nothing else."""
        kept = self.fill()
        if kept is not None:
            fill, command = kept
            self.write_fill(fill._replace(entry=RefillEntry(0, 0, 0, 0)), command)

    def calibration_ppm(self) -> int | None:
        """The calibration constant; None when neither copy is whole."""
        fields = self._calibration.read()
        return None if fields is None else int(fields[0])

    def write_calibration(self, printed_ppm: int) -> None:
        """Keep the constant that the factory measured."""
        self._calibration.write(printed_ppm)

    def alarm_state(self) -> AlarmMemory:
        """What outlives a reset about alarms."""
        fields = self._alarms.read()
        return AlarmMemory(0, -1, -1) if fields is None else AlarmMemory(*fields)

    def write_alarm_state(self, kept: AlarmMemory) -> None:
        """Keep it."""
        if kept != self.alarm_state():
            self._alarms.write(*kept)

    def clock_offset(self) -> tuple[int, Command] | None:
        """Clock minus monotonic counter, and who set it."""
        fields = self._clock.read()
        return None if fields is None else (fields[0], Command(*fields[1:]))

    def write_clock_offset(self, offset_us: int, command: Command) -> None:
        """Keep a SET_CLOCK."""
        self._clock.write(offset_us, *command)

    def newest_us(self) -> int:
        """The newest device time in any record: from where to count on when the counter was lost."""
        times = [self.journal.newest_us(), *(happening.start_us for happening in self.lockouts.all())]
        times += [time_us for dose in self.doses.all() for time_us in (dose.start_us, dose.ended_us)]
        fill = self.fill()
        return max(*times, fill[0].device_us if fill else 0)

    def scrub(self, now_us: int, rate_nl_per_h_max: int) -> int:
        """Mend what a flipped bit has done to records and cells; returns how many were mended."""
        cells = (self._delivery, self._fill, self._clock, self._boot, self._patient, self._calibration, self._alarms)
        return self.doses.scrub() + self.lockouts.scrub(now_us, rate_nl_per_h_max) + sum(cell.scrub() for cell in cells)

    def boot_count(self) -> int:
        """Boots so far."""
        fields = self._boot.read()
        return 0 if fields is None else int(fields[0])

    def write_boot_count(self, count: int) -> None:
        """Keep the boot count."""
        self._boot.write(count)

    def patient_counters(self) -> tuple[int, int]:
        """Patient boluses granted and refused."""
        fields = self._patient.read()
        return (0, 0) if fields is None else (fields[0], fields[1])

    def write_patient_counters(self, granted: int, refused: int) -> None:
        """Keep how often the patient was given a bolus and refused one."""
        self._patient.write(granted, refused)

    def effects(self) -> list[Effect]:
        """Every act whose record names a command; looked up anew only after memory has changed."""
        if self._seen_writes != self.memory.writes:
            self._seen, self._seen_writes = self._find_effects(), self.memory.writes
        return self._seen

    def effect(self, command_id: int) -> Effect | None:
        """The act a command left in memory."""
        return next((effect for effect in self.effects() if effect.command.command_id == command_id), None)

    def last_effect_id(self) -> int:
        """Highest command id any act's record carries."""
        return max((effect.command.command_id for effect in self.effects()), default=0)

    def _find_effects(self) -> list[Effect]:
        parts = (self.banks.read(), self._delivery.newest(), self._fill.newest(), self._clock.newest(), self.doses.all())
        for place, part in enumerate(parts):
            if part is not self._parts[place]:
                self._parts[place], self._acts[place] = part, [act for act in self._acts_of(_PLACES[place]) if act.command.command_id]
        return [act for acts in self._acts for act in acts]

    def _acts_of(self, place: str) -> list[Effect]:
        """The acts in one part of memory."""
        if place == "banks":
            return [Effect("commit", bank.command) for bank in self.banks.read() if bank.state == "valid"]
        if place == "delivery":
            delivery = self.delivery()
            return [Effect("start", delivery.command)] if delivery else []
        if place == "fill":
            fill = self.fill()
            return [Effect("refill", fill[1])] if fill else []
        if place == "clock":
            clock = self.clock_offset()
            return [Effect("set_clock", clock[1])] if clock else []
        return [Effect(dose.kind, dose.command, dose) for dose in self.doses.all()]
