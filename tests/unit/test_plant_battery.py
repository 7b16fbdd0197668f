"""The battery: charge, voltage, what falsifies it, and what knocking at the telemetry costs."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.faults.imposed import conditions_of
from firmware_sim.faults.registry import FAULTS
from firmware_sim.faults.spec import ActiveFault
from firmware_sim.image import pack, unpack
from firmware_sim.limits import SUPPLY_SPELLS_MAX
from firmware_sim.plant.battery import Battery, BatteryState, Spell, wakes_drain_na
from firmware_sim.plant.conditions import Conditions
from firmware_sim.profile import load_profile
from tests.support.therapies import US_PER_DAY, US_PER_H, US_PER_MIN, US_PER_S

ITP_40 = load_profile("itp-40")
NUMBERS = ITP_40.battery
STEPS_PER_ML = 4_000
YEAR_DAYS = 365.25
SOUND = Conditions()


def new(**numbers: int) -> Battery:
    """A battery that nothing has drawn from."""
    return Battery(replace(NUMBERS, **numbers), BatteryState())


def years_to_end_of_service(daily_nl: int) -> float:
    """When the voltage reaches that of the replacement indicator, walked day by day, and 90 days more; at most the age limit."""
    battery, day = new(), 0
    while battery.supply_mv(day * US_PER_DAY, day * daily_nl // 250) > NUMBERS.eri_mv:
        day += 1
    return min(day + NUMBERS.eri_days, NUMBERS.age_days_max) / YEAR_DAYS


def imposed(*faults: tuple[str, dict[str, int]]) -> Conditions:
    """The conditions under these faults together, all in their first phase."""
    active = [ActiveFault(handle, name, tuple(values.items()), 0) for handle, (name, values) in enumerate(faults)]
    return conditions_of(active, FAULTS, ITP_40)


# -- charge and voltage -----------------------------------------------------------------------------------------------------------


def test_battery_falls_from_full_to_empty_and_no_further() -> None:
    """The voltage is a straight line of charge drawn by time and pulses; it ends at empty."""
    battery = new()

    assert battery.supply_mv(0, 0) == 3_100
    assert battery.supply_mv(10**19, 0) == battery.supply_mv(0, 10**12) == 2_500
    samples = [battery.supply_mv(day * US_PER_DAY, day * 960) for day in range(0, 3_000, 50)]
    assert samples == sorted(samples, reverse=True)


@pytest.mark.parametrize(
    "daily_nl, years", [(50_000, 7.0), (100_000, 6.9), (400_000, 6.5), (900_000, 6.0), (1_500_000, 5.4), (2_000_000, 5.0)]
)
def test_life_is_five_to_seven_years_by_daily_volume(daily_nl: int, years: float) -> None:
    """From 0.05 to 2 mL a day the end of service lies between the sourced seven and five years, earlier the more is given."""
    assert years_to_end_of_service(daily_nl) == pytest.approx(years, abs=0.06)


@pytest.mark.parametrize("scale_ppm", [1_000, 10_000, 250_000, 4_000_000])
def test_life_scales_with_the_charge(scale_ppm: int) -> None:
    """A tenth of the charge is drawn in a tenth of the time, to the millivolt."""
    battery, scaled = new(), new(life_scale_ppm=scale_ppm)
    for day in range(0, 3_000, 100):
        at_us, steps = day * US_PER_DAY, day * 2_000

        told_mv = scaled.supply_mv(at_us * scale_ppm // 10**6, steps * scale_ppm // 10**6)
        assert abs(told_mv - battery.supply_mv(at_us, steps)) <= 1


@given(
    st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 40), st.sampled_from([0, 1, 999, 2_000, 250_001])), min_size=1, max_size=12),
    st.integers(0, 10**6),
)
def test_charge_is_what_a_count_second_by_second_gives(stretches: list[tuple[int, int, int]], odd_us: int) -> None:
    """However often the drain changes, what is drawn is the sum over every second and pulse, rounded once."""
    battery, drawn_nc, at_us, pulses, drain_na = new(), Fraction(0), 0, 0, 0
    for seconds, sent, next_na in stretches:
        for _ in range(seconds):
            drawn_nc += NUMBERS.quiescent_na + drain_na
        drawn_nc += Fraction((NUMBERS.quiescent_na + drain_na) * odd_us, US_PER_S) + sent * NUMBERS.step_nc
        at_us, pulses, drain_na = at_us + seconds * US_PER_S + odd_us, pulses + sent, next_na

        assert battery.used_mc(at_us, pulses) == int(drawn_nc / 10**6)
        battery.take(at_us, Conditions(drain_na=next_na))
        assert battery.used_mc(at_us, pulses) == int(drawn_nc / 10**6)


def test_charge_of_the_last_minutes_stays_what_it_was() -> None:
    """A drain that begins now has drawn nothing before."""
    battery = new()
    before = [battery.used_mc(minute * US_PER_MIN, 0) for minute in range(60)]
    battery.take(US_PER_H, Conditions(drain_na=10**6))

    assert [battery.used_mc(minute * US_PER_MIN, 0) for minute in range(60)] == before


# -- what falsifies the voltage -------------------------------------------------------------------------------------------------------


def test_film_takes_its_sag_and_a_dip_leaves_its_most() -> None:
    """A film lowers the voltage by its sag and a dip to its most; what is drawn is none the less; nothing goes below zero."""
    battery = new()
    battery.take(0, Conditions(supply_sag_mv=120))
    assert battery.supply_mv(0, 0) == 2_980
    battery.take(5, Conditions(supply_sag_mv=120, supply_most_mv=2_300))
    assert battery.supply_mv(5, 0) == 2_300
    battery.take(6, Conditions(supply_sag_mv=4_000, supply_most_mv=2_300))
    assert battery.supply_mv(6, 0) == 0
    battery.take(7, Conditions(supply_sag_mv=1_000, supply_most_mv=2_300))
    assert battery.supply_mv(7, 0) == 2_100
    battery.take(8, Conditions(supply_most_mv=0))
    assert battery.supply_mv(8, 0) == 0

    assert battery.used_mc(100 * US_PER_DAY, 50) == new().used_mc(100 * US_PER_DAY, 50)


def test_faults_of_one_kind_join() -> None:
    """Two films take both sags, of two dips the deepest holds, whichever came first."""
    films = [("battery.resistive_film", {"sag_mv": sag_mv, "over_days": 0}) for sag_mv in (30, 50)]
    dips = [("battery.dip", {"supply_mv": supply_mv, "seconds": 9}) for supply_mv in (2_100, 2_000, 2_050)]

    assert imposed(*films).supply_sag_mv == 80
    assert imposed(*dips).supply_most_mv == imposed(*reversed(dips)).supply_most_mv == 2_000
    assert imposed(dips[0]).supply_most_mv == 2_100


def test_stuck_converter_reads_its_constant_whatever_is_so() -> None:
    """The reading is the constant; the true voltage is what it was."""
    battery = new()
    battery.take(0, Conditions(supply_sag_mv=500, adc_mv=3_050))

    assert battery.reading_mv(US_PER_DAY, 0) == battery.reading_mv(3_000 * US_PER_DAY, 0) == 3_050
    assert battery.supply_mv(US_PER_DAY, 0) == 2_600
    battery.take(US_PER_DAY, Conditions(adc_mv=0))
    assert battery.reading_mv(US_PER_DAY, 0) == 0


def test_readings_of_the_last_minutes_stay_what_they_were() -> None:
    """A change of what the supply is under holds from its very microsecond, and not for what was before it."""
    battery = new()
    battery.take(10 * US_PER_S, Conditions(supply_most_mv=2_300))
    battery.take(25 * US_PER_S, SOUND)
    battery.take(40 * US_PER_S, Conditions(adc_mv=1_234))

    told = {second: battery.reading_mv(second * US_PER_S, 0) for second in (0, 9, 10, 24, 25, 39, 40, 99)}
    assert told == {0: 3_100, 9: 3_100, 10: 2_300, 24: 2_300, 25: 3_100, 39: 3_100, 40: 1_234, 99: 1_234}
    assert battery.reading_mv(10 * US_PER_S - 1, 0) == 3_100
    assert battery.disturbed_us == 40 * US_PER_S


def test_sound_battery_was_never_disturbed() -> None:
    """Nothing that leaves the voltage alone counts as a disturbance, nor does a fault that came and went in no time; all is counted."""
    battery = new()
    for conditions in (SOUND, Conditions(drain_na=5), Conditions(gain=3), SOUND):
        battery.take(US_PER_H, conditions)
    assert battery.disturbed_us is None
    assert battery.changes == 4
    assert battery.state.spells == (Spell(),)

    told: list[int | None] = []
    for conditions in (Conditions(supply_sag_mv=1), SOUND):
        battery.take(0, conditions)
        told.append(battery.disturbed_us)
    assert told == [0, None]


def test_old_spells_are_dropped_by_the_change_that_adds_one() -> None:
    """What a mean can no longer look back on is gone with the next change; many changes at once stay within their limit."""
    battery = new()
    for minute in range(30):
        battery.take(minute * US_PER_MIN, Conditions(supply_sag_mv=minute % 2))
    assert [spell.since_us // US_PER_MIN for spell in battery.state.spells] == list(range(23, 30))

    for microsecond in range(1_000):
        battery.take(30 * US_PER_MIN + microsecond, Conditions(supply_sag_mv=microsecond % 3))
    assert len(battery.state.spells) == SUPPLY_SPELLS_MAX


def test_two_changes_at_one_instant_are_one() -> None:
    """A spell that lasted no time leaves nothing behind."""
    battery = new()
    battery.take(50, Conditions(supply_most_mv=2_000))
    battery.take(50, Conditions(supply_most_mv=2_100))

    assert battery.state.spells == (Spell(), Spell(50, 0, 2_100, -1))


def test_battery_goes_into_an_image_and_back() -> None:
    """The state is plain data."""
    battery = new()
    battery.take(7, Conditions(supply_sag_mv=30, drain_na=2_000))

    assert unpack(BatteryState, pack(battery.state)) == battery.state


@pytest.mark.parametrize("sag_mv", [301, 350, 700, 899])
@pytest.mark.parametrize("steps_per_h", [0, 30])
def test_fall_below_a_level_is_told_to_the_microsecond(sag_mv: int, steps_per_h: int) -> None:
    """With a film that takes more than an empty cell can spare, the instant is found at which the voltage is first too low."""
    battery = new()
    battery.take(US_PER_DAY, Conditions(supply_sag_mv=sag_mv))

    def pulses_at(true_us: int) -> int:
        return steps_per_h * true_us // US_PER_H

    at_us = battery.falls_below_us(2_200, US_PER_DAY, pulses_at)
    assert at_us is not None
    assert battery.supply_mv(at_us, pulses_at(at_us)) == 2_199
    assert battery.supply_mv(at_us - 1, pulses_at(at_us - 1)) == 2_200


def test_fall_below_a_level_may_be_now_or_never() -> None:
    """Under a dip it is now; where an empty cell still gives enough it is never."""
    battery = new()
    battery.take(50, Conditions(supply_sag_mv=300))
    assert battery.falls_below_us(2_200, 50, lambda _: 0) is None
    assert battery.falls_below_us(2_201, 50, lambda _: 0) is not None
    battery.take(60, Conditions(supply_most_mv=2_199))
    assert battery.falls_below_us(2_200, 60, lambda _: 0) == 60


# -- knocking at the telemetry ---------------------------------------------------------------------------------------------------------


def under(*wakes_per_h: int) -> Conditions:
    """The conditions under so many people knocking at once."""
    return imposed(*(("battery.drain_by_wakeups", {"wakes_per_h": wakes}) for wakes in wakes_per_h))


def test_each_wake_costs_its_charge_up_to_the_back_off() -> None:
    """Twelve wakes an hour are answered, one by one; the thirteenth and all beyond cost nothing, however many people knock."""
    assert [wakes_drain_na(NUMBERS, wakes) for wakes in (1, 2, 11, 12, 13)] == [166, 333, 1_833, 2_000, 2_000]
    assert {under(13).drain_na, under(10**6).drain_na, under(7, 6).drain_na, under(10**6, 10**6).drain_na} == {2_000}
    assert under(3, 4).drain_na == 500 + 666


@pytest.mark.pump_requirement("PW-09")
@pytest.mark.parametrize("hours", [1, 24, 100, 1_000, 8_333, 10_000])
def test_a_hundred_thousand_bad_wakes_stay_below_a_hundredth_of_the_charge(hours: int) -> None:
    """However fast 10^5 wakes come, they draw less than 1 % of the battery, and at any pace the drain is under a tenth of the quiet one."""
    battery, end_us = new(), hours * US_PER_H
    battery.take(0, under(100_000 // hours))
    battery.take(end_us, SOUND)

    drained_mc = battery.used_mc(end_us, 0) - new().used_mc(end_us, 0)
    assert 0 < drained_mc <= 72_000
    assert under(10**6).drain_na * 10 < NUMBERS.quiescent_na
