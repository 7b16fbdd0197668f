"""Where a level of the spine lies along the canal: distances from the cisterna downwards, as one line."""

from __future__ import annotations

from dataclasses import dataclass

from firmware_sim.errors import BenchRefused
from firmware_sim.limits import VERTEBRAE

__all__ = ["Spine"]


@dataclass(frozen=True, slots=True)
class Spine:
    """How long the canal is along each vertebra of a region, and below the last of them to the sac's end."""

    cervical_level_cm: float
    thoracic_level_cm: float
    lumbar_level_cm: float
    sacral_cm: float

    @property
    def length_cm(self) -> float:
        """From the cisterna to the sac's end."""
        return self._starts_cm[-1] + self.sacral_cm

    def knows(self, level: str) -> bool:
        """Whether a level is one inside the sac."""
        return self._parts(level) is not None

    def below_cisterna_cm(self, level: str) -> float:
        """How far below the cisterna the middle of a vertebra lies. Raises BenchRefused for a word that is none."""
        parts = self._parts(level)
        if parts is None:
            raise BenchRefused(f"{level!r} is no vertebra; give one such as T10 (C1 to C8, T1 to T12, L1 to L5)")
        region, number = parts
        return self._starts_cm[region] + self._lengths_cm[region] * (2 * number - 1) / 2

    @property
    def _lengths_cm(self) -> tuple[float, float, float]:
        return self.cervical_level_cm, self.thoracic_level_cm, self.lumbar_level_cm

    @property
    def _starts_cm(self) -> tuple[float, ...]:
        starts = [0.0]
        for length_cm, count in zip(self._lengths_cm, VERTEBRAE, strict=True):
            starts.append(starts[-1] + length_cm * count)
        return tuple(starts)

    def _parts(self, level: str) -> tuple[int, int] | None:
        region, number = "CTL".find(level[:1]) if level else -1, level[1:]
        if region < 0 or not number.isdecimal() or not 1 <= int(number) <= VERTEBRAE[region]:
            return None
        return region, int(number)
