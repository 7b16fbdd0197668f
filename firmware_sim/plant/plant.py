"""The physical pump: unit, oscillator, memory chip, motor, reservoir, catheter, battery. It is the board the firmware sees by `hal`.

Everything fluid is a function of the number of steps commanded so far; the anchor moves only when a slope changes (a fault, a
needle).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from firmware_sim.errors import BenchRefused
from firmware_sim.hal import MotorFeedback, Registers
from firmware_sim.plant.battery import Battery
from firmware_sim.plant.catheter import Catheter
from firmware_sim.plant.memory import Memory
from firmware_sim.plant.motor import Motor
from firmware_sim.plant.oscillator import Oscillator
from firmware_sim.plant.reservoir import Reservoir
from firmware_sim.plant.unit import UnitConstants
from firmware_sim.profile import Profile
from firmware_sim.units import FG_PER_NG, FL_PER_NL, MASS_PER_NG

__all__ = ["NeedleResult", "Plant", "PlantState", "SidePortResult", "build_plant_state"]


class NeedleResult(NamedTuple):
    """What a needle act took out, and what is in reach afterwards."""

    withdrawn_nl: int
    withdrawn_concentration_ng_per_ml: int
    available_nl: int
    concentration_ng_per_ml: int


@dataclass(slots=True)
class PlantState:
    """All of the physical state, as plain data."""

    unit: UnitConstants
    oscillator: Oscillator
    memory: Memory
    registers: Registers
    motor: Motor
    reservoir: Reservoir
    catheter: Catheter


def build_plant_state(profile: Profile, unit: UnitConstants) -> PlantState:
    """A new pump: no drug anywhere, nothing above the residual, memory erased."""
    path_fl = profile.catheter.path_nl * FL_PER_NL
    return PlantState(
        unit=unit,
        oscillator=Oscillator(profile.clock.drift_ppm),
        memory=Memory(sum(profile.memory.regions().values())),
        registers=Registers(),
        motor=Motor(unit.step_fl()),
        reservoir=Reservoir(profile.reservoir.capacity_nl * FL_PER_NL, profile.reservoir.residual_nl * FL_PER_NL),
        catheter=Catheter.drug_free(path_fl, profile.catheter.tubing_nl * FL_PER_NL),
    )


class SidePortResult(NamedTuple):
    """What came out of the side port, and how strong it was."""

    aspirated_nl: int
    aspirated_ng: int


class Plant:
    """Closed forms and acts over the state; implements `hal.Hal`."""

    def __init__(self, profile: Profile, state: PlantState) -> None:
        self.state = state
        self.registers = state.registers
        self._battery = Battery(profile.battery)
        self._mixing_fl = profile.catheter.mixing_nl * FL_PER_NL

    # -- what the firmware sees --------------------------------------------------------------------------------------------

    @property
    def memory(self) -> Memory:
        """The memory chip."""
        return self.state.memory

    def rtc_shift_us(self) -> int:
        """How far the clock chip has jumped."""
        return self.state.oscillator.rtc_shift_us

    def motor_feedback(self) -> MotorFeedback:
        """Whether the rotor answers, and since which step."""
        return self.state.motor.feedback()

    def supply_mv(self, device_us: int, steps: int) -> int:
        """Battery voltage."""
        return self._battery.supply_mv(device_us, steps)

    # -- truth -------------------------------------------------------------------------------------------------------------

    def out_fl(self, steps: int) -> int:
        """Volume that has left the reservoir, which is what has left the tip, when `steps` were commanded."""
        motor = self.state.motor
        return motor.anchor_out_fl + min(motor.pushed_since_anchor_fl(steps), self.state.reservoir.available_fl)

    def available_fl(self, steps: int) -> int:
        """Volume above the residual."""
        return self.state.reservoir.available_fl - self.out_fl(steps) + self.state.motor.anchor_out_fl

    # -- acts --------------------------------------------------------------------------------------------------------------

    def move_anchor(self, steps: int) -> None:
        """Settle motor and reservoir at `steps` commanded."""
        out_fl, available_fl = self.out_fl(steps), self.available_fl(steps)
        self.state.motor.move_anchor(steps, out_fl)
        self.state.reservoir.available_fl = available_fl

    def set_flow(self, steps: int, factors_ppm: tuple[int, ...], moving: bool) -> None:
        """From now on every step carries the unit's volume times these factors, and the rotor turns or not."""
        self.move_anchor(steps)
        self.state.motor.step_fl = self.state.unit.step_fl(*factors_ppm)
        self.state.motor.turn(steps, moving)

    def side_port(self, steps: int, aspirate_nl: int, inject_nl: int, concentration_ng_per_ml: int) -> SidePortResult:
        """Draw out of the catheter, then push into it, through the access port. Raises BenchRefused for negative amounts."""
        if min(aspirate_nl, inject_nl, concentration_ng_per_ml) < 0:
            raise BenchRefused("side_port: volumes and concentration are not negative; give how much is drawn out and pushed in")
        self.end_mixing(steps)
        catheter, out_fl = self.state.catheter, self.out_fl(steps)
        drawn = catheter.aspirate(out_fl, aspirate_nl * FL_PER_NL) if aspirate_nl else 0
        if inject_nl:
            catheter.inject(out_fl, inject_nl * FL_PER_NL, concentration_ng_per_ml * FG_PER_NG)
        return SidePortResult(aspirate_nl, drawn // MASS_PER_NG)

    def begin_mixing(self, steps: int, end_steps: int) -> None:
        """Fast flow begins that will have sent `end_steps` when it ends: drug and old fluid mix in the chamber behind the motor."""
        out_fl = self.out_fl(steps)
        planned_fl = self.out_fl(end_steps) - out_fl
        if planned_fl > 0:
            self.state.catheter.begin_mixing(out_fl, planned_fl, self._mixing_fl, self.state.reservoir.concentration_fg_per_ml)

    def end_mixing(self, steps: int) -> None:
        """Fast flow has ended."""
        self.state.catheter.end_mixing(self.out_fl(steps), self._mixing_fl, self.state.reservoir.concentration_fg_per_ml)

    def needle(self, steps: int, withdraw_nl: int | None, inject_nl: int, concentration_ng_per_ml: int) -> NeedleResult:
        """Take out (None: all that can be reached), then put in. Raises BenchRefused and changes nothing if either cannot be."""
        reservoir = self.state.reservoir
        available_fl = self.available_fl(steps)
        withdraw_fl = available_fl if withdraw_nl is None else withdraw_nl * FL_PER_NL
        if withdraw_fl < 0 or inject_nl < 0 or concentration_ng_per_ml < 0:
            raise BenchRefused("needle: volumes and concentration are not negative; give how much is taken out and put in")
        if withdraw_fl > available_fl or available_fl - withdraw_fl + inject_nl * FL_PER_NL > reservoir.capacity_fl:
            fits_nl = (reservoir.capacity_fl - available_fl) // FL_PER_NL
            raise BenchRefused(f"needle: {available_fl // FL_PER_NL} nL can be taken out and {fits_nl} nL put in; give less")
        self.end_mixing(steps)
        self.move_anchor(steps)
        withdrawn_concentration = reservoir.concentration_fg_per_ml // FG_PER_NG
        reservoir.withdraw(withdraw_fl)
        if inject_nl:
            reservoir.inject(inject_nl * FL_PER_NL, concentration_ng_per_ml * FG_PER_NG)
            self.state.catheter.append(self.state.motor.anchor_out_fl, reservoir.concentration_fg_per_ml)
        return NeedleResult(
            withdraw_fl // FL_PER_NL,
            withdrawn_concentration,
            reservoir.available_fl // FL_PER_NL,
            reservoir.concentration_fg_per_ml // FG_PER_NG,
        )
