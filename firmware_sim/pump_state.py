"""Everything there is about a pump, as plain data: what an image holds and what the digest is made of."""

from __future__ import annotations

from dataclasses import dataclass, field

from firmware_sim.agenda import Agenda
from firmware_sim.faults.spec import ActiveFault
from firmware_sim.firmware.belief import Belief
from firmware_sim.plant.plant import PlantState

__all__ = ["PumpState"]


@dataclass(slots=True)
class PumpState:
    """`belief` is None while the power is off; `floor_us` is the device time of the firmware's last act; `power_on_us` is -1 while on.

    `profile_text` is the file of a profile that does not ship, so that an image can be taken up elsewhere.
    """

    profile: str
    profile_text: str
    seed: int
    plant: PlantState
    now_us: int = 0
    floor_us: int = 0
    boots: int = 0
    belief: Belief | None = None
    power_on_us: int = -1
    off_us: int = 0
    browned_out: bool = False
    agenda: Agenda = field(default_factory=Agenda)
    faults: list[ActiveFault] = field(default_factory=list)
    next_handle: int = 1
    magnet_held: bool = False
    trace_count: int = 0
    trace_chain: bytes = b""
