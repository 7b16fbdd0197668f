"""What a balance under a simulated pump's catheter says of its flow: from the start on, over two hours, and bolus by bolus."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hil.flow.accuracy import VOLUMETRIC, Corrections, analyse, volume_nl
from hil.flow.bolus import Bolus, bolus_results
from hil.flow.log import Reading
from hil.flow.page import bolus_lines
from hil.rig import Rig
from protocol.codes import Mode
from protocol.therapy import Group, Step, Therapy
from tests.rig.serving import PROGRAMMER

NO_DRUG_NG_PER_ML = 0
FILL_NL = 40_000_000
INTERMEDIATE_NL_PER_H = 100_000
SOLUTION = Corrections(1_004_600, 200)
HALF_MINUTE_S = 30
MINIMUM_NL_PER_H = 250
"""One step an hour, which the short boluses keep clear of: each begins at the same minute."""
BOLUSES = 25
STEP_NL = 250
NOISE_NL = 60
"""Four standard deviations of the difference of two readings."""


@pytest.fixture
def rig() -> Iterator[Rig]:
    """A pump full of saline with a balance under its catheter, its therapy programmed and the pump stopped."""
    with Rig.open("pumpsim://itp-40?seed=1", programmer=PROGRAMMER) as found:
        found.bench.advance(seconds=10)
        drug = next(drug for drug in found.programmer.interrogate().identity.drugs if drug.name == "saline")
        groups = (Group(0x7F, 0, (Step(0, 1440, INTERMEDIATE_NL_PER_H),)),)
        refill(found, drug.drug_id)
        found.programmer.update(Therapy(Mode.SIMPLE, drug.drug_id, drug.version, NO_DRUG_NG_PER_ML, 2_000_000, 600, 3_600, groups))
        found.programmer.stop()
        yield found


def refill(rig: Rig, drug_id: int) -> None:
    """Fill it to the top and tell it so."""
    drawn = rig.bench.needle(withdraw_nl="all", inject_nl=FILL_NL, concentration_ng_per_ml=NO_DRUG_NG_PER_ML)
    rig.programmer.refill(FILL_NL, drawn["withdrawn_nl"], drug_id, NO_DRUG_NG_PER_ML)


def weighed(rig: Rig, log: list[Reading], begin_us: int) -> None:
    """One more row."""
    log.append(Reading(rig.bench.now_us() - begin_us, rig.balance.read().net_ug))


@pytest.mark.pump_requirement("FT-01")
@pytest.mark.pump_requirement("FT-04")
def test_start_up_graph_and_mean_error_over_two_hours(rig: Rig) -> None:
    """Weighed every 30 s from the start on: 240 flows from nothing to the rate, and a mean error over 120 min that is the unit's own."""
    rig.balance.tare()
    rig.programmer.start()
    begin_us = rig.bench.now_us()
    log: list[Reading] = []
    weighed(rig, log, begin_us)
    for number in range(1, VOLUMETRIC.start_up_s // HALF_MINUTE_S + 1):
        rig.bench.advance_us(begin_us + number * HALF_MINUTE_S * 1_000_000 - rig.bench.now_us())
        weighed(rig, log, begin_us)
    report = analyse(log, INTERMEDIATE_NL_PER_H, VOLUMETRIC, SOLUTION)
    two_hours_nl = volume_nl(log, log[-1].at_us, SOLUTION) - volume_nl(log, 0, SOLUTION)
    error_percent = 100 * (two_hours_nl - 2 * INTERMEDIATE_NL_PER_H) / (2 * INTERMEDIATE_NL_PER_H)
    truth = rig.bench.truth()

    assert len(report.start_up_nl_per_h) == 240
    assert sum(report.start_up_nl_per_h) / 120 == pytest.approx(two_hours_nl)
    assert {round(flow / 3_600 * HALF_MINUTE_S / truth["step_fl"] * 1_000_000) for flow in report.start_up_nl_per_h} <= {2, 3, 4, 5}
    assert error_percent == pytest.approx(truth["unit_error_ppm"] / 10_000, abs=0.5)


@pytest.mark.pump_requirement("FT-05")
@pytest.mark.parametrize("which", ["min", "mid", "max"])
def test_repeated_boluses_have_a_mean_and_a_worst_error(which: str, rig: Rig) -> None:
    """25 boluses of the smallest, a middle and the largest volume: each weighed by itself, mean and worst error as the unit's, and told."""
    therapy = rig.programmer.interrogate().therapy
    assert therapy is not None
    rig.programmer.update(therapy._replace(mode=Mode.MINIMUM_RATE, groups=()))
    known = rig.programmer.interrogate()
    limits = known.identity.limits[0]
    size_nl = {"min": limits.bolus_nl_min, "mid": limits.bolus_nl_max // 20, "max": limits.bolus_nl_max}[which]
    duration_s = max(limits.bolus_s_min, size_nl * 3_600 // limits.rate_nl_per_h_max * 2)
    drug_id, begin_us = known.condition.fill_drug_id, rig.bench.now_us()
    log: list[Reading] = []
    asked: list[Bolus] = []
    for _ in range(BOLUSES):
        if rig.bench.status()["computed_reservoir_nl"] < 2 * size_nl:
            refill(rig, drug_id)
        weighed(rig, log, begin_us)
        asked.append(Bolus(size_nl, log[-1].at_us // 1_000_000, duration_s))
        rig.programmer.bolus(size_nl, 0, duration_s)
        rig.bench.advance(seconds=duration_s + 120)
        weighed(rig, log, begin_us)
        rig.bench.advance(seconds=3_600 - (duration_s + 120) % 3_600)
    results = bolus_results(log, asked, MINIMUM_NL_PER_H if duration_s > 3_600 else 0, SOLUTION)
    unit_percent = rig.bench.truth()["unit_error_ppm"] / 10_000
    errors = [result.error_percent for result in results]
    told = list(bolus_lines(results))

    assert len(results) == BOLUSES
    assert sum(errors) / BOLUSES == pytest.approx(unit_percent, abs=0.5 + 100 * NOISE_NL / size_nl / BOLUSES**0.5)
    assert max(abs(error - unit_percent) for error in errors) < 0.5 + 100 * NOISE_NL / size_nl
    assert told[-1] == f"25 boluses: mean error {sum(errors) / 25:+.2f} %, from {min(errors):+.2f} % to {max(errors):+.2f} %"
