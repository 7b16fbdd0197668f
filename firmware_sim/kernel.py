"""The kernel: lets virtual time pass over plant and firmware, and gives and takes the firmware's power.

What happens next is worked out from state: the firmware's next deadline, the return of power, the agenda of bench acts. At one instant the
plant comes first, then the firmware, then the bench. Advancing leaves no trace of itself: an anchor moves only when a slope changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from firmware_sim.agenda import Act
from firmware_sim.errors import BenchRefused, LimitExceeded, PowerCut, PowerOff
from firmware_sim.firmware.controller import Controller
from firmware_sim.firmware.journal import Entry, EventKind
from firmware_sim.limits import EVENTS_PER_INSTANT_MAX
from firmware_sim.plant.plant import Plant
from firmware_sim.profile import Profile
from firmware_sim.pump_state import PumpState
from firmware_sim.trace import Trace

__all__ = ["Kernel"]


class Kernel:
    """Plant, firmware and time of one pump. `perform` does a bench act that has come due."""

    def __init__(self, profile: Profile, state: PumpState, perform: Callable[[Act], None]) -> None:
        self.state = state
        self.plant = Plant(profile, state.plant)
        self.trace = Trace(state.trace_count, state.trace_chain)
        self.firmware = Controller(profile, self.plant, state.plant.unit.step_units, self._logged)
        self._perform = perform
        self._due: int | None = None
        self._due_known = False
        self._acting = False
        if state.belief is not None:
            self.firmware.resume(state.belief)

    @property
    def device_us(self) -> int:
        """The device counter now."""
        return self.state.plant.oscillator.device_at(self.state.now_us)

    def steps(self) -> int:
        """Steps commanded by now; while the power is off, what the registers kept."""
        belief, registers = self.state.belief, self.state.plant.registers
        if belief is None:
            return (registers.basal_units + registers.bolus_units) // self.state.plant.unit.step_units
        return belief.dosing.steps_at(self.device_us)

    def looking(self) -> Controller:
        """The firmware, to be read at this instant. Raises PowerOff."""
        if self.state.belief is None:
            raise PowerOff("the pump has no power; advance until it is back")
        self.firmware.now_us = self.device_us
        return self.firmware

    @contextmanager
    def ordering(self) -> Iterator[Controller]:
        """The firmware, to be given an order at this instant.

        A power cut inside it, or in what falls due at once because of it, comes out as PowerCut after the pump has gone off.
        """
        self.settle()
        firmware = self.looking()
        boots = self.state.boots
        self.state.floor_us = firmware.now_us
        try:
            yield firmware
        except PowerCut:
            self.lose_power()
            raise
        finally:
            self._due_known = False
        self._follow_prime()
        self.settle()
        if self.state.belief is None or self.state.boots != boots:
            raise PowerCut

    def changed(self) -> None:
        """State was changed from outside: what happens next must be worked out anew."""
        self._due_known = False

    def next_due(self) -> int | None:
        """True time of what happens next; None if nothing will."""
        if not self._due_known:
            self._due, self._due_known = min((due for due, _ in self._candidates()), default=None), True
        return self._due

    def settle(self) -> None:
        """Let happen what is due at this instant."""
        self.advance_to(self.state.now_us)

    def advance_to(self, at_us: int) -> None:
        """Let time pass to a true time. Raises BenchRefused for the past, LimitExceeded when an instant does not end."""
        state = self.state
        if type(at_us) is not int:
            raise BenchRefused(f"advance: {at_us!r} is no whole number of microseconds; give an integer")
        if at_us < state.now_us:
            raise BenchRefused(f"advance: {at_us} us is past, it is {state.now_us} us; time goes forward only")
        instant_us, count = state.now_us, 0
        while (due := self.next_due()) is not None and due <= at_us:
            if due > instant_us:
                instant_us, count = due, 0
            count += 1
            if count > EVENTS_PER_INSTANT_MAX:
                raise LimitExceeded(f"more than {EVENTS_PER_INSTANT_MAX} events at {instant_us} us")
            state.now_us = max(state.now_us, due)
            _, happen = min(self._candidates(), key=lambda candidate: candidate[0])
            self._due_known = False
            happen()
        state.now_us = at_us

    def boot(self) -> None:
        """Power is there: start the firmware from memory. A cut ordered for boot's own writes ends it again."""
        state, firmware = self.state, self.firmware
        state.power_on_us = -1
        state.floor_us = firmware.now_us = max(self.device_us, state.floor_us)
        state.boots += 1
        try:
            firmware.boot()
        except PowerCut:
            state.power_on_us = state.now_us + state.off_us
        else:
            state.belief = firmware.belief
        self._due_known = False

    def lose_power(self) -> None:
        """The supply is gone: RAM is lost, the registers keep what was commanded, and power returns after `off_us`."""
        state, registers, firmware = self.state, self.state.plant.registers, self.firmware
        if state.belief is not None:
            dosing, lost_at_us = state.belief.dosing, firmware.now_us
            registers.basal_units, registers.bolus_units = dosing.basal_at(lost_at_us), dosing.bolus_at(lost_at_us)
            registers.running_us = dosing.running_at(lost_at_us)
            registers.last_step_running_us = dosing.running_at_last_step(lost_at_us)
            registers.lost_at_us = lost_at_us
        state.belief = None
        state.power_on_us = state.now_us + state.off_us
        self._due_known = False
        self._follow_prime()

    def _follow_prime(self) -> None:
        """The flow of a prime is fast enough to mix drug with old fluid; tell the plant when it begins and ends."""
        belief, steps = self.state.belief, self.steps()
        run = belief.dosing.bolus if belief else None
        mixing = self.state.plant.catheter.mixing_end_fl >= 0
        if mixing and (run is None or run.kind != "prime"):
            self.plant.end_mixing(steps)
        elif belief is not None and run is not None and run.kind == "prime" and run.start_us == self.firmware.now_us and not mixing:
            self.plant.begin_mixing(steps, belief.dosing.steps_at(run.end_us))

    def _candidates(self) -> list[tuple[int, Callable[[], None]]]:
        """(true time, act) of everything that may come next, in the order that holds at one instant."""
        state = self.state
        found: list[tuple[int, Callable[[], None]]] = []
        if state.power_on_us >= 0:
            found.append((state.power_on_us, self.boot))
        if state.belief is not None:
            due = self.firmware.next_due()
            if due is not None:
                device_us, _, name = due
                device_us = max(device_us, state.floor_us)
                found.append((state.plant.oscillator.true_of(device_us), lambda: self._firmware_acts(device_us, name)))
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
            self._acting, self._due_known = False, False

    def _firmware_acts(self, device_us: int, name: str) -> None:
        self.state.floor_us = self.firmware.now_us = device_us
        try:
            self.firmware.act(name)
        except PowerCut:
            self.lose_power()
        self._follow_prime()

    def _logged(self, entry: Entry) -> None:
        facts = {name: value for name, value in entry._asdict().items() if name not in ("number", "kind", "good")}
        self.trace.add(self.state.now_us, "log", {"record": entry.number, "event": EventKind(entry.kind).name, **facts})
