"""CRC-32C (Castagnoli), the one checksum of the wire and of the records that the device role keeps.

Chosen for a Hamming distance of 6 up to 655 bytes. crcmod falls back in silence to pure Python, some hundred times slower,
where its C extension is missing; `ACCELERATED` tells.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import crcmod.predefined

__all__ = ["ACCELERATED", "RESIDUE", "crc32c"]

ACCELERATED: bool = find_spec("crcmod._crcfunext") is not None

crc32c: Callable[[bytes], int] = crcmod.predefined.mkPredefinedCrcFun("crc-32c")

RESIDUE: int = crc32c(crc32c(b"").to_bytes(4, "little"))
"""CRC of any data followed by its own CRC, little-endian: one call checks a frame without cutting it."""
