"""MACs of a session: HMAC-SHA-256 as everybody else makes it, over the serial number and the frame."""

from __future__ import annotations

import hmac
import random

import pytest

from protocol.mac import SessionKeys

SERIAL = "P-000123"


@pytest.mark.parametrize("length", [1, 32, 64, 65, 200])
def test_mac_is_that_of_the_standard_library(length: int, seed: int) -> None:
    """Keys shorter and longer than a block, and frames of any size, each twice, for a MAC leaves no trace in the next."""
    draw = random.Random(seed)
    host, pump = draw.randbytes(length), draw.randbytes(length)
    keys = SessionKeys(host, pump, SERIAL)
    beginning = bytes((len(SERIAL),)) + SERIAL.encode()
    for size in (0, 16, 55, 56, 64, 528, 16):
        data = draw.randbytes(size)

        assert keys.host_mac(data) == hmac.digest(host, beginning + data, "sha256")[:8]
        assert keys.pump_mac(data) == hmac.digest(pump, beginning + data, "sha256")[:8]
