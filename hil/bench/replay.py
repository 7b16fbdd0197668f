"""Doing a recorded run again."""

from __future__ import annotations

from collections.abc import Sequence

from firmware_sim.profile import load_profile_text
from hil.bench.bench import Bench
from hil.errors import CheckFailed, HilError, UsageError
from hil.faults.script import Script, mark_of
from hil.unit import Unit
from protocol.key_file import load_keys, slotted
from protocol.keys import Key

__all__ = ["replay"]


def replay(script: Script, keys: Sequence[Key] = ()) -> str:
    """Do it again on a pump of its own; returns the digest. Raises CheckFailed if another one comes out.

    A verb that was refused then is refused again. A run with keys of its own needs them again: `keys`, or the variable PUMPSIM_KEY.
    Raises UsageError without them.
    """
    if script.keys:
        keys = [slotted(key) for key in keys or load_keys()]
        if mark_of(keys) != script.keys:
            raise UsageError(
                "this run needs the keys it was recorded with", where="replay", do="set PUMPSIM_KEY to the text of its key file"
            )
    profile = load_profile_text(script.profile, script.profile_text) if script.profile_text else script.profile
    bench = Bench(Unit.new(profile, seed=script.seed, security=script.security, keys=keys or None, wire=script.wire))
    for verb, args in script.steps:
        try:
            bench.call(verb, args)
        except HilError:
            continue
    digest = bench.unit.digest()
    if digest != script.digest:
        raise CheckFailed(f"the digest is {digest}, it was {script.digest}", where="replay", do="was the pump driven past bench and wire?")
    return digest
