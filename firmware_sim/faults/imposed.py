"""What all faults in force impose on the pump together: worked out anew from them whenever one comes, turns or goes."""

from __future__ import annotations

from collections.abc import Sequence

from firmware_sim.faults.spec import ActiveFault, FaultSpec
from firmware_sim.plant.conditions import Conditions
from firmware_sim.profile import Profile

__all__ = ["conditions_of"]


def conditions_of(faults: Sequence[ActiveFault], specs: dict[str, FaultSpec], profile: Profile) -> Conditions:
    """The conditions under these faults together, in the order in which they came."""
    conditions = Conditions()
    for fault in faults:
        impose = specs[fault.name].impose
        assert impose is not None, "a fault in force is a lasting one"
        impose(fault, conditions, profile)
    return conditions
