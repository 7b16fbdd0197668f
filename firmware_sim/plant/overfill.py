"""Overfill: fluid above capacity raises the pressure in the reservoir, and with it the flow, until the excess has been pumped out.

The excess is cut into even slices; within one the flow is that of its middle. So the volume of a step stays piecewise constant, and the
next change is known as a number of pulses.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from firmware_sim.limits import OVERFILL_SLICES_PER_ML
from firmware_sim.units import FL_PER_NL, NL_PER_ML, PPM

if TYPE_CHECKING:
    from firmware_sim.plant.plant import Plant

__all__ = ["excess_fl", "next_slice_pulses", "pressure_ppm"]

_SLICE_FL = NL_PER_ML * FL_PER_NL // OVERFILL_SLICES_PER_ML


def excess_fl(plant: Plant, available_fl: int) -> int:
    """Fluid above what the reservoir holds without strain; a deformed one holds less."""
    holds_fl = plant.state.reservoir.capacity_fl - plant.conditions.needling.lost_capacity_nl * FL_PER_NL
    return max(0, available_fl - holds_fl)


def pressure_ppm(plant: Plant, overfill_ppm_per_ml: int) -> int:
    """Factor on the flow from the motor's anchor on."""
    over_fl = excess_fl(plant, plant.state.reservoir.available_fl)
    if not over_fl:
        return PPM
    return PPM + overfill_ppm_per_ml * (2 * _slice(over_fl) + 1) // (2 * OVERFILL_SLICES_PER_ML)


def next_slice_pulses(plant: Plant) -> int | None:
    """The number of pulses with which the slice in force has been pumped out; None when nothing is above capacity, or nothing moves."""
    over_fl, motor = excess_fl(plant, plant.state.reservoir.available_fl), plant.state.motor
    if not over_fl or not motor.moving or not motor.step_fl:
        return None
    going_fl = over_fl - _slice(over_fl) * _SLICE_FL
    most = motor.anchor_pulse + going_fl + 1
    return bisect_left(range(most), going_fl, motor.anchor_pulse + 1, key=motor.pushed_since_anchor_fl)


def _slice(over_fl: int) -> int:
    """Which slice is in force, from 0 at the capacity."""
    return (over_fl - 1) // _SLICE_FL
