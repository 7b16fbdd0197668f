"""Section LG, logs and retention, each row by its observable."""

from __future__ import annotations

import random

import pytest

from firmware_sim import Pump
from firmware_sim.errors import Busy, PowerCut
from firmware_sim.firmware.alarms import number_of
from firmware_sim.firmware.journal import EventKind
from firmware_sim.firmware.prescription import Command
from protocol.codes import EventKind as WireKind
from protocol.message_table import BY_NAME
from protocol.messages import Bolus, Cause, Commit, Nothing, PatientBolus, Prime, Refill, SetClock, Start
from protocol.therapy import PatientRule
from tests.link.bedside import BOLUS_DOSE_NG, BOLUS_NL, BOLUS_S, CONCENTRATION, OLD, Bedside
from tests.support.patients import RULE, patient
from tests.support.therapies import ML, US_PER_H, active_causes, bolus_of, flex, refill_of, running, simple

BY = Command(7, 9, bytes(16))
WIRE_RULE = PatientRule(50_000, 25_000, 600, 3_600, 6, 2_000_000)


@pytest.mark.pump_requirement("LG-01")
def test_every_command_of_a_session_has_a_record() -> None:
    """Accepted or refused, each request that could change something is in the log with its opcode, in its order."""
    bedside = Bedside.running()
    programmer = bedside.programmer()
    first = programmer.interrogate().counters.log_newest + 1
    programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)
    last = programmer.status().last_command_id
    bodies = [
        ("BOLUS", Bolus(last + 1, 1, 1, 60, 0), WireKind.REFUSAL),
        ("SET_CLOCK", SetClock(last + 2, 0), WireKind.REFUSAL),
        ("PATIENT_BOLUS", PatientBolus(last + 3), WireKind.REFUSAL),
        ("STOP", Nothing(), WireKind.COMMAND),
        ("PRIME", Prime(last + 4, 1), WireKind.REFUSAL),
        ("START", Start(last + 5, 9), WireKind.REFUSAL),
        ("SILENCE", Cause(2), WireKind.REFUSAL),
        ("ALARM_TEST", Nothing(), WireKind.COMMAND),
        ("START", Start(last + 6, 1), WireKind.COMMAND),
        ("REFILL", Refill(last + 7, 20 * ML, 0, 1, 500_000), WireKind.COMMAND),
        ("COMMIT", Commit(last + 8, bytes(32), ()), WireKind.REFUSAL),
    ]
    for name, body, _ in bodies:
        programmer.request(name, body)
    told = [(record.kind, record.detail) for record in programmer.read_log(first) if record.kind in (WireKind.COMMAND, WireKind.REFUSAL)]

    assert told == [(WireKind.COMMAND, BY_NAME["BOLUS"].opcode), *((kind, BY_NAME[name].opcode) for name, _, kind in bodies)]


@pytest.mark.pump_requirement("LG-01")
def test_noise_pushes_no_record_out(seed: int) -> None:
    """A quarter of a million bytes of noise and ten thousand requests without a session: the log is what it was, to the byte."""
    bedside = Bedside.running()
    before = bedside.unit.pump.load("event_ring")
    draw = random.Random(seed)
    for _ in range(500):
        bedside.unit.receive(draw.randbytes(500))
    programmer = bedside.programmer()
    programmer.close()

    assert bedside.unit.pump.load("event_ring") == before
    assert bedside.look()[0].line_errors > 100


@pytest.mark.pump_requirement("LG-02")
def test_fault_and_its_alarm_are_paired_in_the_log() -> None:
    """Stalls, a low reservoir, a bad bank, a long stop: each raise that status told has its record with cause and time, each end too."""
    pump = running(simple(20_000))
    told: list[tuple[int, int]] = []
    for fault, hours in (("motor.stall", 1), ("motor.stall", 2)):
        handle = pump.inject(fault)
        pump.advance(hours=hours)
        told += raised_now(pump)
        pump.clear(handle)
        pump.advance(hours=2)
        pump.interrogated()  # a pump of this class logs the end of a stall when it has been asked
    pump.inject("memory.bit_flip", region="bank_a", offset=40, bit=0)
    pump.advance(hours=1)
    told += raised_now(pump)
    pump.refill(refill_of(2 * ML))
    told += [entry for entry in raised_now(pump) if entry not in told]
    pump.stop()
    pump.advance(hours=49)
    told += [entry for entry in raised_now(pump) if entry not in told]
    records = pump.read_log(0, 200)[2]
    raised = [(record.detail, record.device_us) for record in records if record.kind == EventKind.ALARM_RAISED]
    cleared = [record.detail for record in records if record.kind == EventKind.ALARM_CLEARED]

    assert raised == told
    assert cleared == [2, 2]
    assert [number for number, _ in raised] == [2, 2, 4, 0, 3]


