"""Pump tubing and catheter as one path of moving fronts.

A piece is (volume that had left the reservoir when it began, concentration). Nothing moves: the tip reads the piece at
`out - path`. Pieces are dropped only by the act that appends one; what they carried past the tip is then booked as delivered.

While a prime runs the first stretch of the path is a chamber in which drug and old fluid mix: what leaves it is cut into slices, each as
strong as the chamber is at that moment. The slices are laid out when the prime begins, also for fluid that has not left the reservoir yet;
the drug that mixing has thus carried ahead is an account of its own (`lent_mass`), which is 0 when the prime is over.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from firmware_sim.errors import LimitExceeded
from firmware_sim.limits import CATHETER_PIECES_MAX, MIXING_SLICES

__all__ = ["Catheter"]


@dataclass(slots=True)
class Catheter:
    """The path's volume, its pieces, and the drug mass booked as delivered up to `booked_tip_fl`.

    `mixing_end_fl` is the volume out at which the prime that runs will have ended, -1 when none runs. The side port lies between tubing
    and catheter; what went through it, and what was drawn in at the tip, are accounts of their own.
    """

    path_fl: int
    tubing_fl: int
    starts_fl: tuple[int, ...]
    concentrations_fg_per_ml: tuple[int, ...]
    booked_tip_fl: int
    booked_mass: int = 0
    mixing_end_fl: int = -1
    mixing_mass_rounding: int = 0
    side_injected_fl: int = 0
    side_injected_mass: int = 0
    side_withdrawn_fl: int = 0
    side_withdrawn_mass: int = 0
    drawn_back_fl: int = 0

    @classmethod
    def drug_free(cls, path_fl: int, tubing_fl: int) -> Catheter:
        """A path full of fluid without drug."""
        return cls(path_fl, tubing_fl, (-path_fl,), (0,), -path_fl)

    def mass_between(self, from_fl: int, to_fl: int) -> int:
        """Drug in the stretch of fluid that left the reservoir between two volumes."""
        total = 0
        ends = (*self.starts_fl[1:], to_fl)
        for start, end, concentration in zip(self.starts_fl, ends, self.concentrations_fg_per_ml, strict=True):
            total += max(0, min(end, to_fl) - max(start, from_fl)) * concentration
        return total

    def delivered_fl(self, out_fl: int) -> int:
        """Volume past the tip when `out_fl` has left the reservoir; the side port pushes too."""
        return out_fl + self.side_injected_fl

    def delivered_mass(self, out_fl: int) -> int:
        """Drug past the tip when `out_fl` has left the reservoir."""
        return self.booked_mass + self.mass_between(self.booked_tip_fl, out_fl - self.path_fl)

    def tip_concentration(self, out_fl: int) -> int:
        """Concentration (fg/mL) of what leaves the tip now."""
        return self.concentrations_fg_per_ml[self._place(out_fl - self.path_fl)]

    def append(self, out_fl: int, concentration_fg_per_ml: int) -> None:
        """From now on fluid of this concentration enters the path; forget what has left it."""
        if concentration_fg_per_ml == self.concentrations_fg_per_ml[-1]:
            return
        self._settle(out_fl)
        self._lay([*((start, level) for start, level in self._spans() if start < out_fl), (out_fl, concentration_fg_per_ml)])

    def aspirate(self, out_fl: int, volume_fl: int) -> int:
        """Draw fluid out through the side port; as much drug-free fluid comes in at the tip. Returns the drug mass drawn."""
        downstream, upstream, tip_fl = self._split(out_fl)
        port_fl = out_fl - self.tubing_fl
        drawn = self.mass_between(max(tip_fl, port_fl - volume_fl), port_fl)
        moved = [(start + volume_fl, level) for start, level in downstream if start + volume_fl < port_fl]
        self._lay([(tip_fl, 0), *moved, *upstream])
        self.side_withdrawn_fl += volume_fl
        self.side_withdrawn_mass += drawn
        self.drawn_back_fl += volume_fl
        return drawn

    def inject(self, out_fl: int, volume_fl: int, concentration_fg_per_ml: int) -> None:
        """Push fluid in through the side port; what lay before it leaves at the tip."""
        downstream, upstream, tip_fl = self._split(out_fl)
        port_fl = out_fl - self.tubing_fl
        moved = [(start - volume_fl, level) for start, level in downstream]
        self._lay([*moved, (port_fl - volume_fl, concentration_fg_per_ml), *upstream])
        self.booked_mass += self.mass_between(tip_fl - volume_fl, tip_fl)
        self._trim(tip_fl)
        self.side_injected_fl += volume_fl
        self.side_injected_mass += volume_fl * concentration_fg_per_ml

    def _split(self, out_fl: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]], int]:
        """Pieces from tip to side port, and from there on, each list with a piece that begins at its edge; and where the tip is."""
        self._settle(out_fl)
        tip_fl, port_fl = out_fl - self.path_fl, out_fl - self.tubing_fl
        spans = self._spans()
        before = [(max(start, tip_fl), level) for start, level in spans if start < port_fl]
        after = [(start, level) for start, level in spans if start > port_fl]
        return before, [(port_fl, self.concentrations_fg_per_ml[self._place(port_fl)]), *after], tip_fl

    def begin_mixing(self, out_fl: int, planned_fl: int, chamber_fl: int, concentration_fg_per_ml: int) -> None:
        """A prime begins: lay out what will leave the chamber while `planned_fl` more leave the reservoir at this concentration."""
        self._settle(out_fl)
        chamber_from_fl = out_fl - chamber_fl
        before = self.mass_between(out_fl - self.path_fl, out_fl)
        mass = self.mass_between(chamber_from_fl, out_fl)
        keep = [(start, level) for start, level in self._spans() if start < chamber_from_fl]
        for place in range(MIXING_SLICES):
            start, end = planned_fl * place // MIXING_SLICES, planned_fl * (place + 1) // MIXING_SLICES
            keep.append((chamber_from_fl + start, mass // chamber_fl))
            mass += (end - start) * (concentration_fg_per_ml - mass // chamber_fl)
        keep += [(chamber_from_fl + planned_fl, mass // chamber_fl), (out_fl + planned_fl, concentration_fg_per_ml)]
        self._lay(keep)
        self.mixing_end_fl = out_fl + planned_fl
        after = self.mass_between(out_fl - self.path_fl, out_fl) - self.lent_mass(out_fl)
        self.mixing_mass_rounding += before - after

    def end_mixing(self, out_fl: int, chamber_fl: int, concentration_fg_per_ml: int) -> None:
        """The prime is over, perhaps before its time: the chamber holds what it holds, and unmixed fluid follows."""
        if self.mixing_end_fl < 0:
            return
        self._settle(out_fl)
        chamber_from_fl = out_fl - chamber_fl
        mass = self.mass_between(chamber_from_fl, out_fl) - self.lent_mass(out_fl)
        level = max(0, mass // chamber_fl)  # below 0 only by what the beginning rounded
        self.mixing_mass_rounding += mass - level * chamber_fl
        kept = [(start, old) for start, old in self._spans() if start < chamber_from_fl]
        self.mixing_end_fl = -1
        self._lay([*kept, (chamber_from_fl, level), (out_fl, concentration_fg_per_ml)])

    def lent_mass(self, out_fl: int) -> int:
        """Drug in the path that by volume is still in the reservoir: what the slices to come will lack."""
        if self.mixing_end_fl < 0:
            return 0
        level = self.concentrations_fg_per_ml[-1]
        return max(0, self.mixing_end_fl - out_fl) * level - self.mass_between(out_fl, max(out_fl, self.mixing_end_fl))

    def pieces(self, out_fl: int) -> tuple[tuple[int, int], ...]:
        """(volume fL, concentration fg/mL) from the tip back to the motor, for drawings and reports."""
        tip_fl = out_fl - self.path_fl
        ends = (*self.starts_fl[1:], out_fl)
        spans = zip(self.starts_fl, ends, self.concentrations_fg_per_ml, strict=True)
        seen = ((max(start, tip_fl), min(end, out_fl), level) for start, end, level in spans)
        return tuple((end - start, level) for start, end, level in seen if end > start)

    def _settle(self, out_fl: int) -> None:
        """Book what has passed the tip, and forget the pieces that have."""
        tip_fl = out_fl - self.path_fl
        self.booked_mass, self.booked_tip_fl = self.delivered_mass(out_fl), tip_fl
        self._trim(tip_fl)

    def _trim(self, tip_fl: int) -> None:
        """Forget the pieces that end before the tip."""
        keep = self._place(tip_fl)
        self.starts_fl, self.concentrations_fg_per_ml = self.starts_fl[keep:], self.concentrations_fg_per_ml[keep:]

    def _spans(self) -> list[tuple[int, int]]:
        return list(zip(self.starts_fl, self.concentrations_fg_per_ml, strict=True))

    def _lay(self, spans: list[tuple[int, int]]) -> None:
        """Take these pieces, in order of their start, with neighbours of one concentration joined."""
        laid: list[tuple[int, int]] = []
        for start, level in spans:
            if laid and laid[-1][0] == start:
                laid.pop()
            if not laid or laid[-1][1] != level:
                laid.append((start, level))
        if len(laid) > CATHETER_PIECES_MAX:
            raise LimitExceeded(f"more than {CATHETER_PIECES_MAX} pieces in the catheter")
        self.starts_fl, self.concentrations_fg_per_ml = tuple(start for start, _ in laid), tuple(level for _, level in laid)

    def _place(self, fl: int) -> int:
        return max(0, bisect_right(self.starts_fl, fl) - 1)
