"""Doing a recorded run again."""

from __future__ import annotations

from firmware_sim.profile import load_profile_text
from hil.bench.bench import Bench
from hil.errors import CheckFailed, HilError
from hil.faults.script import Script
from hil.unit import Unit

__all__ = ["replay"]


def replay(script: Script) -> str:
    """Do it again on a pump of its own; returns the digest. Raises CheckFailed if another one comes out.

    A verb that was refused then is refused again.
    """
    profile = load_profile_text(script.profile, script.profile_text) if script.profile_text else script.profile
    bench = Bench(Unit.new(profile, seed=script.seed, security=script.security))
    for verb, args in script.steps:
        try:
            bench.call(verb, args)
        except HilError:
            continue
    digest = bench.unit.digest()
    if digest != script.digest:
        raise CheckFailed(f"the digest is {digest}, it was {script.digest}", where="replay", do="was the pump driven past bench and wire?")
    return digest
