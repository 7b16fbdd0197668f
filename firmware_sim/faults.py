"""The fault registry: every fault by name, with its parameters and units, who owns it, and whether the pump can notice."""

from __future__ import annotations

from difflib import get_close_matches
from typing import NamedTuple

from firmware_sim.errors import BenchRefused
from firmware_sim.limits import BYTE_BITS
from firmware_sim.units import PPM

__all__ = ["FAULTS", "ActiveFault", "FaultSpec", "Parameter", "fault_spec", "flow_of"]


class Parameter(NamedTuple):
    """One parameter: name with its unit last, what it means, and the range it may have (None: no end)."""

    name: str
    meaning: str
    low: int | None = None
    high: int | None = None
    text: bool = False


class FaultSpec(NamedTuple):
    """One fault. `lasting` faults stay until cleared; the others happen once."""

    name: str
    parameters: tuple[Parameter, ...]
    owner: str
    lasting: bool
    noticed: str
    origin: str


class ActiveFault(NamedTuple):
    """A lasting fault in force."""

    handle: int
    name: str
    parameters: tuple[tuple[str, int], ...]
    since_us: int

    def value(self, name: str) -> int:
        """One parameter's value."""
        return dict(self.parameters)[name]


FAULTS: tuple[FaultSpec, ...] = (
    FaultSpec(
        "catheter.occlusion",
        (Parameter("fraction_ppm", "share of each step that slips back instead of leaving the reservoir", 0, PPM),),
        "catheter",
        True,
        "nothing: no alarm, the computed reservoir falls as programmed",
        "catheter faults are the commonest cause of withdrawal; only imaging or aspiration finds them",
    ),
    FaultSpec(
        "motor.stall",
        (),
        "motor",
        True,
        "motor_stall after the detection time of commanded motion without movement; recovery likewise",
        "recall of pumps with foreign particles; every exposure to a magnetic field",
    ),
    FaultSpec(
        "motor.over_infusion",
        (Parameter("excess_ppm", "how much more than its volume each step carries", 0, 2 * PPM),),
        "motor",
        True,
        "nothing: the reservoir is computed from the programmed rate, so it runs dry in silence",
        "regulator notice on over-infusion above 14.5 %",
    ),
    FaultSpec(
        "memory.bit_flip",
        (
            Parameter("region", "name of the memory region", text=True),
            Parameter("offset", "byte within the region", 0),
            Parameter("bit", "bit within the byte", 0, BYTE_BITS - 1),
        ),
        "memory",
        False,
        "memory_error or memory_failure at the next scrub when it hits a therapy bank; a log record as bad when read",
        "single-event upset",
    ),
    FaultSpec(
        "clock.jump",
        (Parameter("jump_us", "how far the clock chip jumps"),),
        "clock",
        False,
        "nothing: the flex step of the new time is in force at once",
        "time-zone and clock faults shift flex schedules",
    ),
)
_BY_NAME = {fault.name: fault for fault in FAULTS}


def fault_spec(name: str, parameters: dict[str, int | str]) -> FaultSpec:
    """The fault of that name, with its parameters checked. Raises BenchRefused that says what is wrong and what would be right."""
    if name not in _BY_NAME:
        nearest = get_close_matches(name, _BY_NAME, 1)
        hint = f"; did you mean {nearest[0]}?" if nearest else f"; there are {', '.join(_BY_NAME)}"
        raise BenchRefused(f"inject: unknown fault {name!r}{hint}")
    spec = _BY_NAME[name]
    wanted = {parameter.name: parameter for parameter in spec.parameters}
    if set(parameters) != set(wanted):
        raise BenchRefused(f"inject: {name} takes {', '.join(wanted) or 'no parameters'}; given {', '.join(parameters) or 'none'}")
    for key, value in parameters.items():
        _judge(name, wanted[key], value)
    return spec


def flow_of(faults: list[ActiveFault]) -> tuple[tuple[int, ...], bool]:
    """Factors (ppm) on every step, and whether the rotor turns, under these faults together."""
    factors = [PPM - fault.value("fraction_ppm") for fault in faults if fault.name == "catheter.occlusion"]
    factors += [PPM + fault.value("excess_ppm") for fault in faults if fault.name == "motor.over_infusion"]
    return tuple(factors), not any(fault.name == "motor.stall" for fault in faults)


def _judge(name: str, parameter: Parameter, value: int | str) -> None:
    if isinstance(value, str) != parameter.text or isinstance(value, bool):
        kind = "a name" if parameter.text else "a whole number"
        raise BenchRefused(f"inject: {name}: {parameter.name} is {kind}, not {value!r}")
    if isinstance(value, int):
        low, high = parameter.low, parameter.high
        if (low is not None and value < low) or (high is not None and value > high):
            raise BenchRefused(f"inject: {name}: {parameter.name} is {value}; it is {low} to {'any' if high is None else high}")
