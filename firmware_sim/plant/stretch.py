"""A stretch of tube full of moving fronts, in which nothing moves.

A piece is (volume that had entered the stretch when it began, concentration). Its far end reads the piece at `in_fl - length_fl`. Pieces
are dropped only by an act; what they carried past the far end is then booked.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from firmware_sim.errors import LimitExceeded
from firmware_sim.limits import CATHETER_PIECES_MAX

__all__ = ["Span", "Stretch"]

Span = tuple[int, int]
"""(volume in fL at which it begins, or its volume; concentration in fg/mL)."""


@dataclass(slots=True)
class Stretch:
    """Its volume, its pieces in order, and the drug mass booked as past its far end up to `booked_end_fl`."""

    length_fl: int
    starts_fl: tuple[int, ...]
    levels_fg_per_ml: tuple[int, ...]
    booked_end_fl: int
    booked_mass: int = 0

    @classmethod
    def drug_free(cls, length_fl: int) -> Stretch:
        """One full of fluid without drug, into which nothing has gone yet."""
        return cls(length_fl, (-length_fl,), (0,), -length_fl)

    # -- looks -------------------------------------------------------------------------------------------------------------

    def mass_between(self, from_fl: int, to_fl: int) -> int:
        """Drug in the fluid that entered between two volumes."""
        total, start = 0, max(from_fl, self.starts_fl[0])
        for end, level in zip((*self.starts_fl[1:], to_fl), self.levels_fg_per_ml, strict=True):
            if end > start:
                if end >= to_fl:
                    return total + max(0, to_fl - start) * level
                total += (end - start) * level
                start = end
        return total

    def held_mass(self, in_fl: int) -> int:
        """Drug in the stretch when `in_fl` has entered."""
        return self.mass_between(in_fl - self.length_fl, in_fl)

    def passed_mass(self, in_fl: int) -> int:
        """Drug past the far end when `in_fl` has entered."""
        return self.booked_mass + self.mass_between(self.booked_end_fl, in_fl - self.length_fl)

    def level_at(self, place_fl: int) -> int:
        """Concentration (fg/mL) of the fluid that entered at that volume."""
        return self.levels_fg_per_ml[self._place(place_fl)]

    def end_level(self, in_fl: int) -> int:
        """Concentration (fg/mL) of what leaves at the far end now."""
        return self.levels_fg_per_ml[max(0, bisect_right(self.starts_fl, in_fl - self.length_fl) - 1)]

    def spans(self) -> list[Span]:
        """(beginning, concentration) of each piece."""
        return list(zip(self.starts_fl, self.levels_fg_per_ml, strict=True))

    def volumes_between(self, from_fl: int, to_fl: int) -> list[Span]:
        """(volume, concentration) of each piece of the fluid that entered between two volumes, in order of entry."""
        ends = (*self.starts_fl[1:], to_fl)
        seen = (
            (max(start, from_fl), min(end, to_fl), level)
            for start, end, level in zip(self.starts_fl, ends, self.levels_fg_per_ml, strict=True)
        )
        return [(end - start, level) for start, end, level in seen if end > start]

    def pieces(self, in_fl: int) -> list[Span]:
        """(volume, concentration) of what is in the stretch, from the far end back."""
        return self.volumes_between(in_fl - self.length_fl, in_fl)

    # -- acts --------------------------------------------------------------------------------------------------------------

    def settle(self, in_fl: int) -> None:
        """Book what has passed the far end, and forget the pieces that have."""
        end_fl = in_fl - self.length_fl
        self.booked_mass, self.booked_end_fl = self.passed_mass(in_fl), end_fl
        self._trim(end_fl)

    def lay(self, spans: list[Span]) -> None:
        """Take these pieces, in order of their beginning, with neighbours of one concentration joined. Raises LimitExceeded."""
        laid: list[Span] = []
        for start, level in spans:
            if laid and laid[-1][0] == start:
                laid.pop()
            if not laid or laid[-1][1] != level:
                laid.append((start, level))
        if len(laid) > CATHETER_PIECES_MAX:
            raise LimitExceeded(f"more than {CATHETER_PIECES_MAX} pieces in the catheter")
        self.starts_fl, self.levels_fg_per_ml = tuple([start for start, _ in laid]), tuple([level for _, level in laid])

    def pull(self, in_fl: int, at_fl: int, volume_fl: int, level_fg_per_ml: int) -> int:
        """Draw fluid out so far behind the beginning; as much of this concentration comes in at the far end. Returns the drug drawn.

        The stretch is settled at `in_fl`.
        """
        end_fl, hole_fl = in_fl - self.length_fl, in_fl - at_fl
        before, after = self.split(hole_fl)
        drawn = self.mass_between(max(end_fl, hole_fl - volume_fl), hole_fl) + max(0, volume_fl - hole_fl + end_fl) * level_fg_per_ml
        shifted = [(max(start, end_fl) + volume_fl, level) for start, level in before]
        self.lay([(end_fl, level_fg_per_ml), *((start, level) for start, level in shifted if start < hole_fl), *after])
        return drawn

    def push(self, in_fl: int, at_fl: int, volume_fl: int, level_fg_per_ml: int) -> list[Span]:
        """Push fluid in so far behind the beginning; what lay before it leaves at the far end. Returns (volume, concentration) of that.

        The stretch is settled at `in_fl`. What leaves is not booked.
        """
        end_fl, hole_fl = in_fl - self.length_fl, in_fl - at_fl
        before, after = self.split(hole_fl)
        moved = [(start - volume_fl, level) for start, level in before if start < hole_fl]
        self.lay([*moved, (hole_fl - volume_fl, level_fg_per_ml), *after])
        left = self.volumes_between(end_fl - volume_fl, end_fl)
        self._trim(end_fl)
        return left

    def split(self, cut_fl: int) -> tuple[list[Span], list[Span]]:
        """The pieces before and from a volume on; the fluid there begins a piece of the second list, and the first is never empty."""
        spans, level = self.spans(), self.level_at(cut_fl)
        before = [(start, old) for start, old in spans if start < cut_fl] or [(cut_fl, level)]
        return before, [(cut_fl, level), *((start, old) for start, old in spans if start > cut_fl)]

    def _trim(self, end_fl: int) -> None:
        """Forget the pieces that end before the far end."""
        keep = self._place(end_fl)
        self.starts_fl, self.levels_fg_per_ml = self.starts_fl[keep:], self.levels_fg_per_ml[keep:]

    def _place(self, fl: int) -> int:
        return max(0, bisect_right(self.starts_fl, fl) - 1)
