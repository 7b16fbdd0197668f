"""Low and empty: computed from what was commanded, raised at the exact microsecond, cleared by a refill and by nothing else."""

from __future__ import annotations

import pytest

from firmware_sim import Pump
from firmware_sim.errors import Refused
from firmware_sim.firmware.prescription import Command, Prescription
from tests.support.boots import restarted
from tests.support.therapies import (
    ML,
    UNITS_PER_NL,
    US_PER_S,
    active_causes,
    bolus_of,
    filled,
    flex,
    minimum,
    refill_of,
    running,
    simple,
)

WEAK = 50_000
FAST = simple(1_000_000, concentration=WEAK)
"""One millilitre an hour."""


def emptied() -> Pump:
    """A pump that has computed itself empty: 3 mL at 1 mL/h, four hours ago or less."""
    pump = running(FAST, volume_nl=3 * ML)
    pump.advance(hours=4)
    assert active_causes(pump) == ["low_reservoir", "empty_reservoir"]
    return pump


def advance_to_device(pump: Pump, device_us: int) -> None:
    """To the first true microsecond at which the device shows that time."""
    pump.advance_to(pump.true_us_of(device_us))


@pytest.mark.pump_requirement("RS-05")
@pytest.mark.parametrize("rate", [10_000, 7_001, 250])
def test_low_reservoir_comes_at_the_exact_microsecond(rate: int) -> None:
    """With 2.1 mL told and the level at 2 mL, it is raised when the last of 100,000 nL has been commanded, not a microsecond before."""
    pump = running(simple(rate) if rate != 250 else minimum(), volume_nl=21 * ML // 10)
    due_us = -(-(ML // 10) * UNITS_PER_NL // rate)
    advance_to_device(pump, due_us - 1)
    assert active_causes(pump) == []

    advance_to_device(pump, due_us)
    assert active_causes(pump) == ["low_reservoir"]
    assert pump.status().alarms[0].raised_us == due_us
    assert pump.status().computed_reservoir_nl in (2 * ML, 2 * ML - 1)
    assert pump.status().mode != "stopped"


@pytest.mark.pump_requirement("RS-06")
def test_empty_reservoir_stops_at_the_exact_microsecond() -> None:
    """When the computed volume is 0 the pump stops, and commands not one unit more."""
    pump = running(simple(40_000), volume_nl=ML)
    due_us = -(-ML * UNITS_PER_NL // 40_000)
    advance_to_device(pump, due_us - 1)
    assert (active_causes(pump), pump.status().mode) == (["low_reservoir"], "simple")

    advance_to_device(pump, due_us)
    status = pump.status()
    assert (status.mode, status.stop_reason, status.computed_reservoir_nl) == ("stopped", "empty", 0)
    assert {alarm.cause: alarm.raised_us for alarm in status.alarms} == {"low_reservoir": 0, "empty_reservoir": due_us}
    steps = pump.truth().steps_commanded
    pump.advance(days=30)
    assert pump.truth().steps_commanded == steps


def test_bolus_counts_and_is_cut_short_by_empty() -> None:
    """A bolus brings both alarms forward; at empty it ends INTERRUPTED with what was commanded."""
    pump = running(minimum(), volume_nl=1 * ML)
    pump.bolus(bolus_of(3 * ML // 2, 7_200), Command(3, 9, bytes(16)))
    pump.advance(hours=2)
    effect, status = pump.effect(3), pump.status()

    assert active_causes(pump) == ["low_reservoir", "empty_reservoir"]
    assert effect is not None
    assert effect.dose is not None
    assert effect.dose.end == "interrupted"
    raised_us = status.alarms[-1].raised_us
    assert effect.dose.delivered_nl == 3 * ML // 2 * raised_us // (7_200 * US_PER_S)
    assert status.basal_nl + status.bolus_nl in (ML, ML - 1)


@pytest.mark.pump_requirement("RS-02")
def test_prediction_is_the_moment() -> None:
    """The low-reservoir and empty dates told at once are the clock times at which the alarms come."""
    pump = running(flex((20_000, 60_000, 31_000)), volume_nl=20 * ML)
    first = pump.status()
    pump.advance(days=40)
    ahead_us = pump.status().clock_us - pump.status().device_us
    raised = {alarm.cause: alarm.raised_us + ahead_us for alarm in pump.status().alarms}

    assert raised["low_reservoir"] == first.low_reservoir_clock_us
    assert raised["empty_reservoir"] == first.empty_clock_us


def test_low_date_is_never_later_than_the_drug_keeps() -> None:
    """At the minimum rate the drug goes stale years before the reservoir is low: 77 days after the fill is the date."""
    pump = running(minimum())
    status = pump.status()

    assert status.low_reservoir_clock_us == status.clock_us + 77 * 86_400 * US_PER_S


@pytest.mark.parametrize(
    "act",
    [
        lambda pump: pump.needle(inject_nl=20 * ML, concentration_ng_per_ml=WEAK),
        lambda pump: pump.acknowledge("empty_reservoir"),
        lambda pump: pump.silence("empty_reservoir"),
        lambda pump: pump.stop(),
        lambda pump: pump.begin_update(),
        restarted,
    ],
    ids=["needle", "acknowledge", "silence", "stop", "begin_update", "reset"],
)
def test_only_a_told_refill_clears_empty(act: object) -> None:
    """Neither fluid the pump is not told of nor any order ends an empty reservoir, and START stays refused."""
    pump = emptied()
    assert callable(act)
    act(pump)

    assert "empty_reservoir" in active_causes(pump)
    assert "low_reservoir" in active_causes(pump)
    with pytest.raises(Refused, match="NO_FILL"):
        pump.start()


def test_empty_survives_an_update_and_a_reset() -> None:
    """Whatever the pump was stopped for last, boot judges the computed volume."""
    pump = emptied()
    pump.begin_update()
    pump.reset()

    assert {"low_reservoir", "empty_reservoir"} <= set(active_causes(pump))


def test_low_of_a_stopped_pump_survives_a_reset() -> None:
    """A stopped pump at 1 mL is low before and after a reset."""
    pump = running(FAST, volume_nl=3 * ML)
    pump.advance(hours=2)
    pump.stop()
    pump.reset()

    assert active_causes(pump) == ["low_reservoir"]


def test_refill_clears_both_and_starts_nothing() -> None:
    """REFILL ends low and empty, tells what it expected, and leaves the motor off; a reset does not bring them back."""
    pump = emptied()
    pump.needle(inject_nl=20 * ML, concentration_ng_per_ml=WEAK)
    expected_nl, now_nl = pump.refill(refill_of(concentration=WEAK))
    restarted(pump)

    assert (expected_nl, now_nl) == (0, 20 * ML)
    assert (active_causes(pump), pump.status().mode) == ([], "stopped")
    assert pump.start() == "simple"


def test_refill_to_a_low_level_is_low_at_once() -> None:
    """A refill that leaves no more than the level raises low there and then, stopped or running."""
    stopped, runs = running(), running()
    stopped.stop()
    for pump in (stopped, runs):
        pump.refill(refill_of(2 * ML))
        assert active_causes(pump) == ["low_reservoir"]
        pump.refill(refill_of(2 * ML + 1))
        assert active_causes(pump) == []


def test_commit_on_an_empty_reservoir_is_refused() -> None:
    """A therapy cannot run on nothing: NO_FILL, and the 48 h go on counting."""
    pump = emptied()
    pump.advance(days=3)
    assert "stopped_too_long" in active_causes(pump)

    with pytest.raises(Refused, match="NO_FILL"):
        pump.commit(FAST)
    assert "stopped_too_long" in active_causes(pump)


def test_new_level_counts_from_its_commit() -> None:
    """A commit with a higher level raises low at once when it is reached already."""
    pump = running(simple(), volume_nl=5 * ML)
    assert active_causes(pump) == []
    pump.commit(simple(low_nl=5 * ML))

    assert active_causes(pump) == ["low_reservoir"]


def test_no_computed_reservoir_before_the_first_refill() -> None:
    """Fluid alone tells the pump nothing: no volume, no dates, no alarms."""
    pump = Pump()
    pump.needle(inject_nl=ML, concentration_ng_per_ml=WEAK)
    status = pump.status()

    assert (status.computed_reservoir_nl, status.low_reservoir_clock_us, status.empty_clock_us, status.alarms) == (None, None, None, ())


@pytest.mark.parametrize("therapy", [simple(20_000), flex(), minimum()], ids=["simple", "flex", "minimum"])
def test_computed_volume_falls_by_what_was_commanded(therapy: Prescription) -> None:
    """Belief is fill minus commanded, bolus and all, whatever the unit truly moves."""
    pump = running(therapy)
    pump.inject("motor.over_infusion", excess_ppm=300_000)
    pump.bolus(bolus_of(100_000, 600))
    pump.advance(days=3)
    status, truth = pump.status(), pump.truth()

    assert status.computed_reservoir_nl is not None
    assert abs(20 * ML - status.computed_reservoir_nl - status.basal_nl - status.bolus_nl) <= 2
    assert truth.reservoir_nl < status.computed_reservoir_nl


@pytest.mark.pump_requirement("RS-07")
def test_over_infusing_pump_runs_dry_with_no_alarm() -> None:
    """Thirty per cent too much: the reservoir is empty in truth, the pump believes in 4 mL and nothing sounds."""
    pump = running(simple(20_000), volume_nl=20 * ML, seed=1)
    pump.inject("motor.over_infusion", excess_ppm=300_000)
    pump.advance(days=33)
    truth, status = pump.truth(), pump.status()

    assert truth.reservoir_nl == 0
    assert status.computed_reservoir_nl is not None
    assert status.computed_reservoir_nl > 4 * ML
    assert (status.alarms, pump.sound(), status.mode) == ((), None, "simple")
    delivered = truth.delivered_nl
    pump.advance(days=1)
    assert pump.truth().delivered_nl == delivered == 20 * ML


def test_concentration_is_pending_until_a_commit_fits() -> None:
    """A refill of another strength changes no flow and says so until the therapy fits it."""
    pump = running()
    pump.refill(refill_of(concentration=1_000_000))
    assert (pump.status().concentration_pending, pump.status().rate_nl_per_h) == (True, 10_000)

    pump.commit(simple(5_000, concentration=1_000_000))
    assert (pump.status().concentration_pending, pump.status().rate_nl_per_h) == (False, 5_000)


def test_fill_is_kept_over_a_reset() -> None:
    """Computed volume goes on after a reset where it was."""
    pump = filled()
    pump.commit(simple(20_000))
    pump.advance(days=2)
    before = pump.status().computed_reservoir_nl
    pump.reset()

    assert pump.status().computed_reservoir_nl == before
