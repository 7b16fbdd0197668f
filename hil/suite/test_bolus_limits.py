"""What a bolus may be: under the maximum rate, after the power-on test, within hard limits and soft ones."""

from __future__ import annotations

import pytest

from firmware_sim.units import S_PER_H, US_PER_H, US_PER_S
from hil.pytest_plugin.measure import Measure
from hil.rig import Rig
from hil.suite.given import Given
from hil.suite.therapies import BACLOFEN, ML, SALINE
from protocol.codes import Answer, EventKind, StatusFlag, Unit
from protocol.messages import Bolus, Commit, PatientBolus, Refill, Token
from protocol.refusals import Field, RefusalCode

BASAL = 20_000
SOFT_DOSE_RULE = 33

needs = pytest.mark.pump_needs


# -- the maximum rate ---------------------------------------------------------------------------------------------------


@pytest.mark.pump_requirement("BO-03")
@needs("bench.needle", "bench.time")
def test_total_rate_comes_up_to_the_maximum_and_not_past_it(given: Given, measure: Measure) -> None:
    """A bolus that fills the rate up is granted as it is; one nanolitre more is refused with the least duration, and granted if it may
    lengthen, with just that duration.
    """
    most = given.profile.rate.rate_nl_per_h_max
    basal = most * 2 // 5
    room_nl = (most - basal) * 600 // S_PER_H
    given.running(given.prescribe.simple(basal, SALINE))
    told = given.wire.refusal("BOLUS", given.wire.bolus_body(room_nl + 1, 600, fluid=SALINE))
    assert told[:5] == (RefusalCode.RATE_LIMIT, Field.DURATION, 0, 600, 601)
    assert told.unit == Unit.S
    assert given.wire.condition().rate_nl_per_h == basal
    fits = given.wire.bolus(room_nl, 600, may_lengthen=True, fluid=SALINE)
    assert fits.duration_s == 600
    measure("total rate in a bolus that just fits", given.wire.condition().rate_nl_per_h, unit="nL/h", low=most, high=most)
    given.clock.until(fits.end_us)
    given.resumed()
    longer = given.wire.bolus(room_nl * 2, 600, may_lengthen=True, fluid=SALINE)

    assert (longer.duration_s, longer.end_us) == (1_200, given.clock.device_us + 1_200 * US_PER_S)
    measure("total rate in a lengthened bolus", given.wire.condition().rate_nl_per_h, unit="nL/h", high=most)
    given.clock.until(longer.end_us)
    measure("given by a lengthened bolus", given.wire.counters().bolus_nl, unit="nL", low=room_nl * 3, high=room_nl * 3)


@pytest.mark.pump_requirement("BO-03")
@needs("bench.needle", "bench.time")
def test_bolus_is_judged_against_the_highest_step_that_it_meets(given: Given, measure: Measure) -> None:
    """It would fit the step of now but not that of in ten minutes: refused; lengthened, the sum never passes the maximum."""
    most = given.profile.rate.rate_nl_per_h_max
    low, high = most // 10, most * 6 // 10
    given.running(given.prescribe.flex([low, high], fluid=SALINE))
    condition = given.wire.condition()
    noon_us = condition.device_us + US_PER_H * 12 - condition.clock_us % (24 * US_PER_H)
    given.clock.until(noon_us - 600 * US_PER_S)
    volume_nl = most * 8 // 10 * 1_200 // S_PER_H
    told = given.wire.refusal("BOLUS", given.wire.bolus_body(volume_nl, 1_200, fluid=SALINE))
    assert (told.code, told.value) == (RefusalCode.RATE_LIMIT, 1_200)
    answer = given.wire.bolus(volume_nl, 1_200, may_lengthen=True, fluid=SALINE)

    assert answer.duration_s == told.limit == 1_200 * 2
    rates = []
    while given.clock.device_us < answer.end_us:
        rates.append(given.wire.condition().rate_nl_per_h)
        given.bench.advance(seconds=60)
    measure("highest total rate", max(rates), unit="nL/h", low=most - 1, high=most)


# -- power-on, hard and soft limits -------------------------------------------------------------------------------------


@pytest.mark.pump_requirement("BO-17")
@needs("bench.needle", "bench.time", "bench.power")
@pytest.mark.parametrize("kind", ["single", "patient"])
def test_no_bolus_begins_in_the_power_on_test(given: Given, measure: Measure, kind: str) -> None:
    """Until the end of the test BUSY, with that end; nothing is given; from then on it is granted."""
    given.running(given.prescribe.simple(BASAL))
    given.bench.advance(hours=1)
    given.bench.reset()
    began_us = given.clock.device_us
    name = "BOLUS" if kind == "single" else "PATIENT_BOLUS"

    def body() -> Bolus | PatientBolus:
        return given.wire.bolus_body(10_000, 600) if kind == "single" else PatientBolus(given.wire.next_id)

    until_us = given.wire.busy_until(name, body())
    measure("power-on self-test", (until_us - began_us) / US_PER_S, unit="s", low=0.001, high=70)
    given.clock.until(until_us - 2)
    assert given.wire.busy_until(name, body()) == until_us
    assert given.wire.counters().bolus_nl == 0
    given.clock.until(until_us)

    if kind == "patient":
        assert given.wire.refusal(name, body()).code == RefusalCode.NO_PATIENT_BOLUS
    else:
        assert given.wire.bolus(10_000, 600).duration_s == 600


