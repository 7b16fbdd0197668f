"""A whole pump and its supply: resets, dips, films, thieves of charge, a stuck converter."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from firmware_sim import Pump
from firmware_sim.firmware.alarms import number_of
from firmware_sim.firmware.journal import EventKind
from tests.support.batteries import (
    READING_US,
    SMALL,
    SMALL_CELL_PPM,
    advance_to_device,
    aged,
    first_low_by_hand,
    raised_us,
    reading_by_hand,
)
from tests.support.therapies import ML, US_PER_DAY, US_PER_S, active_causes, minimum, refill_of, running, simple

# -- dips --------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.pump_requirement("PW-07")
def test_dip_below_the_brown_out_voltage_resets_to_the_minimum_rate() -> None:
    """Nothing is given while it lasts; then a boot with its cause, the minimum rate and a critical alarm, until it is programmed again."""
    pump = running(simple(20_000))
    pump.advance(days=1)
    given_nl = pump.truth().delivered_nl
    pump.inject("battery.dip", supply_mv=2_199, seconds=3_600)
    pump.advance(minutes=59)
    assert not pump.powered
    assert pump.truth().delivered_nl == given_nl
    pump.advance(minutes=2)

    status = pump.status()
    boot = next(event for event in reversed(pump.events()) if event.get("event") == EventKind.BOOT.name)
    assert boot["detail"] == 2
    assert (status.rate_nl_per_h, active_causes(pump)) == (250, ["low_battery_reset"])
    assert status.alarms[0].critical
    pump.refill(refill_of(15 * ML))
    pump.commit(simple(20_000))
    assert (pump.status().rate_nl_per_h, active_causes(pump)) == (20_000, [])


def test_dip_at_the_brown_out_voltage_resets_nothing() -> None:
    """The limit itself is enough."""
    pump = running(simple(20_000))
    pump.inject("battery.dip", supply_mv=2_200, seconds=1)
    pump.advance(days=1)

    assert (pump.boots, active_causes(pump)) == (1, [])


def test_low_readings_before_a_reset_are_forgotten() -> None:
    """A long dip that ends in a reset leaves no indicator behind: the readings it had been are not looked back on."""
    pump = running(simple(20_000))
    pump.inject("battery.dip", supply_mv=2_100, seconds=7_200)
    pump.advance(hours=5)

    assert active_causes(pump) == ["low_battery_reset"]


@pytest.mark.parametrize("offset_s, seconds", [(1, 17), (9, 9), (0, 1), (17, 18), (0, 72)])
def test_dip_that_few_readings_see_is_not_noticed(offset_s: int, seconds: int) -> None:
    """Between two readings it is not seen at all; a few low readings among ten are outvoted, and nothing is logged."""
    pump = running(simple(20_000))
    advance_to_device(pump, 100 * READING_US + offset_s * US_PER_S)
    logged = pump.status().log_newest
    pump.inject("battery.dip", supply_mv=2_210, seconds=seconds)
    pump.advance(days=1)

    assert (pump.status().log_newest, active_causes(pump)) == (logged, [])


@pytest.mark.pump_requirement("PW-02")
def test_single_bad_sample_does_not_alarm() -> None:
    """A dip that exactly one reading of the ten falls into moves the mean by a tenth of it and raises nothing."""
    pump = running(simple(20_000))
    advance_to_device(pump, 100 * READING_US - 1)
    pump.inject("battery.dip", supply_mv=2_210, seconds=2)
    pump.advance(seconds=1)
    assert pump.status().supply_mv == (9 * 3_100 + 2_210) // 10
    pump.advance(days=1)

    assert active_causes(pump) == []
    assert pump.boots == 1


@pytest.mark.pump_requirement("PW-08", "PW-01")
@pytest.mark.parametrize("offset_us", [0, 1, 7 * US_PER_S, READING_US - 1])
def test_supply_below_its_range_is_flagged_within_the_period_and_clears(offset_us: int) -> None:
    """At 2,300 mV nine of ten readings are needed, two minutes and a half; in range again two good ones clear it; delivery goes on."""
    pump = running(simple(20_000))
    advance_to_device(pump, 100 * READING_US + offset_us)
    began_us = pump.device_us
    pump.inject("battery.dip", supply_mv=2_300, seconds=600)
    pump.advance(seconds=180)

    flagged_us = raised_us(pump, "supply_range")
    assert flagged_us == (began_us // READING_US + (8 if offset_us == 0 else 9)) * READING_US
    assert pump.status().rate_nl_per_h == 20_000
    assert not next(alarm for alarm in pump.status().alarms if alarm.cause == "supply_range").critical
    pump.advance(seconds=600)
    assert "supply_range" not in active_causes(pump)
    cleared = [event for event in pump.events() if event.get("event") == EventKind.ALARM_CLEARED.name]
    assert [event["detail"] for event in cleared] == [number_of("supply_range")]


@pytest.mark.pump_requirement("PW-08")
def test_supply_above_its_range_is_flagged_and_clears() -> None:
    """A converter that gives 3,500 mV is out of range within three minutes, and back in it when it works again."""
    pump = running(simple(20_000))
    pump.advance(days=1)
    handle = pump.inject("battery.adc_stuck", reading_mv=3_500)
    pump.advance(seconds=180)
    assert active_causes(pump) == ["supply_range"]
    pump.clear(handle)
    pump.advance(seconds=180)

    assert active_causes(pump) == []


def test_dip_to_the_replacement_voltage_that_lasts_brings_the_indicator() -> None:
    """A firmware that measures 2,530 mV for a whole period takes the battery for worn out, for good."""
    pump = running(simple(20_000))
    pump.inject("battery.dip", supply_mv=2_530, seconds=181)
    pump.advance(days=1)

    assert active_causes(pump) == ["eri"]


# -- film, thieves, converter -------------------------------------------------------------------------------------------------------


def test_film_brings_replacement_early_with_the_charge_still_there() -> None:
    """The film's sag is taken for a worn battery: ERI comes when the open voltage is that much above the replacement voltage."""
    pump = running(simple(5_000), profile=SMALL)
    pump.inject("battery.resistive_film", sag_mv=200)
    due_us = first_low_by_hand(pump, 5_000, level_mv=2_730)
    advance_to_device(pump, due_us)

    assert raised_us(pump, "eri") == due_us
    assert pump.truth().supply_mv == 2_530
    assert reading_by_hand(pump, due_us, 5_000) == 2_730


