"""Silence: for one cause, for a time, and never for good."""

from __future__ import annotations

import pytest

from firmware_sim.units import US_PER_S
from hil.pytest_plugin.measure import Measure
from hil.rig import Rig
from hil.suite.causes import alarming
from hil.suite.given import Given
from hil.suite.sounds import ONE, TWO, heard, repeat_us, silence_us
from protocol.codes import AlarmCause, EventKind
from protocol.limits import SESSION_IDLE_US
from protocol.messages import Cause
from protocol.refusals import RefusalCode

LOW, STOPPED = AlarmCause.LOW_RESERVOIR, AlarmCause.STOPPED_TOO_LONG

needs = pytest.mark.pump_needs
both_classes = pytest.mark.parametrize("cause", [STOPPED, LOW], ids=["critical", "non-critical"])


def silenced_once(given: Given, measure: Measure, cause: AlarmCause, raised_us: int) -> int:
    """One silence from its command to the sounds behind it; returns when it ended."""
    asked_us, until_us = given.clock.device_us, given.wire.silence(cause)
    declared_s = silence_us(given, cause) / US_PER_S
    measure("length of the silence", (until_us - asked_us) / US_PER_S, unit="s", low=declared_s, high=declared_s)
    given.leave()
    muted = heard(given, (until_us - asked_us) // US_PER_S - 10)
    assert not muted, f"{len(muted)} sounds while it is silenced"
    given.clock.until(until_us - 2)
    assert given.wire.status().silenced == 1 << cause
    assert given.wire.alarm(cause).silenced_until_us == until_us
    given.clock.until(until_us)
    assert given.wire.status().silenced == 0
    assert given.wire.alarm(cause).silenced_until_us == 0
    given.leave()
    every_us = repeat_us(given, cause)
    began = [at_us for _, at_us in heard(given, 2 * every_us // US_PER_S)]
    assert began, "it is silent after its silence"
    assert {(at_us - raised_us) % every_us for at_us in began} == {0}
    assert began[0] - until_us <= every_us
    return until_us


@pytest.mark.pump_requirement("AL-03", "AL-04")
@needs("bench.needle", "bench.time", "bench.sound")
@both_classes
def test_silence_lasts_as_declared_and_ends_to_the_microsecond(given: Given, measure: Measure, cause: AlarmCause) -> None:
    """Muted from the command on for the class's time; a moment before its end still, at its end no more, and the next repeat is heard in
    the old rhythm. However often it is asked for, each time it ends.
    """
    alarming(given, cause)
    raised_us = given.wire.alarm(cause).raised_us
    ends = [silenced_once(given, measure, cause, raised_us) for _ in range(2)]

    assert [(record.detail, record.value) for record in given.wire.log(EventKind.SILENCED)] == [(cause, until_us) for until_us in ends]


@pytest.mark.pump_requirement("AL-03")
@needs("bench.needle", "bench.time", "bench.sound")
@pytest.mark.parametrize("muted", [LOW, STOPPED], ids=["non-critical", "critical"])
def test_silence_is_of_one_cause_and_a_new_cause_sounds_at_once(given: Given, muted: AlarmCause) -> None:
    """With one cause muted another of either class is heard, from its own raise on; the muted one stays muted."""
    if muted is STOPPED:
        alarming(given, STOPPED)
        given.wire.silence(STOPPED)
        given.wire.refill(given.profile.alarm.low_reservoir_nl_default)
        fresh, pattern, every_us = LOW, ONE, repeat_us(given, LOW)
    else:
        alarming(given, LOW)
        given.wire.stop()
        given.leave()
        given.bench.advance(seconds=given.profile.alarm.stopped_too_long_s - 60)
        given.wire.silence(LOW)
        fresh, pattern, every_us = STOPPED, TWO, repeat_us(given, STOPPED)
    given.leave()
    sounds = heard(given, 40 * 60)
    raised_us = given.wire.alarm(fresh).raised_us

    assert {at for at, _ in sounds} <= {pattern}, "the muted cause is heard"
    assert [at_us for _, at_us in sounds] == list(range(raised_us, given.clock.device_us, every_us))
    assert given.wire.status().silenced == 1 << muted


@pytest.mark.pump_requirement("AL-03")
@needs("bench.needle", "bench.time", "bench.truth")
def test_silence_ends_with_its_cause(given: Given) -> None:
    """Low, muted for a day, refilled, low again within the day: it sounds at once, and is shown as not silenced."""
    alarming(given, LOW)
    given.wire.silence(LOW)
    given.wire.refill(given.fill_nl)
    assert given.wire.alarm(LOW)[2:] == (0, 0, given.wire.alarm(LOW).raised_us, 0)
    given.bench.advance(minutes=30)
    given.wire.refill(given.profile.alarm.low_reservoir_nl_default)

    assert given.wire.status().silenced == 0
    assert given.bench.truth()["sound"] is not None, "the cause came again in silence"


@pytest.mark.pump_requirement("AL-03")
@needs("bench.needle", "bench.time", "bench.power", "bench.sound")
@pytest.mark.parametrize("how", ["reset", "power cut"])
def test_silence_ends_with_a_reset(given: Given, how: str) -> None:
    """A cause that outlives the reset is heard again."""
    alarming(given, STOPPED)
    given.wire.silence(STOPPED)
    given.leave()
    if how == "reset":
        given.bench.reset()
    else:
        given.bench.power_cut(off_s=5)
        given.bench.advance(seconds=5)
    given.bench.run_until("ready", limit_s=70)

    assert STOPPED in given.wire.active()
    assert given.wire.status().silenced == 0
    given.leave()
    assert {pattern for pattern, _ in heard(given, 20 * 60)} == {TWO}


@pytest.mark.pump_requirement("AL-10", "AL-03")
@needs("bench.needle", "bench.time", "bench.sound")
@pytest.mark.parametrize("how", ["goodbye", "lost"])
def test_silence_ends_when_the_link_is_lost_and_not_when_it_is_closed(given: Given, how: str) -> None:
    """A programmer that goes away without a word leaves no silence behind once its session has timed out; one that says goodbye does."""
    alarming(given, STOPPED)
    raised_us, until_us = given.wire.alarm(STOPPED).raised_us, given.wire.silence(STOPPED)
    sounds = heard(given, SESSION_IDLE_US // US_PER_S // 2)
    spoken_us = given.clock.device_us
    assert given.wire.status().silenced == 1 << STOPPED
    if how == "goodbye":
        given.leave()
    sounds += heard(given, SESSION_IDLE_US // US_PER_S - 2)
    assert given.clock.device_us > raised_us + repeat_us(given, STOPPED), "no repeat was due in the silence"
    assert sounds == [], "the muted cause is heard"
    assert given.bench.status()["alarms"][0]["silenced_until_us"] == until_us
    given.clock.until(spoken_us + SESSION_IDLE_US + US_PER_S)
    lost = given.bench.status()["alarms"][0]["silenced_until_us"]

    assert lost == (until_us if how == "goodbye" else 0)
    sounds = heard(given, 30 * 60)
    assert bool(sounds) == (how == "lost"), f"{len(sounds)} sounds in the half hour after"


@pytest.mark.pump_requirement("AL-20")
@needs("bench.needle", "bench.time")
@both_classes
def test_silenced_alarm_is_shown_as_such(given: Given, cause: AlarmCause) -> None:
    """The status has a bit for it and the list says until when; the alarm's own bit stays, and no other cause is shown as silenced."""
    alarming(given, cause)
    assert given.wire.status().silenced == 0
    until_us = given.wire.silence(cause)
    status = given.wire.status()

    assert (status.alarms, status.silenced, status.acknowledged) == (1 << cause, 1 << cause, 0)
    assert given.wire.alarm(cause).silenced_until_us == until_us


@pytest.mark.pump_requirement("AL-20", "AL-19")
def test_what_is_not_there_cannot_be_silenced_nor_acknowledged(running: Rig, given: Given) -> None:
    """On a pump without the cause: refused by name, and nothing is shown."""
    for request in ("SILENCE", "ACK"):
        assert given.wire.refusal(request, Cause(STOPPED)).code == RefusalCode.NOT_ACTIVE
    status = given.wire.status()

    assert (status.alarms, status.silenced, status.acknowledged) == (0, 0, 0)
