"""The one registry: every fault of every owner by name. The pump's own come from `firmware_sim.faults`."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from firmware_sim.faults import FAULTS
from firmware_sim.faults.spec import ActiveFault, FaultSpec, Parameter
from hil.errors import BenchError
from hil.faults.human_faults import HUMAN_FAULTS
from hil.faults.parameters import Numbers, Setting, Values, judged
from hil.faults.wire_faults import WIRE_FAULTS, Fault

__all__ = ["REGISTRY", "Fault", "check", "fault_of", "parameters_of"]

TOLD = "what the pump tells of it in STATUS, INTERROGATE and its log"
OWNERS = {"link": "telemetry"}
"""Families of the pump that are not called after the part which plays them."""
PHASES_MAX = 3
"""Faults that end by themselves do so after one phase or two."""


def _pump_fault(spec: FaultSpec) -> Fault:
    host = "nothing" if spec.notices.startswith("nothing") else TOLD
    said = (spec.truth, spec.notices, spec.misses, host, spec.origin)
    settings = tuple(_setting(parameter) for parameter in spec.parameters)
    return Fault(spec.name, OWNERS.get(spec.owner, spec.owner), settings, spec.lasting, *said, ends=_ends(spec), clearable=spec.clearable)


def _setting(parameter: Parameter) -> Setting:
    text = parameter.text or bool(parameter.choices)
    return Setting(parameter.name, parameter.meaning, parameter.low, parameter.high, text, parameter.default, parameter.choices)


def _ends(spec: FaultSpec) -> bool:
    """Whether its course comes to an end, which does not depend on how long its phases are."""
    values = tuple((parameter.name, parameter.low or 1) for parameter in spec.parameters)
    fault = ActiveFault(0, spec.name, values, 0)
    for phase in range(PHASES_MAX):
        turn = spec.course(fault._replace(phase=phase)) if spec.course else None
        if turn is None or turn.last:
            return turn is not None
    return False


REGISTRY: dict[str, Fault] = {fault.name: fault for fault in (*map(_pump_fault, FAULTS.values()), *WIRE_FAULTS, *HUMAN_FAULTS)}
"""By name, the pump's first."""


def fault_of(name: str) -> Fault:
    """The fault of that name. Raises BenchError with the nearest one."""
    found = REGISTRY.get(name)
    if found is None:
        near = get_close_matches(name, REGISTRY, 1)
        do = f"did you mean {near[0]}?" if near else f"there are {', '.join(REGISTRY)}"
        raise BenchError(f"unknown fault {name!r}", where="inject", do=do)
    return found


def check(name: str, given: Mapping[str, int | str]) -> tuple[Fault, Values]:
    """A fault and its parameters, all there and in range. Raises BenchError."""
    fault = fault_of(name)
    values = judged(name, fault.settings, given)
    scripts = [key for key in ("at_frames", "at_bytes") if key in values]
    for key in scripts:
        Numbers.parse(str(values[key]))
    if scripts and "rate_ppm" in values:
        raise BenchError(f"{name}: rate_ppm and {scripts[0]} exclude each other", where="inject", do="give one of them")
    return fault, values


def parameters_of(fault: ActiveFault) -> Values:
    """The parameters of a pump's fault in force, as they were given: a word chosen as that word."""
    choices = {setting.name: setting.choices for setting in REGISTRY[fault.name].settings}
    return {name: choices[name][value] if choices[name] else value for name, value in fault.parameters}
