"""The canal as a line: drug spreads along it and is lost evenly, `c' = D c'' - k c + source`.

The line begins at the closed end of the sac (no flux) and ends at the cisterna, beyond which it takes what an endless canal would: flux
`c D / lambda`, with the length constant `lambda = sqrt(D / k)`. Both ends are linear, so the line has modes cos(b y) with
`b tan(b L) = 1 / lambda`, each of which decays alone at `k + D b^2`: exact in time, with no step. (Images would need a sum over the whole
past for every look; a chain of mixed boxes would need as many modes and be exact for no continuous line.) In steady state the
profile is the exponential of the published ratio, `exp(-x / lambda)`, plus its mirror image at the closed end.

A catheter's source is no point: drug enters with a bell of some width, which also ends the sum: a mode's share of the source is less by
exp(-(b w)^2 / 2), and modes are taken until that is as small as the limit. What the last ones lack is spread evenly over all, so that the
modes together hold exactly what entered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import cos, exp, log, pi, sin, sqrt, tan
from operator import mul

from firmware_sim.limits import PATIENT_BISECTIONS, PATIENT_MODE_SHARE_MIN
from firmware_sim.plant.patient.spine import Spine

__all__ = ["AxialLine"]


@dataclass(frozen=True, slots=True)
class AxialLine:
    """A canal of even section. The modes are worked out from the numbers."""

    half_life_h: float
    length_constant_cm: float
    area_cm2: float
    source_width_cm: float
    spine: Spine
    _waves: list[float] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_waves", self._roots())

    @property
    def loss_per_h(self) -> float:
        """The rate at which drug is lost everywhere."""
        return log(2) / self.half_life_h

    @property
    def spread_cm2_per_h(self) -> float:
        """The coefficient of spread, `D`."""
        return self.length_constant_cm**2 * self.loss_per_h

    @property
    def rates_per_h(self) -> Sequence[float]:
        """How fast each mode decays."""
        return [self.loss_per_h + self.spread_cm2_per_h * wave**2 for wave in self._waves]

    @property
    def weights_ml(self) -> Sequence[float]:
        """How much drug one ng/mL of each mode is."""
        return [self.area_cm2 * sin(wave * self.spine.length_cm) / wave for wave in self._waves]

    def source(self, level: str) -> list[float]:
        """How much of each mode one ng of drug makes when it enters at a vertebra."""
        place_cm = self._from_end_cm(level)
        width_cm = self.source_width_cm
        raw = [cos(wave * place_cm) * exp(-((wave * width_cm) ** 2) / 2) / self._norm_ml(wave) for wave in self._waves]
        held = sum(map(mul, raw, self.weights_ml))
        return [part / held for part in raw]

    def at(self, level: str) -> list[float]:
        """What each mode adds to the concentration at a vertebra; "" is the cisterna."""
        place_cm = self._from_end_cm(level) if level else self.spine.length_cm
        return [cos(wave * place_cm) for wave in self._waves]

    def drained(self, levels: Sequence[float], volume_ml: float) -> list[float]:
        """The modes after so much was drawn: all of it at the sac's end, less and less upwards (a raised cosine of that volume)."""
        reach_cm = 2 * volume_ml / self.area_cm2
        if not reach_cm:
            return list(levels)
        taken = [
            self.area_cm2 * sum(level * self._overlap_cm(wave, other, reach_cm) for level, other in zip(levels, self._waves, strict=True))
            for wave in self._waves
        ]
        return [level - part / self._norm_ml(wave) for level, part, wave in zip(levels, taken, self._waves, strict=True)]

    def _from_end_cm(self, level: str) -> float:
        return self.spine.length_cm - self.spine.below_cisterna_cm(level)

    def _norm_ml(self, wave: float) -> float:
        """Area x the integral of the mode's square."""
        return self.area_cm2 * (self.spine.length_cm / 2 + sin(2 * wave * self.spine.length_cm) / (2 * 2 * wave))

    def _overlap_cm(self, wave: float, other: float, reach_cm: float) -> float:
        """Integral of both modes and the raised cosine."""
        end_cm, turn = min(reach_cm, self.spine.length_cm), pi / reach_cm
        flat = _cosine(wave - other, end_cm) + _cosine(wave + other, end_cm)
        bent = sum(_cosine(wave + sign * other + way * turn, end_cm) for sign in (1, -1) for way in (1, -1))
        return (flat + bent / 2) / (2 * 2)

    def _roots(self) -> list[float]:
        """Every wave number whose share of the source is above the limit."""
        length_cm, most = self.spine.length_cm, sqrt(2 * log(1 / PATIENT_MODE_SHARE_MIN)) / self.source_width_cm
        count = int(most * length_cm / pi) + 1
        return [self._root(place * pi / length_cm, (2 * place + 1) * pi / (2 * length_cm)) for place in range(count)]

    def _root(self, low: float, high: float) -> float:
        """The one wave number between that fits the upper end."""
        length_cm, wanted = self.spine.length_cm, 1 / self.length_constant_cm
        for _ in range(PATIENT_BISECTIONS):
            middle = (low + high) / 2
            if middle * tan(middle * length_cm) < wanted:
                low = middle
            else:
                high = middle
        return low


def _cosine(wave: float, end_cm: float) -> float:
    """Integral of cos(wave y) from 0 to the end."""
    return sin(wave * end_cm) / wave if wave else end_cm
