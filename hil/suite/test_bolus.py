"""The clinician's bolus: its volume, the maximum rate, the basal below it, and what ends it early."""

from __future__ import annotations

from typing import Any

import pytest

from firmware_sim.units import S_PER_H, US_PER_H, US_PER_S
from hil.pytest_plugin.measure import Measure
from hil.suite.causes import moves_under, rate_under
from hil.suite.given import Given
from hil.suite.therapies import basal_nl
from protocol.codes import AlarmCause, Answer, DoseState, EventKind, Mode, StatusFlag
from protocol.messages import Bolus, Outcome

BASAL = 20_000
DONE, INTERRUPTED = 0, 1
"""Details of the record of a bolus that ended."""

needs = pytest.mark.pump_needs


def ended(given: Given) -> Any:
    """The one record of a bolus that ended."""
    records = given.wire.log(EventKind.BOLUS_ENDED)
    assert len(records) == 1, f"{len(records)} records of a bolus that ended, not one"
    return records[0]


# -- volume -------------------------------------------------------------------------------------------------------------


@pytest.mark.pump_requirement("BO-01")
@needs("bench.needle", "bench.time", "bench.truth", "bench.image")
@pytest.mark.parametrize(("volume_nl", "duration_s"), [(251, 60), (100_000, 600), (50_001, 3_601), (1_999_999, 86_400)])
def test_bolus_gives_its_volume_within_a_step(given: Given, measure: Measure, volume_nl: int, duration_s: int) -> None:
    """What a pump with the bolus commands more than its twin without is its volume exactly; in steps, within one; it ends on its second."""
    given.running(given.prescribe.simple(BASAL))
    given.bench.advance(hours=2)
    bolus_nl = given.wire.counters().bolus_nl

    def without() -> tuple[int, int]:
        given.clock.until(began_us + duration_s * US_PER_S)
        return given.bench.truth()["steps_moved"], given.wire.counters().basal_nl

    def with_bolus() -> tuple[int, int]:
        answer = given.wire.bolus(volume_nl, duration_s)
        assert (answer.duration_s, answer.end_us) == (duration_s, began_us + duration_s * US_PER_S)
        given.clock.until(answer.end_us - 2)
        assert given.wire.status().flags & StatusFlag.BOLUS_RUNNING
        given.clock.until(answer.end_us)
        assert not given.wire.status().flags & StatusFlag.BOLUS_RUNNING
        return given.bench.truth()["steps_moved"], given.wire.counters().basal_nl

    began_us = given.clock.device_us
    alone, dosed = given.apart(without, with_bolus)
    step_nl = given.profile.motor.step_nl * given.wire.identity().calibration_ppm / 1_000_000
    measure("bolus volume, in steps moved", (dosed[0] - alone[0]) * step_nl, unit="nL", low=volume_nl - step_nl, high=volume_nl + step_nl)
    assert dosed[1] == alone[1], "the basal beside a bolus is not what it is without"
    given.bench.advance(hours=1)
    measure("bolus volume, commanded", given.wire.counters().bolus_nl - bolus_nl, unit="nL", low=volume_nl, high=volume_nl)
    record = ended(given)
    assert (record.detail, record.programmed_nl, record.delivered_nl) == (DONE, volume_nl, volume_nl)


