"""Pump tubing and catheter as one path of moving fronts.

A piece is (volume that had left the reservoir when it began, concentration). Nothing moves: the tip reads the piece at
`out - path`. Pieces are dropped only by the act that appends one; what they carried past the tip is then booked as delivered.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from firmware_sim.errors import LimitExceeded
from firmware_sim.limits import CATHETER_PIECES_MAX

__all__ = ["Catheter"]


@dataclass(slots=True)
class Catheter:
    """The path's volume, its pieces, and the drug mass booked as delivered up to `booked_tip_fl`."""

    path_fl: int
    tubing_fl: int
    starts_fl: tuple[int, ...]
    concentrations_fg_per_ml: tuple[int, ...]
    booked_tip_fl: int
    booked_mass: int = 0

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
        tip_fl = out_fl - self.path_fl
        self.booked_mass, self.booked_tip_fl = self.delivered_mass(out_fl), tip_fl
        keep = self._place(tip_fl)
        starts, concentrations = list(self.starts_fl[keep:]), list(self.concentrations_fg_per_ml[keep:])
        if starts[-1] == out_fl:
            concentrations[-1] = concentration_fg_per_ml
        else:
            starts.append(out_fl)
            concentrations.append(concentration_fg_per_ml)
        if len(starts) > CATHETER_PIECES_MAX:
            raise LimitExceeded(f"more than {CATHETER_PIECES_MAX} pieces in the catheter")
        self.starts_fl, self.concentrations_fg_per_ml = tuple(starts), tuple(concentrations)

    def pieces(self, out_fl: int) -> tuple[tuple[int, int], ...]:
        """(volume fL, concentration fg/mL) from the tip back to the motor, for drawings and reports."""
        tip_fl = out_fl - self.path_fl
        ends = (*self.starts_fl[1:], out_fl)
        spans = zip(self.starts_fl, ends, self.concentrations_fg_per_ml, strict=True)
        return tuple((end - max(start, tip_fl), concentration) for start, end, concentration in spans if end > max(start, tip_fl))

    def _place(self, fl: int) -> int:
        return max(0, bisect_right(self.starts_fl, fl) - 1)
