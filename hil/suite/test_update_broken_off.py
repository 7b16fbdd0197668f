"""An update that is broken off: old or new, never a mixture, or a pump that says that it stands."""

from __future__ import annotations

from contextlib import suppress

import pytest

from firmware_sim.units import US_PER_MIN, US_PER_S
from hil.suite.given import Given
from hil.suite.updates import new_of, old_of
from protocol.codes import AlarmCause, Answer, Mode, StatusFlag
from protocol.errors import ProtocolError
from protocol.messages import Commit
from protocol.therapy import Therapy

needs = pytest.mark.pump_needs


def what_runs(given: Given, old: Therapy, new: Therapy) -> str:
    """`old`, `new` or `stopped`, and nothing between them."""
    therapy, status = given.wire.therapy(), given.wire.status()
    assert therapy in (old, new), "a mixture of two therapies"
    assert (therapy == new) == (status.generation == 2), "therapy and generation do not belong together"
    if status.mode == Mode.STOPPED:
        assert therapy == old
        assert status.flags & StatusFlag.STOPPED_BY_UPDATE, "a pump that an update left stopped does not say so"
        return "stopped"
    minutes = status.clock_us // US_PER_MIN % 1_440
    step = next(step for step in therapy.groups[0].steps if step.start_minute <= minutes < step.end_minute)
    assert given.wire.condition().rate_nl_per_h == step.rate_nl_per_h
    return "new" if therapy == new else "old"


def broken_off(given: Given, therapy: Therapy) -> None:
    """An update that may not come through."""
    try:
        given.wire.programmer.update(therapy)
    except ProtocolError:
        given.wire.programmer.dismiss()


@pytest.mark.pump_requirement("PG-18")
@needs("bench.needle", "bench.time", "bench.inject", "bench.image")
def test_update_whose_link_is_cut_leaves_old_or_new_or_a_pump_that_says_that_it_stands(given: Given) -> None:
    """The link is lost at every fortieth byte: never a mixture; a pump left stopped tells every later session, and alarms in 48 h."""
    old, new = old_of(given), new_of(given)
    given.running(old)
    given.bench.advance(hours=1)

    def cut(at_byte: int) -> str:
        given.wire.status()
        handle = given.suffers("link.cut", direction="to_pump", at_byte=at_byte)
        begun_us = given.clock.device_us
        broken_off(given, new)
        given.bench.clear(handle)
        given.leave()
        runs = what_runs(given, old, new)
        if runs == "stopped" and at_byte % 200 == 1:
            given.leave()
            assert given.bench.run_until("alarm:stopped_too_long", limit_s=given.profile.alarm.stopped_too_long_s + 60), (
                "no alarm after 48 h"
            )
            waited_s = (given.wire.alarm(AlarmCause.STOPPED_TOO_LONG).raised_us - begun_us) / US_PER_S
            assert abs(waited_s - given.profile.alarm.stopped_too_long_s) < 60
            assert what_runs(given, old, new) == "stopped"
        return runs

    ends = given.apart(*(lambda at_byte=at_byte: cut(at_byte) for at_byte in range(1, 1_100, 40)))
    assert {"old", "new"} <= set(ends)
    assert ("stopped" in ends) == given.profile.behaviour.stops_for_update


@pytest.mark.pump_requirement("PG-18")
@needs("bench.needle", "bench.time", "bench.power", "bench.image")
def test_commit_whose_power_dies_leaves_old_or_new(given: Given) -> None:
    """The supply dies inside the memory writes of a commit, every seventh byte: the bank of old or of new is whole; the pump says which."""
    old, new = old_of(given), new_of(given)
    given.running(old)
    given.bench.advance(hours=1)

    def cut(after_bytes: int) -> str:
        digest, sealed = given.wire.stage(new)
        assert sealed.answer is Answer.OK, f"SEAL: {sealed.answer.name}"
        body = Commit(given.wire.next_id, digest, ())
        given.bench.power_cut(after_bytes=after_bytes, off_s=1)
        with suppress(ProtocolError):
            given.wire.programmer.request("COMMIT", body)
        given.leave()
        given.bench.advance(seconds=5)
        assert given.bench.run_until("ready", limit_s=70)
        assert not given.wire.active() & {AlarmCause.MEMORY_FAILURE}
        return what_runs(given, old, new)

    ends = given.apart(*(lambda count=count: cut(count) for count in range(1, 420, 7)))
    assert "new" in ends
    assert {"old", "stopped"} & set(ends)


@pytest.mark.pump_requirement("PG-18")
@needs("bench.needle", "bench.time")
def test_start_brings_the_old_therapy_back_and_ends_the_warning(given: Given) -> None:
    """After an update that was let be START runs what ran before, and STATUS no longer warns; the new one can be staged again."""
    old, new = old_of(given), new_of(given)
    given.running(old)
    given.wire.stage(new)
    given.leave()
    given.bench.advance(hours=1)
    if given.profile.behaviour.stops_for_update:
        assert what_runs(given, old, new) == "stopped"
    given.wire.start()
    assert what_runs(given, old, new) == "old"
    given.wire.update(new)

    assert what_runs(given, old, new) == "new"