def raised_now(pump: Pump) -> list[tuple[int, int]]:
    """Number and time of each alarm that is active."""
    return [(number_of(alarm.cause), alarm.raised_us) for alarm in pump.status().alarms if alarm.active]


@pytest.mark.pump_requirement("LG-03")
def test_every_record_has_its_number_and_both_times() -> None:
    """Over a story of acts, resets and clock changes: numbers rise by one, monotonic time never falls, the clock is the one shown then."""
    pump = running(flex())
    shown = {pump.status().log_newest: (pump.device_us, pump.status().clock_us)}
    for act in (pump.stop, pump.start, pump.reset, pump.alarm_test, lambda: pump.set_clock(10**15), pump.begin_update, pump.drop_update):
        pump.advance(us=US_PER_H + 123_457)
        act()
        shown[pump.status().log_newest] = pump.device_us, pump.status().clock_us
    _, newest, records = pump.read_log(0, 200)

    assert [record.number for record in records] == list(range(newest + 1))
    assert [record.device_us for record in records] == sorted(record.device_us for record in records)
    assert {number: (records[number].device_us, records[number].clock_us) for number in shown} == shown


@pytest.mark.pump_requirement("LG-04")
def test_power_cut_at_any_byte_loses_at_most_the_record_being_written() -> None:
    """The supply dies after each byte of a STOP in turn: all records before it are the same, and reading goes on behind it."""
    image = running(simple(20_000)).save()
    before = Pump.restore(image).read_log(0, 100)[2]
    for count in range(200):
        pump = Pump.restore(image)
        pump.power_cut(after_bytes=count)
        try:
            pump.stop()
        except PowerCut:
            pump.advance(us=0)
        records = pump.read_log(0, 100)[2]

        assert records[: len(before)] == before
        assert sum(not record.good for record in records) <= 1
        assert records[-1].good


@pytest.mark.pump_requirement("LG-04", "LG-05")
@pytest.mark.parametrize("hours", [0, 96, 1_000])
def test_log_and_settings_survive_time_without_power(hours: int) -> None:
    """After a thousand hours in the dark the therapy image, the patient's rule and counters and every record are the same bytes."""
    pump = running(patient(RULE, flex()))
    pump.advance(hours=3)
    pump.patient_bolus(BY)
    pump.advance(hours=1)
    regions = ("bank_a", "bank_b", "reservoir_state", "patient_counters", "lockout_ring")
    before = pump.status(), [pump.load(region) for region in regions], pump.read_log(0, 100)[2]
    pump.power_cut(off_us=hours * US_PER_H)
    pump.advance(hours=hours)
    after = pump.status()

    assert [pump.load(region) for region in regions] == before[1]
    kept = (after.prescription, after.generation, after.fill, after.computed_reservoir_nl, after.patient_granted, after.mode)
    old = before[0]
    assert kept == (old.prescription, old.generation, old.fill, old.computed_reservoir_nl, old.patient_granted, old.mode)
    assert pump.read_log(0, 100)[2][: len(before[2])] == before[2]


@pytest.mark.pump_requirement("LG-06")
def test_event_log_holds_thirty_days_of_typical_events() -> None:
    """Two interrogations, three patient boluses and an alarm that is silenced a day: after thirty days the first record is still there."""
    bedside = Bedside.running(OLD._replace(patient=(WIRE_RULE,)), days=0)
    for _ in range(30):
        typical_day(bedside)
    oldest, newest, _ = bedside.unit.pump.read_log(0, 1)

    assert oldest == 0
    assert 500 < newest < 4_096


def typical_day(bedside: Bedside) -> None:
    """A day at a patient's home with a nurse who looks twice."""
    for _ in range(3):
        bedside.advance(hours=4)
        with bedside.programmer(role="patient") as handset:
            handset.patient_bolus()
    handle = bedside.unit.pump.inject("motor.stall")
    bedside.advance(hours=2)
    with bedside.programmer() as programmer:
        programmer.interrogate()
        programmer.silence(2)
    bedside.unit.pump.clear(handle)
    bedside.advance(hours=10)
    with bedside.programmer() as programmer:
        programmer.interrogate()
        programmer.acknowledge(2)
        programmer.refill(20 * ML, 0, 1, CONCENTRATION)


