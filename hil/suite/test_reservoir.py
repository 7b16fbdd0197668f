"""The reservoir: what is left and for how long, as computed from the programmed rate; the low level, empty, refills and the prime."""

from __future__ import annotations

from typing import Any

import pytest

from firmware_sim.units import S_PER_H, US_PER_H, US_PER_MIN
from hil.suite.given import Given
from hil.suite.therapies import BACLOFEN, ML, SALINE, basal_nl, dose_of
from protocol.codes import AlarmCause, DoseKind, EventKind, Mode
from protocol.messages import Bridge, Prime, Refill
from protocol.refusals import Field, RefusalCode

RATE_NL_PER_H = 20_000
FILL_NL = 1_234_567
NEAR_US = 3 * US_PER_MIN
LOW, EMPTY = AlarmCause.LOW_RESERVOIR, AlarmCause.EMPTY_RESERVOIR

needs = pytest.mark.pump_needs


def left(given: Given) -> tuple[int, int]:
    """What the pump says is left (nL), and how long that lasts (us)."""
    condition = given.wire.condition()
    assert condition.empty_clock_us > 0, "no empty date is computed"
    return condition.computed_reservoir_nl, condition.empty_clock_us - condition.clock_us


def lasts_us(volume_nl: int, rate_nl_per_h: int) -> int:
    """How long a volume lasts at a rate."""
    return volume_nl * US_PER_H // rate_nl_per_h


def a_nanolitre_us(rate_nl_per_h: int) -> int:
    """The time of one nanolitre: volumes are told in whole ones."""
    return US_PER_H // rate_nl_per_h + 1


@pytest.mark.pump_requirement("RS-01")
@needs("bench.needle", "bench.time")
def test_volume_and_time_left_are_told_before_start(given: Given, measure: Any) -> None:
    """A stopped pump tells what is in it and how long that will last once it runs; started then, it is so."""
    given.running(given.prescribe.simple(RATE_NL_PER_H))
    given.bench.advance(hours=5)
    given.wire.stop()
    given.bench.advance(hours=7)
    volume_nl, time_us = left(given)
    given_nl = given.wire.counters().basal_nl
    measure("volume left before START", volume_nl, unit="nL", low=given.fill_nl - given_nl - 1, high=given.fill_nl - given_nl)
    assert abs(time_us - lasts_us(volume_nl, RATE_NL_PER_H)) <= a_nanolitre_us(RATE_NL_PER_H)
    given.wire.start()

    assert left(given) == (volume_nl, time_us)


