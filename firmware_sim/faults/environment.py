"""Faults of the surroundings: temperature, ambient pressure, height. Each comes slowly or at once, and goes the way it came.

Their effect on the flow is a small factor from the profile's coefficients, taken at the middle of each slice of a slope.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from firmware_sim.errors import BenchRefused
from firmware_sim.faults.spec import ActiveFault, FaultSpec, Impose, Parameter, Strike, Turn, Values
from firmware_sim.limits import FAULT_MINUTES_MAX, RAMP_SLICES
from firmware_sim.units import M_PER_KM, MDEGC_PER_K, PPM, PRESSURE_STEP_MMHG, US_PER_MIN

if TYPE_CHECKING:
    from firmware_sim.kernel import Kernel
    from firmware_sim.plant.conditions import Conditions
    from firmware_sim.profile import Profile
    from firmware_sim.profile.sections import Environment

__all__ = ["ENVIRONMENT_FAULTS"]

_UNNOTICED = "nothing: the pump measures neither temperature nor pressure"
_MISSED = "the small change of the flow; the computed reservoir falls as programmed"


def _there_and_back(fault: ActiveFault) -> Turn | None:
    """It comes in `over_minutes`, stays for `minutes` (0: until cleared), and goes in `over_minutes`."""
    over_us, stay_us = fault.value("over_minutes") * US_PER_MIN, fault.value("minutes") * US_PER_MIN
    left_us = fault.since_us + over_us + stay_us
    if not over_us:
        return Turn(left_us, last=True) if stay_us else None
    if fault.phase < RAMP_SLICES:
        return Turn(fault.since_us + over_us * (fault.phase + 1) // RAMP_SLICES)
    if not stay_us:
        return None
    gone = fault.phase - RAMP_SLICES
    return Turn(left_us + over_us * gone // RAMP_SLICES, last=gone == RAMP_SLICES) if gone else Turn(left_us)


def _strength(full: int, fault: ActiveFault) -> int:
    """How much of it there is in the present slice."""
    if not fault.value("over_minutes") or fault.phase == RAMP_SLICES:
        return full
    slice_from_foot = min(fault.phase, 2 * RAMP_SLICES - fault.phase)
    return full * (2 * slice_from_foot + 1) // (2 * RAMP_SLICES)


def _warm(fault: ActiveFault, numbers: Environment) -> int:
    return (fault.value("temperature_mdegc") - numbers.temperature_mdegc) * numbers.temperature_ppm_per_k // MDEGC_PER_K


def _press(fault: ActiveFault, numbers: Environment) -> int:
    return (fault.value("pressure_mmhg") - numbers.pressure_mmhg) * numbers.pressure_ppm_per_100_mmhg // PRESSURE_STEP_MMHG


def _climb(fault: ActiveFault, numbers: Environment) -> int:
    return -fault.value("altitude_m") * numbers.mmhg_per_km * numbers.pressure_ppm_per_100_mmhg // (M_PER_KM * PRESSURE_STEP_MMHG)


def _factor(change: Callable[[ActiveFault, Environment], int]) -> Impose:
    """What a change of the flow, in ppm when it is all there, makes of every step."""

    def impose(fault: ActiveFault, conditions: Conditions, profile: Profile) -> None:
        conditions.factors_ppm.append(max(0, PPM + _strength(change(fault, profile.environment), fault)))

    return impose


def _within(name: str, limits: Callable[[Environment], tuple[int, int]]) -> Strike:
    """Refuses a value outside what the pump is made for."""

    def judge(kernel: Kernel, values: Values) -> None:
        low, high = limits(kernel.profile.environment)
        if not low <= int(values[name]) <= high:
            raise BenchRefused(f"inject: {name} is {values[name]}; this pump is made for {low} to {high}")

    return judge


_COMES = (
    Parameter("over_minutes", "time in which it comes, and goes again; 0: at once", 0, FAULT_MINUTES_MAX, default=0),
    Parameter("minutes", "how long it stays; 0: until it is cleared, which is at once", 0, FAULT_MINUTES_MAX, default=0),
)

ENVIRONMENT_FAULTS: tuple[FaultSpec, ...] = (
    FaultSpec(
        "environment.temperature",
        (Parameter("temperature_mdegc", "temperature around the pump in thousandths of a degree Celsius"), *_COMES),
        _UNNOTICED,
        _MISSED,
        "every step carries more when it is warmer, less when it is colder",
        "labelling of this class: fever, hot baths and saunas change the flow, above all of gas-driven pumps",
        _factor(_warm),
        _there_and_back,
        judge=_within("temperature_mdegc", lambda numbers: (numbers.temperature_mdegc_min, numbers.temperature_mdegc_max)),
    ),
    FaultSpec(
        "environment.pressure",
        (Parameter("pressure_mmhg", "pressure around the body"), *_COMES),
        _UNNOTICED,
        _MISSED,
        "every step carries less under pressure: a dive or a pressure chamber is a pressure that comes, stays and goes",
        "labelling and reports of this class: deep dives and hyperbaric chambers, with deformed reservoirs",
        _factor(_press),
        _there_and_back,
        judge=_within("pressure_mmhg", lambda numbers: (numbers.pressure_mmhg_min, numbers.pressure_mmhg_max)),
    ),
    FaultSpec(
        "environment.altitude",
        (Parameter("altitude_m", "height above the sea"), *_COMES),
        _UNNOTICED,
        _MISSED,
        "every step carries more where the air is thinner",
        "labelling of this class: stays at height and flights change the flow, above all of gas-driven pumps",
        _factor(_climb),
        _there_and_back,
        judge=_within("altitude_m", lambda numbers: (0, numbers.altitude_m_max)),
    ),
)
