"""The independent limiter: whatever the driver does, its excess of steps is the most given too much, and then nothing until service."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim import Pump
from firmware_sim.errors import Refused
from tests.support.boots import dip, wait_for_self_test
from tests.support.records import alarm_records
from tests.support.therapies import (
    ML,
    US_PER_DAY,
    US_PER_H,
    US_PER_MIN,
    US_PER_S,
    active_causes,
    bolus_of,
    filled,
    flex,
    listed_causes,
    minimum,
    running,
    simple,
)

EXCESS = 8
"""Steps that may be given too much in all: 2 uL."""
CAUSE = "rate_limiter"


def excess(pump: Pump) -> int:
    """Steps given beyond those commanded."""
    truth = pump.truth()
    return truth.steps_moved - truth.steps_commanded


def safe_state() -> Pump:
    """Both banks are bad."""
    pump = running()
    for bank in ("bank_a", "bank_b"):
        pump.inject("memory.bank_bad", bank=bank)
    pump.advance(hours=1)
    assert active_causes(pump) == ["memory_failure"]
    return pump


def with_dose(begin: Callable[[Pump], object], stopped: bool = False) -> Callable[[], Pump]:
    """A pump with a dose that has begun."""

    def made() -> Pump:
        pump = running(simple(4_000))
        pump.advance(hours=1)
        if stopped:
            pump.stop()
        begin(pump)
        pump.advance(seconds=5)
        return pump

    return made


def stopped_pump() -> Pump:
    """A pump that was stopped."""
    pump = running()
    pump.advance(hours=1)
    pump.stop()
    return pump


def restarting() -> Pump:
    """A pump in its power-on self-test."""
    pump = running()
    pump.advance(hours=1)
    pump.reset()
    return pump


def after_a_dip() -> Pump:
    """A pump whose counter of steps was lost."""
    pump = running()
    pump.advance(hours=5)
    dip(pump)
    wait_for_self_test(pump)
    return pump


RUNNING: dict[str, Callable[[], Pump]] = {
    "minimum": lambda: running(minimum()),
    "simple": lambda: running(simple(40_000)),
    "flex": lambda: running(flex()),
    "bolus": with_dose(lambda pump: pump.bolus(bolus_of(100_000, 3_600))),
    "bridge": with_dose(lambda pump: pump.bridge(100_000, 50_000)),
    "prime": with_dose(lambda pump: pump.prime(500_000), stopped=True),
    "safe state": safe_state,
    "low battery": after_a_dip,
    "self-test": restarting,
}
AT_REST: dict[str, Callable[[], Pump]] = {
    "shelf": filled,
    "stopped": stopped_pump,
}


@pytest.mark.pump_requirement("FR-12", "OC-08")
@pytest.mark.parametrize("gain", [2, 10, 1_000])
@pytest.mark.parametrize("make", RUNNING.values(), ids=RUNNING.keys())
def test_runaway_is_stopped_in_every_mode_and_dose(make: Callable[[], Pump], gain: int) -> None:
    """Each commanded pulse comes several times: at most the excess is given too much, the alarm comes with it, and then nothing moves."""
    pump = make()
    before = excess(pump)
    pump.inject("motor.runaway", gain=gain)
    worst = before
    for _ in range(400):
        due, limit_us = pump.next_due(), pump.now_us + 90 * US_PER_S
        pump.advance_to(min(limit_us, max(pump.now_us, due)) if due is not None else limit_us)
        worst = max(worst, excess(pump))
    pump.advance(hours=24)

    assert excess(pump) - before == worst - before == EXCESS
    assert CAUSE in active_causes(pump)
    assert (pump.status().mode, pump.status().rate_nl_per_h, pump.status().bolus) == ("stopped", 0, None)
    moved = pump.truth().steps_moved
    pump.advance(days=3)
    assert pump.truth().steps_moved == moved


@pytest.mark.pump_requirement("OC-08")
def test_runaway_is_cut_with_the_very_step_that_passes_the_limit() -> None:
    """Ten for one: the first commanded step brings nine too many, eight get through, and that microsecond is the alarm's."""
    pump = running(simple(20_000))
    pump.advance_to(pump.true_us_of(US_PER_H))
    pump.inject("motor.runaway", gain=10)
    step_units = 900_000 * pump.calibration_ppm
    first_us = -(-(pump.status().steps + 1) * step_units // 20_000)
    pump.advance_to(pump.true_us_of(first_us) - 1)
    assert (excess(pump), active_causes(pump)) == (0, [])
    pump.advance(us=1)

    assert (excess(pump), active_causes(pump)) == (EXCESS, [CAUSE])
    assert alarm_records(pump, CAUSE) == [("raised", first_us)]


def test_runaway_at_rest_does_nothing_until_the_start() -> None:
    """A driver that multiplies multiplies nothing while nothing is commanded; the first steps after START find it out."""
    pump = stopped_pump()
    moved = pump.truth().steps_moved
    pump.inject("motor.runaway", gain=10)
    pump.advance(days=1)
    assert (pump.truth().steps_moved, active_causes(pump)) == (moved, [])
    pump.start()
    pump.advance(hours=1)

    assert (excess(pump), active_causes(pump)) == (EXCESS, [CAUSE])


@pytest.mark.pump_requirement("SF-18")
@pytest.mark.parametrize("make", [*RUNNING.values(), *AT_REST.values()], ids=[*RUNNING, *AT_REST])
def test_stuck_driver_is_cut_off_in_every_mode(make: Callable[[], Pump]) -> None:
    """A pulse a minute that nobody commanded: after eight minutes the limiter cuts the motor, in hardware, also where nothing runs."""
    pump = make()
    before, since_us = excess(pump), pump.now_us
    pump.inject("motor.stuck_driver", pulses_per_h=60)
    for minute in range(1, EXCESS + 1):
        pump.advance_to(since_us + minute * US_PER_MIN - 1)
        assert (excess(pump) - before, CAUSE in active_causes(pump)) == (minute - 1, False)
        pump.advance(us=1)
        assert excess(pump) - before == minute
    assert CAUSE in active_causes(pump)
    moved = pump.truth().steps_moved
    pump.advance(days=3)

    assert pump.truth().steps_moved == moved
    assert pump.status().rate_nl_per_h == 0


@pytest.mark.pump_requirement("SF-18")
def test_stuck_driver_is_cut_off_without_the_firmware() -> None:
    """While the power of the firmware is off the limiter acts all the same; at power-on the alarm is there, and nothing runs."""
    pump = running(simple(40_000))
    pump.advance(hours=1)
    pump.power_cut(off_us=US_PER_H)
    moved = pump.truth().steps_moved
    pump.inject("motor.stuck_driver", pulses_per_h=120)
    pump.advance(minutes=4)
    assert pump.truth().steps_moved == moved + EXCESS
    pump.advance(minutes=56)
    assert (active_causes(pump), pump.status().mode) == ([CAUSE], "stopped")
    pump.advance(days=1)

    assert pump.truth().steps_moved == moved + EXCESS


def test_excess_below_the_limit_is_counted_on() -> None:
    """Seven pulses too many raise nothing; the eighth, weeks later and by another fault, is the one too many."""
    pump = running(simple(4_000))
    handle = pump.inject("motor.stuck_driver", pulses_per_h=60)
    pump.advance(seconds=7 * 60 + 30)
    pump.clear(handle)
    pump.advance(days=30)
    assert (excess(pump), listed_causes(pump)) == (7, [])
    pump.inject("motor.runaway", gain=2)
    pump.advance(hours=1)

    assert (excess(pump), active_causes(pump)) == (EXCESS, [CAUSE])


@pytest.mark.parametrize("start", [Pump.reset, dip, lambda pump: pump.power_cut(off_us=1)], ids=["reset", "low battery", "power cut"])
def test_latch_outlives_every_start(start: Callable[[Pump], object]) -> None:
    """The fault is gone and the firmware starts anew: the latch is hardware, the alarm comes back with the boot, START is refused."""
    pump = running(simple(40_000))
    pump.clear(cut_off(pump))
    moved = pump.truth().steps_moved
    start(pump)
    pump.advance(seconds=5)
    assert CAUSE in active_causes(pump)
    with pytest.raises(Refused, match="MOTOR_OFF"):
        pump.start()
    pump.advance(days=1)

    assert pump.truth().steps_moved == moved


def test_latch_is_told_though_the_memory_of_alarms_is_lost() -> None:
    """Both copies of what alarms outlive a reset are spoilt: the board still tells of the latch."""
    pump = running(simple(40_000))
    pump.clear(cut_off(pump))
    for offset in range(0, 128, 4):
        pump.inject("memory.bit_flip", region="alarm_state", offset=offset, bit=0)
    pump.reset()

    assert active_causes(pump) == [CAUSE]
    assert pump.status().mode == "stopped"


def cut_off(pump: Pump) -> int:
    """Let a runaway be cut off; returns its handle."""
    handle = pump.inject("motor.runaway", gain=10)
    pump.advance(minutes=10)
    assert active_causes(pump) == [CAUSE]
    return handle


def test_pump_runs_after_repair_and_service() -> None:
    """The count begins anew: every step commanded moves once, and another runaway has its eight again."""
    pump = running(simple(40_000))
    pump.advance(hours=1)
    pump.clear(cut_off(pump))
    pump.service_reset()
    assert active_causes(pump) == []
    wait_for_self_test(pump)
    before = pump.truth()
    pump.start()
    pump.advance(days=1)
    after = pump.truth()
    assert after.steps_moved - before.steps_moved == after.steps_commanded - before.steps_commanded > 900
    assert active_causes(pump) == []
    cut_off(pump)

    assert excess(pump) == 2 * EXCESS


def test_service_without_repair_gives_eight_more_and_no_further() -> None:
    """The latch opened over a runaway that is still there closes again at its first steps."""
    pump = running(simple(40_000))
    cut_off(pump)
    pump.service_reset()
    wait_for_self_test(pump)
    pump.start()
    pump.advance(hours=1)

    assert (excess(pump), active_causes(pump)) == (2 * EXCESS, [CAUSE])


def test_stalled_rotor_hides_nothing_from_the_limiter() -> None:
    """It counts what the driver sends, not what turns: a runaway of a stalled motor is cut off with nothing given."""
    pump = running(simple(40_000))
    pump.inject("motor.stall")
    pump.inject("motor.runaway", gain=10)
    pump.advance(minutes=10)

    assert (pump.truth().steps_moved, active_causes(pump)) == (0, [CAUSE])


def test_over_infusion_and_wear_are_not_the_limiters() -> None:
    """More or less in each step is no matter of pulses: thirty per cent too much for a month raise nothing."""
    for fault, parameters in (("motor.over_infusion", {"excess_ppm": 300_000}), ("motor.gear_wear", {"loss_ppm": 300_000})):
        pump = running(simple(10_000))
        pump.inject(fault, **parameters)
        pump.advance(days=30)
        assert (excess(pump), listed_causes(pump)) == (0, [])


FAULTS = st.one_of(
    st.tuples(st.just("motor.runaway"), st.fixed_dictionaries({"gain": st.integers(2, 12)})),
    st.tuples(st.just("motor.stuck_driver"), st.fixed_dictionaries({"pulses_per_h": st.integers(1, 3_000)})),
)
WAITS = st.lists(st.integers(1, 20 * US_PER_MIN), min_size=4, max_size=14)


@pytest.mark.pump_requirement("FR-12", "ST-04")
@settings(max_examples=150)
@given(
    therapy=st.sampled_from([minimum(), simple(4_000), simple(40_000), flex()]),
    faults=st.lists(FAULTS, min_size=1, max_size=3),
    gaps=WAITS,
    cleared=st.booleans(),
)
def test_no_mix_of_faults_passes_the_limit(
    therapy: object, faults: list[tuple[str, dict[str, int]]], gaps: list[int], cleared: bool
) -> None:
    """Runaways and stuck drivers together, at whatever times: never more than eight too many, none taken back, and volume only rises."""
    pump = filled(40 * ML)
    pump.commit(therapy)  # type: ignore[arg-type]  # sampled prescriptions
    pump.advance(hours=2)
    handles, most, delivered_fl = [], 0, 0
    for place, us in enumerate(gaps):
        if place < len(faults):
            name, parameters = faults[place]
            handles.append(pump.inject(name, **parameters))
        elif handles and cleared:
            pump.clear(handles.pop())
        for _ in range(16):
            pump.advance(us=us // 16)
            volume_fl = pump.truth().balance.delivered_fl
            assert most <= excess(pump) <= EXCESS
            assert volume_fl >= delivered_fl
            most, delivered_fl = excess(pump), volume_fl
        assert (most == EXCESS) == (CAUSE in active_causes(pump))


@pytest.mark.pump_requirement("ST-04")
@pytest.mark.parametrize(("pulses_per_h", "gain"), [(500, 3), (500, 2), (700, 8), (90, 5)])
def test_runaway_of_a_driver_that_is_stuck_is_cut_in_time(pulses_per_h: int, gain: int) -> None:
    """Both count towards one limit: looked at each second, the excess rises to eight and stands there, and no volume is ever taken back."""
    pump = running(simple(20_000))
    pump.advance(hours=1)
    pump.inject("motor.stuck_driver", pulses_per_h=pulses_per_h)
    pump.inject("motor.runaway", gain=gain)
    seen, volumes = [], []
    for _ in range(600):
        pump.advance(seconds=1)
        seen.append(excess(pump))
        volumes.append(pump.truth().balance.delivered_fl)

    assert seen == sorted(seen)
    assert volumes == sorted(volumes)
    assert (seen[-1], active_causes(pump)) == (EXCESS, [CAUSE])


def test_sound_driver_never_comes_near_the_limit() -> None:
    """Two years with resets, stops and boluses: not one pulse more than commanded."""
    pump = running(flex(), volume_nl=40 * ML)
    for _ in range(24):
        pump.advance_to(pump.now_us + 30 * US_PER_DAY)
        pump.needle(withdraw_nl=None, inject_nl=40 * ML, concentration_ng_per_ml=500_000)
        pump.reset()
        pump.advance(seconds=4)
        pump.bolus(bolus_of(1_000, 60))
        pump.stop()
        pump.start()
        pump.refill(pump.status().fill or pytest.fail("a fill was told"))

    assert (excess(pump), CAUSE in listed_causes(pump)) == (0, False)