@pytest.mark.pump_requirement("RS-02")
@needs("bench.needle", "bench.time")
@pytest.mark.parametrize("rate_nl_per_h", [2_000, 33_000, 500_000])
def test_time_left_is_the_time_that_the_computed_volume_lasts(given: Given, measure: Any, rate_nl_per_h: int) -> None:
    """The empty alarm comes when the time told at the start has passed on the device's clock, to three minutes or one step interval."""
    given.running(given.prescribe.simple(rate_nl_per_h, SALINE))
    given.wire.refill(5 * ML, 0, SALINE)
    _, told_us = left(given)
    begun_us = given.clock.device_us
    near_us = max(NEAR_US, lasts_us(given.step_nl_max, rate_nl_per_h))
    assert given.bench.run_until("alarm:empty_reservoir", limit_s=told_us // 1_000_000 + S_PER_H), "never empty"

    late_us = given.wire.alarm(EMPTY).raised_us - begun_us - told_us
    measure("empty after the time told", late_us / US_PER_MIN, unit="min", low=-near_us / US_PER_MIN, high=near_us / US_PER_MIN)


@pytest.mark.pump_requirement("RS-03")
@needs("bench.needle", "bench.time")
@pytest.mark.parametrize("rate_nl_per_h", [5_000, 20_000, 40_000])
def test_time_left_is_worked_out_anew_at_a_change_of_basal(given: Given, rate_nl_per_h: int) -> None:
    """In the instant of the commit the date is that of the new rate, from the volume then left."""
    given.running(given.prescribe.simple(10_000))
    given.bench.advance(days=3)
    _, before_us = left(given)
    given.wire.update(given.prescribe.simple(rate_nl_per_h))
    volume_nl, time_us = left(given)

    assert time_us != before_us
    assert abs(time_us - lasts_us(volume_nl, rate_nl_per_h)) <= a_nanolitre_us(rate_nl_per_h)


@pytest.mark.pump_requirement("RS-04")
@needs("bench.needle", "bench.time")
def test_time_left_is_worked_out_anew_at_the_start_of_a_bolus(given: Given) -> None:
    """A bolus brings the date forward by the time that basal would take for its volume, in the instant in which it begins."""
    given.running(given.prescribe.simple(10_000))
    given.bench.advance(days=3)
    volume_nl, before_us = left(given)
    given.wire.bolus(500_000, S_PER_H)
    now_nl, now_us = left(given)

    assert abs(before_us - now_us - lasts_us(500_000, 10_000)) <= 2
    assert volume_nl - now_nl <= 1


@pytest.mark.pump_requirement("RS-05")
@needs("bench.needle", "bench.time")
@pytest.mark.parametrize("level", ["lowest", "usual", "highest"])
def test_low_level_is_met_once_and_not_while_the_pump_stands(given: Given, level: str) -> None:
    """To the nanolitre: a pump that stands a hair above its level says nothing, running it says so at the level, and once."""
    limits, usual_nl = given.wire.identity().limits[0], given.profile.alarm.low_reservoir_nl_default
    level_nl = {"lowest": limits.low_reservoir_nl_min, "usual": usual_nl, "highest": limits.low_reservoir_nl_max}[level]
    given.filled()
    given.wire.update(given.prescribe.simple(RATE_NL_PER_H)._replace(low_reservoir_nl=level_nl))
    given.wire.refill(level_nl + 100_000)
    due_us = given.clock.device_us + lasts_us(100_000, RATE_NL_PER_H)
    given.clock.until(due_us - US_PER_MIN)
    assert LOW not in given.wire.active(), "low before its level"
    given.wire.stop()
    given.bench.advance(hours=40)
    assert LOW not in given.wire.active(), "low while the pump stands above its level"
    given.wire.start()
    assert given.bench.run_until("alarm:low_reservoir", limit_s=S_PER_H), "never low"

    volume_nl = given.wire.condition().computed_reservoir_nl
    assert level_nl - 1 <= volume_nl <= level_nl, f"low at {volume_nl} nL, set to {level_nl} nL"
    given.bench.advance(hours=20)
    assert len(given.wire.raised(LOW)) == 1
    given.wire.refill(given.fill_nl)
    assert LOW not in given.wire.active(), "low after a refill"


@pytest.mark.pump_requirement("RS-06")
@needs("bench.needle", "bench.time", "bench.truth")
def test_empty_stops_with_an_alarm_and_no_more_than_the_fill_was_given(given: Given, measure: Any) -> None:
    """At zero: the critical alarm, a stop, and what was commanded since the fill is the fill, to the nanolitre; what has left the pump is
    no more than the needle put in, and no less than the accuracy lets expect; nothing moves after it.
    """
    given.running(given.prescribe.simple(40_000))
    given.filled(volume_nl=FILL_NL)
    before_nl, truth = given.wire.counters().basal_nl, given.bench.truth()
    given.bench.advance(hours=20)
    given.wire.bolus(200_000, S_PER_H)
    assert given.bench.run_until("bolus-ended", limit_s=2 * S_PER_H)
    given.resumed()
    assert given.bench.run_until("alarm:empty_reservoir", limit_s=40 * S_PER_H), "never empty"
    counters, condition = given.wire.counters(), given.wire.condition()
    commanded_nl = counters.basal_nl - before_nl + 200_000
    measure("commanded from the fill", commanded_nl, unit="nL", low=FILL_NL - 1, high=FILL_NL)
    steps, left_nl = given.bench.truth()["steps_moved"], given.bench.truth()["delivered_nl"] - truth["delivered_nl"]
    measure("delivered of the fill", left_nl, unit="nL", low=round(FILL_NL * (100 - given.band_percent) / 100), high=FILL_NL)
    assert given.bench.truth()["reservoir_nl"] >= 0
    given.bench.advance(days=2)

    assert (condition.mode, condition.rate_nl_per_h, condition.computed_reservoir_nl) == (Mode.STOPPED, 0, 0)
    assert given.bench.truth()["steps_moved"] == steps
    assert len(given.wire.raised(EMPTY)) == 1


@pytest.mark.pump_requirement("RS-07")
@needs("bench.needle", "bench.time", "bench.truth", "bench.inject")
def test_over_infusing_pump_runs_dry_without_an_alarm(given: Given, measure: Any) -> None:
    """A third too much: dry in truth while the pump computes a quarter left; no alarm, and the needle finds the difference."""
    given.filled(volume_nl=10 * ML)
    given.wire.update(given.prescribe.simple(40_000)._replace(low_reservoir_nl=ML))
    given.suffers("motor.over_infusion", excess_ppm=400_000)
    given.bench.advance(hours=215)
    volume_nl = given.wire.condition().computed_reservoir_nl

    assert given.bench.truth()["reservoir_nl"] == 0
    measure("computed volume of a dry pump", volume_nl, unit="nL", low=ML + 1, high=2 * ML)
    assert given.wire.active() == set()
    deed = given.bench.needle(withdraw_nl="all", inject_nl=10 * ML, concentration_ng_per_ml=BACLOFEN.concentration_ng_per_ml)
    assert int(deed["withdrawn_nl"]) < volume_nl // 2


@pytest.mark.pump_requirement("LG-01")
@needs("bench.needle", "bench.time")
def test_refill_tells_what_was_expected_and_logs_what_was_drawn(given: Given) -> None:
    """The answer has the volume that the pump expected, the record what was filled and drawn, for who compares them."""
    given.running(given.prescribe.simple(RATE_NL_PER_H))
    given.bench.advance(days=10)
    expected_nl = given.wire.condition().computed_reservoir_nl
    drawn_nl = expected_nl * 3 // 4
    answer = given.wire.refill(given.fill_nl, drawn_nl)
    records = given.wire.log(EventKind.REFILL)

    assert (answer.expected_nl, answer.computed_nl) == (expected_nl, given.fill_nl)
    assert [(record.programmed_nl, record.delivered_nl) for record in records[-1:]] == [(given.fill_nl, drawn_nl)]
    assert len(records) == 2


@pytest.mark.pump_requirement("RS-09")
@needs("bench.needle")
def test_refill_past_the_reservoir_is_refused(running: Any, given: Given) -> None:
    """The capacity is taken, a nanolitre more is refused with the limit, and what the pump computes is as before.

    That too small an entry has to be meant is asked by the programmer: `TestRefill::test_short_and_over_full_entries_are_caught`.
    """
    capacity_nl = given.profile.reservoir.capacity_nl
    before = given.wire.condition().computed_reservoir_nl
    refusal = given.wire.refusal("REFILL", Refill(given.wire.next_id, capacity_nl + 1, 0, *BACLOFEN[::2]))
    assert (refusal.code, refusal.field, refusal.limit) == (RefusalCode.RANGE, Field.VOLUME, capacity_nl)
    assert given.wire.condition().computed_reservoir_nl == before

    assert given.wire.refill(capacity_nl).computed_nl == capacity_nl


@pytest.mark.pump_requirement("RS-09")
@needs("bench.needle")
def test_short_fill_is_told_at_once(running: Any, given: Given) -> None:
    """An entry at the low level is taken and is an alarm in the same instant, a nanolitre above it is none."""
    level_nl = given.profile.alarm.low_reservoir_nl_default
    assert given.wire.refill(level_nl + 1).computed_nl == level_nl + 1
    assert given.wire.active() == set()
    assert given.wire.refill(level_nl).computed_nl == level_nl

    assert given.wire.active() == {LOW}


@pytest.mark.pump_requirement("RS-10")
@needs("bench.needle", "bench.time")
def test_another_drug_waits_for_start(given: Given) -> None:
    """Saline after baclofen stands until START; volume and dates are those of the new fill."""
    given.running(given.prescribe.simple(10_000))
    given.bench.advance(days=20)
    told = given.wire.condition()
    given.filled(SALINE)
    given.wire.update(given.prescribe.simple(10_000, SALINE))
    waiting = given.wire.condition()
    assert (waiting.mode, waiting.rate_nl_per_h, waiting.fill_drug_id) == (Mode.STOPPED, 0, SALINE.drug_id)
    given.wire.start()
    condition = given.wire.condition()

    assert (condition.mode, condition.computed_reservoir_nl) == (Mode.SIMPLE, given.fill_nl)
    assert condition.low_reservoir_clock_us > told.low_reservoir_clock_us
    assert condition.empty_clock_us - condition.clock_us == lasts_us(given.fill_nl, 10_000)


@pytest.mark.pump_requirement("RS-10")
@needs("bench.needle", "bench.time")
def test_another_strength_of_the_drug_runs_at_once(given: Given) -> None:
    """Baclofen of twice the strength is no other drug: it runs from the commit on, and the dates are those of the new fill."""
    strong = BACLOFEN._replace(concentration_ng_per_ml=2 * BACLOFEN.concentration_ng_per_ml)
    given.running(given.prescribe.simple(10_000))
    given.bench.advance(days=20)
    given.filled(strong)
    given.wire.update(given.prescribe.simple(5_000, strong))
    condition = given.wire.condition()

    assert (condition.mode, condition.rate_nl_per_h) == (Mode.SIMPLE, 5_000)
    assert condition.fill_concentration_ng_per_ml == strong.concentration_ng_per_ml
    assert condition.empty_clock_us - condition.clock_us == lasts_us(given.fill_nl, 5_000)


@pytest.mark.pump_requirement("RS-11")
@needs("bench.needle", "bench.time")
def test_prime_is_for_stopped_pumps_and_bounded(running: Any, given: Given) -> None:
    """A running pump refuses to prime; a stopped one primes up to its limit, stays stopped, and logs what it gave."""
    running_pump = given.wire.refusal("PRIME", Prime(given.wire.next_id, 200_000))
    assert running_pump.code == RefusalCode.NOT_STOPPED
    given.wire.stop()
    most_nl = given.wire.identity().limits[0].prime_nl_max
    refusal = given.wire.refusal("PRIME", Prime(given.wire.next_id, most_nl + 1))
    assert (refusal.code, refusal.limit) == (RefusalCode.RANGE, most_nl)
    before_nl = given.wire.counters().bolus_nl
    given.wire.ok("PRIME", Prime(given.wire.next_id, 200_000))
    assert given.wire.condition().bolus[0].kind == DoseKind.PRIME
    assert given.bench.run_until("bolus-ended", limit_s=2 * S_PER_H)
    given.bench.advance(hours=1)
    ended = given.wire.log(EventKind.BOLUS_ENDED)[-1]

    assert given.wire.condition().mode == Mode.STOPPED
    assert given.wire.counters().bolus_nl - before_nl == 200_000
    assert (ended.programmed_nl, ended.delivered_nl) == (200_000, 200_000)


@pytest.mark.pump_requirement("RS-11")
@needs("bench.needle", "bench.time", "bench.truth")
def test_prime_of_a_filled_catheter_is_a_dose(given: Given, measure: Any) -> None:
    """What is primed into a path that held drug already comes out at its tip: the record has the volume, truth has the drug."""
    given.running(given.prescribe.simple(RATE_NL_PER_H))
    given.bench.advance(days=7)
    given.wire.stop()
    before = given.bench.truth()["delivered_ng"]
    volume_nl = given.wire.identity().tubing_nl
    given.wire.ok("PRIME", Prime(given.wire.next_id, volume_nl))
    assert given.bench.run_until("bolus-ended", limit_s=2 * S_PER_H)
    given.bench.advance(hours=1)
    got_ng = given.bench.truth()["delivered_ng"] - before
    least_ng = dose_of(volume_nl) * (100 - given.band_percent) / 100 - dose_of(given.step_nl_max)
    most_ng = dose_of(volume_nl) * (100 + given.band_percent) / 100 + dose_of(given.step_nl_max)

    measure("unplanned dose of the prime", got_ng / 1_000, unit="mcg", low=least_ng / 1_000, high=most_ng / 1_000)
    assert given.wire.log(EventKind.BOLUS_ENDED)[-1].delivered_nl == volume_nl


@pytest.mark.pump_requirement("RS-11")
@needs("bench.needle", "bench.time")
def test_bridge_runs_its_volume_at_its_rate_in_the_place_of_basal(running: Any, given: Given) -> None:
    """For as long as volume over rate: no basal beside it, then the therapy's rate again."""
    before = given.wire.counters()
    volume_nl, rate_nl_per_h = 120_000, 20_000
    given.wire.ok("BRIDGE", Bridge(given.wire.next_id, volume_nl, rate_nl_per_h))
    end_us = given.wire.condition().bolus[0].end_us
    assert end_us - given.clock.device_us == volume_nl * US_PER_H // rate_nl_per_h
    given.clock.until(end_us - 1)
    held = given.wire.counters()
    assert held.basal_nl == before.basal_nl, "basal ran beside the bridge"
    given.clock.until(end_us)
    given.bench.advance(hours=1)
    given.resumed()
    after, rate = given.wire.counters(), given.wire.condition().rate_nl_per_h

    assert after.bolus_nl - before.bolus_nl == volume_nl
    if given.profile.behaviour.after_bolus != "stop":
        assert abs(after.basal_nl - before.basal_nl - basal_nl(rate, US_PER_H)) <= 1
