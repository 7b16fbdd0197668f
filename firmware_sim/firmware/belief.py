"""All that the firmware holds in RAM: plain data, lost at a reset and made again from memory by boot."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from firmware_sim.firmware.alarms import AlarmBoard
from firmware_sim.firmware.dosing import Dosing
from firmware_sim.firmware.prescription import Prescription, RefillEntry
from firmware_sim.firmware.stall import StallWatch
from firmware_sim.firmware.window import Bound
from firmware_sim.units import UNITS_PER_NL

__all__ = ["Belief", "Fill", "STOP_REASONS"]

STOP_REASONS = ("none", "command", "update", "empty", "new_drug", "after_bolus", "eos", "failure")


class Fill(NamedTuple):
    """The last REFILL: what was said, the total commanded then, and when (device time and clock)."""

    entry: RefillEntry
    total_units: int
    device_us: int
    clock_us: int

    def end_units(self, left_nl: int = 0) -> int:
        """The total commanded at which `left_nl` are left by computation."""
        return self.total_units + (self.entry.volume_nl - left_nl) * UNITS_PER_NL


@dataclass(slots=True)
class Belief:
    """The firmware's RAM. Times are device times, -1 for not so; `drug_id` is the last therapy's, 0 for none.

    `holds` say why no basal is commanded though the mode runs: `post` (self-test not passed yet), `trap` (telemetry mode), `hang`.
    `booted_us` is when it started, `supply_us` when the supply was last found out of its range or back in it. `ram_crc` is that of the
    therapy as it was loaded. `eri_us` is when ERI came. `recovery_us` is a recovery from a stall that the log has not been told yet.
    """

    dosing: Dosing
    mode: str = "shelf"
    generation: int = 0
    drug_id: int = 0
    prescription: Prescription | None = None
    alarms: AlarmBoard = field(default_factory=AlarmBoard)
    stall: StallWatch = field(default_factory=StallWatch)
    fill: Fill | None = None
    bolus_slot: int = -1
    stop_reason: str = "none"
    stopped_us: int = -1
    implanted_us: int = -1
    safe_state: bool = False
    clock_offset_us: int = 0
    boot_count: int = 0
    events_next: int = 0
    faults_next: int = 0
    plan_bounds: tuple[Bound, ...] = ()
    holds: tuple[str, ...] = ()
    post_until_us: int = -1
    ram_crc: int = 0
    eri_us: int = -1
    booted_us: int = 0
    supply_us: int = -1
    recovery_us: int = -1
    patient_granted: int = 0
    patient_refused: int = 0
