"""What happens to a pump by itself beside its firmware: turns of faults, the limiter, the watchdog, the supply. All in true time."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import TYPE_CHECKING

from firmware_sim.faults.registry import FAULTS
from firmware_sim.faults.spec import ActiveFault, Turn
from firmware_sim.plant.overfill import next_slice_pulses
from firmware_sim.units import FL_PER_NL

if TYPE_CHECKING:
    from firmware_sim.kernel import Kernel

__all__ = ["BoardEvents", "Candidate"]

Candidate = tuple[int, Callable[[], None]]
"""The true time of something that may come, and what happens then."""


class BoardEvents:
    """The board's own deadlines over a kernel's state, and what is done at each."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def candidates(self) -> list[Candidate]:
        """(true time, act) of each, in the order that holds at one instant."""
        found: list[Candidate] = []
        state = self._kernel.state
        if state.faults:
            turns = [(turn, fault) for fault in state.faults if (turn := _turn(fault)) is not None]
            if turns:
                turn, fault = min(turns, key=lambda item: (item[0].at_us, item[1].handle))
                found.append((turn.at_us, lambda: self._turn_fault(fault, turn)))
            found += [(at_us, self._cut_motor) for at_us in self._limiter_us()]
            found += [(at_us, self.judge_supply) for at_us in self._brown_out_us()]
        found += [(at_us, self._relieve) for at_us in self._slice_us()]
        watchdog_us = self._watchdog_us()
        if watchdog_us is not None:
            found.append((watchdog_us, self._watchdog_acts))
        return found

    def judge_supply(self) -> None:
        """Below the brown-out voltage the firmware stops and its registers are lost; above it starts again, if the power is not cut."""
        kernel, state = self._kernel, self._kernel.state
        low = kernel.plant.browned_out(state.now_us, kernel.pulses())
        if low and not state.browned_out:
            self._brown_out()
        elif state.browned_out and not low:
            state.browned_out, state.power_on_us = False, max(state.power_on_us, state.now_us)

    def restart_clock(self, device_us: int) -> None:
        """The counter was lost: the firmware goes on counting from the newest time it finds in memory."""
        kernel, state = self._kernel, self._kernel.state
        plant = state.plant
        plant.oscillator.restart(state.now_us, device_us)
        state.floor_us = device_us
        plant.board.failing_us = min(plant.board.failing_us, device_us)
        kernel.plant.battery.changes += 1
        if plant.memory.disturbed_us is not None:
            plant.memory.disturbed_us = min(plant.memory.disturbed_us, device_us)

    def _brown_out_us(self) -> list[int]:
        """True time at which a cell with a film in it falls below the brown-out voltage by mere discharge."""
        kernel, state = self._kernel, self._kernel.state
        driver = state.plant.driver
        if not kernel.plant.conditions.supply_sag_mv or state.belief is None:
            return []

        def pulses_at(true_us: int) -> int:
            return driver.pulses_at(self._steps_at(true_us), true_us)

        at_us = kernel.plant.battery.falls_below_us(kernel.profile.battery.brownout_mv, state.now_us, pulses_at)
        return [] if at_us is None else [at_us]

    def _brown_out(self) -> None:
        kernel, state = self._kernel, self._kernel.state
        if state.belief is not None:
            kernel.firmware.now_us = max(kernel.device_us, state.floor_us)
            kernel.lose_power("low_battery")
        state.browned_out, state.plant.board.reset_cause = True, "low_battery"
        steps, plant = kernel.steps(), state.plant
        plant.driver.forgotten_steps = steps
        plant.registers.forget()

    def _turn_fault(self, fault: ActiveFault, turn: Turn) -> None:
        """The phase of a fault ends, and the fault with it when it was the last."""
        kernel, state = self._kernel, self._kernel.state
        place = state.faults.index(fault)
        state.faults[place : place + 1] = [] if turn.last else [fault._replace(phase=fault.phase + 1)]
        if turn.last:
            kernel.trace.add(state.now_us, "fault_over", {"fault": fault.name, "handle": fault.handle})
        kernel.faults_changed()

    def _limiter_us(self) -> list[int]:
        """True time at which a runaway, a stuck driver, or both together pass the limiter."""
        kernel, state = self._kernel, self._kernel.state
        driver, limit = state.plant.driver, kernel.profile.limiter.excess_steps
        stuck_us, step = driver.us_until_cut(limit), driver.steps_until_cut(limit)
        times = [] if stuck_us is None else [stuck_us]
        times += [] if step is None else self._step_us(step)
        if stuck_us is None or step is None or state.belief is None:
            return times
        span = range(driver.anchor_us, min(times))
        return [driver.anchor_us + bisect_left(span, limit, key=lambda at_us: driver.excess_at(self._steps_at(at_us), at_us))]

    def _steps_at(self, true_us: int) -> int:
        """Steps commanded by a true time, as things stand."""
        plant, belief = self._kernel.state.plant, self._kernel.state.belief
        assert belief is not None, "a step to come is a running firmware's"
        return plant.driver.forgotten_steps + belief.dosing.steps_at(plant.oscillator.device_at(true_us))

    def step_us(self, step: int) -> int | None:
        """The true time of a commanded step, as things stand; None if it will not come."""
        state = self._kernel.state
        if state.belief is None:
            return None
        sent_us = state.belief.dosing.time_of_step(step - state.plant.driver.forgotten_steps)
        return None if sent_us is None else state.plant.oscillator.true_of(sent_us)

    def _step_us(self, step: int) -> list[int]:
        """The same, as one of the times to choose from."""
        at_us = self.step_us(step)
        return [] if at_us is None else [at_us]

    def _slice_us(self) -> list[int]:
        """True time at which a slice of an overfill has been pumped out."""
        plant = self._kernel.plant
        if plant.state.reservoir.available_fl <= plant.state.reservoir.capacity_fl - plant.conditions.needling.lost_capacity_nl * FL_PER_NL:
            return []
        pulses = next_slice_pulses(plant)
        return [] if pulses is None else self._step_us(plant.state.driver.step_of(pulses))

    def _relieve(self) -> None:
        kernel = self._kernel
        kernel.plant.set_slope(kernel.pulses())

    def _cut_motor(self) -> None:
        kernel = self._kernel
        kernel.plant.cut_motor(kernel.state.now_us, kernel.steps())
        kernel.tell(lambda firmware: firmware.safety.limiter_tripped())

    def _watchdog_us(self) -> int | None:
        kernel = self._kernel
        if kernel.state.belief is None or kernel.plant.conditions.watchdog_dead:
            return None
        return kernel.state.plant.board.due_us(kernel.profile.watchdog)

    def _watchdog_acts(self) -> None:
        """First a reset, which cures what it can; after that a failure."""
        kernel, state = self._kernel, self._kernel.state
        board = state.plant.board
        if board.reset_once:
            board.give_up()
            kernel.tell(lambda firmware: firmware.safety.watchdog_failed())
            return
        board.reset_once = True
        kernel.firmware.now_us = max(kernel.device_us, state.floor_us)
        kernel.lose_power("watchdog")
        if kernel.plant.conditions.clock_stuck:
            kernel.plant.run_on_backup_clock(state.now_us)

    def start(self) -> None:
        """The firmware is about to start: a reset cures what it can, and the watchdogs wait anew."""
        kernel, state = self._kernel, self._kernel.state
        kept = [fault for fault in state.faults if fault.name != "firmware.hang" or fault.value("outlasts_reset")]
        if len(kept) < len(state.faults) or state.plant.board.backup_clock:
            for fault in state.faults:
                if fault not in kept:
                    kernel.trace.add(state.now_us, "fault_over", {"fault": fault.name, "handle": fault.handle})
            state.faults = kept
            kernel.faults_changed()
        state.plant.board.start(state.now_us)


def _turn(fault: ActiveFault) -> Turn | None:
    course = FAULTS[fault.name].course
    return course(fault) if course is not None else None
