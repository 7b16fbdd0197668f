"""What chance makes of an examination: seeded, each draw with a name of its own."""

from __future__ import annotations

from firmware_sim.draws import draw_bell_ppm, draw_word
from firmware_sim.pump import Pump
from firmware_sim.units import PPM

__all__ = ["Draws"]


class Draws:
    """The draws of one look: the pump's seed, the test's name, and the draw number given, or the time if none is.

    They leave no state behind, so that looking again at the same instant, or with the same number, shows the same.
    """

    def __init__(self, pump: Pump, test: str, draw: int | None = None) -> None:
        self._seed = pump.seed
        self._name = f"diagnose:{test}:{f'at {pump.now_us}' if draw is None else f'number {draw}'}"

    def happens(self, name: str, chance_ppm: int) -> bool:
        """Whether something of this chance happens."""
        return draw_word(self._seed, f"{self._name}:{name}") % PPM < chance_ppm

    def off_by(self, name: str, deviation: int, most: int) -> int:
        """How far a reading is off: bell-shaped around 0."""
        return draw_bell_ppm(self._seed, f"{self._name}:{name}", deviation, most)

    def below(self, name: str, end: int) -> int:
        """A whole number from 0 to below `end`."""
        return draw_word(self._seed, f"{self._name}:{name}") % end
