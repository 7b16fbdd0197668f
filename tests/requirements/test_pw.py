"""Section PW, battery and power, each row by its observable."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from firmware_sim import Pump
from firmware_sim.errors import Refused
from firmware_sim.firmware.journal import EventKind
from firmware_sim.profile import Profile, load_profile
from tests.support.therapies import ML, US_PER_DAY, US_PER_S, active_causes, listed_causes, refill_of, running, simple

SAMPLE_US = 180 * US_PER_S
DAY_LEFT_MAX = 400


def short_lived(life_scale_ppm: int) -> Profile:
    """The 40 mL pump with a share of its battery."""
    plain = load_profile("itp-40")
    return replace(plain, battery=replace(plain.battery, life_scale_ppm=life_scale_ppm))


def at_end_of(days: int, pump: Pump) -> Pump:
    """Let days pass, and fill the pump up every month."""
    while days > 0:
        pump.advance(days=min(days, 30))
        days -= 30
        pump.needle(withdraw_nl=None, inject_nl=30 * ML, concentration_ng_per_ml=500_000)
        pump.refill(refill_of(30 * ML))
    return pump


def raised_us(pump: Pump, cause: str) -> int:
    """When it was raised."""
    return next(alarm.raised_us for alarm in pump.status().alarms if alarm.cause == cause)


@pytest.mark.pump_requirement("PW-01", "PW-08")
def test_dip_is_acted_on_within_three_minutes_whoever_looks(seed: int) -> None:
    """Supply out of its range at any time: flagged within one sample period, at the same instant with and without looks, gone after it."""
    draw = random.Random(seed)
    for waited_us in (draw.randrange(US_PER_DAY) for _ in range(8)):
        looked_once, looked_often = dipped(waited_us, SAMPLE_US), dipped(waited_us, 7 * US_PER_S)
        assert raised_us(looked_once, "supply_range") == raised_us(looked_often, "supply_range")
        looked_once.advance(hours=1)
        assert "supply_range" not in active_causes(looked_once)


def dipped(waited_us: int, look_us: int) -> Pump:
    """A pump one sample period after its supply fell, looked at every so often."""
    pump = running(simple(10_000))
    pump.advance(us=waited_us)
    pump.inject("battery.dip", supply_mv=2_300, seconds=1_200)
    since_us, end_us = pump.device_us, pump.now_us + SAMPLE_US
    while pump.now_us < end_us:
        pump.advance_to(min(end_us, pump.now_us + look_us))
        assert pump.status().supply_mv > 0
    assert "supply_range" in active_causes(pump)
    assert 0 < raised_us(pump, "supply_range") - since_us <= SAMPLE_US
    return pump


@pytest.mark.pump_requirement("PW-08")
def test_supply_above_its_range_is_flagged_too() -> None:
    """A reading above the most a cell can give is out of range like one below the least."""
    pump = running(simple(10_000))
    pump.advance(minutes=5)
    pump.inject("battery.adc_stuck", reading_mv=3_500)
    pump.advance(us=SAMPLE_US)

    assert "supply_range" in active_causes(pump)


@pytest.mark.pump_requirement("PW-02")
def test_one_bad_reading_of_ten_does_not_alarm(seed: int) -> None:
    """A dip so short that one reading at most falls into it changes the mean of ten too little; one as long as ten readings does not."""
    draw = random.Random(seed)
    numbers = load_profile("itp-40").battery
    assert (numbers.readings, numbers.sample_period_s) == (10, 180)
    for _ in range(20):
        pump = running(simple(10_000))
        pump.advance(us=draw.randrange(US_PER_DAY))
        pump.inject("battery.dip", supply_mv=2_201, seconds=17)
        pump.advance(hours=1)
        assert (listed_causes(pump), pump.boots) == ([], 1)
        pump.inject("battery.dip", supply_mv=2_201, seconds=200)
        pump.advance(minutes=4)
        assert "supply_range" in listed_causes(pump)


@pytest.mark.pump_requirement("PW-03")
@pytest.mark.parametrize("rate", [5_000, 20_000, 80_000])
def test_life_left_is_told_within_a_quarter(rate: int) -> None:
    """At a tenth, a half and nine tenths of its life: what the pump tells of the time left is within 25 % of what is left in truth."""
    profile = short_lived(100_000)
    ended = at_end_of(DAY_LEFT_MAX, running(simple(rate), volume_nl=30 * ML, profile=profile))
    end_us = raised_us(ended, "eos")
    for tenths in (1, 5, 9):
        pump = at_end_of(end_us * tenths // 10 // US_PER_DAY, running(simple(rate), volume_nl=30 * ML, profile=profile))
        status = pump.status()
        assert status.replace_by_clock_us is not None
        told_us, true_us = status.replace_by_clock_us - status.clock_us, end_us - pump.device_us

        assert abs(told_us - true_us) * 4 <= true_us


@pytest.mark.pump_requirement("PW-04", "PW-05")
def test_replacement_is_asked_for_months_ahead_and_service_ends_with_a_stop() -> None:
    """ERI: one soft tone, nothing else changes. Ninety days later EOS: critical, stopped, and START is refused for good."""
    pump = running(simple(4_000), volume_nl=30 * ML, profile=short_lived(100_000))
    heard = []
    while "eri" not in active_causes(pump):
        pump.advance(days=1)
    eri_us = raised_us(pump, "eri")
    assert [(alarm.cause, alarm.critical) for alarm in pump.status().alarms if alarm.cause == "eri"] == [("eri", False)]
    assert (pump.status().mode, pump.status().rate_nl_per_h, pump.status().battery_state) == ("simple", 4_000, "eri")
    pump.needle(withdraw_nl=None, inject_nl=30 * ML, concentration_ng_per_ml=500_000)
    pump.refill(refill_of(30 * ML))
    heard.append(next(sound.pattern for sound in pump.listen(2 * 3_600 * US_PER_S)))
    pump.advance_to(pump.true_us_of(eri_us + 90 * US_PER_DAY) - 1)
    assert pump.status().mode == "simple"
    pump.advance(us=1)
    steps = pump.truth().steps_moved
    sound = pump.sound()
    assert sound is not None
    heard.append(sound.pattern)

    assert heard == ["single-tone", "two-tone"]
    assert (pump.status().mode, pump.status().stop_reason, raised_us(pump, "eos")) == ("stopped", "eos", eri_us + 90 * US_PER_DAY)
    for order in (pump.start, lambda: pump.commit(simple(4_000))):
        with pytest.raises(Refused, match="END_OF_SERVICE"):
            order()
    pump.advance(days=10)
    assert pump.truth().steps_moved == steps


@pytest.mark.pump_requirement("PW-07")
def test_low_battery_reset_leaves_the_minimum_rate_until_it_is_programmed_again() -> None:
    """A dip below the brown-out voltage: a boot that says so, the minimum rate, a critical alarm; START is refused, a COMMIT ends it."""
    pump = running(simple(20_000))
    pump.advance(hours=3)
    boots = pump.boots
    pump.inject("battery.dip", supply_mv=1_800, seconds=3)
    pump.advance(minutes=2)
    boot = [record for record in pump.read_log(0, 100)[2] if record.kind == EventKind.BOOT][-1]

    assert (pump.boots, boot.detail) == (boots + 1, 2)
    assert (pump.status().mode, pump.status().rate_nl_per_h, pump.status().safe_state) == ("minimum_rate", 250, True)
    assert [(alarm.cause, alarm.critical) for alarm in pump.status().alarms] == [("low_battery_reset", True)]
    with pytest.raises(Refused, match="SAFE_STATE"):
        pump.start()
    pump.refill(refill_of())
    pump.commit(simple(20_000))
    assert (active_causes(pump), pump.status().rate_nl_per_h) == ([], 20_000)


@pytest.mark.pump_requirement("PW-09")
def test_wake_ups_cannot_drain_the_battery() -> None:
    """A hundred thousand wakes an hour for a year cost what the receiver's back-off lets through, which is below a tenth of the charge."""
    pumps = {wakes_per_h: a_year_of_wakes(wakes_per_h) for wakes_per_h in (0, 12, 100_000)}
    unwoken_mv, woken_mv, battered_mv = (pump.truth().supply_mv for pump in pumps.values())
    battery = pumps[0].profile.battery
    span_mv = battery.full_mv - battery.empty_mv
    budget_mv = span_mv * 365 * 24 * battery.wakes_per_h_max * battery.wake_nc // (battery.capacity_mc * 1_000_000)

    assert battery.wakes_per_h_max == 12
    assert woken_mv == battered_mv
    assert 0 < unwoken_mv - battered_mv <= budget_mv + 1 < span_mv // 10


def a_year_of_wakes(wakes_per_h: int) -> Pump:
    """A pump that somebody tried to wake so often, all year."""
    pump = running(simple(5_000), volume_nl=30 * ML)
    if wakes_per_h:
        pump.inject("battery.drain_by_wakeups", wakes_per_h=wakes_per_h)
    return at_end_of(365, pump)
