"""What a second reset must not undo: the safe state, the window of a day nobody knows, a COMMIT that had finished."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest

from firmware_sim import Pump
from firmware_sim.errors import BenchRefused, PowerCut, Refused
from firmware_sim.firmware.prescription import PatientRule
from tests.support.boots import restarted, wait_for_self_test
from tests.support.therapies import ML, US_PER_DAY, US_PER_H, active_causes, refill_of, running, simple

RULE = PatientRule(20_000, 10_000, 600, 3_600, 12, 300_000)


def dipped(pump: Pump) -> None:
    """The supply dips below what the processor needs, and comes back."""
    pump.inject("battery.dip", supply_mv=1_000, seconds=2)
    pump.advance(seconds=3)
    wait_for_self_test(pump)


def spoil_both_banks(pump: Pump) -> None:
    """Every bit of the first byte of both banks; a second time, and they read right again."""
    for bank in ("bank_a", "bank_b"):
        pump.inject("memory.bank_bad", bank=bank)


def test_safe_state_of_lost_banks_outlives_a_reset_though_they_read_right_again() -> None:
    """Once both banks were bad only a COMMIT ends it."""
    pump = running(simple(100_000))
    spoil_both_banks(pump)
    pump.advance(hours=2)
    spoil_both_banks(pump)
    restarted(pump)
    status = pump.status()

    assert (status.safe_state, status.rate_nl_per_h, active_causes(pump)) == (True, 250, ["memory_failure"])


def test_day_before_a_low_battery_reset_counts_at_its_highest_rate_after_another_reset() -> None:
    """A window that the day before filled stays full for a patient, whatever was programmed and however often it started since."""
    pump = running(simple(100_000))
    pump.advance(days=1)
    dipped(pump)
    pump.refill(refill_of())
    pump.commit(simple(2_000)._replace(patient=(RULE,)))
    pump.advance(hours=2)
    restarted(pump)

    with pytest.raises(Refused, match="DOSE_LIMIT"):
        pump.patient_bolus()


@pytest.mark.parametrize("cut", range(0, 400, 7))
def test_commit_that_a_cut_follows_is_not_undone_by_the_next_reset(cut: int) -> None:
    """Wherever power dies in the COMMIT after a low-battery reset: what runs after the first boot runs after the second."""
    pump = running(simple(100_000))
    dipped(pump)
    pump.refill(refill_of())
    pump.power_cut(after_bytes=cut)
    with suppress(PowerCut):
        pump.commit(simple(50_000))
    if pump.powered:
        pump.reset()
    pump.advance(us=1)
    wait_for_self_test(pump)
    first = pump.status()
    restarted(pump)
    second = pump.status()

    assert (second.mode, second.safe_state, second.rate_nl_per_h) == (first.mode, first.safe_state, first.rate_nl_per_h)
    assert first.safe_state == ("low_battery_reset" in active_causes(pump))


def test_counter_goes_on_from_the_newest_record_of_any_kind() -> None:
    """With the log's cells failing, the record of a dose tells how late it is."""
    pump = running(simple(10_000)._replace(patient=(RULE,)))
    pump.inject("memory.log_write_error")
    pump.advance(days=10)
    pump.patient_bolus()
    asked_us = pump.device_us
    pump.advance(hours=1)
    dipped(pump)

    assert pump.device_us >= asked_us


def test_ordered_cut_keeps_its_time_through_a_reset() -> None:
    """A cut ordered for a write, struck in the boot of a plain reset, stays off as long as was ordered."""
    pump = running()
    pump.power_cut(after_bytes=10, off_us=US_PER_H)
    pump.reset()
    pump.advance(us=US_PER_H - 1)
    assert not pump.powered
    pump.advance(us=1)

    assert pump.powered


def test_low_reservoir_is_judged_in_the_safe_state_too() -> None:
    """Where the therapy is lost, the profile's own level holds."""
    pump = running()
    spoil_both_banks(pump)
    pump.advance(hours=2)
    pump.refill(refill_of(ML))

    assert "low_reservoir" in active_causes(pump)


def test_prime_that_empties_the_reservoir_says_so() -> None:
    """A dose that leaves the pump stopped ends exactly at nothing: both alarms of the reservoir are there."""
    pump = running()
    pump.stop()
    pump.refill(refill_of(ML))
    pump.prime(ML)
    pump.advance(hours=2)

    assert set(active_causes(pump)) >= {"low_reservoir", "empty_reservoir"}


def test_clock_faults_stay_within_what_a_clock_can_show() -> None:
    """Jumps are judged by the clock that comes of them, drifts by their sum."""
    pump = running()
    pump.set_clock(0)
    with pytest.raises(BenchRefused, match="it goes from 0"):
        pump.inject("clock.jump", jump_us=-US_PER_DAY)
    pump.inject("clock.drift", drift_ppm=100_000)
    with pytest.raises(BenchRefused, match="at most 100000 ppm"):
        pump.inject("clock.drift", drift_ppm=1)


@pytest.mark.parametrize("act", [lambda pump: pump.side_port(), lambda pump: pump.needle(inject_nl=1, concentration_ng_per_ml=500_000)])
def test_needle_in_a_prime_does_not_end_its_mixing(act: Callable[[Pump], object]) -> None:
    """What the tip gives is what it gives without the act, but for what the mixing's slices make of it."""
    plain, touched = running(), running()
    for pump in (plain, touched):
        pump.stop()
        pump.needle(withdraw_nl=None, inject_nl=20 * ML, concentration_ng_per_ml=2_000_000)
        pump.prime(400_000)
        pump.advance(minutes=2)
    act(touched)
    for pump in (plain, touched):
        pump.advance(minutes=20)

    assert touched.truth().tip_concentration_ng_per_ml == pytest.approx(plain.truth().tip_concentration_ng_per_ml, rel=0.03)
    assert (touched.truth().balance.mass_gap(), touched.truth().balance.volume_gap_fl()) == (0, 0)


def test_clock_set_over_and_over_leaves_one_bound() -> None:
    """The past of the patient's window takes no more room the more often the clock is set."""
    pump = running()
    pump.set_clock(pump.status().clock_us)
    small = len(pump.save())
    for _ in range(300):
        pump.set_clock(pump.status().clock_us)

    assert len(pump.save()) < small + 40_000
