"""What holds for each alarm of the catalogue: its code, class, sound, the flow under it, boluses beside it, and its records."""

from __future__ import annotations

from itertools import pairwise

import pytest

from firmware_sim.units import US_PER_MS, US_PER_S
from hil.instruments.listener import Listener
from hil.pytest_plugin.measure import Measure
from hil.suite.causes import CAUSES, alarming, each_cause, moves_under, rate_under
from hil.suite.given import Given
from hil.suite.sounds import pattern_of, repeat_us
from protocol.codes import AlarmCause, AlarmClass, Answer
from protocol.messages import Bolus
from protocol.refusals import RefusalCode

LOSES_ITS_RECORD = AlarmCause.LOG_ERROR
BRIEF = AlarmCause.SUPPLY_RANGE
"""Over by itself within the hour."""
BESIDE = {
    AlarmCause.EOS: {AlarmCause.ERI},
    AlarmCause.EMPTY_RESERVOIR: {AlarmCause.LOW_RESERVOIR},
    AlarmCause.SUPPLY_RANGE: {AlarmCause.ERI},
}
"""What comes first or with it: service ends after its indicator, low comes before empty, a low supply asks for a new pump."""

needs = pytest.mark.pump_needs


@pytest.mark.pump_requirement("AL-01", "AL-02")
@needs("bench.needle", "bench.time")
@each_cause()
def test_cause_is_read_by_its_code_and_no_other(given: Given, cause: AlarmCause) -> None:
    """A programmer finds its bit in the alarm word and its entry in the interrogation; none comes with it but what must."""
    if not alarming(given, cause):
        return
    status, entry = given.wire.status(), given.wire.alarm(cause)

    assert status.alarms >> cause & 1, f"{cause.name} is missing in the alarm word"
    assert (entry.active, entry.acknowledged) == (1, 0)
    assert given.wire.active() - {cause} <= BESIDE.get(cause, set())


@pytest.mark.pump_requirement("AL-06")
@needs("bench.needle", "bench.time")
@each_cause()
def test_class_is_that_of_the_description(given: Given, cause: AlarmCause) -> None:
    """Critical or not, as the device's description has it."""
    if alarming(given, cause):
        assert given.wire.alarm(cause).alarm_class == (AlarmClass.CRITICAL if CAUSES[cause].critical else AlarmClass.NON_CRITICAL)


@pytest.mark.pump_requirement("AL-09")
@needs("bench.needle", "bench.time")
@each_cause(LOSES_ITS_RECORD)
def test_raise_is_in_the_log_once_at_its_time(given: Given, cause: AlarmCause) -> None:
    """One record, with the cause's number and the time that the list tells, however long it lasts."""
    if not alarming(given, cause):
        return
    raised_us = given.wire.alarm(cause).raised_us
    assert given.clock.device_us - raised_us <= (US_PER_S if CAUSES[cause].needs else 0) + US_PER_S
    if cause is not BRIEF:
        given.bench.advance(days=1)
        assert given.wire.alarm(cause).raised_us == raised_us

    assert [record.device_us for record in given.wire.raised(cause)] == [raised_us]


def four_hours_under(given: Given, measure: Measure, cause: AlarmCause, moved_before: int) -> None:
    """The steps of the last four hours are those of the flow under this cause, to one."""
    steps = 0.0
    if moves_under(given, cause):
        steps = rate_under(given, cause) * 4 * 1_000_000 / (given.profile.motor.step_nl * given.wire.identity().calibration_ppm)
    room = 1 if steps else 0
    measure("steps in four hours", given.bench.truth()["steps_moved"] - moved_before, unit="", low=steps - room, high=steps + room)


@pytest.mark.pump_requirement("AL-07", "FR-05")
@needs("bench.needle", "bench.time", "bench.truth")
@each_cause()
def test_flow_under_the_alarm_is_that_of_the_table(given: Given, measure: Measure, cause: AlarmCause) -> None:
    """Off, the minimum rate or unchanged: what is commanded and what moves in the hours after."""
    if not alarming(given, cause):
        return
    given.bench.run_until("ready", limit_s=70)
    moved = given.steps_moved
    assert moved > 0, "it has never moved"
    rate = rate_under(given, cause)
    for _ in range(4):
        given.bench.advance(hours=1)
        assert given.wire.condition().rate_nl_per_h == rate

    four_hours_under(given, measure, cause, moved)


@pytest.mark.pump_requirement("AL-07", "FR-05")
@needs("bench.needle", "bench.time", "bench.power", "bench.truth")
@each_cause(AlarmCause.MOTOR_STALL, AlarmCause.KEYS_CHANGED)
def test_flow_under_the_alarm_outlives_a_reset(given: Given, measure: Measure, cause: AlarmCause) -> None:
    """What is stopped stays stopped, the minimum rate is the minimum rate, what ran runs."""
    alarming(given, cause)
    given.bench.run_until("ready", limit_s=70)
    given.bench.reset()
    given.bench.run_until("ready", limit_s=70)
    moved = given.steps_moved
    assert moved > 0, "it has never moved"
    given.bench.advance(hours=4)

    assert given.wire.condition().rate_nl_per_h == rate_under(given, cause)
    four_hours_under(given, measure, cause, moved)


