"""Seeds of runs: by index alone, never by order, placement or chunk.

The seed of run `index` is the first word of numpy's `SeedSequence(root, spawn_key=(index,))`, worked out here for many indices at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["INDEX_MAX", "seed_words"]

Words = NDArray[np.uint64]
INDEX_MAX = 2**32
"""Indices are one word of a spawn key."""
_POOL = 4
_INIT_A, _MULT_A = 0x43B0D7E5, 0x931E8875
_INIT_B, _MULT_B = 0x8B51F9DD, 0x58F38DED
_MIX_LEFT, _MIX_RIGHT = np.uint32(0xCA01F9DD), np.uint32(0x4973F715)
_HALF = np.uint32(16)
_WORD = 2**32 - 1


def seed_words(root: int, indices: NDArray[np.int64]) -> Words:
    """The first word (64 bits) of each index' SeedSequence."""
    pool = [np.full(indices.shape, word, np.uint32) for word in np.random.SeedSequence(root).pool]
    index = indices.astype(np.uint32)
    mixed = _INIT_A * pow(_MULT_A, _hashes_before(root), 2**32) & _WORD
    for place in range(_POOL):
        hashed, mixed = _hashed(index, mixed, _MULT_A)
        pool[place] = _mixed(pool[place], hashed)
    low, constant = _hashed(pool[0], _INIT_B, _MULT_B)
    high, _ = _hashed(pool[1], constant, _MULT_B)
    return low.astype(np.uint64) | high.astype(np.uint64) << np.uint64(32)


def _hashes_before(root: int) -> int:
    """How often the pool was hashed before the spawn key's turn: the root's words, filled up to the pool, each mixed into each other."""
    words = max(_POOL, -(-root.bit_length() // 32))
    return _POOL + _POOL * (_POOL - 1) + _POOL * (words - _POOL)


def _hashed(value: NDArray[np.uint32], constant: int, factor: int) -> tuple[NDArray[np.uint32], int]:
    after = constant * factor & _WORD
    hashed = (value ^ np.uint32(constant)) * np.uint32(after)
    return np.asarray(hashed ^ hashed >> _HALF), after


def _mixed(left: NDArray[np.uint32], right: NDArray[np.uint32]) -> NDArray[np.uint32]:
    result = _MIX_LEFT * left - _MIX_RIGHT * right
    return np.asarray(result ^ result >> _HALF)
