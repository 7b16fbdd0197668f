"""Refusals cannot push out of the log what happened to the patient."""

from __future__ import annotations

from itertools import pairwise

import pytest

from protocol.codes import EventKind
from protocol.limits import LOGGED_REFUSAL_US, LOGGED_REFUSALS, TURNED_AWAY_US
from tests.attacks.scene import Scene, Stranger
from tests.attacks.test_attacks import bare_stop
from tests.support.therapies import US_PER_DAY, US_PER_S

DAYS = 7
RING = 4_096


@pytest.mark.pump_requirement("PR-12")
def test_a_week_of_noise_leaves_the_log_readable() -> None:
    """One bad frame a minute, day and night: records a minute apart at most, 64 at first, then one an hour; none is without its number."""
    scene = Scene("secure")
    stranger, minutes = Stranger(scene), DAYS * 24 * 60
    for _ in range(minutes):
        stranger.say(bare_stop())
        scene.advance(seconds=TURNED_AWAY_US // US_PER_S)
    records = scene.unit.pump.read_log(0, RING)[2]
    noise = [record for record in records if record.kind == EventKind.TURNED_AWAY]
    gaps = [later.device_us - record.device_us for record, later in pairwise(noise)]

    assert len(noise) <= LOGGED_REFUSALS + DAYS * US_PER_DAY // LOGGED_REFUSAL_US
    assert min(gaps) >= TURNED_AWAY_US
    assert minutes - 60 <= sum(record.value for record in noise) <= minutes
    assert records[0].number == 0
    assert EventKind.THERAPY_COMMITTED in {record.kind for record in records}


def test_room_for_noise_lasts_half_a_year() -> None:
    """At the lasting rate the ring of the shipped pumps is full after no less than 160 days."""
    assert (RING - LOGGED_REFUSALS) * LOGGED_REFUSAL_US > 160 * US_PER_DAY
