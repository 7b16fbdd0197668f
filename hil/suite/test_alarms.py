"""Alarms one beside another and over time: raised, heard, silenced, acknowledged, cleared; and none where there is nothing to tell."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from firmware_sim.units import US_PER_DAY, US_PER_H, US_PER_S
from hil.pytest_plugin.measure import Measure
from hil.rig import Rig
from hil.suite.causes import CAUSES, alarming, told
from hil.suite.given import Given
from hil.suite.sounds import ONE, TWO, heard, heard_at, repeat_us
from hil.suite.therapies import ML
from protocol.codes import AlarmCause, Answer, EventKind, Mode
from protocol.refusals import Field, RefusalCode

LOW, EMPTY, STOPPED = AlarmCause.LOW_RESERVOIR, AlarmCause.EMPTY_RESERVOIR, AlarmCause.STOPPED_TOO_LONG

needs = pytest.mark.pump_needs
both_classes = pytest.mark.parametrize("cause", [STOPPED, LOW], ids=["critical", "non-critical"])


# -- heard and read -----------------------------------------------------------------------------------------------------


@pytest.mark.pump_requirement("AL-01")
@needs("bench.needle", "bench.time", "bench.truth", "bench.sound")
@both_classes
def test_alarm_is_heard_and_read_at_once(given: Given, cause: AlarmCause) -> None:
    """At the instant of the raise the pump sounds, and a programmer reads the flag; it sounds again at its first repeat."""
    alarming(given, cause)
    sound, status = given.bench.truth()["sound"], given.wire.status()
    raised_us = given.wire.alarm(cause).raised_us
    pattern = TWO if CAUSES[cause].critical else ONE

    assert status.alarms == 1 << cause
    assert sound is not None, "it is raised in silence"
    assert (sound["pattern"], sound["began_us"]) == (pattern, raised_us)
    assert heard_at(given, raised_us + repeat_us(given, cause)) == [pattern]


@pytest.mark.pump_requirement("AL-04")
@needs("bench.needle", "bench.time", "bench.sound")
@pytest.mark.parametrize("share", [0, 1, 2], ids=["shortest", "between", "longest"])
@both_classes
def test_repeats_are_those_of_the_therapy(given: Given, measure: Measure, cause: AlarmCause, share: int) -> None:
    """From the shortest to the longest setting of both classes, for two weeks of soundings without an end."""
    numbers = given.profile.alarm
    critical = (
        numbers.critical_repeat_s_min,
        (numbers.critical_repeat_s_min + numbers.critical_repeat_s_max) // 2,
        numbers.critical_repeat_s_max,
    )
    soft = (numbers.non_critical_repeat_s_min, 2 * numbers.non_critical_repeat_s_min, numbers.non_critical_repeat_s_max)
    therapy = given.prescribe.simple(2_000)._replace(critical_repeat_s=critical[share], non_critical_repeat_s=soft[share])
    given.running(therapy)
    CAUSES[cause].begin(given)
    given.bench.run_until(f"alarm:{told(cause)}", limit_s=CAUSES[cause].within_s(given))
    every_us = (critical if CAUSES[cause].critical else soft)[share] * US_PER_S
    began = [at_us for _, at_us in heard(given, 14 * 86_400)]

    measure("soundings in two weeks", len(began), unit="", low=14 * US_PER_DAY // every_us, high=14 * US_PER_DAY // every_us + 1)
    assert {later - earlier for earlier, later in pairwise(began)} == {every_us}


@pytest.mark.pump_requirement("AL-04")
@pytest.mark.parametrize("field", [Field.CRITICAL_REPEAT, Field.NON_CRITICAL_REPEAT])
@pytest.mark.parametrize("beyond", ["none", "below", "above"])
def test_repeat_that_would_switch_the_alarm_off_is_refused(running: Rig, given: Given, field: Field, beyond: str) -> None:
    """No repeat, a shorter or a longer one than declared: refused by the pump with field, value and limit; the therapy stays."""
    numbers, critical = given.profile.alarm, field is Field.CRITICAL_REPEAT
    low = numbers.critical_repeat_s_min if critical else numbers.non_critical_repeat_s_min
    high = numbers.critical_repeat_s_max if critical else numbers.non_critical_repeat_s_max
    value = {"none": 0, "below": low - 1, "above": high + 1}[beyond]
    before = given.wire.therapy()
    usual = given.prescribe.simple(10_000)
    therapy = usual._replace(critical_repeat_s=value) if critical else usual._replace(non_critical_repeat_s=value)
    _, sealed = given.wire.stage(therapy)
    given.wire.ok("ABORT")

    assert sealed.answer is Answer.REFUSED, f"a repeat of {value} s was sealed: {sealed.answer.name}"
    told_of = sealed.body.code, sealed.body.field, sealed.body.value, sealed.body.limit
    assert told_of == (RefusalCode.RANGE, field, value, high if beyond == "above" else low)
    assert given.wire.therapy() == before


# -- one beside another -------------------------------------------------------------------------------------------------


@pytest.mark.pump_requirement("AL-08")
@needs("bench.needle", "bench.time", "bench.sound")
def test_highest_alarm_is_the_one_that_is_heard(given: Given) -> None:
    """Low reservoir: one tone each hour. Stopped too long on top: two tones, at the low one's hours too. Started again: one tone again."""
    alarming(given, LOW)
    low_us = given.wire.alarm(LOW).raised_us
    assert heard_at(given, low_us + US_PER_H) == [ONE]
    given.wire.stop()
    given.leave()
    assert given.bench.run_until(f"alarm:{told(STOPPED)}", limit_s=CAUSES[STOPPED].within_s(given))
    stopped_us = given.wire.alarm(STOPPED).raised_us
    next_low_us = low_us - (low_us - stopped_us) // US_PER_H * US_PER_H + 2 * US_PER_H
    given.leave()
    given.clock.until(stopped_us + 10 * US_PER_S)
    sounds = heard(given, 3 * 3_600)

    assert {pattern for pattern, _ in sounds} == {TWO}
    assert next_low_us not in [at_us for _, at_us in sounds]
    given.wire.start()
    given.leave()
    assert {pattern for pattern, _ in heard(given, 2 * 3_600)} == {ONE}


