"""Lessons of the rotor: stalls that come back, and what the log tells of them."""

from __future__ import annotations

import pytest

from firmware_sim.firmware.journal import EventKind
from firmware_sim.pump import Pump
from tests.lessons.lessons import lesson
from tests.support.bed import Bed
from tests.support.therapies import active_causes, listed_causes


def logged(pump: Pump, kind: EventKind) -> int:
    """How many records of a kind its log has."""
    return sum(entry.kind == kind for entry in pump.read_log(0, pump.status().log_newest + 1)[2])


@lesson("Laptop or phone magnet")
def test_laptop_on_the_lap_each_evening_is_a_row_of_stalls_in_the_log() -> None:
    """Forty minutes on five evenings: five stalls, 200 minutes of dose missing; the last recovery is logged once somebody interrogates."""
    bed = Bed()
    for _ in range(5):
        bed.pump.inject("motor.magnet", minutes=40)
        bed.pump.advance(days=1)
    assert logged(bed.pump, EventKind.ALARM_RAISED) == 5
    assert logged(bed.pump, EventKind.ALARM_CLEARED) == 4
    bed.pump.interrogated()

    assert logged(bed.pump, EventKind.ALARM_CLEARED) == 5
    assert (active_causes(bed.pump), listed_causes(bed.pump)) == ([], ["motor_stall"])
    assert bed.meant_ng() - bed.given_ng == pytest.approx(bed.meant_ng(200 / 60), abs=5 * bed.step_ng)


@lesson("Laptop or phone magnet")
def test_phone_in_the_breast_pocket_for_a_quarter_of_an_hour_leaves_no_record() -> None:
    """Ten times a day for two days: five hours of dose missing, and an empty log."""
    bed = Bed()
    for _ in range(20):
        bed.pump.inject("motor.magnet", minutes=15)
        bed.pump.advance(minutes=144)

    assert logged(bed.pump, EventKind.ALARM_RAISED) == 0
    assert bed.meant_ng() - bed.given_ng == pytest.approx(bed.meant_ng(5), abs=20 * bed.step_ng)


@lesson("Three short stalls before a permanent one")
def test_three_short_stalls_in_three_days_come_before_the_last_one() -> None:
    """Each recovers by itself and costs its forty minutes; the fourth does not, and from there the patient is given nothing."""
    bed = Bed()
    for _ in range(3):
        handle = bed.pump.inject("motor.stall")
        bed.pump.advance(minutes=40)
        bed.pump.clear(handle)
        bed.pump.advance(minutes=23 * 60 + 20)
    bed.pump.interrogated()
    assert (logged(bed.pump, EventKind.ALARM_RAISED), active_causes(bed.pump)) == (3, [])
    assert bed.meant_ng() - bed.given_ng == pytest.approx(bed.meant_ng(2), abs=3 * bed.step_ng)

    bed.pump.inject("motor.permanent_stall")
    assert bed.live(days=2) == 0
    assert active_causes(bed.pump) == ["motor_stall"]
    assert bed.pump.status().mode == "simple"
