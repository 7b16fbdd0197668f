"""Section OC, occlusion, motor, air, each row by its observable."""

from __future__ import annotations

import pytest

from firmware_sim.firmware.journal import EventKind
from tests.support.therapies import US_PER_H, active_causes, listed_causes, running, simple


@pytest.mark.pump_requirement("OC-01", "OC-02")
@pytest.mark.parametrize(
    ("fault", "parameters"),
    [
        ("catheter.occlusion", {"fraction_ppm": 1_000_000}),
        ("catheter.kink", {"fraction_ppm": 1_000_000, "kinked_minutes": 600, "open_minutes": 1}),
        ("reservoir.no_propellant", {"loss_ppm": 1_000_000}),
    ],
    ids=["downstream", "kink", "upstream"],
)
def test_occlusion_on_either_side_is_not_noticed(fault: str, parameters: dict[str, int]) -> None:
    """Nothing leaves, the rotor turns, the computed volume falls, and for ten days there is neither alarm nor sound."""
    pump = running(simple(20_000))
    pump.inject(fault, **parameters)
    delivered = pump.truth().delivered_nl
    pump.advance(hours=9)
    assert pump.truth().delivered_nl == delivered
    assert pump.listen(10 * 24 * US_PER_H) == []

    assert listed_causes(pump) == []
    left_nl = pump.status().computed_reservoir_nl
    assert left_nl is not None
    assert left_nl < pump.truth().reservoir_nl


@pytest.mark.pump_requirement("OC-05")
@pytest.mark.parametrize("fraction_ppm", [500_000, 1_000_000])
def test_cleared_occlusion_releases_nothing(fraction_ppm: int) -> None:
    """What did not pass slipped back in the pump head: after a day behind an occlusion the next hour is an ordinary one, to the step."""
    blocked, free = running(simple(20_000)), running(simple(20_000))
    handle = blocked.inject("catheter.occlusion", fraction_ppm=fraction_ppm)
    for pump in (blocked, free):
        pump.advance(days=1)
    blocked.clear(handle)
    before = [pump.truth().balance.delivered_fl for pump in (blocked, free)]
    for pump in (blocked, free):
        pump.advance(hours=1)

    released = [pump.truth().balance.delivered_fl - fl for pump, fl in zip((blocked, free), before, strict=True)]
    assert released[0] == released[1]


@pytest.mark.pump_requirement("OC-07")
def test_stall_freezes_delivery_is_told_and_is_not_made_up() -> None:
    """Delivery stands still from the stall on; alarm and event come, then the recovery's event; the hours after it are ordinary ones."""
    pump = running(simple(20_000))
    pump.advance(hours=2)
    handle = pump.inject("motor.stall")
    frozen = pump.truth().balance.delivered_fl
    pump.advance(hours=1)
    assert (active_causes(pump), pump.status().alarms[0].critical) == (["motor_stall"], True)
    pump.advance(hours=4)
    assert pump.truth().balance.delivered_fl == frozen
    pump.clear(handle)
    moved = pump.truth().steps_moved
    pump.advance(hours=5)

    pump.interrogated()  # a pump of this class logs the end of a stall when it has been asked
    assert (active_causes(pump), listed_causes(pump)) == ([], ["motor_stall"])
    step_us = 900_000 * pump.calibration_ppm // 20_000
    assert abs(pump.truth().steps_moved - moved - 5 * US_PER_H // step_us) <= 1
    told = [(EventKind(record.kind).name, record.detail) for record in pump.read_log(3, 100)[2]]
    assert told == [("ALARM_RAISED", 2), ("ALARM_CLEARED", 2)]