@pytest.mark.pump_requirement("LG-06")
def test_full_event_log_overwrites_its_oldest_and_says_so() -> None:
    """Past 4,096 records each new one takes the place of the oldest: the reader sees it by the first number."""
    pump = running()
    numbers = []
    for _ in range(3):
        for _ in range(2_000):
            pump.note(1, 0, 0)
        oldest, newest, records = pump.read_log(0, 4)
        numbers.append((oldest, newest))
        assert [record.number for record in records] == list(range(oldest, oldest + 4))
        assert all(record.good for record in records)

    assert [newest - oldest < 4_096 for oldest, newest in numbers] == [True, True, True]
    assert [oldest > 0 for oldest, _ in numbers] == [False, False, True]


@pytest.mark.pump_requirement("LG-09")
@pytest.mark.parametrize("back_us", [US_PER_H, 24 * US_PER_H])
def test_clock_put_back_neither_reorders_nor_doubles_history(back_us: int) -> None:
    """During a bolus SET_CLOCK is BUSY and a jump goes unnoticed: one pair of records; set after it, one record has old and new time."""
    pump = running(simple(20_000))
    pump.bolus(bolus_of(100_000, 3_600), BY)
    pump.advance(minutes=30)
    with pytest.raises(Busy):
        pump.set_clock(pump.status().clock_us - back_us)
    pump.inject("clock.jump", jump_us=-back_us)
    pump.advance(hours=2)
    old_us, new_us = pump.set_clock(pump.status().clock_us - back_us)
    records = pump.read_log(3, 100)[2]

    assert [EventKind(record.kind).name for record in records] == ["BOLUS_STARTED", "BOLUS_ENDED", "CLOCK_SET"]
    assert [record.command_id for record in records[:2]] == [7, 7]
    assert records[1].delivered_nl == 100_000
    assert [record.number for record in records] == [3, 4, 5]
    assert (records[2].value, records[2].clock_us) == (old_us, new_us) == (old_us, old_us - back_us)
    assert records[0].device_us < records[1].device_us < records[2].device_us


@pytest.mark.pump_requirement("LG-10")
@pytest.mark.parametrize("how", ["stop", "reset", "dark", "update"])
@pytest.mark.parametrize("seconds", [0, 1, 599, 1_800, 3_599])
def test_record_of_a_bolus_has_programmed_and_delivered(how: str, seconds: int) -> None:
    """Wherever a bolus is broken off, by whatever: its record tells what was asked for and what was given, and that is what was."""
    pump = running(simple(20_000))
    pump.bolus(bolus_of(100_000, 3_600), BY)
    pump.advance(seconds=seconds)
    given_us = pump.device_us
    if how == "update":
        pump.begin_update(interrupt=True)
    elif how == "stop":
        pump.stop()
    else:
        pump.power_cut(off_us=US_PER_H if how == "dark" else 0)
    pump.advance(hours=5)
    ended = [record for record in pump.read_log(0, 100)[2] if record.kind == EventKind.BOLUS_ENDED]

    assert [(record.command_id, record.programmed_nl, record.delivered_nl) for record in ended] == [
        (7, 100_000, 100_000 * given_us // US_PER_H)
    ]
    assert pump.status().bolus_nl == ended[0].delivered_nl


@pytest.mark.pump_requirement("LG-07")
def test_fault_log_keeps_a_thousand_faults_from_ordinary_events() -> None:
    """Faults are numbered in a ring of their own: five thousand ordinary events push none out; of more than it holds the newest stay."""
    pump = running(simple(20_000))
    for _ in range(3):
        pump.reset()
        pump.advance(seconds=10)
    before = pump.read_log(0, 100, "faults")[2]
    for _ in range(5_000):
        pump.note(1, 0, 0)
    assert pump.read_log(0, 10)[0] > 0
    assert pump.read_log(0, 100, "faults")[2] == before

    for _ in range(520):
        pump.refill(refill_of(2 * ML))
        pump.refill(refill_of())
    oldest, newest, records = pump.read_log(0, 2_000, "faults")
    assert oldest > 0
    assert newest - oldest + 1 == len(records) >= 1_000
    assert all(record.good for record in records)
    assert {EventKind(record.kind) for record in records} == {EventKind.ALARM_RAISED, EventKind.ALARM_CLEARED}


@pytest.mark.pump_requirement("LG-08")
def test_record_that_cannot_be_written_is_an_alarm() -> None:
    """The first record that does not read back as written raises it; the first that does clears it; delivery is unchanged."""
    pump, twin = running(simple(20_000)), running(simple(20_000))
    for each in (pump, twin):
        each.advance(hours=1)
    handle = pump.inject("memory.log_write_error")
    assert active_causes(pump) == []
    pump.alarm_test()
    assert active_causes(pump) == ["log_error"]
    pump.clear(handle)
    pump.alarm_test()
    assert active_causes(pump) == []
    for each in (pump, twin):
        each.advance(days=1)

    assert pump.truth().balance == twin.truth().balance
