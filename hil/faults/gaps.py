"""Times between random events, in integers: the same on every machine, and each draw has a name of its own."""

from __future__ import annotations

from collections.abc import Iterator

from firmware_sim.draws import draw_word
from firmware_sim.units import PPM, US_PER_DAY

__all__ = ["gap_us"]

UNIFORM_BITS = 64
WORD_BITS = 256


def gap_us(seed: int, name: str, rate_per_day_ppm: int) -> int:
    """An exponentially distributed time in microseconds, at least 1, for a mean of `rate_per_day_ppm` events in a million days.

    Von Neumann's way: of a falling run of uniform draws its first one is kept if the run's length is odd, else a whole mean is added and
    the game begins again. It compares integers and needs no logarithm.
    """
    draws = _uniforms(seed, name)
    whole = 0
    while True:
        first = lowest = next(draws)
        length = 1
        while (drawn := next(draws)) < lowest:
            lowest = drawn
            length += 1
        if length % 2:
            scaled = (whole << UNIFORM_BITS) + first
            return max(1, scaled * US_PER_DAY * PPM // rate_per_day_ppm >> UNIFORM_BITS)
        whole += 1


def _uniforms(seed: int, name: str) -> Iterator[int]:
    number = 0
    while True:
        word = draw_word(seed, f"{name}:{number}")
        number += 1
        for shift in range(0, WORD_BITS, UNIFORM_BITS):
            yield word >> shift & (1 << UNIFORM_BITS) - 1
