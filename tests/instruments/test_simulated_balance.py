"""What a simulated balance makes of a load: density, evaporation, noise, readability, settling, drift."""

from __future__ import annotations

from dataclasses import replace
from statistics import fmean, pstdev

import pytest

from hil.instruments.balance_server import BalanceServer
from hil.instruments.bench_clock import delivered_of
from hil.instruments.numbers import PROVENANCES, balance_numbers, numbers, vessel_numbers
from hil.instruments.simulated_balance import SimulatedBalance
from hil.rig import Rig
from tests.instruments.pans import DRY, HOUR_US, QUIET, SECOND_US, Pan
from tests.rig.serving import PROGRAMMER, RATE_NL_PER_H, filled

LOAD_UG = 35_000_000
UG_PER_ML = 1_004_600


def test_volume_is_weighed_with_its_density() -> None:
    """A millilitre that has come weighs what a millilitre of the solution weighs."""
    pan = Pan()
    pan.now_us, pan.volume_nl = 100 * HOUR_US, 1_000_000
    pan.balance.indicate()
    pan.wait(10)

    assert pan.balance.indicate() == (LOAD_UG + UG_PER_ML, True, 0)


def test_reading_has_the_readability() -> None:
    """Every reading is a whole number of digits, the nearest one."""
    pan = Pan(numbers=replace(QUIET, readability_ug=100))
    pan.now_us, pan.volume_nl = HOUR_US, 10_000

    assert pan.balance.indicate().gross_ug == LOAD_UG + 10_000
    pan.now_us, pan.volume_nl = 2 * HOUR_US, 10_060
    assert pan.balance.indicate().gross_ug == LOAD_UG + 10_100
    assert pan.say("SI") == "S S    35.0101 g"


def test_vessel_loses_by_evaporation() -> None:
    """What evaporates is missing hour by hour, and no more of it than there is fluid."""
    pan = Pan(vessel=replace(DRY, evaporation_ug_per_h=20_000))

    pan.now_us = 100 * HOUR_US
    assert pan.balance.indicate() == (LOAD_UG - 2_000_000, True, 0)
    pan.now_us = 1_000 * HOUR_US
    assert pan.balance.indicate() == (vessel_numbers().glass_ug, True, 0)


def test_zero_drifts() -> None:
    """The zero goes away evenly."""
    pan = Pan(numbers=replace(QUIET, drift_ug_per_h=50))
    pan.now_us = 10 * HOUR_US

    assert pan.balance.indicate().gross_ug == LOAD_UG + 500


def test_noise_belongs_to_seed_and_time(seed: int) -> None:
    """Readings spread as the repeatability says, around the load; the same seed and times give the same, another seed gives others."""
    finest = replace(QUIET, readability_ug=1, repeatability_ug=1_000, noise_limit_ug=10_000)

    def readings(drawn: int) -> list[int]:
        pan = Pan(numbers=finest, seed=drawn)
        found = []
        for _ in range(1_000):
            pan.wait(1)
            found.append(pan.balance.indicate().gross_ug - LOAD_UG)
        return found

    first = readings(seed)
    assert abs(fmean(first)) < 150
    assert 900 < pstdev(first) < 1_100
    assert readings(seed) == first != readings(seed + 1)


def test_reading_follows_the_load_with_its_lag() -> None:
    """A weight put on is there to 63 % after one time constant, and to all but a digit after fifteen."""
    pan = Pan(numbers=replace(QUIET, readability_ug=1))
    pan.balance.put(10_000_000)

    pan.now_us = 500_000
    assert pan.balance.indicate().gross_ug == pytest.approx(LOAD_UG + 6_321_206, abs=1)
    pan.now_us = 8 * SECOND_US
    assert pan.balance.indicate().gross_ug == pytest.approx(LOAD_UG + 10_000_000, abs=3)


def test_steady_flow_is_shown_a_lag_late() -> None:
    """Under a steady flow the reading lies behind by flow times time constant, and fast flow is never stable."""
    pan = Pan(numbers=replace(QUIET, readability_ug=1), vessel=replace(DRY, solution_density_ug_per_ml=1_000_000))
    pan.now_us, pan.volume_nl = 100 * SECOND_US, 100_000

    assert pan.balance.indicate() == (LOAD_UG + 100_000 - 500, False, 0)


def test_going_back_to_an_image_is_no_jump_of_the_pan() -> None:
    """Where time goes back, the balance weighs what is there then."""
    pan = Pan()
    pan.now_us, pan.volume_nl = 10 * HOUR_US, 100_000
    pan.balance.indicate()
    pan.now_us, pan.volume_nl = HOUR_US, 10_000

    assert pan.balance.indicate() == (LOAD_UG + 10_050, True, 0)


def test_it_weighs_what_leaves_the_tip() -> None:
    """A pump's day is found on the pan; a blocked catheter brings nothing; and weighing changes nothing in the pump."""
    with (
        Rig.open("pumpsim://itp-40?seed=1", programmer=PROGRAMMER) as rig,
        Rig.open("pumpsim://itp-40?seed=1", programmer=PROGRAMMER) as twin,
    ):
        for each in (rig, twin):
            each.bench.advance(seconds=10)
            filled(each)
        server = BalanceServer(SimulatedBalance(lambda: delivered_of(rig.bench), numbers=QUIET, vessel=DRY))
        server.receive(b"T\r\n")
        before_nl = rig.bench.truth()["delivered_nl"]
        rig.bench.advance(hours=24)
        came_nl = rig.bench.truth()["delivered_nl"] - before_nl

        assert came_nl == pytest.approx(24 * RATE_NL_PER_H, rel=0.1)
        assert server.receive(b"SI\r\n").decode().split()[2] == f"{round(came_nl * UG_PER_ML / 1e7) / 1e5:.5f}"
        rig.bench.inject("catheter.occlusion", fraction_ppm=1_000_000)
        shown = server.receive(b"SI\r\n")
        rig.bench.advance(hours=24)
        assert server.receive(b"SI\r\n") == shown
        twin.bench.advance(hours=24)
        twin.bench.inject("catheter.occlusion", fraction_ppm=1_000_000)
        twin.bench.advance(hours=24)
        assert rig.bench.digest() == twin.bench.digest()


def test_numbers_have_a_unit_and_a_provenance() -> None:
    """Each number of the instruments is sourced or assumed, and its name ends with its unit."""
    units = {"ug", "ms", "h", "ml", "hz", "percent", "permille"}
    for section, entries in numbers().items():
        for name, number in entries.items():
            assert number.provenance in PROVENANCES, (section, name)
            assert name.rpartition("_")[2] in units, (section, name)
    assert balance_numbers().readability_ug == 10
