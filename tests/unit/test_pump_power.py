"""A whole pump and its battery: replacement and end of service to the microsecond, by voltage, by age and before their time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware_sim import Pump
from firmware_sim.errors import BenchRefused, Refused
from firmware_sim.firmware.prescription import Prescription
from tests.support.batteries import SERVICE_DAYS, SMALL, SMALL_CELL_PPM, advance_to_device, aged, first_low_by_hand, raised_us
from tests.support.therapies import ML, US_PER_DAY, US_PER_H, active_causes, flex, minimum, refill_of, running, simple

# -- replacement and end of service --------------------------------------------------------------------------------------------------


@pytest.mark.pump_requirement("PW-04")
@pytest.mark.parametrize("rate", [2_000, 5_000])
@pytest.mark.parametrize("seed", [0, 3])
def test_replacement_comes_at_the_first_mean_that_is_low(rate: int, seed: int) -> None:
    """ERI is raised at the very reading that a count by hand gives: a non-critical alarm, and the infusion goes on."""
    pump = running(simple(rate), profile=SMALL, seed=seed)
    due_us = first_low_by_hand(pump, rate)

    advance_to_device(pump, due_us - 1)
    assert active_causes(pump) == []
    advance_to_device(pump, due_us)
    assert raised_us(pump, "eri") == due_us
    assert not pump.status().alarms[0].critical
    assert pump.status().rate_nl_per_h == rate


@pytest.mark.pump_requirement("PW-05")
def test_end_of_service_comes_ninety_days_after_and_stops_for_good() -> None:
    """To the microsecond: a critical alarm, no rate, and no order starts the motor again, not after a reset either."""
    pump = running(simple(5_000), profile=SMALL)
    end_us = first_low_by_hand(pump, 5_000) + SERVICE_DAYS * US_PER_DAY

    advance_to_device(pump, end_us - 1)
    assert (pump.status().mode, active_causes(pump)) == ("simple", ["eri"])
    advance_to_device(pump, end_us)
    for _ in range(2):
        status = pump.status()
        assert (status.mode, status.stop_reason, status.rate_nl_per_h) == ("stopped", "eos", 0)
        assert sorted(active_causes(pump)) == ["eos", "eri"]
        with pytest.raises(Refused, match="END_OF_SERVICE"):
            pump.start(status.generation)
        pump.reset()
        pump.advance(seconds=10)


def test_pump_that_does_not_stop_itself_goes_on_after_its_end() -> None:
    """The older model gives the alarm and nothing else."""
    tireless = replace(SMALL, behaviour=replace(SMALL.behaviour, stops_at_end_of_service=False))
    pump = running(simple(5_000), profile=tireless)
    advance_to_device(pump, first_low_by_hand(pump, 5_000) + SERVICE_DAYS * US_PER_DAY)

    assert sorted(active_causes(pump)) == ["eos", "eri"]
    assert pump.status().rate_nl_per_h == 5_000


def test_age_ends_service_where_the_battery_would_not() -> None:
    """90 days before the age limit after the first COMMIT ERI comes, and at the limit EOS, both to the microsecond."""
    pump = running(minimum(), profile=aged(age_days_max=100))

    for day, causes in ((10, ["eri"]), (100, ["eos", "eri"])):
        advance_to_device(pump, day * US_PER_DAY - 1)
        assert len(active_causes(pump)) == len(causes) - 1
        advance_to_device(pump, day * US_PER_DAY)
        assert sorted(active_causes(pump)) == causes


def test_age_counts_from_the_first_commit() -> None:
    """Years on the shelf are no service, and a second COMMIT begins no new one."""
    pump = Pump(aged(age_days_max=100))
    pump.advance(days=50)
    pump.needle(inject_nl=20 * ML, concentration_ng_per_ml=500_000)
    pump.refill(refill_of())
    pump.commit(minimum())
    began_us = pump.device_us
    pump.advance(days=5)
    pump.commit(minimum())

    advance_to_device(pump, began_us + 10 * US_PER_DAY - 1)
    assert active_causes(pump) == []
    advance_to_device(pump, began_us + 10 * US_PER_DAY)
    assert raised_us(pump, "eri") == began_us + 10 * US_PER_DAY


def test_more_volume_brings_replacement_earlier() -> None:
    """The date moves with the plan that is in force: after a change it is that of the new rate for the rest."""
    dates = []
    for rate in (2_000, 8_000):
        pump = running(simple(2_000), profile=SMALL)
        pump.advance(days=20)
        pump.commit(simple(rate))
        pump.advance(days=40)
        dates.append(raised_us(pump, "eri"))
    slow_us, fast_us = dates

    assert slow_us is not None
    assert fast_us is not None
    assert US_PER_H < slow_us - fast_us < 3 * US_PER_DAY


@pytest.mark.pump_requirement("PW-03")
@pytest.mark.parametrize("rate", [2_000, 20_000, 100_000])
def test_replace_by_date_is_within_a_quarter_of_the_truth(rate: int) -> None:
    """Each second day of a short life the date told, seen from that day, is at most 25 % from the day on which service truly ends."""
    pump = running(simple(rate), volume_nl=40 * ML, profile=aged(life_scale_ppm=SMALL_CELL_PPM // 4, eri_days=2))
    told: list[tuple[int, int]] = []
    while "eos" not in active_causes(pump):
        status = pump.status()
        assert status.replace_by_clock_us is not None
        told.append((status.clock_us, status.replace_by_clock_us))
        pump.advance(days=2)
    raised = raised_us(pump, "eos")
    assert raised is not None
    end_us = raised + pump.status().clock_us - pump.device_us

    assert len(told) > 3
    for now_us, date_us in told:
        assert 4 * abs(date_us - end_us) <= end_us - now_us


@pytest.mark.pump_requirement("PW-01")
@pytest.mark.parametrize("therapy", [simple(4_000), flex((2_000, 9_000, 3_000))])
def test_dates_do_not_depend_on_who_looks(therapy: Prescription) -> None:
    """Three months at once, or day by day with looks between, with a dip and a thief of charge: one state, bit for bit."""
    pumps = [running(therapy, profile=SMALL) for _ in range(2)]
    for pump in pumps:
        pump.schedule(5 * US_PER_DAY, "inject", name="battery.drain_by_wakeups", wakes_per_h=100)
        pump.schedule(9 * US_PER_DAY + 5, "inject", name="battery.dip", supply_mv=2_300, seconds=600)
    pumps[0].advance(days=90)
    for _ in range(90):
        pumps[1].advance(days=1)
        pumps[1].status()
        pumps[1].truth()
        pumps[1].next_due()

    assert pumps[0].digest() == pumps[1].digest()
    assert "eri" in active_causes(pumps[0])


# -- premature ERI ----------------------------------------------------------------------------------------------------------------------


def test_premature_indicator_ends_service_in_ninety_days() -> None:
    """The flag comes at once on a good battery, and the same days run from it."""
    pump = running(minimum())
    pump.advance(days=3)
    pump.inject("battery.premature_eri")
    began_us = pump.device_us
    assert raised_us(pump, "eri") == began_us

    advance_to_device(pump, began_us + SERVICE_DAYS * US_PER_DAY - 1)
    assert active_causes(pump) == ["eri"]
    advance_to_device(pump, began_us + SERVICE_DAYS * US_PER_DAY)
    assert sorted(active_causes(pump)) == ["eos", "eri"]
    assert pump.truth().supply_mv > 3_050


def test_premature_indicator_outlives_a_reset_and_comes_once() -> None:
    """It is kept in memory with its date; a second flag moves nothing; without power there is nothing to flag."""
    pump = running(minimum())
    pump.inject("battery.premature_eri")
    pump.advance(days=4)
    pump.inject("battery.premature_eri")
    pump.reset()
    pump.advance(days=86)
    assert sorted(active_causes(pump)) == ["eos", "eri"]

    pump.power_cut(off_us=US_PER_H)
    with pytest.raises(BenchRefused, match="the power is off"):
        pump.inject("battery.premature_eri")
