"""Faults drawn from the registry itself: a fault that is added there is walked over with no word here."""

from __future__ import annotations

from firmware_sim.faults.memory import RAM
from firmware_sim.faults.registry import FAULTS
from firmware_sim.faults.spec import FaultSpec, Parameter
from firmware_sim.profile import load_profile
from tests.support.draws import Draws
from tests.support.therapies import ML, US_PER_DAY

__all__ = ["REGIONS", "drawn_fault", "drawn_values"]

REGIONS = (*load_profile("itp-40").memory.regions(), RAM)
_TEXTS = {"region": REGIONS}
"""What a free name may be."""
_USUAL = {
    "nl": (0, 6 * ML),
    "mm": (0, 1_100),
    "ml": (0, 10**7),
    "us": (-3 * US_PER_DAY, 3 * US_PER_DAY),
    "mdegc": (34_000, 41_000),
    "mmhg": (0, 5_200),
    "m": (0, 9_000),
    "offset": (0, 130),
    "bytes": (0, 1_500),
}
"""Where a number whose range has no end usually lies, by the unit its name ends in; one more refusal is no harm."""
_ANY = (0, 10**6)
_SMALL = 1_000


def drawn_fault(draws: Draws) -> tuple[str, tuple[tuple[str, int | str], ...]]:
    """A fault's name and its parameters."""
    spec = FAULTS[draws.pick(tuple(FAULTS))]
    return spec.name, drawn_values(draws, spec)


def drawn_values(draws: Draws, spec: FaultSpec) -> tuple[tuple[str, int | str], ...]:
    """Parameters of a fault; one with a default is left out now and then."""
    given = [parameter for parameter in spec.parameters if parameter.default is None or draws.whole(0, 2)]
    return tuple((parameter.name, _drawn_value(draws, parameter)) for parameter in given)


def _drawn_value(draws: Draws, parameter: Parameter) -> int | str:
    if parameter.choices or parameter.text:
        return draws.pick(parameter.choices or _TEXTS[parameter.name])
    usual = _USUAL.get(parameter.name.rpartition("_")[2], _ANY)
    low = usual[0] if parameter.low is None else parameter.low
    high = usual[1] if parameter.high is None else parameter.high
    return draws.whole(low, draws.pick((high, high, low + (high - low) // _SMALL)))
