"""Programming: staged, read back, committed; judged twice; taken from one programmer at a time; never half a therapy."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from typing import Any

import pytest

from firmware_sim.units import US_PER_MIN, US_PER_S
from hil.pytest_plugin.measure import Measure
from hil.rig import Rig
from hil.suite.given import Given
from hil.suite.therapies import ML
from hil.suite.updates import new_of, old_of, unchanged
from hil.suite.wire import Wire
from protocol.codec import encode
from protocol.codes import Answer, EventKind, Mode, StagingState, StatusFlag
from protocol.limits import STAGING_US
from protocol.messages import Begin, Commit, Nothing, Put, Readback, Seal
from protocol.refusals import Field, RefusalCode
from protocol.therapy import PatientRule

OTHER = 99
"""The id of a second programmer."""

needs = pytest.mark.pump_needs


# -- the steps ----------------------------------------------------------------------------------------------------------


@pytest.mark.pump_requirement("PG-01")
@pytest.mark.parametrize("name", ["PUT", "SEAL", "READBACK", "COMMIT", "ABORT"])
def test_no_single_frame_changes_the_therapy(running: Rig, given: Given, name: str) -> None:
    """Each request of the sequence alone, without BEGIN: refused NOT_STAGED, and therapy, rate and mode are as before."""
    image = encode(new_of(given))
    digest = hashlib.sha256(image).digest()
    bodies: dict[str, tuple[Any, ...]] = {
        "PUT": Put(0, image[:100]),
        "SEAL": Seal(len(image), digest),
        "READBACK": Readback(0),
        "COMMIT": Commit(given.wire.next_id, digest, ()),
        "ABORT": Nothing(),
    }
    before = unchanged(given), given.wire.condition().rate_nl_per_h
    told = given.wire.refusal(name, bodies[name])

    assert told.code == RefusalCode.NOT_STAGED
    assert (unchanged(given), given.wire.condition().rate_nl_per_h) == before


@pytest.mark.pump_requirement("PG-01")
def test_what_is_not_sealed_cannot_be_read_back_nor_committed(running: Rig, given: Given) -> None:
    """BEGIN and PUT alone: READBACK and COMMIT are refused NOT_SEALED, and the old therapy is told and counted as before."""
    image = encode(new_of(given))
    before = unchanged(given)
    given.wire.ok("BEGIN", Begin(given.wire.status().generation, False))
    given.wire.ok("PUT", Put(0, image))
    assert given.wire.refusal("READBACK", Readback(0)).code == RefusalCode.NOT_SEALED
    committed = given.wire.refusal("COMMIT", Commit(given.wire.next_id, hashlib.sha256(image).digest(), ()))
    given.wire.ok("ABORT")

    assert committed.code == RefusalCode.NOT_SEALED
    assert unchanged(given) == before


@pytest.mark.pump_requirement("PG-01")
def test_commit_wants_the_digest_of_what_was_sealed(running: Rig, given: Given) -> None:
    """Another digest than that of the sealed image, and SEAL of another than was laid: both refused."""
    before = unchanged(given)
    image = encode(new_of(given))
    _, sealed = given.wire.stage(new_of(given))
    assert sealed.answer is Answer.OK, f"SEAL: {sealed.answer.name}"
    assert given.wire.refusal("COMMIT", Commit(given.wire.next_id, bytes(32), ())).code == RefusalCode.DIGEST
    given.wire.ok("BEGIN", Begin(given.wire.status().generation, False))
    given.wire.ok("PUT", Put(0, image))
    assert given.wire.refusal("SEAL", Seal(len(image), bytes(32))).code == RefusalCode.DIGEST
    given.wire.ok("ABORT")

    assert unchanged(given) == before


@pytest.mark.pump_requirement("PG-17")
@needs("bench.needle", "bench.time", "bench.sound")
@pytest.mark.parametrize("kind", ["simple", "flex", "patient", "repeats"])
def test_what_is_read_back_is_what_was_staged_and_what_runs(given: Given, kind: str) -> None:
    """Byte for byte before the commit, and again in the interrogation after it; the pump does what it says: rate, repeats, rule."""
    prescribe = given.prescribe
    rule = PatientRule(20_000, 10_000, 600, 3_600, 4, 900_000)
    therapies = {
        "simple": prescribe.simple(12_345),
        "flex": prescribe.flex([4_000 + 333 * number for number in range(given.profile.rate.steps_per_group_max)]),
        "patient": prescribe.with_patient(prescribe.simple(10_000), rule),
        "repeats": prescribe.simple(10_000)._replace(critical_repeat_s=1_260, non_critical_repeat_s=7_260, low_reservoir_nl=3 * ML),
    }
    therapy = therapies[kind]
    given.running(prescribe.simple(9_000))
    image = encode(therapy)
    digest, sealed = given.wire.stage(therapy)
    assert sealed.answer is Answer.OK, f"SEAL: {sealed.answer.name}"
    got = b""
    while len(got) < len(image):
        part = given.wire.ok("READBACK", Readback(len(got)))
        assert part.total == len(image)
        got += part.data
    assert got == image, "the pump reads back another therapy than was staged"
    given.wire.ok("COMMIT", Commit(given.wire.next_id, digest, ()))

    assert given.wire.therapy() == therapy, "the pump runs another therapy than it read back"
    assert given.wire.status().therapy_digest == digest
    minutes = given.wire.condition().clock_us // US_PER_MIN % 1_440
    step = next(step for step in therapy.groups[0].steps if step.start_minute <= minutes < step.end_minute)
    assert given.wire.condition().rate_nl_per_h == step.rate_nl_per_h
    given.wire.stop()
    given.bench.run_until("alarm:stopped_too_long", limit_s=given.profile.alarm.stopped_too_long_s + 10)
    given.leave()
    began = [sound["began_us"] for sound in given.bench.listen(duration_s=3 * therapy.critical_repeat_s)]
    assert {later - earlier for earlier, later in pairwise(began)} == {therapy.critical_repeat_s * US_PER_S}


# -- two programmers ----------------------------------------------------------------------------------------------------


@pytest.mark.pump_requirement("PG-02")
@needs("wire")
def test_update_upon_an_older_generation_is_refused(running: Rig, given: Given) -> None:
    """A programmer that read the therapy before another changed it: BEGIN is refused with both generations, nothing stops."""
    known = given.wire.status().generation
    given.leave()
    other = Wire(given.rig.another_programmer(programmer_id=OTHER))
    other.update(new_of(given))
    other.programmer.close()
    for stale in (known, known + 2, 0):
        told = given.wire.refusal("BEGIN", Begin(stale, False))
        assert told[:5] == (RefusalCode.GENERATION, Field.GENERATION, 0, stale, known + 1)

    assert (given.wire.status().mode, given.wire.status().staging) == (Mode.FLEX, StagingState.NONE)
    assert given.wire.therapy() == new_of(given)


@pytest.mark.pump_requirement("PG-02")
@needs("bench.time", "wire")
def test_staging_belongs_to_one_programmer_until_it_lapses(running: Rig, given: Given) -> None:
    """Another programmer's BEGIN and all that follows are BUSY until the staged image lapses, to the microsecond; then it is taken."""
    generation = given.wire.status().generation
    until_us = given.wire.ok("BEGIN", Begin(generation, False)).until_us
    given.leave()
    other = Wire(given.rig.another_programmer(programmer_id=OTHER))
    assert other.busy_until("BEGIN", Begin(generation, False)) == until_us
    image = encode(new_of(given))
    for name, body in (("PUT", Put(0, image[:9])), ("SEAL", Seal(9, bytes(32))), ("READBACK", Readback(0)), ("ABORT", Nothing())):
        assert other.busy_until(name, body) == until_us
    given.clock.until(until_us - 2)
    assert other.busy_until("BEGIN", Begin(generation, False)) == until_us
    given.clock.until(until_us)

    assert other.update(new_of(given)) == generation + 1
    other.programmer.close()


