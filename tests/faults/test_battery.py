"""Faults of the battery and of what measures it; their dates to the second are in tests/unit/test_pump_power.py."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware_sim.errors import BenchRefused, PowerOff, Refused
from firmware_sim.hal import RESET_CAUSES
from firmware_sim.profile import load_profile
from tests.faults.cases import shows
from tests.support.bed import RATE, Bed
from tests.support.therapies import ML, US_PER_DAY, US_PER_H, US_PER_S, active_causes, listed_causes, simple

MINIMUM_RATE = 250
SERVICE_DAYS = 90
SLOW = 4_000
"""0.096 mL a day: 20 mL last for half a year."""
SAMPLE_S = 180
WAKE_MC, WAKES_PER_H = 0.6, 12
"""Charge of one waking of the telemetry, and how often an hour it is answered at most."""
SMALL_CELL_PPM = 20_000


# -- the supply falls ---------------------------------------------------------------------------------------------------------------


@shows("battery.resistive_film", "notices", "misses", "truth")
@pytest.mark.pump_requirement("PW-08")
def test_film_brings_the_indicator_though_the_charge_is_there() -> None:
    """600 mV of sag on a new cell: eri within one sample period, supply_range not yet, and the dose is what is meant."""
    bed = Bed()
    bed.pump.inject("battery.resistive_film", sag_mv=600)
    bed.pump.advance(seconds=SAMPLE_S)
    assert active_causes(bed.pump) == ["eri"]
    assert bed.pump.status().battery_state == "eri"
    assert bed.pump.truth().supply_mv == pytest.approx(2_500, abs=5)
    bed.pump.advance(days=5)

    assert bed.given_ng == pytest.approx(bed.meant_ng(), abs=bed.step_ng)


@shows("battery.resistive_film", "notices")
@pytest.mark.parametrize(("sag_mv", "causes"), [(500, []), (720, ["eri", "supply_range"]), (950, ["low_battery_reset"])])
def test_how_deep_the_film_drags_the_supply_decides_what_comes(sag_mv: int, causes: list[str]) -> None:
    """Nothing above the replacement voltage, a range below it, and below the brown-out voltage no firmware at all until it is gone."""
    bed = Bed()
    handle = bed.pump.inject("battery.resistive_film", sag_mv=sag_mv)
    bed.pump.advance(seconds=SAMPLE_S)
    if sag_mv > 900:
        assert not bed.pump.powered
        assert bed.live(hours=5) == 0
        bed.pump.clear(handle)
        bed.pump.advance(minutes=1)

    assert active_causes(bed.pump) == causes


@shows("battery.dip", "notices", "truth")
@pytest.mark.pump_requirement("PW-07")
def test_dip_below_the_brown_out_voltage_is_a_reset_to_the_minimum_rate() -> None:
    """Ten seconds off, a boot that says why, a critical cause at once; the minimum rate until the therapy is programmed again."""
    bed = Bed()
    bed.pump.inject("battery.dip", supply_mv=2_199, seconds=10)
    with pytest.raises(PowerOff):
        bed.pump.status()
    bed.pump.advance(seconds=10)
    assert active_causes(bed.pump) == ["low_battery_reset"]
    boot = next(record for record in reversed(bed.pump.events()) if record.get("event") == "BOOT")
    assert boot["detail"] == RESET_CAUSES.index("low_battery")
    bed.pump.advance(minutes=1)
    bed.mark()
    bed.pump.advance(days=2)
    assert bed.given_nl == pytest.approx(bed.meant_nl(rate=MINIMUM_RATE), abs=bed.step_nl)
    with pytest.raises(Refused, match="SAFE_STATE"):
        bed.pump.start()

    bed.visit(20 * ML)
    bed.pump.commit(bed.therapy)
    assert bed.live(hours=5) == pytest.approx(bed.meant_ng(), abs=bed.step_ng)
    assert active_causes(bed.pump) == []


@shows("battery.dip", "misses", "truth")
def test_short_dip_above_the_brown_out_voltage_is_missed() -> None:
    """Fifteen seconds at 2,300 mV: at most one reading of ten, whose mean stays in range; nothing happens to the dose."""
    bed = Bed()
    bed.pump.inject("battery.dip", supply_mv=2_300, seconds=15)
    bed.pump.advance(days=1)

    assert listed_causes(bed.pump) == []
    assert bed.given_ng == pytest.approx(bed.meant_ng(), abs=bed.step_ng)


@shows("battery.dip", "notices")
@pytest.mark.pump_requirement("PW-01", "PW-08")
def test_long_dip_above_the_brown_out_voltage_leaves_its_indicator() -> None:
    """Ten minutes at 2,300 mV: out of range and back, and the replacement indicator for good."""
    bed = Bed()
    bed.pump.inject("battery.dip", supply_mv=2_300, seconds=600)
    bed.pump.advance(seconds=SAMPLE_S)
    assert set(active_causes(bed.pump)) == {"eri", "supply_range"}
    bed.pump.advance(minutes=15)

    assert active_causes(bed.pump) == ["eri"]


# -- service ends before its time ------------------------------------------------------------------------------------------------------


@shows("battery.premature_eri", "notices", "misses", "truth")
@pytest.mark.pump_requirement("PW-04", "PW-05")
def test_premature_indicator_ends_service_with_the_charge_still_there() -> None:
    """Ninety days to the second, then nothing is given and no START is taken, on a cell that is nearly full."""
    bed = Bed(simple(SLOW))
    bed.pump.inject("battery.premature_eri")
    begin_us = bed.pump.device_us
    assert active_causes(bed.pump) == ["eri"]
    end_us = bed.pump.true_us_of(begin_us + SERVICE_DAYS * US_PER_DAY)
    bed.pump.advance_to(end_us - US_PER_S)
    assert bed.given_ng == pytest.approx(bed.meant_ng(rate=SLOW), abs=bed.step_ng)
    assert active_causes(bed.pump) == ["eri"]
    bed.pump.advance(seconds=1)
    assert active_causes(bed.pump) == ["eri", "eos"]

    assert bed.live(days=1) == 0
    assert bed.pump.truth().supply_mv > 3_000
    with pytest.raises(Refused, match="END_OF_SERVICE"):
        bed.pump.start()


@shows("battery.premature_eri", "notices")
def test_premature_indicator_needs_a_firmware_that_runs() -> None:
    """Without power there is no flag to set: the bench says so."""
    bed = Bed()
    bed.pump.power_cut(off_us=US_PER_H)
    with pytest.raises(BenchRefused, match="power is off"):
        bed.pump.inject("battery.premature_eri")


@shows("battery.drain_by_wakeups", "truth", "notices")
@pytest.mark.pump_requirement("PW-09")
@pytest.mark.parametrize("wakes_per_h", [6, 12, 100_000])
def test_each_answered_wake_costs_its_charge(wakes_per_h: int) -> None:
    """Up to twelve an hour are answered, the rest meets the back-off: the voltage after half a year is lower by their charge."""
    small = load_profile("itp-40")
    small = replace(small, battery=replace(small.battery, life_scale_ppm=SMALL_CELL_PPM, age_days_max=2_557))
    bed, twin = Bed(simple(SLOW), profile=small), Bed(simple(SLOW), profile=small)
    bed.pump.inject("battery.drain_by_wakeups", wakes_per_h=wakes_per_h)
    for pump in (bed.pump, twin.pump):
        pump.advance(days=20)

    drawn_mc = min(wakes_per_h, WAKES_PER_H) * WAKE_MC * 20 * 24
    share = drawn_mc / (7_200_000 * SMALL_CELL_PPM / ML)
    assert twin.pump.truth().supply_mv - bed.pump.truth().supply_mv == pytest.approx(600 * share, abs=1.01)
    assert bed.given_ng == twin.given_ng
    assert listed_causes(bed.pump) == []


@shows("battery.drain_by_wakeups", "misses")
def test_plan_of_the_battery_does_not_know_the_thief() -> None:
    """The life left is told from voltage and plan: on a new cell it is the same with and without the drain."""
    bed, twin = Bed(), Bed()
    bed.pump.inject("battery.drain_by_wakeups", wakes_per_h=12)
    for pump in (bed.pump, twin.pump):
        pump.advance(hours=1)

    assert bed.pump.status().replace_by_clock_us == twin.pump.status().replace_by_clock_us


# -- the converter ------------------------------------------------------------------------------------------------------------------


@shows("battery.adc_stuck", "notices", "truth")
@pytest.mark.pump_requirement("SF-17")
def test_stuck_converter_is_found_by_the_self_test() -> None:
    """A plausible constant: nothing until the full hour, then its own alarm and no dose."""
    bed = Bed()
    bed.pump.inject("battery.adc_stuck", reading_mv=3_000)
    at_us = bed.pump.true_us_of((bed.pump.device_us // US_PER_H + 1) * US_PER_H)
    bed.pump.advance_to(at_us - 1)
    assert listed_causes(bed.pump) == []
    assert bed.given_ng == pytest.approx(bed.meant_ng(), abs=bed.step_ng)
    bed.pump.advance(us=1)

    assert active_causes(bed.pump) == ["self_test_adc"]
    assert bed.live(days=1) == 0


@shows("battery.adc_stuck", "misses", "notices")
@pytest.mark.parametrize(("reading_mv", "causes"), [(2_900, []), (2_500, ["eri"]), (4_000, ["supply_range"])])
def test_until_then_the_pump_believes_the_constant(reading_mv: int, causes: list[str]) -> None:
    """A sound cell is told as worn or out of range, or a worn one as sound: whatever the constant amounts to."""
    bed = Bed(simple(RATE))
    bed.pump.inject("battery.adc_stuck", reading_mv=reading_mv)
    bed.pump.advance(seconds=SAMPLE_S)

    assert bed.pump.status().supply_mv == reading_mv
    assert bed.pump.truth().supply_mv > 3_000
    assert active_causes(bed.pump) == causes
