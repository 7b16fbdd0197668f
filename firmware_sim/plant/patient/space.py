"""What a model of the cerebrospinal fluid must say, so that the rest of the patient need not know which it is.

Its drug is a set of modes, each of which decays alone. A mode's `weight_ml` is the amount of drug that one unit of it (ng/mL) is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

__all__ = ["Space"]


class Space(Protocol):
    """A model of the fluid around cord and brain."""

    @property
    def rates_per_h(self) -> Sequence[float]:
        """How fast each mode decays."""

    @property
    def weights_ml(self) -> Sequence[float]:
        """How much drug one ng/mL of each mode is, in ng."""

    def source(self, level: str) -> list[float]:
        """How much of each mode one ng of drug makes when it enters at a vertebra."""

    def at(self, level: str) -> list[float]:
        """What each mode adds to the concentration at a vertebra; "" is the cisterna."""

    def drained(self, levels: Sequence[float], volume_ml: float) -> list[float]:
        """The modes after so much fluid was drawn at the lower end and made again without drug."""
