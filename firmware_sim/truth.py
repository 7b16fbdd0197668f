"""What is so: the truth side of the pump, which no real device can tell."""

from __future__ import annotations

from typing import NamedTuple

from firmware_sim.plant.plant import Plant
from firmware_sim.plant.sounder import Sound
from firmware_sim.units import FG_PER_NG, FL_PER_NL, MASS_PER_NG

__all__ = ["Balance", "Truth", "truth_of"]


class Balance(NamedTuple):
    """Every account of volume (fL) and drug (fL x fg/mL). What came in equals what is there and what went out, exactly.

    `mixing_lent_mass` is drug in the path ahead of the fluid it came with, while a prime mixes the two.
    """

    started_fl: int
    injected_fl: int
    drawn_back_fl: int
    reservoir_fl: int
    residual_fl: int
    path_fl: int
    delivered_fl: int
    withdrawn_fl: int
    injected_mass: int
    reservoir_mass: int
    residual_mass: int
    path_mass: int
    delivered_mass: int
    withdrawn_mass: int
    mixing_rounding_mass: int
    mixing_lent_mass: int

    def volume_gap_fl(self) -> int:
        """In minus out minus held; 0 unless the model is wrong."""
        held = self.reservoir_fl + self.residual_fl + self.path_fl
        return self.started_fl + self.injected_fl + self.drawn_back_fl - held - self.delivered_fl - self.withdrawn_fl

    def mass_gap(self) -> int:
        """The same for drug."""
        held = self.reservoir_mass + self.residual_mass + self.path_mass + self.mixing_rounding_mass - self.mixing_lent_mass
        return self.injected_mass - held - self.delivered_mass - self.withdrawn_mass


class Truth(NamedTuple):
    """The pump as it is. Volumes are floored to nL and masses to ng; `balance` has them whole."""

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
    delivered_nl: int
    delivered_ng: int
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


class Moment(NamedTuple):
    """What only the owner of both sides knows about an instant."""

    now_us: int
    device_us: int
    powered: bool
    magnet_held: bool
    steps: int
    sound: Sound | None
    faults: tuple[str, ...]


def truth_of(plant: Plant, moment: Moment) -> Truth:
    """Read the plant; writes nothing."""
    state, steps = plant.state, moment.steps
    out_fl = plant.out_fl(steps)
    catheter, oscillator = state.catheter, state.oscillator
    return Truth(
        now_us=moment.now_us,
        device_us=moment.device_us,
        powered=moment.powered,
        magnet_held=moment.magnet_held,
        steps_commanded=steps,
        steps_moved=state.motor.moved_at(steps),
        moving=state.motor.moving,
        step_fl=state.motor.step_fl if state.motor.moving else 0,
        reservoir_nl=plant.available_fl(steps) // FL_PER_NL,
        residual_nl=state.reservoir.residual_fl // FL_PER_NL,
        reservoir_concentration_ng_per_ml=state.reservoir.concentration_fg_per_ml // FG_PER_NG,
        delivered_nl=catheter.delivered_fl(out_fl) // FL_PER_NL,
        delivered_ng=catheter.delivered_mass(out_fl) // MASS_PER_NG,
        tip_concentration_ng_per_ml=catheter.tip_concentration(out_fl) // FG_PER_NG,
        path=tuple((volume // FL_PER_NL, concentration // FG_PER_NG) for volume, concentration in catheter.pieces(out_fl)),
        tubing_nl=catheter.tubing_fl // FL_PER_NL,
        catheter_nl=(catheter.path_fl - catheter.tubing_fl) // FL_PER_NL,
        sound=moment.sound,
        supply_mv=plant.supply_mv(moment.device_us, steps),
        unit_error_ppm=state.unit.unit_error_ppm,
        clock_error_us=moment.device_us + oscillator.rtc_shift_us - moment.now_us,
        faults=moment.faults,
        balance=balance_of(plant, steps),
    )


def balance_of(plant: Plant, steps: int) -> Balance:
    """Every account at `steps` commanded."""
    reservoir, catheter = plant.state.reservoir, plant.state.catheter
    out_fl, available_fl = plant.out_fl(steps), plant.available_fl(steps)
    concentration = reservoir.concentration_fg_per_ml
    return Balance(
        started_fl=reservoir.residual_fl + catheter.path_fl,
        injected_fl=reservoir.injected_fl + catheter.side_injected_fl,
        drawn_back_fl=catheter.drawn_back_fl,
        reservoir_fl=available_fl,
        residual_fl=reservoir.residual_fl,
        path_fl=catheter.path_fl,
        delivered_fl=catheter.delivered_fl(out_fl),
        withdrawn_fl=reservoir.withdrawn_fl + catheter.side_withdrawn_fl,
        injected_mass=reservoir.injected_mass + catheter.side_injected_mass,
        reservoir_mass=available_fl * concentration,
        residual_mass=reservoir.residual_fl * concentration,
        path_mass=catheter.mass_between(out_fl - catheter.path_fl, out_fl),
        delivered_mass=catheter.delivered_mass(out_fl),
        withdrawn_mass=reservoir.withdrawn_mass + catheter.side_withdrawn_mass,
        mixing_rounding_mass=reservoir.mixing_rounding_mass + catheter.mixing_mass_rounding,
        mixing_lent_mass=catheter.lent_mass(out_fl),
    )
