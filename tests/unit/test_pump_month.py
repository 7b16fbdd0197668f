"""Whole stories: nominal months, accuracy, rates of years."""

from __future__ import annotations

from itertools import pairwise

import pytest

from firmware_sim import Pump
from tests.support.therapies import ML, flex, listed_causes, refill_of, running, simple

SEEDS = range(8)
BAND_PPM = 145_000


@pytest.mark.pump_requirement("AL-12")
@pytest.mark.parametrize("profile", ["itp-20", "itp-40"])
@pytest.mark.parametrize("unit", SEEDS)
def test_thirty_nominal_days_raise_no_alarm(profile: str, unit: int) -> None:
    """Filled, told, programmed and left alone: a month of flex without a sound, and the log has nothing but the start."""
    pump = running(flex((8_000, 12_000, 20_000, 9_000)), volume_nl=18 * ML, seed=unit, profile=profile)
    pump.advance(days=30)

    assert listed_causes(pump) == []
    assert pump.status().mode == "flex"
    assert pump.status().log_newest == 2


@pytest.mark.pump_requirement("FR-06")
@pytest.mark.parametrize("unit", SEEDS)
def test_mean_of_three_days_is_within_the_accuracy_band(unit: int) -> None:
    """Over 72 h each unit delivers what was commanded within 14.5 %, off by its own error and at most a step."""
    pump = running(simple(20_000), seed=unit)
    pump.advance(hours=72)
    truth, status = pump.truth(), pump.status()
    commanded = status.basal_nl

    assert abs(truth.delivered_nl - commanded) * 1_000_000 <= commanded * BAND_PPM
    assert abs(truth.delivered_nl - commanded * (1_000_000 + truth.unit_error_ppm) // 1_000_000) <= 300


@pytest.mark.pump_requirement("FR-06")
@pytest.mark.parametrize("unit", SEEDS)
def test_windows_of_one_hour_are_within_band_and_a_step(unit: int) -> None:
    """Any hour is within the band plus one step."""
    pump = running(simple(20_000), seed=unit)
    columns = pump.sample(3_600_000_000, 72 * 3_600_000_000)["delivered_nl"]

    for earlier, later in pairwise(columns):
        assert abs(later - earlier - 20_000) <= 20_000 * BAND_PPM // 1_000_000 + 300


def test_year_of_refills_is_a_quiet_year() -> None:
    """Six refills in a year by what the pump expects: computed and true reservoir stay near each other, nothing sounds,
    and by what a year has drawn the battery lasts until shortly before its age ends it.
    """
    pump = running(simple(10_000), volume_nl=18 * ML, seed=2)
    for _ in range(6):
        pump.advance(days=60)
        left = pump.needle(withdraw_nl=None).withdrawn_nl
        pump.needle(inject_nl=18 * ML, concentration_ng_per_ml=500_000)
        expected, _ = pump.refill(refill_of(18 * ML, withdrawn_nl=left))
        assert abs(expected - left) * 1_000_000 <= 15 * ML * 60_000

    assert listed_causes(pump) == []
    age_limit_us = 820_540_800_000_000 + 2_557 * 86_400_000_000
    replace_by_us = pump.status().replace_by_clock_us
    assert replace_by_us is not None
    assert age_limit_us - 182 * 86_400_000_000 < replace_by_us <= age_limit_us


def test_profiles_differ_where_they_say() -> None:
    """The small pump holds half."""
    assert Pump("itp-20").profile.reservoir.capacity_nl * 2 == Pump("itp-40").profile.reservoir.capacity_nl
    assert Pump("itp-20").profile.motor == Pump("itp-40").profile.motor
