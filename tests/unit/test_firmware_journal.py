"""The pump's log: numbers, what each record tells, the wrap, bad records, the fault ring, resets."""

from __future__ import annotations

import pytest

from firmware_sim import Pump
from firmware_sim.firmware.journal import Entry, EventKind, Journal
from firmware_sim.firmware.prescription import Command
from firmware_sim.plant.memory import Memory
from tests.support.therapies import ML, bolus_of, refill_of, running, simple

RECORD_BYTES = 64
COMMAND = Command(7, 9, bytes(16))


def journal_over(memory: Memory, slots: int = 8) -> Journal:
    """A journal with two small rings."""
    journal = Journal(memory, (0, slots * RECORD_BYTES), (slots * RECORD_BYTES, 4 * RECORD_BYTES))
    journal.events.find_next()
    journal.faults.find_next()
    return journal


def entry(kind: EventKind, value: int = 0) -> Entry:
    """A record of no matter."""
    return Entry(0, kind, 0, 0, 1, -5, 0, 0, value)


def kinds(pump: Pump) -> list[str]:
    """Names of all records in the pump's log."""
    return [EventKind(record.kind).name for record in pump.read_log(0, 5_000)[2]]


def test_numbers_rise_by_one_and_records_come_back() -> None:
    """What was written is read again, under numbers from 0."""
    journal = journal_over(Memory(4_096))
    written = [journal.append(entry(EventKind.STOPPED, value))[0] for value in range(5)]

    assert [record.number for record in written] == [0, 1, 2, 3, 4]
    assert [journal.events.read(number) for number in range(5)] == written


def test_wrap_is_visible_by_the_oldest_number() -> None:
    """The ring of eight keeps the last eight; the oldest number says what is gone, and an old number reads as bad."""
    journal = journal_over(Memory(4_096))
    for value in range(20):
        journal.append(entry(EventKind.STOPPED, value))

    assert (journal.events.oldest, journal.events.next_number) == (12, 20)
    assert [journal.events.read(number).value for number in range(12, 20)] == list(range(12, 20))
    assert not journal.events.read(11).good


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 16, 23])
def test_boot_finds_the_next_number(count: int) -> None:
    """From memory alone, at any filling, also right at the wrap."""
    memory = Memory(4_096)
    journal = journal_over(memory)
    for _ in range(count):
        journal.append(entry(EventKind.BOOT))

    assert journal_over(memory).events.next_number == count


def test_bad_record_is_told_as_bad_and_reading_goes_on() -> None:
    """One flipped bit spoils one record; those beside it are good, and numbering goes on after a boot."""
    memory = Memory(4_096)
    journal = journal_over(memory)
    for value in range(6):
        journal.append(entry(EventKind.STOPPED, value))
    memory.flip(3 * RECORD_BYTES + 40, 2, 0)

    assert [journal.events.read(number).good for number in range(6)] == [True, True, True, False, True, True]
    assert journal_over(memory).events.next_number == 6


@pytest.mark.parametrize("count", [1, 5, 8, 13])
@pytest.mark.parametrize("spoiled", [1, 2])
def test_spoiled_newest_records_keep_their_numbers(count: int, spoiled: int) -> None:
    """The last records are hit before a boot: their numbers are not given again, they read as bad, and writing goes on behind them."""
    memory = Memory(4_096)
    journal = journal_over(memory)
    for value in range(count):
        journal.append(entry(EventKind.STOPPED, value))
    hit = range(max(0, count - spoiled), count)
    for number in hit:
        memory.flip(number % 8 * RECORD_BYTES, 0, 0)
    again = journal_over(memory)
    number = again.append(entry(EventKind.BOOT, 99))[0].number

    assert number == count
    assert [again.events.read(number).good for number in hit] == [False] * len(hit)
    assert again.events.read(count).good
    assert journal_over(memory).events.next_number == count + 1


def test_ordinary_events_cannot_push_faults_out() -> None:
    """Raised and cleared alarms, and boots, stand in a ring of their own with their own numbers."""
    journal = journal_over(Memory(4_096))
    journal.append(entry(EventKind.ALARM_RAISED, 77))
    for _ in range(30):
        journal.append(entry(EventKind.COMMAND))

    assert journal.events.oldest == 23
    assert (journal.faults.read(0).kind, journal.faults.read(0).value) == (EventKind.ALARM_RAISED, 77)