# -- left alone ---------------------------------------------------------------------------------------------------------


@pytest.mark.pump_requirement("PG-05", "PR-10")
@needs("bench.needle", "bench.time")
@pytest.mark.parametrize("how", ["idle", "link lost", "sealed"])
def test_update_that_is_let_be_lapses_and_the_old_therapy_runs(given: Given, measure: Measure, how: str) -> None:
    """Ten minutes after BEGIN the staged image is gone, to the microsecond; the pump has run the old therapy all the time."""
    therapy = old_of(given)
    given.running(therapy)
    given.bench.advance(hours=1)
    begun_us, before = given.clock.device_us, given.wire.counters().basal_nl
    if how == "sealed":
        given.wire.stage(new_of(given))
        staged = StagingState.SEALED
    else:
        given.wire.ok("BEGIN", Begin(1, False))
        given.wire.ok("PUT", Put(0, encode(new_of(given))[:50]))
        staged = StagingState.OPEN
    if how != "idle":
        given.leave()
    given.clock.until(begun_us + STAGING_US - US_PER_S)
    assert given.wire.status().staging == staged
    given.clock.until(begun_us + STAGING_US + US_PER_S)
    status = given.wire.status()

    assert (status.staging, status.mode, status.generation, status.alarms) == (StagingState.NONE, Mode.FLEX, 1, 0)
    assert given.wire.therapy() == therapy
    rate = given.wire.condition().rate_nl_per_h
    due_nl = rate * (given.clock.device_us - begun_us) // (3_600 * US_PER_S)
    measure("given while it was staged", given.wire.counters().basal_nl - before, unit="nL", low=due_nl - 1, high=due_nl + 1)


@pytest.mark.pump_requirement("PG-05", "PR-10", deviates=("itp-20", "itp-40", "legacy-18"))
@needs("bench.needle", "bench.time")
def test_update_that_is_let_be_lapses_and_the_pump_stays_stopped(given: Given, measure: Measure) -> None:
    """The staged image lapses after its ten minutes, logged; the pump stands still until somebody starts it, and says so in STATUS."""
    given.running(old_of(given))
    given.bench.advance(hours=1)
    given.wire.ok("BEGIN", Begin(1, False))
    before, begun_us = given.wire.counters().basal_nl, given.clock.device_us
    given.clock.until(begun_us + STAGING_US - US_PER_S)
    assert given.wire.status().staging == StagingState.OPEN
    given.clock.until(begun_us + STAGING_US + US_PER_S)
    assert given.wire.status().staging == StagingState.NONE
    assert len(given.wire.log(EventKind.UPDATE_DROPPED)) == 1
    given.bench.advance(days=1)

    status = given.wire.status()
    assert (status.mode, status.generation) == (Mode.STOPPED, 1)
    assert status.flags & StatusFlag.STOPPED_BY_UPDATE
    measure("given in the day after", given.wire.counters().basal_nl - before, unit="nL", low=0, high=0)
    given.wire.start()
    assert not given.wire.status().flags & StatusFlag.STOPPED_BY_UPDATE
