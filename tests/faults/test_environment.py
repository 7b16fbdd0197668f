"""Faults of the surroundings: small factors on the flow that nothing on the pump can see."""

from __future__ import annotations

import pytest

from firmware_sim.errors import BenchRefused
from firmware_sim.pump import Pump
from tests.faults.cases import shows
from tests.support.bed import Bed
from tests.support.therapies import ML, listed_causes

PPM_PER_K, PPM_PER_MMHG, MMHG_PER_KM = 2_000, -10, 80
BODY_MDEGC, SEA_LEVEL_MMHG = 37_000, 760


def changed_ppm(bed: Bed) -> float:
    """By how much more than meant was given, in ppm."""
    return (bed.given_nl / bed.meant_nl() - 1) * ML


def open_ppm(bed: Bed) -> float:
    """What counting in whole steps, and wear, leave open."""
    return bed.step_nl / bed.meant_nl() * ML + 50


def constant() -> Pump:
    """A gas-driven pump that has been filled."""
    pump = Pump("cf-16")
    pump.needle(inject_nl=16 * ML, concentration_ng_per_ml=500_000)
    return pump


@shows("environment.temperature", "truth", "notices", "misses")
@pytest.mark.pump_requirement("EN-01")
@pytest.mark.parametrize("temperature_mdegc", [35_000, 37_000, 38_500, 40_000])
def test_flow_follows_the_temperature(temperature_mdegc: int) -> None:
    """0.2 % for each kelvin off 37 C, over five days; no cause, and the computed reservoir as without it."""
    bed, twin = Bed(), Bed()
    bed.pump.inject("environment.temperature", temperature_mdegc=temperature_mdegc)
    for pump in (bed.pump, twin.pump):
        pump.advance(days=5)

    assert changed_ppm(bed) == pytest.approx((temperature_mdegc - BODY_MDEGC) * PPM_PER_K / 1_000, abs=open_ppm(bed))
    assert bed.pump.status() == twin.pump.status()


@shows("environment.pressure", "truth", "notices", "misses")
@pytest.mark.pump_requirement("EN-03")
@pytest.mark.parametrize("pressure_mmhg", [500, 760, 2_280, 5_000])
def test_flow_falls_with_the_pressure(pressure_mmhg: int) -> None:
    """0.1 % less for each 100 mmHg above sea level, over five days, unnoticed."""
    bed, twin = Bed(), Bed()
    bed.pump.inject("environment.pressure", pressure_mmhg=pressure_mmhg)
    for pump in (bed.pump, twin.pump):
        pump.advance(days=5)

    assert changed_ppm(bed) == pytest.approx((pressure_mmhg - SEA_LEVEL_MMHG) * PPM_PER_MMHG, abs=open_ppm(bed))
    assert bed.pump.status() == twin.pump.status()


@shows("environment.altitude", "truth", "notices", "misses")
@pytest.mark.parametrize("altitude_m", [0, 1_500, 3_000])
def test_flow_rises_with_the_height(altitude_m: int) -> None:
    """Each kilometre is 80 mmHg less, and so 0.08 % more flow, unnoticed."""
    bed, twin = Bed(), Bed()
    bed.pump.inject("environment.altitude", altitude_m=altitude_m)
    for pump in (bed.pump, twin.pump):
        pump.advance(days=5)

    assert changed_ppm(bed) == pytest.approx(-altitude_m / 1_000 * MMHG_PER_KM * PPM_PER_MMHG, abs=open_ppm(bed))
    assert bed.pump.status() == twin.pump.status()


@shows("environment.pressure", "truth")
def test_dive_comes_stays_and_goes() -> None:
    """Three hours down, six there, three up: the way down and up count half, and then the flow is what it was."""
    bed = Bed()
    bed.pump.inject("environment.pressure", pressure_mmhg=4_760, over_minutes=180, minutes=360)
    bed.pump.advance(hours=12)
    whole_ppm = 4_000 * PPM_PER_MMHG
    assert changed_ppm(bed) == pytest.approx(whole_ppm * (1.5 + 6 + 1.5) / 12, abs=open_ppm(bed))
    assert bed.pump.truth().faults == ()
    bed.mark()
    bed.pump.advance(days=2)

    assert changed_ppm(bed) == pytest.approx(0, abs=open_ppm(bed))


@shows("environment.temperature", "truth")
def test_gas_driven_pump_feels_it_twenty_times_as_much() -> None:
    """The pump without electronics: 4 % for each kelvin."""
    sound, warm = constant(), constant()
    warm.inject("environment.temperature", temperature_mdegc=39_000)
    given = []
    for pump in (sound, warm):
        before = pump.truth().delivered_nl
        pump.advance(days=3)
        given.append(pump.truth().delivered_nl - before)

    assert given[1] / given[0] == pytest.approx(1.08, rel=1e-3)


@shows("environment.altitude", "misses")
def test_what_the_pump_is_not_made_for_is_refused() -> None:
    """Each has its range, and the refusal names it."""
    bed = Bed()
    outside: tuple[tuple[str, str, int, str], ...] = (
        ("environment.temperature", "temperature_mdegc", 40_001, "35000 to 40000"),
        ("environment.pressure", "pressure_mmhg", 499, "500 to 5000"),
        ("environment.altitude", "altitude_m", 3_001, "0 to 3000"),
    )
    for name, parameter, value, words in outside:
        with pytest.raises(BenchRefused, match=words):
            bed.pump.inject(name, **{parameter: value})

    assert listed_causes(bed.pump) == []