@pytest.mark.pump_requirement("AL-08")
@needs("bench.needle", "bench.time", "bench.sound")
def test_lower_alarm_is_heard_while_the_higher_is_silenced(given: Given) -> None:
    """The critical cause muted, the non-critical one has its turn; when the silence is over the critical one again."""
    given.running(given.prescribe.simple(5_000))
    given.wire.refill(12_000)
    low_us = given.wire.alarm(LOW).raised_us
    assert given.bench.run_until(f"alarm:{told(EMPTY)}", limit_s=3 * 3_600), "an empty reservoir raises no alarm"
    until_us = given.wire.silence(EMPTY)
    given.leave()

    assert given.clock.device_us < low_us + 3 * US_PER_H < until_us
    assert heard_at(given, low_us + 3 * US_PER_H) == [ONE]
    given.clock.until(until_us)
    assert {pattern for pattern, _ in heard(given, 3_600)} == {TWO}


@pytest.mark.pump_requirement("AL-09")
@needs("bench.needle", "bench.time", "bench.inject")
def test_alarms_stand_in_the_order_of_their_occurrence(given: Given) -> None:
    """Five causes in three days: the list that is told and the log have them in one order, with the same times."""
    given.running(given.prescribe.simple(5_000))
    story = [AlarmCause.MEMORY_ERROR, AlarmCause.ERI, LOW, AlarmCause.SELF_TEST_RTC, STOPPED]
    for cause in story:
        given.bench.advance(minutes=1)
        if cause is not STOPPED:
            CAUSES[cause].begin(given)
        assert given.bench.run_until(f"alarm:{told(cause)}", limit_s=CAUSES[cause].within_s(given)), f"no {cause.name}"
    listed = [(entry.cause, entry.raised_us) for entry in given.wire.condition().alarms]

    assert [cause for cause, _ in listed] == story
    assert [at_us for _, at_us in listed] == sorted(at_us for _, at_us in listed)
    assert [(entry.detail, entry.device_us) for entry in given.wire.log(EventKind.ALARM_RAISED)] == listed


# -- acknowledged, tested, and none -------------------------------------------------------------------------------------


@pytest.mark.pump_requirement("AL-19")
@needs("bench.needle", "bench.time", "bench.sound")
def test_acknowledging_does_not_mute_and_does_not_erase(given: Given) -> None:
    """Seen, it sounds on and stays in the list for as long as it is there; gone then, it is out of the list, with one record of each."""
    alarming(given, STOPPED)
    given.wire.acknowledge(STOPPED)
    status = given.wire.status()
    assert (status.alarms, status.acknowledged, status.silenced) == (1 << STOPPED, 1 << STOPPED, 0)
    given.leave()
    given.bench.advance(minutes=1)
    assert len(heard(given, 3_600)) == 3_600 * US_PER_S // repeat_us(given, STOPPED)
    assert (given.wire.alarm(STOPPED).active, given.wire.alarm(STOPPED).acknowledged) == (1, 1)
    given.wire.start()

    assert given.wire.listed() == []
    records = given.wire.log(EventKind.ALARM_RAISED, EventKind.ACKNOWLEDGED, EventKind.ALARM_CLEARED)
    kinds = [EventKind.ALARM_RAISED, EventKind.ACKNOWLEDGED, EventKind.ALARM_CLEARED]
    assert [(record.kind, record.detail) for record in records] == [(kind, STOPPED) for kind in kinds]


