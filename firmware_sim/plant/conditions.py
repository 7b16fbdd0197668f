"""What the pump is under, when all faults in force are taken together: a record that says what is so, and not why."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as fresh

from firmware_sim.units import FL_PER_NL, PPM

__all__ = ["Conditions", "Needling"]


@dataclass(slots=True)
class Needling:
    """What becomes of a needle act: the share (ppm) that goes into the pocket, whether it goes into the side port, the volume that is air,
    missing, or there beyond what is said, the volume that comes back, the concentration that truly is in the syringe (-1: the one said),
    whether the valve is shut, and how far above and below its capacity the reservoir ends.
    """

    pocket_ppm: int = 0
    side_port: bool = False
    air_nl: int = 0
    missing_nl: int = 0
    extra_nl: int = 0
    returned_nl: int = 0
    concentration_ng_per_ml: int = -1
    shut: bool = False
    beyond_capacity_nl: int = 0
    lost_capacity_nl: int = 0

    @property
    def room_beyond_fl(self) -> int:
        """How much more than its capacity the reservoir takes; below 0 when it has lost some."""
        return (self.beyond_capacity_nl - self.lost_capacity_nl) * FL_PER_NL


@dataclass(slots=True)
class Conditions:
    """Everything faults do that lasts; the defaults are a sound pump.

    `factors_ppm` multiply the volume of every step. `gain` is driver pulses for each pulse commanded, `stuck_pulses_per_h` those of a
    driver that is stuck on. `leak_nl` is the place of a leak (path volume from the motor, -1: none), `leak_ppm` its share. `blocked` says
    that nothing can pass the catheter. `tip_astray_ppm` of what leaves the tip does not reach its place, `tip_level` is where the tip is.
    """

    factors_ppm: list[int] = fresh(default_factory=list)
    rotor_free: bool = True
    field: bool = False
    gain: int = 1
    stuck_pulses_per_h: int = 0
    blocked: bool = False
    leak_nl: int = -1
    leak_ppm: int = 0
    tip_astray_ppm: int = 0
    tip_level: str = ""
    needling: Needling = fresh(default_factory=Needling)
    supply_sag_mv: int = 0
    supply_most_mv: int = -1
    drain_na: int = 0
    adc_mv: int = -1
    drift_ppm: int = 0
    clock_stuck: bool = False
    hung: frozenset[str] = frozenset()
    watchdog_dead: bool = False
    failing: frozenset[str] = frozenset()
    log_fails: bool = False

    def occlude(self, fraction_ppm: int) -> None:
        """So much of every step slips back in the pump head; when it is all of it, nothing passes the catheter either way."""
        self.factors_ppm.append(PPM - fraction_ppm)
        self.blocked = self.blocked or fraction_ppm >= PPM

    def leak(self, place_nl: int, share_ppm: int) -> None:
        """So much leaks out there. Several leaks act as one, at the place nearest the pump: what passes them all is right at any time but
        that in which a front travels from the one to the other.
        """
        self.leak_nl = place_nl if self.leak_nl < 0 else min(self.leak_nl, place_nl)
        self.leak_ppm = PPM - (PPM - self.leak_ppm) * (PPM - share_ppm) // PPM

    def stray(self, share_ppm: int, level: str = "") -> None:
        """So much of what leaves the tip does not reach its place; the last level told is where the tip is."""
        self.tip_astray_ppm = PPM - (PPM - self.tip_astray_ppm) * (PPM - share_ppm) // PPM
        self.tip_level = level or self.tip_level
