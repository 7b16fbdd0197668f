"""A running pump, and a host that speaks to it byte by byte."""

from __future__ import annotations

import pytest

from protocol.testing import Pair
from tests.link.raw_host import RawHost


@pytest.fixture
def pair() -> Pair:
    """A running pump."""
    return Pair().running()


@pytest.fixture
def host(pair: Pair) -> RawHost:
    """A clinician with an open session."""
    host = RawHost(pair)
    host.hello()
    return host
