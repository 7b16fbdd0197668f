"""Flow measured from outside, by the balance under the catheter."""

from __future__ import annotations

from itertools import pairwise

import pytest

from firmware_sim.units import US_PER_H
from hil.instruments.balance import Balance
from hil.instruments.numbers import vessel_numbers
from hil.pytest_plugin.measure import Measure
from hil.suite.given import Given
from hil.suite.therapies import ML

RATE_NL_PER_H, BOLUS_NL = 40_000, 400_000

needs = pytest.mark.pump_needs


@pytest.mark.pump_requirement("FR-14")
@needs("bench.needle", "bench.time", "bench.truth", "balance")
def test_balance_measures_the_flow_within_a_tenth_of_a_millilitre_an_hour(given: Given, balance: Balance, measure: Measure) -> None:
    """Hours of basal and one with a bolus in it, weighed at both ends: within a tenth of the flow, and so within 0.1 mL/h, of what left
    the tip, which is what was programmed, within the accuracy band.
    """
    given.running(given.prescribe.simple(RATE_NL_PER_H))
    given.bench.advance(seconds=10)
    vessel = vessel_numbers()
    balance.tare()
    looks = []
    for hour in range(3):
        looks.append((balance.read_stable().net_ug, given.bench.truth()["delivered_nl"], given.bench.now_us()))
        if hour == 1:
            given.wire.bolus(BOLUS_NL, 1_800)
            assert given.bench.run_until("bolus-ended", limit_s=1_801), "the bolus does not end"
            given.resumed()
            given.bench.advance(minutes=30)
        else:
            given.bench.advance(hours=1)
    for bolus_nl, ((before_ug, before_nl, begin_us), (after_ug, after_nl, end_us)) in zip((0, BOLUS_NL), pairwise(looks), strict=True):
        hours = (end_us - begin_us) / US_PER_H
        mass_ug = after_ug - before_ug + vessel.evaporation_ug_per_h * hours
        weighed_nl = mass_ug * ML / vessel.solution_density_ug_per_ml
        off_ml_per_h = (weighed_nl - (after_nl - before_nl)) / hours / ML
        programmed_nl = RATE_NL_PER_H * hours + bolus_nl
        tenth_ml_per_h = programmed_nl / hours / ML / 10
        measure("flow by weight, beside what left the tip", round(off_ml_per_h, 4), unit="mL/h", low=-tenth_ml_per_h, high=tenth_ml_per_h)
        room_nl = programmed_nl * given.band_percent / 100 + 2 * given.step_nl_max
        low, high = round(programmed_nl - room_nl), round(programmed_nl + room_nl)
        measure("left the tip", after_nl - before_nl, unit="nL", low=low, high=high)
