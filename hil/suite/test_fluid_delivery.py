"""Fluid delivery under conditions: behind an occlusion and after it, at pressures, temperatures and fill levels as bodies have them."""

from __future__ import annotations

from itertools import product

import pytest

from hil.pytest_plugin.measure import Measure
from hil.suite.given import Given
from hil.suite.therapies import BACLOFEN

RATE_NL_PER_H = 40_000
PARTS = 4
NL_PER_UL = 1_000
MDEGC = 1_000

needs = pytest.mark.pump_needs


@pytest.mark.pump_requirement("FT-06")
@needs("bench.needle", "bench.time", "bench.inject", "bench.truth", "bench.image", "bench.sound")
@pytest.mark.parametrize("rate", ["lowest", "intermediate"])
def test_occlusion_has_no_alarm_and_its_end_releases_no_bolus(given: Given, measure: Measure, rate: str) -> None:
    """A day behind a full occlusion and the day after it: this class has no alarm for it, no time to one, and nothing is stored."""
    nl_per_h = given.profile.rate.rate_nl_per_h_min if rate == "lowest" else RATE_NL_PER_H
    given.running(given.prescribe.simple(nl_per_h))

    def two_days(*, blocked: bool) -> list[int]:
        given.leave()
        handle = given.suffers("catheter.occlusion", fraction_ppm=1_000_000) if blocked else 0
        before_nl = given.bench.truth()["delivered_nl"]
        sounds = given.bench.listen(duration_s=86_400)
        if blocked:
            measure("alarm sounds in a day behind the occlusion", len(sounds), high=0)
            passed_nl = given.bench.truth()["delivered_nl"] - before_nl
            measure("delivered in a day behind the occlusion", passed_nl, unit="nL", high=given.step_nl_max)
            given.bench.clear(handle)
        return given.bench.sample(every_s=600, duration_s=86_400)["delivered_nl"]

    free, blocked = given.apart(lambda: two_days(blocked=False), lambda: two_days(blocked=True))
    least_nl = 24 * nl_per_h * (100 - given.band_percent) / 100 - given.step_nl_max
    measure("delivered in a day by the twin that was never blocked", free[-1] - free[0], unit="nL", low=round(least_nl))
    hours = [number / 6 for number in range(len(free))]
    for name, delivered in (("never blocked", free), ("after the occlusion", blocked)):
        volumes = [(nl - delivered[0]) / NL_PER_UL for nl in delivered]
        measure.curve(f"delivered at {nl_per_h} nL/h, {name}", hours, volumes, x_unit="h", y_unit="uL")
    released = max((nl - blocked[0]) - (other - free[0]) for nl, other in zip(blocked, free, strict=True))
    measure("bolus released by the end of the occlusion", released, unit="nL", low=-1, high=1)
    given.alarms_none()


@pytest.mark.pump_requirement("FT-07")
@needs("bench.needle", "bench.time", "bench.inject", "bench.truth", "bench.image")
def test_flow_under_pressure_warmth_and_fill_is_disclosed(given: Given, measure: Measure) -> None:
    """At each pressure, temperature and fill level of a sweep: the dose of a day, as declared of this class."""
    environment, therapy = given.profile.environment, given.prescribe.simple(RATE_NL_PER_H)
    given.running(therapy)

    def day(mmhg: int, mdegc: int, part: int) -> float:
        given.filled(BACLOFEN, given.fill_nl * part // PARTS)
        given.suffers("environment.pressure", pressure_mmhg=mmhg)
        given.suffers("environment.temperature", temperature_mdegc=mdegc)
        before_nl = given.bench.truth()["delivered_nl"]
        given.bench.advance(days=1)
        return float(given.bench.truth()["delivered_nl"] - before_nl) / (24 * RATE_NL_PER_H)

    usual = environment.pressure_mmhg, environment.temperature_mdegc, PARTS
    pressures = (environment.pressure_mmhg_min, environment.pressure_mmhg, 1_500)
    sweep = list(product(pressures, (environment.temperature_mdegc_min, environment.temperature_mdegc_max), (1, PARTS)))
    (nominal, *shares) = given.apart(*(lambda case=case: day(*case) for case in (usual, *sweep)))
    room = 2 * 100 * given.step_nl_max / (24 * RATE_NL_PER_H)
    for (mmhg, mdegc, part), share in zip(sweep, shares, strict=True):
        ppm = (mmhg - environment.pressure_mmhg) * environment.pressure_ppm_per_100_mmhg / 100
        ppm += (mdegc - environment.temperature_mdegc) * environment.temperature_ppm_per_k / MDEGC
        where = f"{mmhg} mmHg, {mdegc / MDEGC:g} degC, {part} of {PARTS} parts full"
        measure(f"dose of a day, {where}", round(100 * share, 3), unit="% of the programmed", low=0)
        measure(f"shift, {where}", round(100 * (share / nominal - 1), 3), unit="%", low=ppm / 10_000 - room, high=ppm / 10_000 + room)
    given.alarms_none()
    assert len(set(shares)) > 1
