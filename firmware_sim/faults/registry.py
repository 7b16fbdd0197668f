"""The pump's faults by name: the families joined, names and parameters judged."""

from __future__ import annotations

from difflib import get_close_matches

from firmware_sim.errors import BenchRefused
from firmware_sim.faults.battery import BATTERY_FAULTS
from firmware_sim.faults.catheter import CATHETER_FAULTS
from firmware_sim.faults.clock import CLOCK_FAULTS
from firmware_sim.faults.environment import ENVIRONMENT_FAULTS
from firmware_sim.faults.firmware import FIRMWARE_FAULTS
from firmware_sim.faults.link import TELEMETRY_FAULTS
from firmware_sim.faults.memory import MEMORY_FAULTS
from firmware_sim.faults.motor import MOTOR_FAULTS
from firmware_sim.faults.reservoir import RESERVOIR_FAULTS
from firmware_sim.faults.spec import FaultSpec, Parameter, Values

__all__ = ["FAULTS", "accept", "fault_spec"]

_FAMILIES = (
    RESERVOIR_FAULTS,
    MOTOR_FAULTS,
    CATHETER_FAULTS,
    BATTERY_FAULTS,
    CLOCK_FAULTS,
    MEMORY_FAULTS,
    FIRMWARE_FAULTS,
    ENVIRONMENT_FAULTS,
    TELEMETRY_FAULTS,
)
FAULTS: dict[str, FaultSpec] = {spec.name: spec for family in _FAMILIES for spec in family}


def fault_spec(name: str) -> FaultSpec:
    """The fault of that name. Raises BenchRefused with the nearest one."""
    if name not in FAULTS:
        nearest = get_close_matches(name, FAULTS, 1)
        hint = f"; did you mean {nearest[0]}?" if nearest else f"; there are {', '.join(FAULTS)}"
        raise BenchRefused(f"inject: unknown fault {name!r}{hint}")
    return FAULTS[name]


def accept(name: str, given: Values) -> Values:
    """All parameters of a fault, defaults filled in. Raises BenchRefused that says what is wrong and what would be right."""
    spec = fault_spec(name)
    wanted = {parameter.name: parameter for parameter in spec.parameters}
    missing = [key for key, parameter in wanted.items() if key not in given and parameter.default is None]
    unknown = [key for key in given if key not in wanted]
    if missing or unknown:
        raise BenchRefused(f"inject: {name} takes {', '.join(wanted) or 'no parameters'}; given {', '.join(given) or 'none'}")
    for key, value in given.items():
        _judge(name, wanted[key], value)
    return {key: given.get(key, parameter.default) for key, parameter in wanted.items()}  # type: ignore[misc]  # None was refused above


def _judge(name: str, parameter: Parameter, value: int | str) -> None:
    if parameter.choices and value not in parameter.choices:
        nearest = get_close_matches(str(value), parameter.choices, 1)
        hint = f"; did you mean {nearest[0]}?" if nearest else ""
        raise BenchRefused(f"inject: {name}: {parameter.name} is {value!r}; give one of {', '.join(parameter.choices)}{hint}")
    wants_text = parameter.text or bool(parameter.choices)
    if isinstance(value, str) != wants_text or isinstance(value, bool):
        kind = "a name" if wants_text else "a whole number"
        raise BenchRefused(f"inject: {name}: {parameter.name} is {kind}, not {value!r}")
    if isinstance(value, int):
        low, high = parameter.low, parameter.high
        if (low is not None and value < low) or (high is not None and value > high):
            raise BenchRefused(f"inject: {name}: {parameter.name} is {value}; it is {low} to {'any' if high is None else high}")
