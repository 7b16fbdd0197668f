"""What is so: the truth side of the pump, which no real device can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from firmware_sim.plant.overfill import excess_fl
from firmware_sim.plant.plant import Plant
from firmware_sim.plant.sounder import Sound
from firmware_sim.units import FG_PER_NG, FL_PER_NL, MASS_PER_NG

if TYPE_CHECKING:
    from firmware_sim.kernel import Kernel

__all__ = ["Balance", "Sight", "Truth"]


class Balance(NamedTuple):
    """Every account of volume (fL) and drug (fL x fg/mL). What came in equals what is there and what went out, exactly.

    `delivered` is gross, all that left the tip; `leaked` left the catheter on its way there; `pocket` is what a needle put beside the
    reservoir, whether the body has taken it up or not. `mixing_lent_mass` is drug in the path ahead of the fluid it came with, while a
    prime mixes the two.
    """

    started_fl: int
    injected_fl: int
    drawn_back_fl: int
    reservoir_fl: int
    residual_fl: int
    path_fl: int
    delivered_fl: int
    leaked_fl: int
    pocket_fl: int
    withdrawn_fl: int
    injected_mass: int
    reservoir_mass: int
    residual_mass: int
    path_mass: int
    delivered_mass: int
    leaked_mass: int
    pocket_mass: int
    withdrawn_mass: int
    mixing_rounding_mass: int
    mixing_lent_mass: int

    def volume_gap_fl(self) -> int:
        """In minus out minus held; 0 unless the model is wrong."""
        held = self.reservoir_fl + self.residual_fl + self.path_fl + self.pocket_fl
        gone = self.delivered_fl + self.leaked_fl + self.withdrawn_fl
        return self.started_fl + self.injected_fl + self.drawn_back_fl - held - gone

    def mass_gap(self) -> int:
        """The same for drug."""
        held = self.reservoir_mass + self.residual_mass + self.path_mass + self.pocket_mass
        gone = self.delivered_mass + self.leaked_mass + self.withdrawn_mass
        return self.injected_mass - held - gone - self.mixing_rounding_mass + self.mixing_lent_mass


class Truth(NamedTuple):
    """The pump as it is. Volumes are floored to nL and masses to ng; `balance` has them whole.

    Of the delivered, `astray` did not reach the place the tip was put at (`tip_level` is where it is now, "" there). `excess_nl` is fluid
    above the reservoir's capacity. `leaked` goes into tissue along the catheter; of `pocket_ng`, put there by a needle, `absorbed_ng` has
    gone into the body.
    """

    now_us: int
    device_us: int
    powered: bool
    magnet_held: bool
    steps_commanded: int
    steps_moved: int
    moving: bool
    step_fl: int
    reservoir_nl: int
    residual_nl: int
    reservoir_concentration_ng_per_ml: int
    excess_nl: int
    delivered_nl: int
    delivered_ng: int
    astray_nl: int
    astray_ng: int
    leaked_nl: int
    leaked_ng: int
    pocket_nl: int
    pocket_ng: int
    absorbed_ng: int
    tip_level: str
    tip_concentration_ng_per_ml: int
    path: tuple[tuple[int, int], ...]
    tubing_nl: int
    catheter_nl: int
    sound: Sound | None
    supply_mv: int
    unit_error_ppm: int
    clock_error_us: int
    faults: tuple[str, ...]
    balance: Balance


class _Still(NamedTuple):
    """The fields of a truth that only a step of the motor or a change alters: those up to what is in the pocket, those from the tip to the
    catheter, the faults and the balance.
    """

    fluid: tuple[Any, ...]
    path: tuple[Any, ...]
    faults: tuple[str, ...]
    balance: Balance


class Sight:
    """Sees the truth of a pump at its present instant. Writes nothing.

    What stands still between two steps is worked out once; looked at again, how long it will, and until then no more is asked.
    """

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._seen = (-1, -1, -1)
        self._changes = self._until_us = -1
        self._supply_mv = 0
        self._still: _Still

    def truth(self, sound: Sound | None) -> Truth:
        """What is so now, while this can be heard."""
        kernel, state = self._kernel, self._kernel.state
        now_us, plant = state.now_us, state.plant
        device_us = plant.oscillator.device_at(now_us)
        if now_us >= self._until_us or kernel.changes != self._changes:
            self._look(now_us, device_us)
        fluid, path, faults, balance = self._still
        facts = (
            now_us,
            device_us,
            state.belief is not None,
            state.magnet_held,
            *fluid,
            kernel.plant.absorbed_mass(now_us) // MASS_PER_NG if plant.pocket.deposits else 0,
            *path,
            sound,
            self._supply_mv,
            plant.unit.unit_error_ppm,
            device_us + plant.oscillator.rtc_shift_us - now_us,
            faults,
            balance,
        )
        return tuple.__new__(Truth, facts)

    def _look(self, now_us: int, device_us: int) -> None:
        kernel, driver = self._kernel, self._kernel.state.plant.driver
        steps = kernel.steps_by(device_us)
        pulses = driver.pulses_at(steps, now_us)
        seen = (kernel.changes, steps, pulses)
        if seen == self._seen:
            self._until_us = now_us if driver.stuck_pulses_per_h else self._until(now_us, steps, pulses)
        else:
            self._still, self._until_us = _stand_still(kernel, steps, pulses), now_us
            self._seen, self._changes = seen, kernel.changes
        self._supply_mv = kernel.plant.battery.supply_mv(now_us, pulses)

    def _until(self, now_us: int, steps: int, pulses: int) -> int:
        """True time of the next step, or of a lower voltage if that is earlier."""
        times = (self._kernel.board.step_us(steps + 1), self._kernel.plant.battery.falls_us(now_us, pulses))
        return min((at_us for at_us in times if at_us is not None), default=now_us)


def _stand_still(kernel: Kernel, steps: int, pulses: int) -> _Still:
    plant, state = kernel.plant, kernel.state.plant
    reservoir, catheter, pocket, motor = state.reservoir, state.catheter, state.pocket, state.motor
    out_fl, available_fl = plant.volumes_fl(pulses)
    astray_fl, astray_mass = catheter.astray(out_fl)
    fluid = (
        steps,
        motor.moved_at(pulses),
        motor.moving,
        motor.step_fl_at(pulses),
        available_fl // FL_PER_NL,
        reservoir.residual_fl // FL_PER_NL,
        reservoir.concentration_fg_per_ml // FG_PER_NG,
        excess_fl(plant, available_fl) // FL_PER_NL,
        catheter.delivered_fl(out_fl) // FL_PER_NL,
        catheter.delivered_mass(out_fl) // MASS_PER_NG,
        astray_fl // FL_PER_NL,
        astray_mass // MASS_PER_NG,
        catheter.leaked_fl(out_fl) // FL_PER_NL,
        catheter.leaked_mass(out_fl) // MASS_PER_NG,
        pocket.volume_fl // FL_PER_NL,
        pocket.mass // MASS_PER_NG,
    )
    path = (
        plant.conditions.tip_level,
        catheter.tip_concentration(out_fl) // FG_PER_NG,
        tuple([(volume // FL_PER_NL, concentration // FG_PER_NG) for volume, concentration in catheter.pieces(out_fl)]),
        catheter.tubing_fl // FL_PER_NL,
        (catheter.path_fl - catheter.tubing_fl) // FL_PER_NL,
    )
    return _Still(fluid, path, tuple([fault.name for fault in kernel.state.faults]), balance_of(plant, pulses))


def balance_of(plant: Plant, pulses: int) -> Balance:
    """Every account when `pulses` were sent."""
    reservoir, catheter, pocket = plant.state.reservoir, plant.state.catheter, plant.state.pocket
    out_fl, available_fl = plant.volumes_fl(pulses)
    concentration = reservoir.concentration_fg_per_ml
    return Balance(
        started_fl=reservoir.residual_fl + catheter.path_fl,
        injected_fl=reservoir.injected_fl + catheter.side_injected_fl + pocket.volume_fl,
        drawn_back_fl=catheter.drawn_back_fl,
        reservoir_fl=available_fl,
        residual_fl=reservoir.residual_fl,
        path_fl=catheter.path_fl,
        delivered_fl=catheter.delivered_fl(out_fl),
        leaked_fl=catheter.leaked_fl(out_fl),
        pocket_fl=pocket.volume_fl,
        withdrawn_fl=reservoir.withdrawn_fl + catheter.side_withdrawn_fl,
        injected_mass=reservoir.injected_mass + catheter.side_injected_mass + pocket.mass,
        reservoir_mass=available_fl * concentration,
        residual_mass=reservoir.residual_fl * concentration,
        path_mass=catheter.held_mass(out_fl),
        delivered_mass=catheter.delivered_mass(out_fl),
        leaked_mass=catheter.leaked_mass(out_fl),
        pocket_mass=pocket.mass,
        withdrawn_mass=reservoir.withdrawn_mass + catheter.side_withdrawn_mass,
        mixing_rounding_mass=reservoir.mixing_rounding_mass + catheter.mixing_mass_rounding,
        mixing_lent_mass=catheter.lent_mass(out_fl),
    )
