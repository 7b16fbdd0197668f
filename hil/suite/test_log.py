"""The log: what is in it, in which order and at what time, what it survives, how much it holds, and what it says of a dose."""

from __future__ import annotations

import random
from typing import Any

import pytest

from firmware_sim.units import S_PER_H, US_PER_H
from hil.suite.given import Given
from hil.suite.therapies import BACLOFEN, ML
from protocol import messages as m
from protocol.codes import AlarmCause, EventKind
from protocol.message_table import BY_NAME
from protocol.therapy import PatientRule

RATE_NL_PER_H = 20_000
BOLUS_NL, BOLUS_S = 100_000, 3_600
NOISE_BYTES, NOISES = 500, 200
DARK_H = (0, 96, 1_000)
TYPICAL_DAYS = 30
ORDINARY = 4_500
"""More ordinary events than a log of this class holds."""
FAULTS, FAULTS_KEPT_MIN = 1_300, 1_000
"""More faults than its fault log holds, and how many it has to hold."""

needs = pytest.mark.pump_needs


@pytest.mark.pump_requirement("LG-01")
@needs("bench.needle", "bench.time")
def test_every_command_of_a_session_has_a_record(given: Given) -> None:
    """Accepted or refused, each request that could change something is in the log with its opcode, in its order."""
    given.running(given.prescribe.simple(RATE_NL_PER_H))
    wire = given.wire
    first = wire.counters().log_newest + 1
    wire.bolus(BOLUS_NL, BOLUS_S)
    number = wire.next_id
    bodies: list[tuple[str, tuple[Any, ...], EventKind]] = [
        ("BOLUS", m.Bolus(number, 1, 1, 60, 0), EventKind.REFUSAL),
        ("SET_CLOCK", m.SetClock(number + 1, 0), EventKind.REFUSAL),
        ("PATIENT_BOLUS", m.PatientBolus(number + 2), EventKind.REFUSAL),
        ("STOP", (), EventKind.COMMAND),
        ("PRIME", m.Prime(number + 3, 1), EventKind.REFUSAL),
        ("START", m.Start(number + 4, 9), EventKind.REFUSAL),
        ("SILENCE", m.Cause(2), EventKind.REFUSAL),
        ("ALARM_TEST", (), EventKind.COMMAND),
        ("START", m.Start(number + 5, 1), EventKind.COMMAND),
        ("REFILL", m.Refill(number + 6, 10 * ML, 0, BACLOFEN.drug_id, BACLOFEN.concentration_ng_per_ml), EventKind.COMMAND),
        ("COMMIT", m.Commit(number + 7, bytes(32), ()), EventKind.REFUSAL),
    ]
    for name, body, _ in bodies:
        wire.ask(name, body)
    told = [(entry.kind, entry.detail) for entry in wire.log(EventKind.COMMAND, EventKind.REFUSAL, since=first)]

    assert told == [(EventKind.COMMAND, BY_NAME["BOLUS"].opcode), *((kind, BY_NAME[name].opcode) for name, _, kind in bodies)]


@pytest.mark.pump_requirement("LG-01")
@needs("bench.needle", "bench.time", "bench")
def test_noise_pushes_no_record_out(running: Any, given: Given) -> None:
    """A hundred thousand bytes of noise without a session: every record is the one it was, and what was turned away is counted."""
    before = given.wire.log()
    given.leave()
    draw = random.Random(given.bench.truth()["step_fl"])
    for _ in range(NOISES):
        given.bench.send(draw.randbytes(NOISE_BYTES))
    given.bench.advance(minutes=10)
    after = given.wire.log()

    assert after[: len(before)] == before
    assert len(after) - len(before) <= 1, "noise fills the log"
    assert given.wire.status().line_errors > NOISES // 4


