"""Refills by work instruction 12."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hil.bench.calls import BenchCalls
from hil.pytest_plugin.measure import Measure
from hil.rig import Rig
from protocol.client import Programmer

FILL_NL = 15_000_000
NEW_NG_PER_ML = 1_000_000


@pytest.mark.pump_requirement("QA-01", "RS-01")
@pytest.mark.pump_needs("bench.needle", "bench.truth")
def test_pump_knows_what_was_filled_in(running: Rig, programmer: Programmer, refill: Callable[..., int], measure: Measure) -> None:
    """What it computes is what was filled; what is in it is that and what the needle could not reach."""
    refill(FILL_NL)

    condition = programmer.interrogate().condition
    assert condition.computed_reservoir_nl == FILL_NL
    measure("true volume", running.bench.truth()["reservoir_nl"] / 1_000_000, unit="mL", low=14.5, high=17)


@pytest.mark.pump_requirement("QA-02")
def test_new_concentration_is_told(running: Rig, programmer: Programmer, refill: Callable[..., int]) -> None:
    """The pump says that the therapy is still for the old one."""
    refill(FILL_NL, NEW_NG_PER_ML)

    condition = programmer.interrogate().condition
    assert condition.fill_concentration_ng_per_ml == NEW_NG_PER_ML


@pytest.mark.pump_requirement("QA-03", "FR-06")
@pytest.mark.pump_state("evening")
def test_night_is_within_the_band(bench: BenchCalls, measure: Measure) -> None:
    """From eight to eight, by what leaves the catheter."""
    columns = bench.sample(every_s=600, duration_s=12 * 3_600)
    delivered_nl = columns["delivered_nl"]
    hours = [at_us / 3_600_000_000 for at_us in columns["now_us"]]

    measure.curve("night", hours, [nl / 1_000 for nl in delivered_nl], x_unit="h", y_unit="uL")
    measure("night", (delivered_nl[-1] - delivered_nl[0]) / 1_000, unit="uL", low=0.855 * 118, high=1.145 * 118)
