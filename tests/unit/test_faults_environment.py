"""Temperature, pressure and height: the factor on the flow, how it comes and goes, and what no pump is made for."""

from __future__ import annotations

import pytest

from firmware_sim import Pump
from firmware_sim.errors import BenchRefused
from firmware_sim.faults.environment import ENVIRONMENT_FAULTS
from tests.support.therapies import US_PER_MIN, running, simple

FACTORS = [
    ("environment.temperature", {"temperature_mdegc": 40_000}, 6_000),
    ("environment.temperature", {"temperature_mdegc": 35_000}, -4_000),
    ("environment.temperature", {"temperature_mdegc": 37_000}, 0),
    ("environment.pressure", {"pressure_mmhg": 5_000}, -42_400),
    ("environment.pressure", {"pressure_mmhg": 500}, 2_600),
    ("environment.altitude", {"altitude_m": 3_000}, 2_400),
    ("environment.altitude", {"altitude_m": 0}, 0),
]


def on_therapy() -> Pump:
    """A pump on 100 uL/h that has run for a while."""
    pump = running(simple(100_000), seed=2)
    pump.advance(hours=1)
    return pump


def factor_of(pump: Pump) -> float:
    """How a step differs from a sound one, in ppm."""
    return (pump.truth().step_fl / on_therapy().truth().step_fl - 1) * 1e6


def test_each_fault_is_tested_here() -> None:
    """None is left out."""
    assert {name for name, _, _ in FACTORS} == {fault.name for fault in ENVIRONMENT_FAULTS}


@pytest.mark.parametrize(("name", "parameters", "ppm"), FACTORS)
def test_step_changes_by_the_coefficients_of_the_profile(name: str, parameters: dict[str, int], ppm: int) -> None:
    """0.2 % for each kelvin, -0.1 % for each 100 mmHg, 80 mmHg for each kilometre; cleared, it is gone at once."""
    pump = on_therapy()
    handle = pump.inject(name, **parameters)
    assert factor_of(pump) == pytest.approx(ppm, abs=0.01)
    pump.clear(handle)

    assert factor_of(pump) == 0


@pytest.mark.parametrize(("name", "parameters", "ppm"), FACTORS)
def test_pump_notices_nothing_of_its_surroundings(name: str, parameters: dict[str, int], ppm: int) -> None:
    """After days of it the status is that of a pump left in peace."""
    pump, twin = on_therapy(), on_therapy()
    pump.inject(name, **parameters, over_minutes=60)
    for made in (pump, twin):
        made.advance(days=3)

    assert pump.status() == twin.status()
    assert (pump.truth().delivered_nl == twin.truth().delivered_nl) == (ppm == 0)


def test_dive_goes_down_stays_and_comes_up() -> None:
    """In 32 minutes down, an hour at the bottom, as long up: 64 slices each way, symmetric in time, and over by itself."""
    pump = on_therapy()
    pump.inject("environment.pressure", pressure_mmhg=5_000, over_minutes=32, minutes=60)
    began_us, seen = pump.now_us, []
    for half_minute in range(2 * 124):
        pump.advance_to(began_us + half_minute * US_PER_MIN // 2 + 1)
        seen.append(factor_of(pump))

    assert seen == pytest.approx(seen[::-1], abs=2)
    assert seen[0] == pytest.approx(-42_400 / 128, abs=2)
    assert seen[:64] == sorted(seen[:64], reverse=True)
    assert set(seen[64:184]) == {min(seen)}
    assert min(seen) == pytest.approx(-42_400, abs=0.01)
    pump.advance_to(began_us + 124 * US_PER_MIN)
    assert (factor_of(pump), pump.faults()) == (0, ())


def test_stay_that_comes_at_once_ends_at_its_time() -> None:
    """Without a slope it is there for its minutes and not a microsecond longer."""
    pump = on_therapy()
    pump.inject("environment.altitude", altitude_m=2_000, minutes=90)
    pump.advance(us=90 * US_PER_MIN - 1)
    assert factor_of(pump) == pytest.approx(1_600, abs=0.01)
    pump.advance(us=1)

    assert (factor_of(pump), pump.faults()) == (0, ())


def test_surroundings_multiply() -> None:
    """A fever on a mountain is the product of both."""
    pump = on_therapy()
    pump.inject("environment.temperature", temperature_mdegc=40_000)
    pump.inject("environment.altitude", altitude_m=3_000)

    assert factor_of(pump) == pytest.approx((1.006 * 1.0024 - 1) * 1e6, abs=0.01)


@pytest.mark.parametrize(
    ("name", "parameters", "says"),
    [
        ("environment.temperature", {"temperature_mdegc": 34_999}, "35000 to 40000"),
        ("environment.temperature", {"temperature_mdegc": 40_001}, "35000 to 40000"),
        ("environment.pressure", {"pressure_mmhg": 5_001}, "500 to 5000"),
        ("environment.pressure", {"pressure_mmhg": 760, "over_minutes": -1}, "over_minutes"),
        ("environment.altitude", {"altitude_m": 3_001}, "0 to 3000"),
        ("environment.altitude", {"altitude_m": -1}, "0 to 3000"),
    ],
)
def test_surroundings_no_pump_is_made_for_are_refused(name: str, parameters: dict[str, int], says: str) -> None:
    """Outside the profile's range nothing is known, so nothing is pretended."""
    pump = on_therapy()
    before = pump.digest()

    with pytest.raises(BenchRefused, match=says):
        pump.inject(name, **parameters)
    assert pump.digest() == before
