"""Pumps that streams begin at, made once in a process and then copied from their images."""

from __future__ import annotations

from functools import cache

from firmware_sim.units import US_PER_DAY
from hil.adapter import PumpApp
from hil.unit import Unit
from protocol.client import Programmer
from protocol.fuzz.draws import draw_of
from protocol.fuzz.samples import therapy
from protocol.fuzz.streams import CONCENTRATION
from protocol.key_file import seed_keys
from protocol.transport.memory import MemoryTransport

__all__ = ["BASES", "PROFILE", "PROGRAMMER_ID", "SECURITIES", "SEED", "base_image", "blank_unit", "last_id", "programmer"]

PROFILE, SEED = "itp-40", 1
FILL_NL = 20_000_000
PROGRAMMER_ID = 7
BASES: dict[str, tuple[tuple[str, int], ...]] = {
    "quiet": (("running", 6), ("dosing", 2), ("stopped", 1), ("factory", 1)),
    "clinician": (("running", 4), ("patient", 3), ("dosing", 2), ("stopped", 2), ("factory", 1)),
    "cuts": (("running", 2), ("dosing", 1), ("stopped", 1)),
}
"""Of each scene the pumps it is played with, and their weights: one of some days' use, one whose patient may ask for boluses, one in the
middle of a bolus, one that stands, and one as it left the factory."""
SECURITIES: tuple[tuple[str, int], ...] = (("secure", 1), ("no-auth", 1))
"""Security profiles that are fuzzed: with keys, where mutants are signed after they are made, and with nothing to prove."""


def blank_unit(security: str) -> Unit:
    """A new pump of the kind that images are restored into."""
    return Unit.new(PROFILE, seed=SEED, security=security)


def programmer(unit: Unit) -> Programmer:
    """Our own client on a unit, with a session."""
    return Programmer.over(MemoryTransport(unit.receive), programmer_id=PROGRAMMER_ID, keys=unit.keys)


@cache
def base_image(name: str) -> bytes:
    """The image of a pump; its security profile is no part of it, and its keys are, for a pump that insists on them."""
    unit = blank_unit("no-auth")
    unit.provision(seed_keys(SEED))
    if name != "factory":
        unit.act(lambda pump: pump.needle(withdraw_nl=None, inject_nl=FILL_NL, concentration_ng_per_ml=CONCENTRATION))
        with programmer(unit) as clinician:
            clinician.refill(FILL_NL, 0, 1, CONCENTRATION)
            clinician.update(therapy(draw_of("base"), CONCENTRATION, patient=name == "patient"))
        unit.advance_to(2 * US_PER_DAY)
    if name in ("dosing", "stopped"):
        with programmer(unit) as clinician:
            if name == "dosing":
                clinician.bolus(100_000, 50_000, 3_600)
            else:
                clinician.stop()
    return unit.save()


@cache
def last_id(name: str) -> int:
    """The last command id that a base has used up."""
    unit = blank_unit("no-auth")
    unit.restore(base_image(name))
    return PumpApp(unit.pump).last_effect_id()