@pytest.mark.pump_requirement("LG-02")
@needs("bench.needle", "bench.time", "bench.inject")
def test_fault_and_its_alarm_are_paired_in_the_log(given: Given) -> None:
    """A low reservoir, a bad bank, an early replacement, a long stop: each raise that the pump tells has its record with cause and time."""
    given.running(given.prescribe.simple(RATE_NL_PER_H))
    wire = given.wire
    wire.refill(given.profile.alarm.low_reservoir_nl_default)
    given.bench.advance(hours=1)
    given.suffers("memory.bit_flip", region="bank_a", offset=40, bit=0)
    given.bench.advance(hours=1)
    given.suffers("battery.premature_eri")
    given.bench.advance(hours=1)
    wire.stop()
    given.leave()
    given.bench.advance(seconds=given.profile.alarm.stopped_too_long_s + 60)
    told = {(entry.cause, entry.raised_us) for entry in given.wire.condition().alarms}
    logged = {(entry.detail, entry.device_us) for entry in given.wire.log(EventKind.ALARM_RAISED)}

    assert {AlarmCause(cause) for cause, _ in told} == {
        AlarmCause.LOW_RESERVOIR,
        AlarmCause.MEMORY_ERROR,
        AlarmCause.ERI,
        AlarmCause.STOPPED_TOO_LONG,
    }
    assert logged == told


@pytest.mark.pump_requirement("LG-02")
@needs("bench.needle", "bench.time")
def test_end_of_an_alarm_is_logged_too(given: Given) -> None:
    """Low, and filled: one record of the raise and one of the end."""
    given.running(given.prescribe.simple(RATE_NL_PER_H))
    given.wire.refill(given.profile.alarm.low_reservoir_nl_default)
    given.bench.advance(minutes=5)
    given.wire.refill(given.fill_nl)
    given.bench.advance(minutes=5)
    kinds = [entry.kind for entry in given.wire.log(EventKind.ALARM_RAISED, EventKind.ALARM_CLEARED)]

    assert kinds == [EventKind.ALARM_RAISED, EventKind.ALARM_CLEARED]


@pytest.mark.pump_requirement("LG-03")
@needs("bench.needle", "bench.time", "bench.power")
def test_every_record_has_its_number_and_both_times(given: Given) -> None:
    """Over acts, a reset and a changed clock: numbers rise by one, monotonic time never falls, and both times are those of the act."""
    given.running(given.prescribe.simple(RATE_NL_PER_H))
    shown: dict[int, tuple[int, int]] = {}

    def stop_and_start() -> None:
        given.wire.stop()
        given.wire.start()

    for act in (stop_and_start, given.bench.reset, lambda: given.wire.set_clock(10**15), stop_and_start):
        given.leave()
        given.bench.advance(us=US_PER_H + 123_457)
        act()
        status = given.wire.status()
        shown[given.wire.counters().log_newest] = status.device_us, status.clock_us
    log = given.wire.log()
    by_number = {entry.number: (entry.device_us, entry.clock_us) for entry in log}

    assert [entry.number for entry in log] == list(range(log[0].number, log[-1].number + 1))
    assert [entry.device_us for entry in log] == sorted(entry.device_us for entry in log)
    assert {number: by_number[number] for number in shown} == shown


@pytest.mark.pump_requirement("LG-04")
@needs("bench.needle", "bench.time", "bench.power", "bench.image")
def test_power_that_dies_in_a_record_loses_at_most_that_record(given: Given) -> None:
    """The supply dies after each third byte of a STOP in turn: all records before it are the same, and reading goes on behind it."""
    given.running(given.prescribe.simple(RATE_NL_PER_H))
    given.bench.advance(hours=1)
    before = given.wire.log()
    image = given.bench.fork()
    cuts = 0
    for count in range(0, 120, 3):
        given.bench.back_to(image)
        given.leave()
        boots = given.wire.status().boot_count
        given.bench.power_cut(after_bytes=count)
        given.wire.ask("STOP")
        given.leave()
        given.bench.advance(minutes=1)
        log = given.wire.log()
        cuts += given.wire.status().boot_count > boots

        assert log[: len(before)] == before, f"cut after {count} bytes"
        assert sum(not entry.good for entry in log) <= 1
    assert cuts > 0, "no cut fell into the record"


@pytest.mark.pump_requirement("LG-04", "LG-05")
@needs("bench.needle", "bench.time", "bench.power")
@pytest.mark.parametrize("hours", DARK_H)
def test_log_and_settings_survive_time_without_power(given: Given, hours: int) -> None:
    """After a thousand hours in the dark therapy, generation, fill, the patient's counters and every record are the same."""
    rule = PatientRule(50_000, 25_000, 600, S_PER_H, 6, 2 * ML)
    given.running(given.prescribe.with_patient(given.prescribe.simple(RATE_NL_PER_H), rule))
    given.bench.advance(hours=3)
    given.wire.patient_bolus()
    given.bench.advance(hours=1)
    given.resumed()
    given.leave()
    given.bench.advance(minutes=1)
    before = _settings(given), given.wire.log()
    given.leave()
    given.bench.power_cut(off_s=hours * S_PER_H)
    given.bench.advance(hours=hours)
    given.bench.advance(seconds=5)

    assert _settings(given) == before[0]
    assert given.wire.log()[: len(before[1])] == before[1]