@pytest.mark.pump_requirement("AL-16", "AL-04")
@needs("bench.needle", "bench.time", "bench.sound")
@each_cause(BRIEF)
def test_cause_sounds_in_its_class_at_its_repeats(given: Given, measure: Measure, cause: AlarmCause) -> None:
    """From the raise on, at each repeat and at no other time, for as long as it lasts: two tones of a critical cause, else one."""
    if not alarming(given, cause):
        return
    every_us, raised_us = repeat_us(given, cause), given.wire.alarm(cause).raised_us
    given.leave()
    end_us = raised_us + (12 if CAUSES[cause].critical else 30) * every_us - every_us // 2
    given.clock.until(raised_us + every_us // 2)
    heard = [
        sound
        for sound in given.bench.listen(duration_s=(end_us - given.clock.device_us) // US_PER_S)
        if sound["pattern"] == pattern_of(cause)
    ]
    away_us = [(sound["began_us"] - raised_us) % every_us for sound in heard]

    measure("soundings", len(heard), unit="", low=(end_us - raised_us) // every_us, high=(end_us - raised_us) // every_us)
    assert not any(away_us), "the repeats do not count from the raise"


@pytest.mark.pump_requirement("AL-16")
@needs("bench.needle", "bench.time", "bench.sound")
@pytest.mark.parametrize("cause", [AlarmCause.STOPPED_TOO_LONG, AlarmCause.LOW_RESERVOIR], ids=["critical", "non-critical"])
def test_sound_of_each_class_has_its_tones_and_length(given: Given, measure: Measure, cause: AlarmCause) -> None:
    """Critical: two tones in turn, as long as declared in all. Non-critical: one tone of its length."""
    alarming(given, cause)
    critical, numbers = CAUSES[cause].critical, given.profile.sound
    pattern = pattern_of(cause)
    result = given.bench.call("listen", duration_s=2 * given.profile.alarm.non_critical_repeat_s_default)
    tones = result["tones"][pattern]

    length_ms = numbers.critical_ms if critical else numbers.non_critical_ms
    measure("length of the sound", sum(tone["ms"] for tone in tones), unit="ms", low=length_ms, high=length_ms)
    hz = [tone["hz"] for tone in tones]
    assert set(hz) == ({numbers.tone_low_hz, numbers.tone_high_hz} if critical else set(hz[:1]))
    assert len(set(hz)) == 1 + critical
    assert all(one != other for one, other in pairwise(hz)), "the same tone twice in a row"


@pytest.mark.pump_requirement("AL-16")
@needs("bench.needle", "bench.time", "bench.truth", "bench.sound", "listener")
@pytest.mark.parametrize("cause", [AlarmCause.STOPPED_TOO_LONG, AlarmCause.LOW_RESERVOIR], ids=["critical", "non-critical"])
def test_microphone_hears_the_class_of_the_alarm(given: Given, listener: Listener, measure: Measure, cause: AlarmCause) -> None:
    """What is heard beside the pump is the pattern of the class, at its length."""
    alarming(given, cause)
    raised_us = given.wire.alarm(cause).raised_us
    given.clock.until(raised_us + repeat_us(given, cause) - US_PER_S)
    heard = listener.hear(5)

    assert heard.verdict == ("critical" if CAUSES[cause].critical else "non-critical")
    length_ms = given.profile.sound.critical_ms if CAUSES[cause].critical else given.profile.sound.non_critical_ms
    measure("length heard", heard.heard[0].length_us // US_PER_MS, unit="ms", low=length_ms - 100, high=length_ms + 100)


@pytest.mark.pump_requirement("BO-11")
@needs("bench.needle", "bench.time")
@each_cause()
def test_bolus_is_refused_beside_a_critical_alarm_only(given: Given, cause: AlarmCause) -> None:
    """Granted beside each non-critical one, refused by name beside each critical one, and nothing given."""
    raised = alarming(given, cause)
    given.bench.run_until("ready", limit_s=70)
    body = Bolus(given.wire.next_id, 1_000, 500, 600, 0)
    if not (raised and CAUSES[cause].critical):
        assert given.wire.ok("BOLUS", body).duration_s == 600
        return
    told = given.wire.refusal("BOLUS", body)

    names = {"CRITICAL_ALARM", "SAFE_STATE", "NOT_RUNNING", "MOTOR_OFF", "END_OF_SERVICE"}
    assert RefusalCode(told.code).name in names
    given.bench.advance(hours=1)
    assert given.wire.counters().bolus_nl == 0
    record = given.wire.refused("BOLUS")[-1]
    assert (record.programmed_nl, record.delivered_nl) == (Answer.REFUSED, told.code)
