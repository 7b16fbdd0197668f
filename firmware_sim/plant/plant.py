"""The physical pump: unit, oscillator, memory chip, motor, reservoir, catheter, battery. It is the board the firmware sees by `hal`.

Everything fluid is a function of the number of pulses the driver has sent so far; the anchor moves only when a slope changes (a fault, a
needle).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from firmware_sim.hal import MotorFeedback, Registers
from firmware_sim.plant.battery import Battery, BatteryState
from firmware_sim.plant.board import Board
from firmware_sim.plant.catheter import Catheter
from firmware_sim.plant.conditions import Conditions
from firmware_sim.plant.driver import Driver
from firmware_sim.plant.memory import Memory
from firmware_sim.plant.motor import Motor
from firmware_sim.plant.needle import NeedleOrder, NeedleResult, RinseResult, SidePortOrder, SidePortResult, needle, rinse, side_port
from firmware_sim.plant.oscillator import Oscillator
from firmware_sim.plant.overfill import pressure_ppm
from firmware_sim.plant.pocket import Pocket
from firmware_sim.plant.reservoir import Reservoir
from firmware_sim.plant.unit import UnitConstants
from firmware_sim.profile import Profile
from firmware_sim.units import FL_PER_NL, PPM

__all__ = ["Plant", "PlantState", "build_plant_state"]


@dataclass(slots=True)
class PlantState:
    """All of the physical state, as plain data."""

    unit: UnitConstants
    oscillator: Oscillator
    memory: Memory
    registers: Registers
    board: Board
    driver: Driver
    motor: Motor
    reservoir: Reservoir
    catheter: Catheter
    pocket: Pocket = field(default_factory=Pocket)
    battery: BatteryState = field(default_factory=BatteryState)


def build_plant_state(profile: Profile, unit: UnitConstants) -> PlantState:
    """A new pump: no drug anywhere, nothing above the residual, memory erased."""
    path_fl = profile.catheter.path_nl * FL_PER_NL
    step_fl = unit.step_fl()
    return PlantState(
        unit=unit,
        oscillator=Oscillator(profile.clock.drift_ppm),
        memory=Memory(sum(profile.memory.regions().values())),
        registers=Registers(),
        board=Board(),
        driver=Driver(),
        motor=Motor(step_fl, _wear_fl(step_fl, profile), profile.motor.wear_block_steps),
        reservoir=Reservoir(profile.reservoir.capacity_nl * FL_PER_NL, profile.reservoir.residual_nl * FL_PER_NL),
        catheter=Catheter.drug_free(path_fl, profile.catheter.tubing_nl * FL_PER_NL),
    )


class Plant:
    """Closed forms and acts over the state; implements `hal.Hal`. `conditions` are what the faults in force impose."""

    def __init__(self, profile: Profile, state: PlantState, conditions: Conditions) -> None:
        self.state = state
        self.registers = state.registers
        self.conditions = conditions
        self._profile = profile
        self.battery = Battery(profile.battery, state.battery)
        self._mixing_fl = profile.catheter.mixing_nl * FL_PER_NL

    # -- what the firmware sees --------------------------------------------------------------------------------------------

    @property
    def memory(self) -> Memory:
        """The memory chip."""
        return self.state.memory

    @property
    def motor_cut(self) -> bool:
        """Whether the limiter has cut the motor's supply."""
        return self.state.driver.cut

    @property
    def reset_cause(self) -> str:
        """Why the firmware was last started."""
        return self.state.board.reset_cause

    @property
    def failing(self) -> frozenset[str]:
        """Self-tests that would fail now."""
        clock = frozenset({"rtc"}) if self.conditions.clock_stuck else frozenset()
        return self.conditions.failing | clock

    @property
    def failing_us(self) -> int | None:
        """Device time since which some self-test would fail."""
        failing_us = self.state.board.failing_us
        return None if failing_us < 0 else failing_us

    @property
    def hung(self) -> frozenset[str]:
        """Tasks that do not run."""
        return self.conditions.hung

    @property
    def supply_disturbed_us(self) -> int | None:
        """Device time of the last change of what the supply is under."""
        disturbed_us = self.battery.disturbed_us
        return None if disturbed_us is None else self.state.oscillator.device_at(disturbed_us)

    @property
    def supply_changes(self) -> int:
        """Rises with whatever changes readings to come."""
        return self.battery.changes

    def rtc_shift_us(self) -> int:
        """How far the clock chip has jumped."""
        return self.state.oscillator.rtc_shift_us

    def motor_feedback(self) -> MotorFeedback:
        """Whether the rotor answers, and since which step by the firmware's own count."""
        feedback, forgotten_steps = self.state.motor.feedback(), self.state.driver.forgotten_steps
        return feedback._replace(since_step=feedback.since_step - forgotten_steps) if forgotten_steps else feedback

    def supply_mv(self, device_us: int, steps: int) -> int:
        """What the A/D converter reads at a device time with that many steps commanded."""
        oscillator, driver = self.state.oscillator, self.state.driver
        true_us = oscillator.true_of(device_us)
        if true_us is None:
            true_us = oscillator.true_anchor_us
        return self.battery.reading_mv(true_us, driver.pulses_at(steps + driver.forgotten_steps, true_us))

    # -- truth -------------------------------------------------------------------------------------------------------------

    def out_fl(self, pulses: int) -> int:
        """Volume that has left the reservoir when the driver has sent so many pulses."""
        motor = self.state.motor
        return motor.anchor_out_fl + min(motor.pushed_since_anchor_fl(pulses), self.state.reservoir.available_fl)

    def available_fl(self, pulses: int) -> int:
        """Volume above the residual."""
        return max(0, self.state.reservoir.available_fl - self.state.motor.pushed_since_anchor_fl(pulses))

    def volumes_fl(self, pulses: int) -> tuple[int, int]:
        """Both: volume that has left the reservoir, and that above the residual."""
        motor, full_fl = self.state.motor, self.state.reservoir.available_fl
        left_fl = full_fl - motor.pushed_since_anchor_fl(pulses)
        return (motor.anchor_out_fl + full_fl - left_fl, left_fl) if left_fl > 0 else (motor.anchor_out_fl + full_fl, 0)

    def absorbed_mass(self, true_us: int) -> int:
        """Drug the body has taken up from the pocket by a true time."""
        return self.state.pocket.absorbed_mass(true_us, self._profile.pocket.absorption_half_life_s)

    # -- acts --------------------------------------------------------------------------------------------------------------

    def move_anchor(self, pulses: int) -> None:
        """Settle motor and reservoir at `pulses` sent."""
        motor, reservoir = self.state.motor, self.state.reservoir
        if pulses != motor.anchor_pulse:
            out_fl = self.out_fl(pulses)
            reservoir.available_fl -= out_fl - motor.anchor_out_fl
            motor.move_anchor(pulses, out_fl)

    def set_slope(self, pulses: int) -> None:
        """From now on a step carries what conditions and pressure make of the unit's volume."""
        self.move_anchor(pulses)
        motor, pressure = self.state.motor, pressure_ppm(self, self._profile.reservoir.overfill_ppm_per_ml)
        motor.step_fl = self.state.unit.step_fl(*self.conditions.factors_ppm, pressure)
        motor.wear_fl = _wear_fl(motor.step_fl, self._profile)

    def take(self, conditions: Conditions, true_us: int, steps: int) -> None:
        """From now on the pump is under these conditions; `steps` are commanded by now."""
        state, old = self.state, self.conditions
        pulses = state.driver.pulses_at(steps, true_us)
        self.move_anchor(pulses)
        state.driver.move_anchor(steps, true_us)
        state.driver.gain, state.driver.stuck_pulses_per_h = conditions.gain, conditions.stuck_pulses_per_h
        state.motor.turn(steps, conditions.rotor_free)
        self.conditions = conditions
        self.set_slope(pulses)
        state.catheter.take_conditions(state.motor.anchor_out_fl, conditions)
        self.battery.take(true_us, conditions)
        self._take_board(old, true_us)

    def cut_motor(self, true_us: int, steps: int) -> None:
        """The limiter acts: no pulse reaches the motor until `rearm`."""
        self.state.driver.move_anchor(steps, true_us)
        self.state.driver.cut_at(self._profile.limiter.excess_steps)
        self.battery.take(true_us, self.conditions)

    def rearm(self, true_us: int, steps: int) -> None:
        """Service: the limiter's latch is open again and its count begins anew."""
        self.state.driver.move_anchor(steps, true_us)
        self.state.driver.cut, self.state.driver.excess = False, 0
        self.battery.take(true_us, self.conditions)

    def tested(self) -> None:
        """The firmware has run its tests and knows what fails."""
        self.state.board.failing_us = -1

    def run_on_backup_clock(self, true_us: int) -> None:
        """The watchdog's oscillator takes over from one that stands still."""
        self.state.board.backup_clock = True
        self._set_oscillator(true_us)

    def _take_board(self, old: Conditions, true_us: int) -> None:
        """What changes for oscillator, watchdog, tests and supply."""
        board, now = self.state.board, self.conditions
        if not now.clock_stuck:
            board.backup_clock = False
        self._set_oscillator(true_us)
        device_us = self.state.oscillator.device_at(true_us)
        stuck = now.clock_stuck and not board.backup_clock
        board.watch(now.hung | ({"clock"} if stuck else set()), true_us)
        if now.failing != old.failing:
            board.failing_us = device_us if now.failing else -1
        self._deafen(now.log_fails)

    def _deafen(self, log_fails: bool) -> None:
        """Writes to the event ring do not stick while its cells fail."""
        memory, start = self.state.memory, 0
        memory.deaf_from = memory.deaf_to = 0
        for name, size in self._profile.memory.regions().items() if log_fails else ():
            if name == "event_ring":
                memory.deaf_from, memory.deaf_to = start, start + size
            start += size

    def browned_out(self, true_us: int, pulses: int) -> bool:
        """Whether the supply is below what the processor needs."""
        return self.battery.supply_mv(true_us, pulses) < self._profile.battery.brownout_mv

    def _set_oscillator(self, true_us: int) -> None:
        now, backup = self.conditions, self.state.board.backup_clock
        drift_ppm = 0 if backup else self._profile.clock.drift_ppm + now.drift_ppm
        self.state.oscillator.take(true_us, drift_ppm, now.clock_stuck and not backup)

    def side_port(self, pulses: int, order: SidePortOrder) -> SidePortResult:
        """Draw out of the catheter, then push into it, through the access port. Raises BenchRefused for negative amounts."""
        return side_port(self, pulses, order, self.conditions.blocked)

    def begin_mixing(self, pulses: int, end_pulses: int) -> None:
        """Fast flow begins that will have sent `end_pulses` pulses when it ends: drug and old fluid mix in the chamber behind the motor."""
        out_fl = self.out_fl(pulses)
        planned_fl = self.out_fl(end_pulses) - out_fl
        if planned_fl > 0:
            self.state.catheter.begin_mixing(out_fl, planned_fl, self._mixing_fl, self.state.reservoir.concentration_fg_per_ml)

    def end_mixing(self, pulses: int) -> None:
        """Fast flow, if there is any, has ended."""
        catheter = self.state.catheter
        if catheter.mixing:
            catheter.end_mixing(self.out_fl(pulses), self._mixing_fl, self.state.reservoir.concentration_fg_per_ml)

    def needle(self, pulses: int, now_us: int, order: NeedleOrder) -> NeedleResult:
        """Take out of the reservoir, then put in. Raises BenchRefused and changes nothing if either cannot be."""
        return needle(self, pulses, now_us, order, self.conditions.needling)

    def rinse(self, pulses: int, now_us: int, order: tuple[int, int]) -> RinseResult:
        """Empty and rinse the reservoir: (volume in nL, turns). Raises BenchRefused."""
        return rinse(self, pulses, now_us, order, self.conditions.needling)


def _wear_fl(step_fl: int, profile: Profile) -> int:
    """What each block of steps adds to a step of this volume."""
    return step_fl * profile.motor.wear_ppm_per_block // PPM
