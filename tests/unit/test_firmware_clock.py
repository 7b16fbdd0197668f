"""Clocks: flex follows the device clock, everything else the monotonic counter; drift converts once."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from firmware_sim import Pump
from firmware_sim.errors import BenchRefused, Refused
from firmware_sim.plant.oscillator import Oscillator
from firmware_sim.profile import Profile, load_profile
from tests.support.boots import wait_for_self_test
from tests.support.therapies import ML, US_PER_DAY, US_PER_H, US_PER_S, flex, refill_of, running

MIDNIGHT_US = 9_497 * US_PER_DAY
RATES = (8_000, 12_000, 20_000, 9_000)


def drifting(drift_ppm: int) -> Profile:
    """The 40 mL pump with another crystal."""
    profile = load_profile("itp-40")
    return replace(profile, clock=replace(profile.clock, drift_ppm=drift_ppm))


@pytest.mark.parametrize("drift_ppm", [-200, -20, 0, 20, 200])
def test_drift_converts_exactly(drift_ppm: int) -> None:
    """Device time is the floor of the drifted true time, and `true_of` the first microsecond that shows it."""
    oscillator = Oscillator(drift_ppm)
    for true_us in (0, 1, 49_999, 50_000, 50_001, US_PER_DAY - 1, 2_557 * US_PER_DAY):
        shown = oscillator.device_at(true_us)
        assert shown == (true_us * (1_000_000 + Fraction(drift_ppm))) // 1_000_000
        for device_us in (shown - 1, shown, shown + 1):
            first_us = oscillator.true_of(device_us)
            assert first_us is not None
            assert oscillator.device_at(first_us) >= device_us > oscillator.device_at(first_us - 1)


@pytest.mark.parametrize("drift_ppm", [-200, 20, 200])
def test_pump_counts_by_its_own_crystal(drift_ppm: int) -> None:
    """In thirty days a crystal of 200 ppm is off by 518 s, and commands by its own time."""
    pump = Pump(drifting(drift_ppm))
    pump.needle(inject_nl=20 * ML, concentration_ng_per_ml=500_000)
    pump.refill(refill_of())
    pump.commit(flex(RATES))
    pump.advance(days=30)
    off_us = 30 * US_PER_DAY * drift_ppm // 1_000_000

    assert pump.device_us - pump.now_us == off_us
    assert pump.truth().clock_error_us == off_us
    day_nl = sum(RATES) * 6
    rate_now = pump.status().rate_nl_per_h
    assert abs(pump.status().basal_nl - 30 * day_nl - rate_now * off_us // US_PER_H) <= 1


@pytest.mark.pump_requirement("FR-13")
@pytest.mark.parametrize("hour", range(0, 24, 3))
def test_clock_set_puts_its_step_in_force_at_once(hour: int) -> None:
    """The step that contains the new time runs from that instant; nothing is made up or taken back."""
    pump = running(flex(RATES))
    pump.advance(hours=5)
    total = pump.status().basal_nl
    old_us, new_us = pump.set_clock(MIDNIGHT_US + hour * US_PER_H)

    assert (old_us, new_us) == (pump.status().clock_us - new_us + old_us, MIDNIGHT_US + hour * US_PER_H)
    assert pump.status().rate_nl_per_h == RATES[hour // 6]
    assert pump.status().basal_nl == total
    assert pump.device_us == pump.truth().device_us


def test_jump_does_what_setting_does_unnoticed() -> None:
    """A jump of the clock chip moves the schedule by as much, and only truth tells the error."""
    jumped, told = running(flex(RATES)), running(flex(RATES))
    for pump in (jumped, told):
        pump.advance(hours=1)
    jumped.inject("clock.jump", jump_us=6 * US_PER_H)
    told.set_clock(told.status().clock_us + 6 * US_PER_H)
    for pump in (jumped, told):
        pump.advance(days=3)

    assert jumped.status()._replace(log_newest=0) == told.status()._replace(log_newest=0)
    assert jumped.truth().clock_error_us - told.truth().clock_error_us == 6 * US_PER_H


def test_jump_while_off_is_in_force_at_boot() -> None:
    """The clock chip jumps while the power is away; boot reads the new time, and the step of it runs once the self-test is over."""
    pump = running(flex(RATES))
    pump.set_clock(MIDNIGHT_US)
    pump.power_cut(off_us=US_PER_H)
    pump.inject("clock.jump", jump_us=12 * US_PER_H)
    pump.advance(hours=1)
    wait_for_self_test(pump)

    assert pump.status().rate_nl_per_h == 20_000
    assert pump.status().clock_us // US_PER_H == (MIDNIGHT_US + 13 * US_PER_H) // US_PER_H


@pytest.mark.parametrize(("clock_us", "limit"), [(-1, 0), (3_155_760_000_000_001, 3_155_760_000_000_000)])
def test_clock_outside_its_range_is_refused(clock_us: int, limit: int) -> None:
    """From 2000 on for a hundred years: else RANGE, and nothing changes."""
    pump = running()
    before = pump.digest("therapy")
    with pytest.raises(Refused) as refusal:
        pump.set_clock(clock_us)

    assert (refusal.value.code, refusal.value.field, refusal.value.limit, refusal.value.unit) == ("RANGE", "CLOCK", limit, "US")
    assert pump.digest("therapy") == before
    for edge in (0, 3_155_760_000_000_000):
        assert pump.set_clock(edge)[1] == edge


def test_clock_that_jumps_out_of_the_world_is_refused() -> None:
    """A jump past what a clock chip can hold is a bench error in words."""
    pump = running()
    before = pump.digest()

    with pytest.raises(BenchRefused, match=r"clock\.jump"):
        pump.inject("clock.jump", jump_us=2**63)
    assert pump.digest() == before


@pytest.mark.pump_requirement("FR-13")
@pytest.mark.parametrize(("weekday", "rate"), [(0, 3_000), (4, 3_000), (5, 7_000), (6, 7_000)], ids=["mon", "fri", "sat", "sun"])
def test_group_of_the_weekday_is_in_force(weekday: int, rate: int) -> None:
    """2026-01-05 was a Monday: its group runs on it, the weekend's on Saturday and Sunday."""
    from tests.support.therapies import group_of, prescription_of, steps_of

    groups = (group_of(steps_of([3_000]), 0b001_1111), group_of(steps_of([7_000]), 0b110_0000))
    pump = running(prescription_of("flex", groups))
    pump.set_clock(MIDNIGHT_US + (4 + weekday) * US_PER_DAY)
    assert pump.status().rate_nl_per_h == rate

    pump.advance_to(pump.now_us + US_PER_DAY - US_PER_S * 3)
    assert pump.status().rate_nl_per_h == rate
