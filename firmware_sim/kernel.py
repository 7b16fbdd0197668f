"""The kernel: lets virtual time pass over plant and firmware, and gives and takes the firmware's power.

What happens next is worked out from state: the next turn of a fault, what the board does by itself (limiter, watchdog, return of power),
the firmware's next deadline, the agenda of bench acts. At one instant they come in that order. Advancing leaves no trace of itself: an
anchor moves only when a slope changes.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from types import TracebackType

from firmware_sim.agenda import Act
from firmware_sim.board_events import BoardEvents, Candidate
from firmware_sim.delivery import DeliveryRecorder
from firmware_sim.errors import BenchRefused, LimitExceeded, PowerCut, PowerOff
from firmware_sim.faults.imposed import conditions_of
from firmware_sim.faults.registry import FAULTS
from firmware_sim.firmware.controller import Controller
from firmware_sim.firmware.deadlines import Deadline
from firmware_sim.firmware.dosing import Course
from firmware_sim.firmware.journal import Entry
from firmware_sim.firmware.looks import Looks
from firmware_sim.limits import EVENTS_PER_INSTANT_MAX
from firmware_sim.plant.plant import Plant
from firmware_sim.profile import Profile
from firmware_sim.pump_state import PumpState
from firmware_sim.trace import Trace

__all__ = ["Kernel"]

_TIME = itemgetter(0)


class Ordering:
    """An order under way; a `with` of its own, for each command needs several."""

    __slots__ = ("_boots", "_kernel", "_noticed")

    def __init__(self, kernel: Kernel, noticed: bool) -> None:
        self._kernel = kernel
        self._noticed = noticed

    def __enter__(self) -> Controller:
        firmware = self._kernel.begin_order()
        self._boots = self._kernel.state.boots
        return firmware

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._kernel.end_order(kind, self._boots, self._noticed)


class Kernel:
    """Plant, firmware and time of one pump. `perform` does a bench act that has come due.

    `changes` rises with whatever may change what a look tells, time aside: what was worked out is remembered by it.
    """

    def __init__(self, profile: Profile, state: PumpState, perform: Callable[[Act], None]) -> None:
        self.state = state
        self.profile = profile
        self.plant = Plant(profile, state.plant, conditions_of(state.faults, FAULTS, profile))
        self.trace = Trace(state.trace_count, state.trace_chain)
        self.firmware = Controller(profile, self.plant, state.plant.unit, self._logged)
        self.looks = Looks(self.firmware)
        self.board = BoardEvents(self)
        self._perform = perform
        self.changes = 0
        self._looked_us = -1
        self._course: Course | None = None
        self._coming: Candidate | None = None
        self._coming_known = False
        self._awaited: Deadline | None = None
        self._awaited_known = False
        self._acting = False
        self._mute = self._is_mute()
        self.recorder: DeliveryRecorder | None = None
        if state.belief is not None:
            self.firmware.resume(state.belief)

    @property
    def device_us(self) -> int:
        """The device counter now."""
        return self.state.plant.oscillator.device_at(self.state.now_us)

    @property
    def answers(self) -> bool:
        """Whether a host would get an answer: power, telemetry, and a task that runs it."""
        return self.state.belief is not None and not self._mute

    def steps(self) -> int:
        """Steps commanded by now since manufacture; while the power is off, what the registers kept."""
        return self.steps_by(self.device_us)

    def steps_by(self, device_us: int) -> int:
        """The same when the device counter shows this now."""
        course = self._course
        if course is None:
            belief, plant = self.state.belief, self.state.plant
            if belief is None:
                kept = (plant.registers.basal_units + plant.registers.bolus_units) // plant.unit.step_units
                return plant.driver.forgotten_steps + kept
            course = self._course = belief.dosing.course()
        return self.state.plant.driver.forgotten_steps + course.steps_at(device_us)

    def pulses(self) -> int:
        """Pulses the driver has sent by now."""
        return self.state.plant.driver.pulses_at(self.steps(), self.state.now_us)

    def looking(self) -> Controller:
        """The firmware, to be read by a host at this instant. Raises PowerOff when it does not answer."""
        if self._looked_us == self.state.now_us:
            return self.firmware
        if self.state.belief is None:
            raise PowerOff("the pump has no power; advance until it is back")
        if self._mute:
            raise PowerOff("the pump does not answer: it has no telemetry, or the task that runs it hangs")
        self.firmware.now_us, self._looked_us = self.device_us, self.state.now_us
        return self.firmware

    def ordering(self, *, noticed: bool = True) -> Ordering:
        """The firmware, to be given an order at this instant. One that it does not notice leaves known what it waits for.

        A power cut inside it, or in what falls due at once because of it, comes out as PowerCut after the pump has gone off.
        """
        return Ordering(self, noticed)

    def begin_order(self) -> Controller:
        """Settle, and let the firmware look at its clock. Raises PowerOff."""
        self.settle()
        firmware = self.looking()
        self.state.floor_us = firmware.now_us
        return firmware

    def end_order(self, failed: type[BaseException] | None, boots: int, noticed: bool) -> None:
        """An order was carried out, or `failed`. Raises PowerCut where the pump has booted since, or lost its power."""
        state = self.state
        if failed is not None and issubclass(failed, PowerCut):
            self.lose_power(off_us=state.off_us)
        if noticed:
            self._forget()
        else:
            self._forget_looks()
        if failed is None:
            self._after_firmware()
            self.settle()
            if state.belief is None or state.boots != boots:
                raise PowerCut

    def tell(self, news: Callable[[Controller], None]) -> None:
        """Let the firmware notice something at this instant, if it runs; a power cut in what it writes ends it."""
        if self.state.belief is None:
            return
        self.state.floor_us = self.firmware.now_us = max(self.device_us, self.state.floor_us)
        try:
            news(self.firmware)
        except PowerCut:
            self.lose_power(off_us=self.state.off_us)
        self._forget()
        self._after_firmware()

    def service(self) -> None:
        """The limiter's latch is opened and the firmware started anew."""
        state = self.state
        self.plant.rearm(state.now_us, self.steps())
        state.plant.board.serviced()
        self.firmware.now_us = self.device_us
        self.lose_power()
        self.settle()

    def flip_ram(self, offset: int, bit: int) -> None:
        """A particle hits the firmware's RAM image of the therapy."""
        self.tell(lambda firmware: firmware.scrub.flip_ram(offset, bit))

    def ram_bytes(self) -> int:
        """Length of the RAM image; 0 without power or therapy."""
        return self.firmware.scrub.ram_bytes() if self.state.belief is not None else 0

    def changed(self, *, noticed: bool = True) -> None:
        """State was changed from outside: what happens next must be worked out anew; what mixed in a prime goes on mixing.

        What the firmware waits for stays known where it could notice nothing.
        """
        self._follow_prime()
        awaited_known = self._awaited_known and not noticed
        self._forget()
        self._awaited_known = awaited_known

    def faults_changed(self) -> None:
        """A fault came, turned or went: bring all of them to bear, and let the firmware notice what it can."""
        state, old = self.state, self.plant.conditions
        new = conditions_of(state.faults, FAULTS, self.profile)
        turning = state.plant.motor.moving
        self.plant.take(new, state.now_us, self.steps())
        if state.plant.motor.moving != turning:
            self.tell(lambda firmware: firmware.feedback_changed())
        if new.hung != old.hung:
            self.tell(lambda firmware: firmware.hung_changed())
        if new.field and not old.field:
            self.tell(lambda firmware: firmware.field_began())
        self.board.judge_supply()
        self._mute = self._is_mute()
        self._forget()

    def next_due(self) -> int | None:
        """True time of what happens next; None if nothing will."""
        coming = self._next()
        return None if coming is None else coming[0]

    def settle(self) -> None:
        """Let happen what is due at this instant."""
        now_us = self.state.now_us
        if not self._coming_known or (self._coming is not None and self._coming[0] <= now_us):
            self.advance_to(now_us)
        if self.recorder is not None:
            self.recorder.mark()

    def advance_to(self, at_us: int) -> None:
        """Let time pass to a true time. Raises BenchRefused for the past, LimitExceeded when an instant does not end."""
        state = self.state
        if type(at_us) is not int:
            raise BenchRefused(f"advance: {at_us!r} is no whole number of microseconds; give an integer")
        if at_us < state.now_us:
            raise BenchRefused(f"advance: {at_us} us is past, it is {state.now_us} us; time goes forward only")
        if self._coming_known and (self._coming is None or self._coming[0] > at_us):  # nothing is due
            state.now_us = at_us
            return
        instant_us, count = state.now_us, 0
        while (coming := self._next()) is not None and coming[0] <= at_us:
            due, happen = coming
            if due > instant_us:
                instant_us, count = due, 0
            count += 1
            if count > EVENTS_PER_INSTANT_MAX:
                raise LimitExceeded(f"more than {EVENTS_PER_INSTANT_MAX} events at {instant_us} us")
            state.now_us = max(state.now_us, due)
            self._forget()
            happen()
            if self.recorder is not None:
                self.recorder.mark()
        state.now_us = at_us

    def boot(self) -> None:
        """Power is there: start the firmware from memory. A cut ordered for boot's own writes ends it again."""
        state, firmware = self.state, self.firmware
        state.power_on_us = -1
        self.board.start()
        if state.plant.registers.lost:
            self.board.restart_clock(firmware.store.newest_us())
        state.floor_us = firmware.now_us = max(self.device_us, state.floor_us)
        state.boots += 1
        try:
            firmware.boot(first=state.boots == 1)
        except PowerCut:
            state.power_on_us = state.now_us + state.off_us
        else:
            state.belief = firmware.belief
            state.plant.registers.lost = False
        self._after_firmware()
        self._forget()

    def lose_power(self, cause: str = "power", off_us: int = 0) -> None:
        """The supply is gone: RAM is lost, the registers keep what was commanded, and power returns after `off_us`."""
        state, registers, firmware = self.state, self.state.plant.registers, self.firmware
        if state.belief is not None:
            dosing, lost_at_us = state.belief.dosing, firmware.now_us
            registers.basal_units, registers.bolus_units = dosing.basal_at(lost_at_us), dosing.bolus_at(lost_at_us)
            registers.running_us = dosing.running_at(lost_at_us)
            registers.last_step_running_us = dosing.running_at_last_step(lost_at_us)
            registers.lost_at_us = lost_at_us
        state.belief = None
        state.plant.board.reset_cause = cause
        state.power_on_us = state.now_us + off_us
        self._forget()
        self._follow_prime()
        if self.recorder is not None:
            self.recorder.mark()

    def _is_mute(self) -> bool:
        """Whether the pump would not answer though it has power: no telemetry, the task that runs it hangs, or no clock."""
        return not self.profile.behaviour.telemetry or "telemetry" in self.plant.hung or self.state.plant.oscillator.stuck

    def _after_firmware(self) -> None:
        """What the board makes of what the firmware has just done."""
        self._follow_prime()
        memory = self.plant.memory
        if memory.torn:
            memory.torn = False
            memory.disturb(self.device_us)
            self._forget()

    def _follow_prime(self) -> None:
        """The flow of a prime is fast enough to mix drug with old fluid; tell the plant when it begins and ends."""
        belief = self.state.belief
        run = belief.dosing.bolus if belief else None
        priming = run is not None and run.kind == "prime"
        if priming == self.state.plant.catheter.mixing:
            return
        pulses = self.pulses()
        if not priming:
            self.plant.end_mixing(pulses)
        elif belief is not None and run is not None:
            driver = self.state.plant.driver
            end_steps = driver.forgotten_steps + belief.dosing.steps_at(run.end_us)
            self.plant.begin_mixing(pulses, pulses + driver.pulses_within(self.steps(), end_steps))

    def _forget(self) -> None:
        """What happens next, and what a look tells, must be worked out anew."""
        self._coming_known = self._awaited_known = False
        self._forget_looks()

    def _forget_looks(self) -> None:
        """What a look tells must be worked out anew."""
        self._looked_us, self._course = -1, None
        self.changes += 1
        self.looks.forget()

    def _next(self) -> Candidate | None:
        """What happens next, worked out once after each change."""
        if not self._coming_known:
            self._coming, self._coming_known = min(self._candidates(), key=_TIME, default=None), True
        return self._coming

    def _awaits(self) -> Deadline | None:
        """What the firmware waits for, worked out once after each change that it could notice."""
        if not self._awaited_known:
            self._awaited, self._awaited_known = self.firmware.next_due(), True
        return self._awaited

    def _candidates(self) -> list[Candidate]:
        """(true time, act) of everything that may come next, in the order that holds at one instant."""
        state = self.state
        found = self.board.candidates()
        if state.power_on_us >= 0 and not state.browned_out:
            found.append((state.power_on_us, self.boot))
        if state.belief is not None:
            awaited = self._awaits()
            if awaited is not None:
                name, device_us = awaited
                device_us = max(device_us, state.floor_us)
                at_us = state.plant.oscillator.true_of(device_us)
                if at_us is not None and at_us < state.now_us:  # it has only just come to light, and is done now
                    at_us, device_us = state.now_us, max(self.device_us, state.floor_us)
                if at_us is not None:
                    found.append((at_us, lambda: self._firmware_acts(device_us, name)))
        at_us = None if self._acting else state.agenda.next_due()
        if at_us is not None:
            found.append((at_us, self._bench_acts))
        return found

    def _bench_acts(self) -> None:
        """Do the next queued act; what settles within it is not the turn of the act after it."""
        self._acting = True
        try:
            self._perform(self.state.agenda.take())
        finally:
            self._acting = False
            self._forget()

    def _firmware_acts(self, device_us: int, name: str) -> None:
        self.state.floor_us = self.firmware.now_us = device_us
        try:
            self.firmware.act(name)
        except PowerCut:
            self.lose_power(off_us=self.state.off_us)
        self._after_firmware()

    def _logged(self, entry: Entry) -> None:
        self.trace.add_entry(self.state.now_us, entry)
