"""What a case draws: a hash of its seed, a name and a count, so that engines may draw in any order and still draw alike.

`word` is plain Python, `hil.fleet.drawn` the same for many cases at once; a test holds them together.
"""

from __future__ import annotations

from functools import cache
from hashlib import blake2b

__all__ = ["GOLDEN", "MASK", "SPREAD", "salt_of", "word"]

MASK = 2**64 - 1
GOLDEN = 0x9E3779B97F4A7C15
"""How far apart the states of two counts are: an odd number with no pattern in its bits, as splitmix64 has it."""
SPREAD = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1))
"""Shift and factor of each round of splitmix64's finish, after which every output bit hangs on every input bit."""


@cache
def salt_of(name: str) -> int:
    """64 bits that belong to a name."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little")


def word(seed: int, name: str, k: int = 0) -> int:
    """64 bits that belong to a seed, a name and a count."""
    return _finish(_finish(seed ^ salt_of(name)) + (k + 1) * GOLDEN & MASK)


def _finish(state: int) -> int:
    for shift, factor in SPREAD:
        state = (state ^ state >> shift) * factor & MASK
    return state
