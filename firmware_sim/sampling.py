"""Columns of belief and truth side by side, for plots and tables: whole numbers, the unit last in the name."""

from __future__ import annotations

from typing import NamedTuple

from firmware_sim.firmware.alarms import number_of
from firmware_sim.firmware.modes import MODES
from firmware_sim.kernel import Kernel
from firmware_sim.units import FG_PER_NG, FL_PER_NL, MASS_PER_NG, UNITS_PER_NL

__all__ = ["Row", "columns_of", "row_of"]


class Row(NamedTuple):
    """One look. -1 stands for what cannot be told (no fill yet, no power).

    `mode` is a place in `modes.MODES`, `alarms` has a bit a cause.
    """

    now_us: int
    clock_us: int
    mode: int
    alarms: int
    commanded_rate_nl_per_h: int
    commanded_nl: int
    computed_reservoir_nl: int
    reservoir_nl: int
    delivered_nl: int
    delivered_ng: int
    tip_concentration_ng_per_ml: int
    steps_commanded: int
    steps_moved: int


def row_of(kernel: Kernel) -> Row:
    """Look at this instant; writes nothing."""
    state, plant, steps = kernel.state, kernel.plant, kernel.steps()
    pulses = state.plant.driver.pulses_at(steps, state.now_us)
    out_fl = plant.out_fl(pulses)
    catheter = state.plant.catheter
    believed = _believed(kernel)
    return Row(
        state.now_us,
        *believed,
        reservoir_nl=plant.available_fl(pulses) // FL_PER_NL,
        delivered_nl=catheter.delivered_fl(out_fl) // FL_PER_NL,
        delivered_ng=catheter.delivered_mass(out_fl) // MASS_PER_NG,
        tip_concentration_ng_per_ml=catheter.tip_concentration(out_fl) // FG_PER_NG,
        steps_commanded=steps,
        steps_moved=state.plant.motor.moved_at(pulses),
    )


def columns_of(rows: list[Row]) -> dict[str, list[int]]:
    """Rows turned into columns."""
    return {name: list(column) for name, column in zip(Row._fields, zip(*rows, strict=True), strict=True)}


def _believed(kernel: Kernel) -> tuple[int, int, int, int, int, int]:
    """Clock, mode, alarms, rate, commanded and computed volume, as the firmware has them."""
    belief = kernel.state.belief
    if belief is None:
        return -1, -1, 0, 0, -1, -1
    firmware = kernel.firmware
    firmware.now_us = now_us = kernel.device_us
    dosing = belief.dosing
    total_units = dosing.total_at(now_us)
    word = sum(1 << number_of(cause) for cause, state in belief.alarms.states.items() if state.active)
    computed_nl = max(0, belief.fill.end_units() - total_units) // UNITS_PER_NL if belief.fill else -1
    return firmware.clock_us(), MODES.index(belief.mode), word, dosing.rate_at(now_us), total_units // UNITS_PER_NL, computed_nl