def _settings(given: Given) -> tuple[object, ...]:
    status, counters, condition = given.wire.status(), given.wire.counters(), given.wire.condition()
    return (
        given.wire.therapy(),
        status[5:7],
        condition.mode,
        condition.fill_drug_id,
        condition.fill_concentration_ng_per_ml,
        counters.patient_bolus_granted,
    )


@pytest.mark.pump_requirement("LG-06")
@needs("bench.needle", "bench.time", "bench.inject")
def test_log_holds_thirty_days_of_typical_events(given: Given, measure: Any) -> None:
    """Two looks, three boluses of the patient, an alarm and a refill a day: after thirty days the first record is still there."""
    rule = PatientRule(50_000, 25_000, 600, S_PER_H, 6, 2 * ML)
    given.running(given.prescribe.with_patient(given.prescribe.simple(RATE_NL_PER_H), rule))
    for _ in range(TYPICAL_DAYS):
        _typical_day(given)
    counters = given.wire.counters()

    assert counters.log_oldest == 0
    measure("records of thirty days", counters.log_newest, unit="records", low=TYPICAL_DAYS * 10)


def _typical_day(given: Given) -> None:
    """A day at a patient's home with a nurse who looks twice."""
    for _ in range(3):
        given.bench.advance(hours=4)
        given.wire.patient_bolus()
        assert given.bench.run_until("bolus-ended", limit_s=S_PER_H)
        given.resumed()
        given.leave()
    given.wire.refill(given.profile.alarm.low_reservoir_nl_default)
    given.wire.therapy()
    given.wire.silence(AlarmCause.LOW_RESERVOIR)
    given.leave()
    given.bench.advance(hours=10)
    given.wire.acknowledge(AlarmCause.LOW_RESERVOIR)
    given.wire.refill(given.fill_nl)
    given.leave()