@pytest.mark.pump_requirement("AL-19")
@needs("bench.needle", "bench.time", "bench.sound")
def test_cause_that_is_gone_stays_listed_until_it_is_acknowledged(given: Given) -> None:
    """Gone but not seen: out of the alarm word, in the list, and silent; acknowledged, out of the list too."""
    alarming(given, STOPPED)
    raised_us = given.wire.alarm(STOPPED).raised_us
    given.wire.start()
    entry = given.wire.alarm(STOPPED)
    assert (entry.active, entry.acknowledged, entry.raised_us) == (0, 0, raised_us)
    assert given.wire.status().alarms == 0
    given.leave()
    assert heard(given, 2 * 3_600) == []
    assert given.wire.listed() == [STOPPED]
    given.wire.acknowledge(STOPPED)

    assert given.wire.listed() == []


@pytest.mark.pump_requirement("AL-19")
@needs("bench.needle", "bench.time")
def test_stopping_leaves_the_cause(given: Given) -> None:
    """A STOP beside an alarm erases nothing of it."""
    alarming(given, LOW)
    before = given.wire.alarm(LOW)
    given.wire.stop()
    given.bench.advance(hours=1)

    assert given.wire.alarm(LOW) == before
    assert given.wire.status().alarms == 1 << LOW


@pytest.mark.pump_requirement("AL-18")
@needs("bench.needle", "bench.time", "bench.truth", "bench.image", "bench.sound")
@pytest.mark.parametrize("beside", ["nothing", "alarm"])
def test_alarm_test_plays_both_sounds_and_changes_nothing_else(given: Given, measure: Measure, beside: str) -> None:
    """Therapy, delivery, alarms and their records are those of a twin without the test; it has one record of its own."""
    if beside == "alarm":
        alarming(given, LOW)
    else:
        given.running(given.prescribe.simple(20_000))
    given.bench.advance(minutes=10)

    def story(tested: bool) -> tuple[list[tuple[str, int]], tuple[Any, ...]]:
        if tested:
            given.wire.ok("ALARM_TEST")
        began_us = given.clock.device_us
        given.leave()
        sounds = [(pattern, at_us - began_us) for pattern, at_us in heard(given, 8)]
        given.bench.advance(hours=3)
        truth, condition = given.bench.truth(), given.wire.condition()
        told_of = condition.alarms, condition.mode, condition.rate_nl_per_h, condition.computed_reservoir_nl
        kinds = EventKind.ALARM_RAISED, EventKind.ALARM_CLEARED, EventKind.BOLUS_ENDED, EventKind.STOPPED
        assert len(given.wire.log(EventKind.ALARM_TEST)) == tested, "the test of the alarm has not one record"
        records = [record[2:] for record in given.wire.log(*kinds)]
        return sounds, (given.wire.therapy(), *told_of, records, truth["steps_moved"], truth["delivered_nl"])

    before_nl, rate_nl_per_h = given.bench.truth()["delivered_nl"], given.wire.condition().rate_nl_per_h
    (_, alone), (sounds, beside_test) = given.apart(lambda: story(False), lambda: story(True))
    least_nl = 3 * rate_nl_per_h * (100 - given.band_percent) / 100 - given.step_nl_max
    measure("delivered in three hours without the test", alone[-1] - before_nl, unit="nL", low=round(least_nl))
    assert sounds == [(TWO, 0), (ONE, given.profile.sound.critical_ms * 1_000)]
    assert beside_test == alone


@pytest.mark.pump_requirement("AL-12")
@needs("bench.needle", "bench.time", "bench.sound")
def test_month_of_ordinary_use_raises_nothing(given: Given, measure: Measure) -> None:
    """Thirty days of a flex therapy with boluses, a visit a week, a clock that is set and a refill: no alarm, no sound, no reset."""
    given.running(given.prescribe.flex((8_000, 12_000, 20_000, 9_000)))
    boots = given.wire.status().boot_count
    sounds = 0
    for visit in range(5):
        given.wire.therapy()
        given.wire.bolus(30_000, 900)
        given.leave()
        sounds += len(given.bench.listen(duration_s=1_000))
        given.resumed()
        given.wire.log()
        given.wire.set_clock(given.wire.status().clock_us + 30 * US_PER_S)
        if visit == 3:
            given.filled(volume_nl=given.fill_nl)
        given.leave()
        sounds += len(given.bench.listen(duration_s=6 * 86_400))

    measure("sounds in thirty days", sounds, unit="", high=0)
    given.alarms_none()
    assert given.wire.log(EventKind.ALARM_RAISED) == []
    assert given.wire.status().boot_count == boots
    assert given.wire.status().mode == Mode.FLEX
    assert given.wire.condition().computed_reservoir_nl > ML
