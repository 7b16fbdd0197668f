"""Seeded draws in integers: each has a name, so that a new draw shifts no other and every machine draws the same."""

from __future__ import annotations

import hashlib

from firmware_sim.limits import BYTE_BITS, HALF_WORD_BITS, IRWIN_HALL_TERMS

__all__ = ["draw_bell_ppm", "draw_word"]

_WORD_BYTES = HALF_WORD_BITS // BYTE_BITS
_WORD_MAX = (1 << HALF_WORD_BITS) - 1


def draw_word(seed: int, name: str) -> int:
    """A 256-bit integer that belongs to (seed, name)."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest(), "little")


def draw_bell_ppm(seed: int, name: str, deviation_ppm: int, limit_ppm: int) -> int:
    """A bell-shaped draw with mean 0 (Irwin-Hall, twelve terms), drawn again until within +-limit_ppm."""
    attempt = 0
    while True:
        data = hashlib.sha256(f"{seed}:{name}:{attempt}".encode()).digest()
        total = sum(int.from_bytes(data[term * _WORD_BYTES : (term + 1) * _WORD_BYTES], "little") for term in range(IRWIN_HALL_TERMS))
        value = (2 * total - IRWIN_HALL_TERMS * _WORD_MAX) * deviation_ppm // (2 * _WORD_MAX)
        if abs(value) <= limit_ppm:
            return value
        attempt += 1