def test_film_grows_slice_by_slice() -> None:
    """Over 64 days it takes a little more each day, to the middle of what the day's slice would be; in the end all."""
    pump = running(minimum())
    bare = running(minimum())
    pump.inject("battery.resistive_film", sag_mv=640, over_days=64)
    taken = []
    for _ in range(3):
        pump.advance(days=1)
        bare.advance(days=1)
        taken.append(bare.truth().supply_mv - pump.truth().supply_mv)
    pump.advance(days=70)
    bare.advance(days=70)

    assert taken == [15, 25, 35]
    assert bare.truth().supply_mv - pump.truth().supply_mv == 640


def test_film_resets_a_pump_whose_cell_falls_below_the_brown_out_voltage() -> None:
    """With more sag than an empty cell can spare the reset comes by discharge alone, with no fault turning."""
    pump = running(simple(5_000), profile=aged(life_scale_ppm=SMALL_CELL_PPM, brownout_mv=2_450))
    pump.inject("battery.resistive_film", sag_mv=150)
    while pump.powered:
        pump.advance(hours=1)
    pump.advance(days=1)

    assert not pump.powered
    assert pump.truth().supply_mv <= 2_449
    ended_us = pump.device_us - US_PER_DAY
    assert 2_598 <= reading_by_hand(pump, ended_us, 5_000) <= 2_600


@pytest.mark.pump_requirement("PW-09")
def test_whoever_knocks_shortens_life_by_a_sixteenth_at_most() -> None:
    """Knocked at for ever, however often, the indicator comes at most 6 % earlier than in peace: the back-off is what it costs."""
    dates = {}
    for wakes_per_h in (0, 12, 1_000, 1_000_000):
        pump = running(simple(2_000), profile=SMALL)
        if wakes_per_h:
            pump.inject("battery.drain_by_wakeups", wakes_per_h=wakes_per_h)
        pump.advance(days=60)
        dates[wakes_per_h] = raised_us(pump, "eri") or 0

    assert 0 < dates[12] == dates[1_000] == dates[1_000_000]
    assert 0.94 < dates[12] / dates[0] < 0.95


def test_stuck_converter_hides_a_worn_battery_until_the_self_test() -> None:
    """What it reads stays what it was; the next test finds it and keeps the motor off."""
    pump = running(simple(20_000), profile=SMALL)
    pump.inject("battery.adc_stuck", reading_mv=2_900)
    pump.advance(seconds=180)
    assert pump.status().supply_mv == 2_900
    pump.advance(hours=1)

    assert active_causes(pump) == ["self_test_adc"]
    assert pump.status().rate_nl_per_h == 0
    pump.advance(days=2)
    assert "eri" not in active_causes(pump)


@pytest.mark.parametrize(
    "act",
    [
        lambda pump: pump.inject("battery.dip", supply_mv=2_300, seconds=400),
        lambda pump: pump.inject("battery.resistive_film", sag_mv=90, over_days=3),
        lambda pump: pump.inject("battery.drain_by_wakeups", wakes_per_h=5),
        lambda pump: pump.inject("battery.adc_stuck", reading_mv=2_600),
        lambda pump: pump.inject("battery.premature_eri"),
        lambda pump: pump.inject("battery.dip", supply_mv=0, seconds=40),
    ],
    ids=["dip", "film", "wakes", "converter", "premature", "reset"],
)
def test_pump_saved_under_a_fault_of_the_battery_goes_on_alike(act: Callable[[Pump], int]) -> None:
    """Saved right after the act, and a minute later: what is restored ends in the same state, bit for bit."""
    pump = running(simple(20_000))
    pump.advance(seconds=1_000)
    act(pump)
    copies = [restored(pump)]
    pump.advance(minutes=1)
    copies.append(restored(pump))
    pump.advance(days=40)
    for copy in copies:
        copy.advance_to(pump.now_us)

        assert copy.digest() == pump.digest()


def restored(pump: Pump) -> Pump:
    """The pump from its image."""
    return Pump.restore(pump.save())


def test_power_cut_in_what_an_indicator_writes_ends_it() -> None:
    """The flag that meets a dying supply leaves a pump that boots again, with the flag or without, and the act is done."""
    for after_bytes in range(0, 60, 7):
        pump = running(minimum())
        pump.power_cut(after_bytes=after_bytes, off_us=US_PER_S)
        pump.inject("battery.premature_eri")
        pump.advance(minutes=1)

        assert pump.powered
        assert active_causes(pump) in ([], ["eri"])