@pytest.mark.pump_requirement("LG-07")
@needs("bench.needle")
def test_fault_log_holds_a_thousand_faults_and_then_the_newest(running: Any, given: Given, measure: Any) -> None:
    """Low and filled again, more often than the log holds: it keeps the newest, a thousand at least, each whole and under its number."""
    low_nl = given.profile.alarm.low_reservoir_nl_default
    for _ in range(FAULTS // 2):
        given.wire.refill(low_nl)
        given.wire.refill(given.fill_nl)
    last = given.wire.ok("FAULT_LOG", m.Log(0))
    records = list(last.records)
    while records[-1].number < last.newest:
        page = given.wire.ok("FAULT_LOG", m.Log(records[-1].number + 1)).records
        assert page, "the fault log breaks off"
        records += page

    assert last.oldest > 0, "it has not come round"
    measure("faults kept", len(records), unit="records", low=FAULTS_KEPT_MIN, high=last.newest)
    assert [record.number for record in records] == list(range(last.oldest, last.newest + 1))
    assert all(record.good for record in records)
    assert {record.kind for record in records[1:]} == {EventKind.ALARM_RAISED, EventKind.ALARM_CLEARED}


@pytest.mark.pump_requirement("LG-06", "LG-07")
@needs("bench.needle", "bench.time")
def test_full_log_overwrites_its_oldest_and_says_so_but_keeps_its_faults(running: Any, given: Given) -> None:
    """More ordinary events than it holds: numbers go on, the first one kept rises, and the faults stay in their own ring."""
    given.wire.refill(given.profile.alarm.low_reservoir_nl_default)
    given.wire.refill(given.fill_nl)
    with_faults = given.wire.ok("FAULT_LOG", m.Log(0))
    for _ in range(ORDINARY):
        given.wire.ok("ALARM_TEST")
    counters, log = given.wire.counters(), given.wire.log()
    assert counters.log_newest >= ORDINARY, "numbers do not go on"

    assert counters.log_oldest > 0
    assert [entry.number for entry in log] == list(range(counters.log_oldest, counters.log_newest + 1))
    assert all(entry.good for entry in log)
    assert given.wire.ok("FAULT_LOG", m.Log(0)) == with_faults
    assert {entry.kind for entry in with_faults.records} >= {EventKind.ALARM_RAISED, EventKind.ALARM_CLEARED}


@pytest.mark.pump_requirement("LG-08")
@needs("bench.needle", "bench.time", "bench.inject")
def test_record_that_cannot_be_written_is_an_alarm(given: Given) -> None:
    """The first record that does not read back as written raises it, the first that does clears it; the therapy runs on."""
    given.running(given.prescribe.simple(RATE_NL_PER_H))
    handle = given.suffers("memory.log_write_error")
    assert AlarmCause.LOG_ERROR not in given.wire.active()
    given.wire.ok("ALARM_TEST")
    assert AlarmCause.LOG_ERROR in given.wire.active()
    given.bench.clear(handle)
    given.wire.ok("ALARM_TEST")

    assert AlarmCause.LOG_ERROR not in given.wire.active()
    assert given.wire.condition().rate_nl_per_h == RATE_NL_PER_H


@pytest.mark.pump_requirement("LG-09")
@needs("bench.needle", "bench.time", "bench.inject")
@pytest.mark.parametrize("back_us", [US_PER_H, 24 * US_PER_H])
def test_clock_put_back_neither_reorders_nor_doubles_history(given: Given, back_us: int) -> None:
    """During a bolus SET_CLOCK is BUSY and a jump goes unnoticed: one pair of records; set after it, one record has both times."""
    given.running(given.prescribe.simple(RATE_NL_PER_H))
    first = given.wire.counters().log_newest + 1
    number = given.wire.next_id
    given.wire.bolus(BOLUS_NL, BOLUS_S)
    given.bench.advance(minutes=30)
    given.wire.busy_until("SET_CLOCK", m.SetClock(number + 1, given.wire.status().clock_us - back_us))
    shown_us = given.wire.status().clock_us
    given.suffers("clock.jump", jump_us=-back_us)
    assert given.wire.status().clock_us == shown_us - back_us, "the clock did not jump"
    given.bench.advance(hours=2)
    answer = given.wire.set_clock(given.wire.status().clock_us - back_us)
    kinds = (EventKind.BOLUS_STARTED, EventKind.BOLUS_ENDED, EventKind.CLOCK_SET)
    entries = given.wire.log(*kinds, since=first)
    assert [entry.kind for entry in entries] == list(kinds)
    started, ended, clock = entries

    assert (started.command_id, ended.command_id, ended.delivered_nl) == (number, number, BOLUS_NL)
    assert (clock.value, clock.clock_us) == (answer.old_us, answer.new_us) == (answer.old_us, answer.old_us - back_us)
    assert started.device_us < ended.device_us < clock.device_us
    assert started.number < ended.number < clock.number


@pytest.mark.pump_requirement("LG-10")
@needs("bench.needle", "bench.time", "bench.power")
@pytest.mark.parametrize("how", ["stop", "reset", "dark", "update"])
@pytest.mark.parametrize("seconds", [0, 1, 599, 1_800, 3_599])
def test_record_of_a_bolus_has_programmed_and_delivered(given: Given, how: str, seconds: int) -> None:
    """Wherever a bolus is broken off, by whatever: its record tells what was asked for and what was given until then, or all of it."""
    given.running(given.prescribe.simple(RATE_NL_PER_H))
    number, begun_us = given.wire.next_id, given.clock.device_us
    given.wire.bolus(BOLUS_NL, BOLUS_S)
    given.bench.advance(seconds=seconds)
    given_us = given.clock.device_us - begun_us
    if how == "stop":
        given.wire.stop()
    elif how == "update":
        given.wire.ok("BEGIN", m.Begin(given.wire.status().generation, True))
        if not given.profile.behaviour.stops_for_update:
            given_us = BOLUS_S * 1_000_000
    else:
        given.leave()
        given.bench.power_cut(off_s=S_PER_H if how == "dark" else 0)
    given.leave()
    given.bench.advance(hours=3)
    ended = given.wire.log(EventKind.BOLUS_ENDED)

    assert [(entry.command_id, entry.programmed_nl, entry.delivered_nl) for entry in ended] == [
        (number, BOLUS_NL, BOLUS_NL * given_us // (BOLUS_S * 1_000_000))
    ]
    assert given.wire.counters().bolus_nl == ended[0].delivered_nl
