"""A line that babbles for hours: the pump counts it, stays as small as it was, and infuses as if nobody spoke."""

from __future__ import annotations

import pytest

from protocol.device import DeviceRole
from tests.link.faulty_line import FaultyLine

BURSTS_PER_H = 36_000
"""9,600 baud: 96 bytes each tenth of a second."""
IMAGE_GROWTH_BYTES_MAX = 2_000


def line_errors(line: FaultyLine) -> int:
    """What the pump's end of the wire has counted."""
    assert isinstance(line.unit.role, DeviceRole)
    return line.unit.role.line_errors


def babbled(hours: int) -> FaultyLine:
    """A pump after hours of noise, compared with a quiet one."""
    noisy, quiet = FaultyLine(), FaultyLine()
    size = len(quiet.unit.save())
    noisy.bench.inject("link.babble")
    for line in (noisy, quiet):
        line.bench.advance(hours=hours)

    assert noisy.bench.digest("therapy") == quiet.bench.digest("therapy")
    assert noisy.bench.truth() == quiet.bench.truth()
    assert line_errors(noisy) > BURSTS_PER_H * hours
    assert len(noisy.unit.save()) < size + IMAGE_GROWTH_BYTES_MAX
    return noisy


def test_hour_of_babble_touches_no_delivery() -> None:
    """Therapy and truth are bit-identical to an hour of quiet, and a programmer gets through between the bursts."""
    line = babbled(1)
    with line.programmer() as programmer:
        assert programmer.status().line_errors == line_errors(line)


@pytest.mark.slow
def test_day_of_babble_touches_no_delivery() -> None:
    """The same after 24 hours, 83 million bytes."""
    babbled(24)
