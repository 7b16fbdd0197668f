"""The battery: what the pump knows of its supply and when, the replacement it asks for, the end of service, dips, and wake-ups."""

from __future__ import annotations

import random
from typing import Any

import pytest

from firmware_sim.units import S_PER_H, US_PER_DAY, US_PER_S
from hil.suite.given import Given
from protocol.codes import AlarmCause, BatteryState, EventKind, Mode, StatusFlag
from protocol.messages import Start
from protocol.refusals import RefusalCode

RATE_NL_PER_H = 10_000
LONG_RATE_NL_PER_H = 5_000
"""So slow that a fill lasts for months."""
VISIT_DAYS = 50
RESET_BY_DIP = 2
"""What the record of a boot has as its cause after a brown-out."""
ERI, EOS, RANGE, DIP = AlarmCause.ERI, AlarmCause.EOS, AlarmCause.SUPPLY_RANGE, AlarmCause.LOW_BATTERY_RESET

needs = pytest.mark.pump_needs


def refilled(given: Given, days: int) -> None:
    """Let days pass, and fill the pump up at each visit."""
    while days > 0:
        given.leave()
        given.bench.advance(days=min(days, VISIT_DAYS))
        days -= VISIT_DAYS
        given.filled()


@pytest.mark.pump_requirement("PW-01", "PW-08")
@needs("bench.needle", "bench.time", "bench.inject", "bench.image", "bench.truth")
def test_dip_is_acted_on_within_a_period_whoever_looks(given: Given, measure: Any) -> None:
    """A supply out of its range at any time of day: flagged within one sample period, at the same instant with and without looks."""
    period_s = given.profile.battery.sample_period_s
    given.running(given.prescribe.simple(RATE_NL_PER_H))
    draw = random.Random(given.bench.truth()["step_fl"])

    def dipped(look_s: int) -> int:
        given.suffers("battery.dip", supply_mv=given.profile.battery.supply_mv_min - 100, seconds=1_200)
        for _ in range(period_s // look_s):
            given.bench.advance(seconds=look_s)
            given.wire.condition()
        return given.wire.alarm(RANGE).raised_us

    for _ in range(4):
        given.bench.advance(us=draw.randrange(US_PER_DAY))
        since_us = given.clock.device_us
        once_us, often_us = given.apart(lambda: dipped(period_s), lambda: dipped(period_s // 20))
        assert once_us == often_us, "the pump knows when it is looked at"
        measure("dip seen after", (once_us - since_us) / US_PER_S, unit="s", low=0, high=period_s)
        given.bench.advance(hours=1)
        assert RANGE not in given.wire.active()


@pytest.mark.pump_requirement("PW-08")
@needs("bench.needle", "bench.time", "bench.inject")
def test_supply_above_its_range_is_flagged_too(given: Given) -> None:
    """A reading above the most a cell can give is out of range like one below the least."""
    given.running(given.prescribe.simple(RATE_NL_PER_H))
    given.suffers("battery.adc_stuck", reading_mv=given.profile.battery.supply_mv_max + 100)
    given.bench.advance(seconds=given.profile.battery.sample_period_s)

    assert RANGE in given.wire.active()
    assert given.wire.condition().rate_nl_per_h == RATE_NL_PER_H


@pytest.mark.pump_requirement("PW-02")
@needs("bench.needle", "bench.time", "bench.inject", "bench.truth")
def test_one_bad_reading_of_ten_does_not_alarm(given: Given) -> None:
    """A dip that one reading at most falls into changes the mean of ten too little; one as long as all readings does not pass unseen."""
    battery = given.profile.battery
    assert battery.readings == 10
    apart_s = battery.sample_period_s // battery.readings
    given.running(given.prescribe.simple(RATE_NL_PER_H))
    draw = random.Random(given.bench.truth()["step_fl"])
    for _ in range(8):
        given.bench.advance(us=draw.randrange(US_PER_DAY))
        boots = given.wire.status().boot_count
        given.suffers("battery.dip", supply_mv=battery.brownout_mv + 1, seconds=apart_s - 1)
        given.bench.advance(hours=1)
        assert (given.wire.listed(), given.wire.status().boot_count) == ([], boots), "one bad reading counts"
    given.suffers("battery.dip", supply_mv=battery.brownout_mv + 1, seconds=battery.sample_period_s + apart_s)
    given.bench.advance(seconds=battery.sample_period_s + apart_s)

    assert RANGE in given.wire.listed()


@pytest.mark.pump_requirement("PW-03")
@needs("bench.needle", "bench.time")
def test_life_left_is_told_within_a_quarter(given: Given, measure: Any) -> None:
    """Through a whole life: what the pump told at each visit of the time left is within 25 % of what turned out to be left."""
    given.filled()
    given.wire.update(given.prescribe.simple(LONG_RATE_NL_PER_H))
    told: list[tuple[int, int]] = []
    for _ in range(given.profile.battery.age_days_max // VISIT_DAYS + 2):
        condition = given.wire.condition()
        if condition.battery_state == BatteryState.EOS:
            break
        told.append((condition.device_us, condition.replace_by_clock_us - condition.clock_us))
        refilled(given, VISIT_DAYS)
    end_us = given.wire.alarm(EOS).raised_us
    off = [100 * (left_us / (end_us - at_us) - 1) for at_us, left_us in told if (end_us - at_us) * 10 > end_us]

    measure("life left told too long", max(off), unit="%", high=25)
    measure("life left told too short", min(off), unit="%", low=-25)


@pytest.mark.pump_requirement("PW-04")
@needs("bench.needle", "bench.time", "bench.sound")
def test_replacement_is_asked_for_months_ahead(given: Given) -> None:
    """One soft alarm with the declared days still to go; therapy and boluses go on."""
    given.running(given.prescribe.simple(LONG_RATE_NL_PER_H))
    battery = given.profile.battery
    for _ in range(battery.age_days_max // VISIT_DAYS):
        given.leave()
        if given.bench.run_until("alarm:eri", limit_s=VISIT_DAYS * 24 * S_PER_H):
            break
        given.filled()
    entry, condition = given.wire.alarm(ERI), given.wire.condition()
    assert (entry.alarm_class, condition.battery_state) == (0, BatteryState.ERI)
    assert (condition.mode, condition.rate_nl_per_h) == (Mode.SIMPLE, LONG_RATE_NL_PER_H)
    assert given.bench.run_until("sound:non-critical", limit_s=given.profile.alarm.non_critical_repeat_s_default + 1)
    given.wire.bolus(10_000, 600)

    days_left = (condition.replace_by_clock_us - condition.clock_us) / US_PER_DAY
    assert battery.eri_days - 1 <= days_left <= battery.eri_days, f"{days_left:.1f} days ahead"


@pytest.mark.pump_requirement("PW-05")
@needs("bench.needle", "bench.time", "bench.inject", "bench.truth", "bench.sound")
def test_service_ends_with_a_stop_for_good(given: Given) -> None:
    """The declared days after ERI, to the second: critical, stopped; START is refused, and no step follows in ten days."""
    given.running(given.prescribe.simple(LONG_RATE_NL_PER_H))
    given.suffers("battery.premature_eri")
    given.bench.advance(seconds=given.profile.battery.sample_period_s)
    due_us = given.wire.alarm(ERI).raised_us + given.profile.battery.eri_days * US_PER_DAY
    refilled(given, VISIT_DAYS)
    given.leave()
    given.clock.until(due_us - US_PER_S)
    assert given.wire.condition().mode == Mode.SIMPLE
    given.leave()
    given.bench.advance(seconds=2)
    steps = given.bench.truth()["steps_moved"]
    assert given.bench.run_until("sound:critical", limit_s=given.profile.alarm.critical_repeat_s_default + 1), "the end is silent"
    assert (given.wire.condition().mode, given.wire.condition().battery_state) == (Mode.STOPPED, BatteryState.EOS)
    assert given.wire.alarm(EOS).alarm_class == 1
    status = given.wire.status()
    refusal = given.wire.refusal("START", Start(status.last_command_id + 1, status.generation))
    assert refusal.code == RefusalCode.END_OF_SERVICE
    given.leave()
    given.bench.advance(days=10)

    assert given.bench.truth()["steps_moved"] == steps, "it runs on after its end of service"


@pytest.mark.pump_requirement("PW-05", deviates=("legacy-18",))
@needs("bench.needle", "bench.time", "bench.inject")
def test_pump_of_this_profile_runs_on_at_the_end_of_service(given: Given) -> None:
    """As declared: the alarm is raised and the therapy goes on."""
    given.running(given.prescribe.simple(LONG_RATE_NL_PER_H))
    given.suffers("battery.premature_eri")
    refilled(given, given.profile.battery.eri_days + 1)

    assert EOS in given.wire.active()
    assert given.wire.condition().rate_nl_per_h == LONG_RATE_NL_PER_H


@pytest.mark.pump_requirement("PW-07")
@needs("bench.needle", "bench.time", "bench.inject", "bench.sound")
def test_low_battery_reset_leaves_the_minimum_rate_until_it_is_programmed_again(given: Given) -> None:
    """A dip below the brown-out voltage: a boot that says so, the minimum rate, a critical alarm; START is refused, a COMMIT ends it."""
    therapy = given.prescribe.simple(RATE_NL_PER_H)
    given.running(therapy)
    given.bench.advance(hours=3)
    boots = given.wire.status().boot_count
    given.leave()
    given.suffers("battery.dip", supply_mv=given.profile.battery.brownout_mv - 400, seconds=3)
    given.bench.advance(minutes=2)
    condition, boot = given.wire.condition(), given.wire.log(EventKind.BOOT)[-1]

    assert (given.wire.status().boot_count, boot.detail) == (boots + 1, RESET_BY_DIP)
    assert (condition.mode, condition.rate_nl_per_h) == (Mode.MINIMUM_RATE, given.profile.rate.minimum_rate_nl_per_h)
    assert condition.flags & StatusFlag.SAFE_STATE
    assert (given.wire.alarm(DIP).alarm_class, given.wire.listed()) == (1, [DIP])
    assert given.bench.run_until("sound:critical", limit_s=given.profile.alarm.critical_repeat_s_default + 1)
    status = given.wire.status()
    assert given.wire.refusal("START", Start(status.last_command_id + 1, status.generation)).code == RefusalCode.SAFE_STATE
    given.filled()
    given.wire.update(therapy)
    assert (given.wire.active(), given.wire.condition().rate_nl_per_h) == (set(), RATE_NL_PER_H)


@pytest.mark.pump_requirement("PW-09")
@needs("bench.needle", "bench.time", "bench.inject", "bench.image", "bench.truth")
def test_wake_ups_cannot_drain_the_battery(given: Given, measure: Any) -> None:
    """A hundred thousand wakes an hour for a year cost what the receiver's back-off lets through, not more."""
    given.running(given.prescribe.simple(LONG_RATE_NL_PER_H))
    battery = given.profile.battery

    def a_year(wakes_per_h: int) -> int:
        if wakes_per_h:
            given.suffers("battery.drain_by_wakeups", wakes_per_h=wakes_per_h)
        refilled(given, 365)
        return int(given.bench.truth()["supply_mv"])

    quiet_mv, let_through_mv, battered_mv = given.apart(*(lambda n=n: a_year(n) for n in (0, battery.wakes_per_h_max, 100_000)))
    hours = 365 * 24 + S_PER_H // S_PER_H
    budget_mv = (
        (battery.full_mv - battery.empty_mv) * hours * battery.wakes_per_h_max * battery.wake_nc // (battery.capacity_mc * 1_000_000)
    )

    assert let_through_mv == battered_mv
    measure("supply lost to wakes in a year", quiet_mv - battered_mv, unit="mV", low=1, high=budget_mv + 1)
