"""Pump tubing and catheter as one path of moving fronts, with a leak in it or none.

While a prime runs the first stretch of the path is a chamber in which drug and old fluid mix: what leaves it is cut into slices, each as
strong as the chamber is at that moment. The slices are laid out when the prime begins, also for fluid that has not left the reservoir yet;
the drug that mixing has thus carried ahead is an account of its own (`lent_mass`), which is 0 when the prime is over.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from firmware_sim.limits import MIXING_SLICES
from firmware_sim.plant.leak import Leak
from firmware_sim.plant.stretch import Span, Stretch
from firmware_sim.plant.tip import Tip
from firmware_sim.units import FL_PER_NL, PPM

if TYPE_CHECKING:
    from firmware_sim.plant.conditions import Conditions

__all__ = ["Catheter"]


@dataclass(slots=True)
class Catheter:
    """The path's volume and what is in it: `near` is all of it, or what lies before the `leak`.

    `mixing_end_fl` is the volume out at which the prime that runs will have ended, -1 when none runs. The side port lies between tubing
    and catheter; what went through it, what was drawn in from outside, and what leaked until the leak's anchor, are accounts of their own.
    """

    path_fl: int
    tubing_fl: int
    near: Stretch
    leak: Leak | None = None
    tip: Tip = field(default_factory=Tip)
    mixing_end_fl: int = -1
    mixing_mass_rounding: int = 0
    side_injected_fl: int = 0
    side_injected_mass: int = 0
    side_withdrawn_fl: int = 0
    side_withdrawn_mass: int = 0
    drawn_back_fl: int = 0
    booked_leaked_fl: int = 0
    booked_leaked_mass: int = 0

    @classmethod
    def drug_free(cls, path_fl: int, tubing_fl: int) -> Catheter:
        """A path full of fluid without drug."""
        return cls(path_fl, tubing_fl, Stretch.drug_free(path_fl))

    # -- looks -------------------------------------------------------------------------------------------------------------

    @property
    def mixing(self) -> bool:
        """Whether a prime runs."""
        return self.mixing_end_fl >= 0

    def delivered_fl(self, out_fl: int) -> int:
        """Volume past the tip when `out_fl` has left the reservoir; the side port pushes too."""
        delivered_fl = out_fl + self.side_injected_fl - self.booked_leaked_fl
        return delivered_fl if self.leak is None else delivered_fl - self.leak.leaked_fl(out_fl)

    def delivered_mass(self, out_fl: int) -> int:
        """Drug past the tip when `out_fl` has left the reservoir."""
        leak = self.leak
        return self.near.passed_mass(out_fl) if leak is None else leak.beyond_at(self.near, out_fl).passed_mass(leak.entered_fl(out_fl))

    def leaked_fl(self, out_fl: int) -> int:
        """Volume that has left by a leak."""
        return self.booked_leaked_fl if self.leak is None else self.booked_leaked_fl + self.leak.leaked_fl(out_fl)

    def leaked_mass(self, out_fl: int) -> int:
        """Drug that has left by a leak."""
        since = 0 if self.leak is None else self.leak.since_anchor(self.near, out_fl).leaked_mass
        return self.booked_leaked_mass + since

    def astray(self, out_fl: int) -> tuple[int, int]:
        """Of what has passed the tip, volume and drug that did not reach its place."""
        tip = self.tip
        if not tip.astray_ppm:
            return tip.astray_fl, tip.astray_mass
        return tip.astray(self.delivered_fl(out_fl), self.delivered_mass(out_fl))

    def held_mass(self, out_fl: int) -> int:
        """Drug in the path."""
        leak, held = self.leak, self.near.held_mass(out_fl)
        return held if leak is None else held + leak.beyond_at(self.near, out_fl).held_mass(leak.entered_fl(out_fl))

    def tip_concentration(self, out_fl: int) -> int:
        """Concentration (fg/mL) of what leaves the tip now; of what stands there when nothing does."""
        leak = self.leak
        return self.near.end_level(out_fl) if leak is None else leak.beyond_at(self.near, out_fl).end_level(leak.entered_fl(out_fl))

    def pieces(self, out_fl: int) -> tuple[Span, ...]:
        """(volume fL, concentration fg/mL) from the tip back to the motor, for drawings and reports."""
        leak, near = self.leak, self.near.pieces(out_fl)
        beyond = [] if leak is None else leak.beyond_at(self.near, out_fl).pieces(leak.entered_fl(out_fl))
        return (*beyond, *near)

    def lent_mass(self, out_fl: int) -> int:
        """Drug in the path that by volume is still in the reservoir: what the slices to come will lack."""
        if not self.mixing:
            return 0
        level = self.near.levels_fg_per_ml[-1]
        return max(0, self.mixing_end_fl - out_fl) * level - self.near.mass_between(out_fl, max(out_fl, self.mixing_end_fl))

    # -- acts --------------------------------------------------------------------------------------------------------------

    def append(self, out_fl: int, concentration_fg_per_ml: int) -> None:
        """From now on fluid of this concentration enters the path; forget what has left it."""
        if concentration_fg_per_ml == self.near.levels_fg_per_ml[-1]:
            return
        self._settle(out_fl)
        kept = [(start, level) for start, level in self.near.spans() if start < out_fl]
        self.near.lay([*kept, (out_fl, concentration_fg_per_ml)])

    def aspirate(self, out_fl: int, volume_fl: int) -> int:
        """Draw fluid out through the side port; as much drug-free fluid comes in at the tip and the leak. Returns the drug mass drawn.

        What is drawn past a leak arrives mixed.
        """
        self._settle(out_fl)
        past_leak = 0 if self.leak is None else self.leak.draw_back(volume_fl)
        level, rounding = divmod(past_leak, volume_fl)
        self.mixing_mass_rounding += rounding
        drawn = self.near.pull(out_fl, self.tubing_fl, volume_fl, level)
        self.side_withdrawn_fl += volume_fl
        self.side_withdrawn_mass += drawn
        self.drawn_back_fl += volume_fl
        return drawn

    def inject(self, out_fl: int, volume_fl: int, concentration_fg_per_ml: int) -> None:
        """Push fluid in through the side port; what lay before it leaves at the tip, and by the leak."""
        self._settle(out_fl)
        left = self.near.push(out_fl, self.tubing_fl, volume_fl, concentration_fg_per_ml)
        if self.leak is None:
            self.near.booked_mass += sum(volume * level for volume, level in left)
        else:
            passage = self.leak.passage(left)
            self.leak.admit(passage)
            self.booked_leaked_fl += volume_fl - passage.kept_fl
            self.booked_leaked_mass += passage.leaked_mass
        self.side_injected_fl += volume_fl
        self.side_injected_mass += volume_fl * concentration_fg_per_ml

    def take_conditions(self, out_fl: int, conditions: Conditions) -> None:
        """From now on the path leaks as these say, and so much goes astray at its tip."""
        if conditions.tip_astray_ppm != self.tip.astray_ppm:
            self.tip.turn(self.delivered_fl(out_fl), self.delivered_mass(out_fl), conditions.tip_astray_ppm)
        place_fl = min(conditions.leak_nl * FL_PER_NL, self.path_fl) if conditions.leak_ppm else -1
        keep_ppm = PPM - conditions.leak_ppm
        present = (-1, PPM) if self.leak is None else (self.near.length_fl, self.leak.keep_ppm)
        if (place_fl, keep_ppm) != present:
            self._settle(out_fl)
            self._mend(out_fl)
            if place_fl >= 0:
                self._tear(out_fl, place_fl, keep_ppm)

    def begin_mixing(self, out_fl: int, planned_fl: int, chamber_fl: int, concentration_fg_per_ml: int) -> None:
        """A prime begins: lay out what will leave the chamber while `planned_fl` more leave the reservoir at this concentration."""
        self._settle(out_fl)
        near, chamber_fl = self.near, min(chamber_fl, self.near.length_fl)
        chamber_from_fl = out_fl - chamber_fl
        before = near.held_mass(out_fl)
        mass = near.mass_between(chamber_from_fl, out_fl)
        keep = [(start, level) for start, level in near.spans() if start < chamber_from_fl]
        for place in range(MIXING_SLICES):
            start, end = planned_fl * place // MIXING_SLICES, planned_fl * (place + 1) // MIXING_SLICES
            keep.append((chamber_from_fl + start, mass // chamber_fl))
            mass += (end - start) * (concentration_fg_per_ml - mass // chamber_fl)
        keep += [(chamber_from_fl + planned_fl, mass // chamber_fl), (out_fl + planned_fl, concentration_fg_per_ml)]
        near.lay(keep)
        self.mixing_end_fl = out_fl + planned_fl
        after = near.held_mass(out_fl) - self.lent_mass(out_fl)
        self.mixing_mass_rounding += before - after

    def end_mixing(self, out_fl: int, chamber_fl: int, concentration_fg_per_ml: int) -> None:
        """The prime that runs is over, perhaps before its time: the chamber holds what it holds, and unmixed fluid follows."""
        self._settle(out_fl)
        near, chamber_fl = self.near, min(chamber_fl, self.near.length_fl)
        chamber_from_fl = out_fl - chamber_fl
        mass = near.mass_between(chamber_from_fl, out_fl) - self.lent_mass(out_fl)
        level = max(0, mass // chamber_fl)  # below 0 only by what the beginning rounded
        self.mixing_mass_rounding += mass - level * chamber_fl
        kept = [(start, old) for start, old in near.spans() if start < chamber_from_fl]
        self.mixing_end_fl = -1
        near.lay([*kept, (chamber_from_fl, level), (out_fl, concentration_fg_per_ml)])

    def _settle(self, out_fl: int) -> None:
        """Book what has passed tip and leak, and forget the pieces that have."""
        leak = self.leak
        if leak is not None:
            self.booked_leaked_fl = self.leaked_fl(out_fl)
            passage = leak.since_anchor(self.near, out_fl)
            self.booked_leaked_mass += passage.leaked_mass
            leak.admit(passage)
            leak.anchor_out_fl = out_fl
        self.near.settle(out_fl)

    def _tear(self, out_fl: int, place_fl: int, keep_ppm: int) -> None:
        """A leak opens there: the path falls into two stretches. Settled; there is none yet."""
        near, cut_fl = self.near, out_fl - place_fl
        before, after = near.split(cut_fl)
        beyond = Stretch(self.path_fl - place_fl, (), (), out_fl - self.path_fl, near.booked_mass)
        beyond.lay(before)
        self.leak = Leak(keep_ppm, out_fl, cut_fl, beyond)
        self.near = Stretch(place_fl, (), (), cut_fl)
        self.near.lay(after)

    def _mend(self, out_fl: int) -> None:
        """The leak, if there is one, is closed: the stretch beyond follows the other again, each piece in its place. Settled."""
        leak, near = self.leak, self.near
        if leak is None:
            return
        cut_fl = out_fl - near.length_fl
        shift_fl = cut_fl - leak.anchor_in_fl
        beyond = [(start + shift_fl, level) for start, level in leak.beyond.spans() if start < leak.anchor_in_fl]
        self.near = Stretch(self.path_fl, (), (), out_fl - self.path_fl, leak.beyond.booked_mass)
        self.near.lay([*beyond, *near.split(cut_fl)[1]])
        self.leak = None