@pytest.mark.pump_requirement("BO-18")
@pytest.mark.parametrize("which", ["volume below", "volume above", "duration below", "duration above", "dose below", "dose above"])
def test_bolus_outside_its_limits_is_caught_before_it_starts(running: Rig, given: Given, which: str) -> None:
    """Volume, duration and dose in mass are judged against declared limits and each other; the refusal names field, value and limit."""
    limits = given.profile.bolus
    good = given.wire.bolus_body(100_000, 3_600)
    what, _, side = which.partition(" ")
    step = -1 if side == "below" else 1
    if what == "volume":
        edge = limits.bolus_nl_min if step < 0 else limits.bolus_nl_max
        body, told = good._replace(volume_nl=edge + step), (RefusalCode.RANGE, Field.VOLUME, 0, edge + step, edge, Unit.NL)
    elif what == "duration":
        edge = limits.bolus_s_min if step < 0 else limits.bolus_s_max
        body, told = good._replace(duration_s=edge + step), (RefusalCode.RANGE, Field.DURATION, 0, edge + step, edge, Unit.S)
    else:
        body = good._replace(dose_ng=good.dose_ng + 2 * step)
        told = (RefusalCode.UNIT_MISMATCH, Field.DOSE, 0, body.dose_ng, good.dose_ng, Unit.NG)

    assert given.wire.refusal("BOLUS", body) == told
    assert not given.wire.status().flags & StatusFlag.BOLUS_RUNNING
    record = given.wire.refused("BOLUS")[-1]
    assert (record.programmed_nl, record.delivered_nl) == (Answer.REFUSED, told[0]), "the log does not tell the refusal"


@pytest.mark.pump_requirement("BO-18")
@needs("bench.needle")
@pytest.mark.parametrize("end", ["weakest", "strongest"])
def test_concentration_outside_the_drugs_range_is_caught_at_the_refill(given: Given, end: str) -> None:
    """The declared ends of the library's entry are taken; one ng/mL beyond is refused with value and limit, and no fill is entered."""
    drug = given.profile.drug(BACLOFEN.drug_id)
    assert drug is not None
    edge = drug.concentration_ng_per_ml_min if end == "weakest" else drug.concentration_ng_per_ml_max
    beyond = edge - 1 if end == "weakest" else edge + 1
    told = given.wire.refusal("REFILL", Refill(given.wire.next_id, ML, 0, drug.drug_id, beyond))

    assert told == (RefusalCode.RANGE, Field.CONCENTRATION, 0, beyond, edge, Unit.NG_PER_ML)
    assert given.wire.status().flags & StatusFlag.NO_FILL
    given.filled(BACLOFEN._replace(concentration_ng_per_ml=edge))
    assert given.wire.condition().fill_concentration_ng_per_ml == edge


@pytest.mark.pump_requirement("BO-18", "PG-09", "PG-08")
@needs("bench.needle")
def test_dose_above_the_hard_limit_is_refused_and_above_the_soft_one_overridden(given: Given) -> None:
    """By mass: at the soft limit it goes, above it only with its rule's token, which stays visible and logged; above the hard one never."""
    drug = given.profile.drug(BACLOFEN.drug_id)
    assert drug is not None
    strong = BACLOFEN._replace(concentration_ng_per_ml=4_000_000)
    per_rate = 24 * strong.concentration_ng_per_ml
    soft, hard = (limit * ML // per_rate for limit in (drug.daily_dose_ng_soft, drug.daily_dose_ng_max))
    given.filled(strong)
    given.wire.update(given.prescribe.simple(soft, strong))
    assert not given.wire.status().flags & StatusFlag.OVERRIDDEN
    above = given.prescribe.simple(soft + 1, strong)
    digest, sealed = given.wire.stage(above)
    assert sealed.answer is Answer.OK, f"SEAL: {sealed.answer.name}"
    told = given.wire.refusal("COMMIT", Commit(given.wire.next_id, digest, ()))
    assert told == (RefusalCode.OVERRIDE, Field.OVERRIDES, 0, SOFT_DOSE_RULE, drug.daily_dose_ng_soft, Unit.NG)
    given.wire.ok("COMMIT", Commit(given.wire.next_id, digest, (Token(SOFT_DOSE_RULE),)))

    assert given.wire.status().flags & StatusFlag.OVERRIDDEN
    assert [entry.detail for entry in given.wire.log(EventKind.OVERRIDE)] == [SOFT_DOSE_RULE]
    given.wire.update(given.prescribe.simple(hard, strong), overrides=(SOFT_DOSE_RULE,))
    _, sealed = given.wire.stage(given.prescribe.simple(hard + 1, strong))
    assert sealed.answer is Answer.REFUSED, f"a dose above the hard limit was sealed: {sealed.answer.name}"
    assert sealed.body[:2] == (RefusalCode.RANGE, Field.DAILY_DOSE)
    assert sealed.body.limit == drug.daily_dose_ng_max
