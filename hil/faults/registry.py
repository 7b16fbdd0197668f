"""The one registry: every fault of every owner by name. The pump's own come from `firmware_sim.faults`."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from firmware_sim.faults import FAULTS, FaultSpec
from hil.errors import BenchError
from hil.faults.parameters import Numbers, Setting, Values, judged
from hil.faults.wire_faults import WIRE_FAULTS, Fault

__all__ = ["REGISTRY", "Fault", "check", "fault_of"]

TOLD = "what the pump tells of it in STATUS, INTERROGATE and its log"


def _pump_fault(spec: FaultSpec) -> Fault:
    settings = tuple(Setting(row.name, row.meaning, row.low, row.high, row.text) for row in spec.parameters)
    host = "nothing" if spec.noticed.startswith("nothing") else TOLD
    return Fault(spec.name, spec.owner, settings, spec.lasting, "", spec.noticed, host, spec.origin)


REGISTRY: dict[str, Fault] = {fault.name: fault for fault in (*(_pump_fault(spec) for spec in FAULTS), *WIRE_FAULTS)}
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
