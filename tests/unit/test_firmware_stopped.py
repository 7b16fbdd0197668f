"""Stopped: for an update, for 48 h, across resets."""

from __future__ import annotations

import pytest

from firmware_sim.errors import Busy
from tests.support.therapies import US_PER_DAY, US_PER_H, active_causes, bolus_of, listed_causes, running, simple

LIMIT_US = 48 * US_PER_H


@pytest.mark.pump_requirement("ST-05")
@pytest.mark.parametrize("reason", ["command", "update"])
def test_alarm_comes_after_exactly_48_hours(reason: str) -> None:
    """Stopped by STOP or by a broken-off update: at 48 h of device time to the microsecond the alarm is raised."""
    pump = running()
    pump.advance(hours=5)
    stopped_us = pump.device_us
    if reason == "command":
        pump.stop()
    else:
        pump.begin_update()
    pump.advance_to(pump.true_us_of(stopped_us + LIMIT_US) - 1)
    assert active_causes(pump) == []

    pump.advance(us=1)
    assert active_causes(pump) == ["stopped_too_long"]
    assert pump.status().alarms[0].raised_us == stopped_us + LIMIT_US
    assert pump.status().stop_reason == reason


def test_stopping_again_does_not_begin_again() -> None:
    """STOP, BEGIN, ABORT and STOP within the 48 h keep the first beginning."""
    pump = running()
    pump.stop()
    pump.advance(hours=20)
    pump.begin_update()
    pump.advance(hours=20)
    pump.drop_update()
    pump.stop()
    pump.advance(hours=8)

    assert active_causes(pump) == ["stopped_too_long"]


@pytest.mark.pump_requirement("ST-05")
def test_48_hours_go_on_over_a_reset_and_a_power_cut() -> None:
    """Time without power counts as well: the counter runs on, and boot finds the alarm due."""
    pump = running()
    pump.stop()
    stopped_us = pump.device_us
    pump.advance(hours=24)
    pump.reset()
    pump.power_cut(off_us=30 * US_PER_H)
    pump.advance(hours=30)

    assert active_causes(pump) == ["stopped_too_long"]
    assert pump.status().alarms[0].raised_us >= stopped_us + LIMIT_US


def test_infusion_clears_it() -> None:
    """START clears the alarm, and another stop begins 48 h anew."""
    pump = running()
    pump.stop()
    pump.advance(hours=60)
    pump.start()
    assert (active_causes(pump), listed_causes(pump)) == ([], ["stopped_too_long"])

    pump.stop()
    pump.advance_to(pump.now_us + LIMIT_US - US_PER_H)
    assert active_causes(pump) == []
    pump.advance(hours=1)
    assert active_causes(pump) == ["stopped_too_long"]


def test_clock_does_not_count() -> None:
    """48 h are of the monotonic counter: setting the clock a month ahead raises nothing."""
    pump = running()
    pump.stop()
    pump.set_clock(pump.status().clock_us + 30 * US_PER_DAY)
    pump.advance(hours=47)

    assert active_causes(pump) == []


def test_update_broken_off_leaves_the_pump_stopped() -> None:
    """BEGIN stops the infusion; when the update is given up the pump stays stopped, and alarms after 48 h; the old therapy is there."""
    pump = running()
    generation = pump.status().generation
    pump.begin_update()
    steps = pump.truth().steps_commanded
    pump.advance(minutes=10)
    pump.drop_update(expired=True)
    pump.advance(hours=47)
    status = pump.status()
    assert (status.mode, status.stop_reason, status.generation, active_causes(pump)) == ("stopped", "update", generation, [])

    pump.advance(hours=1)
    assert active_causes(pump) == ["stopped_too_long"]
    assert pump.truth().steps_commanded == steps
    assert pump.start() == "simple"


def test_update_finished_runs_the_new_therapy() -> None:
    """BEGIN, then COMMIT: the new mode runs, generation one higher."""
    pump = running()
    pump.begin_update()
    pump.commit(simple(12_000))

    assert (pump.status().rate_nl_per_h, pump.status().generation, pump.status().stop_reason) == (12_000, 2, "none")


def test_update_waits_for_a_bolus_unless_told_to_interrupt() -> None:
    """BEGIN during a bolus is BUSY until its end; with interrupt the bolus ends and the pump stops."""
    pump = running()
    plan = pump.bolus(bolus_of(10_000, 600))
    with pytest.raises(Busy) as busy:
        pump.begin_update()
    assert busy.value.until_us == plan.end_us
    assert pump.status().mode == "simple"

    pump.advance(minutes=5)
    pump.begin_update(interrupt=True)
    assert (pump.status().mode, pump.status().bolus, pump.status().bolus_nl) == ("stopped", None, 5_000)


def test_stopped_by_update_survives_a_reset() -> None:
    """A reset in the middle of an update comes back stopped, with the reason."""
    pump = running()
    pump.begin_update()
    pump.reset()

    assert (pump.status().mode, pump.status().stop_reason) == ("stopped", "update")


@pytest.mark.pump_requirement("ST-07")
def test_no_catch_up_after_a_stop() -> None:
    """What was not infused while stopped is never made up."""
    pump = running(simple(20_000))
    pump.advance(hours=1)
    pump.stop()
    basal = pump.status().basal_nl
    pump.advance(hours=10)
    pump.start()
    assert pump.status().basal_nl == basal
    pump.advance(hours=1)

    assert pump.status().basal_nl - basal in (20_000, 20_001)