def test_story_stands_in_the_log_in_order() -> None:
    """A day's acts are records with the amounts they are about."""
    pump = running()
    pump.bolus(bolus_of(10_000, 600), COMMAND)
    pump.advance(minutes=5)
    pump.stop()
    pump.start(1, Command(8, 9, bytes(16)))
    pump.begin_update()
    pump.drop_update(expired=True)
    pump.set_clock(0)
    pump.alarm_test()
    _, _, records = pump.read_log(0, 100)

    assert kinds(pump) == [
        *("BOOT", "REFILL", "THERAPY_COMMITTED", "BOLUS_STARTED", "BOLUS_ENDED", "STOPPED", "STARTED", "STOPPED"),
        *("UPDATE_BEGUN", "UPDATE_DROPPED", "CLOCK_SET", "ALARM_TEST"),
    ]
    ended = records[4]
    assert (ended.command_id, ended.programmed_nl, ended.delivered_nl, ended.detail) == (7, 10_000, 5_000, 1)
    assert records[1].programmed_nl == 20 * ML
    assert records[6].command_id == 8
    assert records[10].value == records[9].clock_us
    assert records[10].clock_us == 0


def test_clock_set_tells_old_and_new_and_a_jump_tells_nothing() -> None:
    """SET_CLOCK leaves both times; the firmware does not notice a jump, but each later record has the new clock."""
    pump = running()
    before = kinds(pump)
    pump.inject("clock.jump", jump_us=-3_600_000_000)
    assert kinds(pump) == before

    shown = pump.status().clock_us
    pump.set_clock(shown + 5)
    record = pump.read_log(0, 100)[2][-1]
    assert (EventKind(record.kind), record.value, record.clock_us) == (EventKind.CLOCK_SET, shown, shown + 5)


def test_log_survives_a_reset() -> None:
    """Records before it are the same bytes; a boot is one more."""
    pump = running()
    pump.stop()
    before = pump.read_log(0, 100)[2]
    pump.reset()
    oldest, newest, after = pump.read_log(0, 100)

    assert after[: len(before)] == before
    assert (oldest, newest, EventKind(after[-1].kind)) == (0, len(before), EventKind.BOOT)


def test_pages_of_the_log_join() -> None:
    """Any first and count give that stretch, and nothing past the newest."""
    pump = running()
    for _ in range(20):
        pump.alarm_test()
    whole = pump.read_log(0, 1_000)[2]
    pages = [record for first in range(0, len(whole), 7) for record in pump.read_log(first, 7)[2]]

    assert pages == whole
    assert pump.read_log(len(whole), 7)[2] == []


@pytest.mark.pump_requirement("LG-06")
def test_pump_shows_the_wrap() -> None:
    """After five thousand records the pump's log begins past 900 and still reads whole."""
    pump = running()
    for _ in range(5_000):
        pump.note(1, 0, 0)
    oldest, newest, records = pump.read_log(0, 7)

    assert newest - oldest == 4_095
    assert [record.number for record in records] == list(range(oldest, oldest + 7))
    assert all(record.good for record in records)


def test_noted_refusal_carries_its_codes() -> None:
    """A refused command is a record of its own kind, with answer and refusal code."""
    pump = running()
    pump.note(0x0105, 9, 2, 17)
    record = pump.read_log(0, 100)[2][-1]

    assert EventKind(record.kind) is EventKind.REFUSAL
    assert (record.detail, record.command_id, record.programmed_nl, record.delivered_nl) == (0x0105, 9, 2, 17)


def test_alarm_stands_in_the_log_twice() -> None:
    """Raised and cleared, with the alarm's number and the device time of each."""
    pump = running(simple())
    pump.refill(refill_of(2 * ML))
    pump.advance(hours=1)
    pump.refill(refill_of())
    told = [(EventKind(record.kind).name, record.detail) for record in pump.read_log(0, 100)[2] if "ALARM" in EventKind(record.kind).name]

    assert told == [("ALARM_RAISED", 0), ("ALARM_CLEARED", 0)]


def test_note_is_told_by_the_next_look() -> None:
    """Between two looks at one instant a record is noted: the second look knows it, as a pump from an image does."""
    pump = Pump("itp-40")
    pump.advance(hours=1)
    newest = pump.status().log_newest
    pump.note(3, 77, 1, 5)

    assert pump.status().log_newest == newest + 1
    assert Pump.restore(pump.save()).status() == pump.status()
