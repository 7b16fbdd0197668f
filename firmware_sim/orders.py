"""The firmware's side of a pump: the orders an adapter gives for the wire, and what the firmware says of itself.

Orders raise Refused, Busy and PowerOff. A power cut that the bench ordered for a memory write comes out of an order as PowerCut.
"""

from __future__ import annotations

from firmware_sim.errors import BenchRefused
from firmware_sim.firmware.device_status import BriefStatus, DeviceStatus
from firmware_sim.firmware.journal import Entry, EventKind
from firmware_sim.firmware.prescription import NO_COMMAND, BolusOrder, BolusPlan, Command, Prescription, RefillEntry
from firmware_sim.firmware.records import keep
from firmware_sim.firmware.store import Effect
from firmware_sim.kernel import Kernel
from firmware_sim.pump_state import PumpState

__all__ = ["Orders"]


class Orders:
    """The front half of `Pump`."""

    _state: PumpState
    _kernel: Kernel

    def check(self, prescription: Prescription) -> None:
        """Judge a prescription, changing nothing."""
        self._kernel.looking().check(prescription)

    def commit(self, prescription: Prescription, command: Command = NO_COMMAND, overrides: tuple[int, ...] = ()) -> int:
        """Make it the therapy and start its mode; returns the new generation. `overrides` are numbers of soft rules set aside."""
        with self._kernel.ordering() as firmware:
            return firmware.commit(prescription, command, overrides)

    def start(self, generation: int | None = None, command: Command = NO_COMMAND) -> str:
        """Run the committed therapy; returns the mode."""
        with self._kernel.ordering() as firmware:
            return firmware.start(generation, command)

    def stop(self) -> str:
        """Stop all infusion; returns the mode."""
        with self._kernel.ordering() as firmware:
            return firmware.stop()

    def stop_by_magnet(self) -> None:
        """Stop all infusion for somebody who holds a magnet and has no session: logged, and heard at once."""
        with self._kernel.ordering() as firmware:
            firmware.log(EventKind.MAGNET_STOP)
            if firmware.stop() == "stopped":
                firmware.alarms.raise_alarm("magnet_stop")

    def begin_update(self, interrupt: bool = False) -> None:
        """A therapy update begins; a pump of this class stops here."""
        with self._kernel.ordering() as firmware:
            firmware.begin_update(interrupt)

    def drop_update(self, expired: bool = False) -> None:
        """The update was given up; what runs, or does not, stays so."""
        with self._kernel.ordering() as firmware:
            firmware.drop_update(expired)

    def check_bolus(self, order: BolusOrder) -> BolusPlan:
        """Judge a single bolus as of now, changing nothing."""
        return self._kernel.looking().desk.check_single(order)

    def bolus(self, order: BolusOrder, command: Command = NO_COMMAND) -> BolusPlan:
        """Begin a single bolus."""
        with self._kernel.ordering() as firmware:
            return firmware.desk.begin("single", order.volume_nl, firmware.desk.check_single(order), command)

    def check_patient_bolus(self) -> BolusPlan:
        """Judge what the patient asks for now, changing nothing."""
        return self._kernel.looking().desk.check_patient()

    def patient_bolus(self, command: Command = NO_COMMAND) -> BolusPlan:
        """Begin a patient bolus as the therapy allows it."""
        with self._kernel.ordering() as firmware:
            plan = firmware.desk.check_patient()
            assert firmware.belief.prescription is not None, "a patient bolus was judged"
            firmware.desk.begin("patient", firmware.belief.prescription.patient[0].volume_nl, plan, command)
            firmware.desk.count_patient_bolus(granted=True)
            return plan

    def count_patient_refusal(self) -> None:
        """The patient asked and was refused."""
        with self._kernel.ordering() as firmware:
            firmware.desk.count_patient_bolus(granted=False)

    def check_prime(self, volume_nl: int) -> BolusPlan:
        """Judge a prime, changing nothing."""
        return self._kernel.looking().desk.check_prime(volume_nl)

    def prime(self, volume_nl: int, command: Command = NO_COMMAND) -> BolusPlan:
        """Begin a prime from stopped; while it runs, drug and old fluid mix in the tubing."""
        with self._kernel.ordering() as firmware:
            return firmware.desk.begin("prime", volume_nl, firmware.desk.check_prime(volume_nl), command)

    def check_bridge(self, volume_nl: int, rate_nl_per_h: int) -> BolusPlan:
        """Judge a bridge bolus, changing nothing."""
        return self._kernel.looking().desk.check_bridge(volume_nl, rate_nl_per_h)

    def bridge(self, volume_nl: int, rate_nl_per_h: int, command: Command = NO_COMMAND) -> BolusPlan:
        """Begin a bridge bolus: it replaces basal while it lasts."""
        with self._kernel.ordering() as firmware:
            return firmware.desk.begin("bridge", volume_nl, firmware.desk.check_bridge(volume_nl, rate_nl_per_h), command)

    def refill(self, entry: RefillEntry, command: Command = NO_COMMAND) -> tuple[int, int]:
        """Tell the pump of a refill; returns (expected before, computed now) in nL. No fluid moves: that is `needle`."""
        with self._kernel.ordering() as firmware:
            return firmware.refill(entry, command)

    def set_clock(self, clock_us: int, command: Command = NO_COMMAND) -> tuple[int, int]:
        """Set the device clock (microseconds since 2000-01-01 00:00); returns (old, new)."""
        with self._kernel.ordering() as firmware:
            return firmware.set_clock(clock_us, command)

    def silence(self, cause: str) -> int:
        """Silence one alarm cause; returns the device time at which that ends."""
        with self._kernel.ordering() as firmware:
            return firmware.alarms.silence(cause)

    def end_silences(self) -> None:
        """Every silenced cause sounds again."""
        with self._kernel.ordering() as firmware:
            firmware.belief.alarms.end_silences()

    def acknowledge(self, cause: str) -> None:
        """Mark a cause as seen."""
        with self._kernel.ordering() as firmware:
            firmware.alarms.acknowledge(cause)

    def alarm_test(self) -> None:
        """Play both sounds."""
        with self._kernel.ordering() as firmware:
            firmware.alarms.test()

    def interrogated(self) -> None:
        """An interrogation was completed: it ends the telemetry trap, and a lazy pump logs its recovery from a stall after it."""
        if self._kernel.looking().has_news:
            with self._kernel.ordering() as firmware:
                firmware.interrogated()

    def service_reset(self) -> None:
        """Service: failures are forgotten, the limiter's latch is opened, and the firmware starts again with all its tests."""
        with self._kernel.ordering() as firmware:
            firmware.safety.reset_by_service()
        self._kernel.service()

    def self_test(self) -> None:
        """Run the periodic tests now; one that fails keeps the motor off."""
        with self._kernel.ordering() as firmware:
            firmware.safety.refuse_while_testing()
            firmware.safety.run_tests()

    def key_set(self, key_id: int) -> None:
        """A programmer key was replaced: logged, and told by an alarm until somebody acknowledges it."""
        with self._kernel.ordering() as firmware:
            firmware.log(EventKind.KEY_SET, key_id)
            firmware.alarms.raise_alarm("keys_changed")

    def turned_away(self, count: int) -> None:
        """Journal that so many requests without a session were refused since the last such record."""
        with self._kernel.ordering() as firmware:
            firmware.log(EventKind.TURNED_AWAY, 0, 0, (0, 0), count)

    def woken(self) -> None:
        """Somebody woke the telemetry."""
        self._kernel.plant.battery.draw(self._kernel.profile.battery.wake_nc)
        self._kernel.changed()

    @property
    def magnet_held(self) -> bool:
        """Whether a magnet lies over the pump."""
        return self._state.magnet_held

    def note(self, opcode: int, command_id: int, answer: int, refusal_code: int = 0) -> None:
        """Journal a command and what became of it; a refused one with its code. That is no news to the firmware, unless it goes wrong."""
        with self._kernel.ordering(noticed=False) as firmware:
            kind, alarms = EventKind.REFUSAL if answer else EventKind.COMMAND, firmware.belief.alarms
            known = alarms.is_active("log_error")
            firmware.log(kind, opcode, command_id, (answer, refusal_code))
            if alarms.is_active("log_error") != known:
                self._kernel.changed()

    def effect(self, command_id: int) -> Effect | None:
        """What a command left in the pump's memory."""
        return self._kernel.looking().store.effect(command_id)

    def last_effect_id(self) -> int:
        """Highest command id in any act's record."""
        return self._kernel.looking().store.last_effect_id()

    def read_log(self, first: int, count: int, ring: str = "events") -> tuple[int, int, list[Entry]]:
        """(oldest number, newest number, up to `count` records from `first` on); `faults` is the ring of faults, with its own numbers."""
        journal = self._kernel.looking().store.journal
        kept = journal.faults if ring == "faults" else journal.events
        start = max(first, kept.oldest)
        return kept.oldest, kept.next_number - 1, [kept.read(number) for number in range(start, min(start + count, kept.next_number))]

    @property
    def memory_writes(self) -> int:
        """How often memory has changed, by writes and by faults."""
        return self._state.plant.memory.writes

    def load(self, region: str) -> bytes:
        """All bytes of a memory region."""
        layout = self._kernel.firmware.layout
        return self._state.plant.memory.read(layout.offsets[region], layout.sizes[region])

    def store(self, region: str, offset: int, data: bytes) -> None:
        """Write into a memory region on behalf of the wire's own records. Raises BenchRefused past its ends."""
        layout = self._kernel.firmware.layout
        if not 0 <= offset <= layout.sizes[region] - len(data):
            raise BenchRefused(f"store: {len(data)} bytes at {offset} are not within {region}")
        with self._kernel.ordering(noticed=False) as firmware:
            keep(firmware.hal.memory, layout.offsets[region] + offset, data)

    def programmed(self) -> tuple[int, Prescription | None]:
        """Generation and therapy in force."""
        belief = self._kernel.looking().belief
        return belief.generation, belief.prescription

    def counted(self) -> tuple[int, int]:
        """How often the firmware was started, and what its clock shows (microseconds since 2000-01-01 00:00)."""
        firmware = self._kernel.looking()
        return firmware.belief.boot_count, firmware.clock_us()

    def brief(self) -> BriefStatus:
        """What the firmware thinks, without what takes working out."""
        self._kernel.looking()
        return self._kernel.looks.brief()

    def status(self) -> DeviceStatus:
        """What the firmware thinks."""
        self._kernel.looking()
        return self._kernel.looks.status()