@pytest.mark.pump_requirement("BO-01")
@needs("bench.needle", "bench.time", "bench.truth")
def test_bolus_is_given_evenly(given: Given, measure: Measure) -> None:
    """At each tenth of its time a tenth of it has been given, by the pump's word, its steps and its log."""
    volume_nl, duration_s = 120_000, 3_600
    given.running(given.prescribe.minimum())
    moved = given.bench.truth()["steps_moved"]
    answer = given.wire.bolus(volume_nl, duration_s)
    began_us = answer.end_us - duration_s * US_PER_S
    step_nl = given.profile.motor.step_nl * given.wire.identity().calibration_ppm / 1_000_000
    for tenth in range(1, 10):
        given.clock.until(began_us + duration_s * US_PER_S * tenth // 10)
        (told,) = given.wire.condition().bolus
        due_nl = volume_nl * tenth // 10
        assert (told.programmed_nl, told.delivered_nl, told.end_us) == (volume_nl, due_nl, answer.end_us)
        given_nl = (given.bench.truth()["steps_moved"] - moved) * step_nl - given.profile.rate.minimum_rate_nl_per_h * tenth / 10
        measure(f"given after {tenth} tenths", round(given_nl), unit="nL", low=due_nl - step_nl - 1, high=due_nl + step_nl + 1)


@pytest.mark.pump_requirement("BO-01", "PR-02", "PR-03")
@needs("bench.needle", "bench.time", "bench.inject")
@pytest.mark.parametrize("lost", ["request", "answer"])
def test_bolus_is_given_once_though_the_line_loses_a_frame(given: Given, measure: Measure, lost: str) -> None:
    """A request that is sent again after its answer was lost doses once: one record, one volume, executed."""
    given.running(given.prescribe.simple(BASAL))
    command_id = given.wire.next_id
    before = given.wire.counters().bolus_nl
    direction = "to_pump" if lost == "request" else "to_host"
    handle = given.suffers("link.drop", direction=direction, at_frames="1")
    answered = given.wire.ask("BOLUS", Bolus(command_id, 60_000, 30_000, 600, 0))

    assert given.struck(handle) == 1, f"no {lost} was lost"
    assert answered.answer is Answer.OK, f"BOLUS sent twice: {answered.answer.name}"
    given.bench.advance(hours=2)
    measure("given of a bolus sent twice", given.wire.counters().bolus_nl - before, unit="nL", low=60_000, high=60_000)
    assert len(given.wire.log(EventKind.BOLUS_STARTED)) == 1
    outcome = given.wire.ok("OUTCOME", Outcome(command_id))
    assert (outcome.state, outcome.delivered_nl) == (DoseState.EXECUTED, 60_000)


@pytest.mark.pump_requirement("BO-01", "PR-02")
@needs("bench.needle", "bench.time")
def test_same_command_again_gives_nothing_more(given: Given, measure: Measure) -> None:
    """The id of a bolus that was given, sent late by another session: its old answer, and no second dose."""
    given.running(given.prescribe.simple(BASAL))
    body = given.wire.bolus_body(60_000, 600)
    first = given.wire.ok("BOLUS", body)
    given.bench.advance(hours=1)
    given.leave()
    late = given.wire.ask("BOLUS", body)
    given.bench.advance(hours=1)

    assert (late.answer, late.body) == (Answer.OK, first)
    measure("given of a bolus sent twice", given.wire.counters().bolus_nl, unit="nL", low=60_000, high=60_000)
    other = given.wire.ask("BOLUS", body._replace(volume_nl=70_000, dose_ng=35_000))
    assert other.answer is Answer.CONFLICT, f"another bolus under the same id: {other.answer.name}"
    given.bench.advance(hours=1)
    assert given.wire.counters().bolus_nl == 60_000


@pytest.mark.pump_requirement("BO-01")
@needs("bench.needle", "bench.time")
def test_second_bolus_waits_for_the_end_of_the_first(given: Given, measure: Measure) -> None:
    """One at a time: BUSY until the end of the first, which is whole; at that end the next is granted."""
    given.running(given.prescribe.simple(BASAL))
    first = given.wire.bolus(60_000, 600)
    given.clock.until(first.end_us - 2)
    assert given.wire.busy_until("BOLUS", given.wire.bolus_body(60_000, 600)) == first.end_us
    given.clock.until(first.end_us)
    given.resumed()
    second = given.wire.bolus(40_000, 600)
    given.clock.until(second.end_us)

    measure("given by two boluses", given.wire.counters().bolus_nl, unit="nL", low=100_000, high=100_000)


# -- the basal below it -------------------------------------------------------------------------------------------------


@pytest.mark.pump_requirement("BO-04")
@needs("bench.needle", "bench.time", "bench.truth", "bench.image")
def test_bolus_leaves_the_basal_rate_and_its_phase(given: Given) -> None:
    """The therapy reads back the same; a bolus of whole steps over, each basal step falls where it would without it."""
    given.running(given.prescribe.flex((10_000, 12_000, 14_000)))
    given.bench.advance(minutes=37)
    ppm, step_nl = given.wire.identity().calibration_ppm, given.profile.motor.step_nl
    steps = 4_000
    volume_nl = ppm * step_nl * steps // 1_000_000
    assert volume_nl * 1_000_000 == ppm * step_nl * steps

    def without() -> tuple[object, ...]:
        given.bench.advance(hours=2)
        return after()

    def with_bolus() -> tuple[object, ...]:
        given.wire.bolus(volume_nl, 7_199)
        given.bench.advance(hours=2)
        return after()

    def after() -> tuple[object, ...]:
        told = given.wire.therapy(), given.wire.condition().rate_nl_per_h, given.wire.condition().mode, given.wire.counters().basal_nl
        given.leave()
        return (*told, given.bench.sample(every_s=1, duration_s=S_PER_H)["steps_moved"])

    alone, dosed = given.apart(without, with_bolus)
    assert dosed[:4] == alone[:4]
    assert isinstance(dosed[4], list)
    assert [moved - steps for moved in dosed[4]] == alone[4], "the phase of the basal steps has moved"


@pytest.mark.pump_requirement("BO-04", deviates=("legacy-18",))
@needs("bench.needle", "bench.time")
def test_bolus_leaves_the_pump_stopped(given: Given, measure: Measure) -> None:
    """Its end is the end of the basal too: no rate until somebody starts the pump again, the therapy unchanged."""
    therapy = given.prescribe.simple(BASAL)
    given.running(therapy)
    answer = given.wire.bolus(60_000, 600)
    given.clock.until(answer.end_us)
    basal_before = given.wire.counters().basal_nl
    given.bench.advance(hours=24)

    condition = given.wire.condition()
    assert (condition.mode, condition.rate_nl_per_h) == (Mode.STOPPED, 0)
    measure("basal in the day after", given.wire.counters().basal_nl - basal_before, unit="nL", low=0, high=0)
    given.wire.start()
    assert (given.wire.therapy(), given.wire.condition().rate_nl_per_h) == (therapy, BASAL)


# -- what ends it early -------------------------------------------------------------------------------------------------

ERRORS: dict[str, tuple[AlarmCause, dict[str, str | int]]] = {
    "firmware.selftest_fail": (AlarmCause.SELF_TEST_CPU, {"test": "cpu"}),
    "memory.bank_bad": (AlarmCause.MEMORY_FAILURE, {}),
    "motor.stall": (AlarmCause.MOTOR_STALL, {}),
    "firmware.hang": (AlarmCause.WATCHDOG_FAILURE, {"task": "dosing", "outlasts_reset": 1}),
}
"""Faults that break a bolus off, their causes and parameters."""


@pytest.mark.pump_requirement("BO-12")
@needs("bench.needle", "bench.time", "bench.inject", "bench.truth")
@pytest.mark.parametrize("fault", ["firmware.selftest_fail", "memory.bank_bad", "motor.stall"])
def test_error_in_a_bolus_cancels_the_rest(given: Given, measure: Measure, fault: str) -> None:
    """What was commanded until the alarm is all that is given, to the nanolitre; the record has both volumes; the rest never comes."""
    volume_nl, duration_s = 100_000, 3 * S_PER_H
    given.running(given.prescribe.simple(BASAL))
    given.bench.advance(minutes=10)
    cause, parameters = ERRORS[fault]
    if cause is AlarmCause.MOTOR_STALL and not given.profile.behaviour.stall_alarm:
        cause, fault, parameters = ERRORS["firmware.hang"][0], "firmware.hang", ERRORS["firmware.hang"][1]
    start = given.bench.truth()["steps_moved"]
    answer = given.wire.bolus(volume_nl, duration_s)
    began_us = answer.end_us - duration_s * US_PER_S
    given.clock.until(began_us + duration_s * US_PER_S // 4)
    for bank in ("bank_a", "bank_b") if fault == "memory.bank_bad" else ("",):
        given.suffers(fault, **parameters, **({"bank": bank} if bank else {}))
    assert given.bench.run_until(f"alarm:{cause.name.lower()}", limit_s=3_700), f"{fault} raises no {cause.name}"
    raised_us = given.clock.device_us
    moved = given.bench.truth()["steps_moved"]
    step_nl = given.profile.motor.step_nl * given.wire.identity().calibration_ppm / 1_000_000
    given.bench.advance(hours=5)

    due_nl = volume_nl * min(raised_us - began_us, duration_s * US_PER_S) // (duration_s * US_PER_S)
    record = ended(given)
    assert (record.detail, record.programmed_nl) == (INTERRUPTED, volume_nl)
    low = due_nl - 1 if cause is not AlarmCause.WATCHDOG_FAILURE else 1
    measure("given of a bolus broken off", record.delivered_nl, unit="nL", low=low, high=due_nl)
    assert given.wire.counters().bolus_nl == record.delivered_nl
    both_nl = due_nl + basal_nl(BASAL, raised_us - began_us)
    stands = cause in (AlarmCause.MOTOR_STALL, AlarmCause.WATCHDOG_FAILURE)
    least_nl = volume_nl // 4 + basal_nl(BASAL, duration_s * US_PER_S // 4) if stands else both_nl
    moved_nl = (moved - start) * step_nl
    measure("moved for bolus and basal until the alarm", moved_nl, unit="nL", low=least_nl - 2 * step_nl, high=both_nl + step_nl)
    runs_nl = basal_nl(rate_under(given, cause), 5 * US_PER_H) if moves_under(given, cause) else 0
    after_nl, room_nl = (given.bench.truth()["steps_moved"] - moved) * step_nl, 2 * step_nl if runs_nl else 0
    measure("moved in five hours after the alarm", after_nl, unit="nL", low=runs_nl - room_nl, high=runs_nl + room_nl)


@pytest.mark.pump_requirement("BO-12")
@needs("bench.needle", "bench.time")
@pytest.mark.parametrize("how", ["stop", pytest.param("reset", marks=needs("bench.power"))])
def test_bolus_that_is_broken_off_is_not_resumed(given: Given, measure: Measure, how: str) -> None:
    """Half of it given, a STOP or a reset ends it: the record tells the half, and START brings the basal only."""
    given.running(given.prescribe.simple(BASAL))
    answer = given.wire.bolus(120_000, S_PER_H)
    given.clock.until(answer.end_us - S_PER_H // 2 * US_PER_S)
    if how == "stop":
        given.wire.stop()
        given.bench.advance(minutes=10)
        given.wire.start()
    else:
        given.bench.reset()
        given.bench.run_until("ready", limit_s=70)
    given.bench.advance(hours=3)

    record = ended(given)
    assert (record.detail, record.programmed_nl) == (INTERRUPTED, 120_000)
    measure("given of half a bolus", record.delivered_nl, unit="nL", low=59_999, high=60_000)
    assert given.wire.counters().bolus_nl - record.delivered_nl in (0, 1)
    assert given.wire.condition().rate_nl_per_h == BASAL
