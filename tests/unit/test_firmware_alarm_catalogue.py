"""The catalogue of alarms, row by row: what each does to the flow, what ends it, what outlives a reset, how it sounds, how long it is
muted. The rows below are written from the device's description; the firmware's own table is what is tested.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import pytest

from firmware_sim import Pump
from firmware_sim.errors import Refused
from firmware_sim.firmware.alarms import ALARMS, number_of
from firmware_sim.firmware.journal import EventKind
from firmware_sim.plant.sounder import Sound
from tests.requirements.causes import CAUSES, alarming, raised_us_of, suffering
from tests.support.boots import restarted
from tests.support.records import alarm_records, records, wait_for_alarm
from tests.support.therapies import (
    ML,
    US_PER_DAY,
    US_PER_H,
    US_PER_MIN,
    US_PER_S,
    active_causes,
    bolus_of,
    listed_causes,
    refill_of,
    running,
    simple,
)

CRITICAL_REPEAT_US, SOFT_REPEAT_US = 10 * US_PER_MIN, US_PER_H


class Row(NamedTuple):
    """How a cause ends, and whether it is there when the firmware starts anew with its fault still in force."""

    ends: Callable[[Pump], object]
    after_reset: bool


def forever(pump: Pump) -> None:
    """Everything that ends any other cause."""
    cured(pump)
    pump.refill(refill_of())
    pump.service_reset()
    pump.advance(seconds=5)
    pump.advance(days=1)


def cured(pump: Pump) -> None:
    """The faults are gone."""
    for fault in pump.faults():
        pump.clear(fault.handle)


def refilled(pump: Pump) -> None:
    """The programmer says there is drug again."""
    pump.refill(refill_of())


def programmed(pump: Pump) -> None:
    """A fill is told and a therapy committed."""
    pump.refill(refill_of())
    pump.commit(simple(5_000))


def serviced(pump: Pump) -> None:
    """The fault is gone, the pump is serviced, and its self-test has passed."""
    cured(pump)
    pump.service_reset()
    pump.advance(seconds=5)


def moved(pump: Pump) -> None:
    """The rotor is free, and time enough passes to see it."""
    cured(pump)
    pump.advance(hours=1)


def recorded(pump: Pump) -> None:
    """The log takes records again, and one is written."""
    cured(pump)
    pump.alarm_test()


def settled(pump: Pump) -> None:
    """The supply is in its range for long enough."""
    pump.advance(hours=2)


def seen(pump: Pump) -> None:
    """Somebody says that the news of the keys has come through."""
    pump.acknowledge("keys_changed")


ROWS: dict[str, Row] = {
    "low_reservoir": Row(refilled, after_reset=True),
    "empty_reservoir": Row(refilled, after_reset=True),
    "motor_stall": Row(moved, after_reset=False),
    "stopped_too_long": Row(Pump.start, after_reset=True),
    "memory_error": Row(programmed, after_reset=True),
    "memory_failure": Row(programmed, after_reset=True),
    "eri": Row(forever, after_reset=True),
    "eos": Row(forever, after_reset=True),
    "low_battery_reset": Row(programmed, after_reset=True),
    "rate_limiter": Row(serviced, after_reset=True),
    "watchdog_failure": Row(serviced, after_reset=True),
    **{f"self_test_{test}": Row(serviced, after_reset=True) for test in ("cpu", "rom", "ram", "adc", "rtc", "tone")},
    "log_error": Row(recorded, after_reset=True),
    "supply_range": Row(settled, after_reset=False),
    "magnet_stop": Row(Pump.start, after_reset=False),
    "keys_changed": Row(seen, after_reset=True),
}
NEVER = ("eri", "eos")
every_cause = pytest.mark.parametrize("cause", ROWS)


def class_of(cause: str) -> str:
    """How it sounds."""
    return "two-tone" if CAUSES[cause].critical else "single-tone"


def repeat_us(cause: str) -> int:
    """How often it sounds by the shortest settings."""
    return CRITICAL_REPEAT_US if CAUSES[cause].critical else SOFT_REPEAT_US


def alone(cause: str) -> Pump:
    """A pump on which this cause alone may sound from now on: others that came with it are muted for the time being."""
    pump = alarming(cause)
    for other in active_causes(pump):
        if other != cause:
            pump.silence(other)
    return pump


# -- raise, clear, reset ----------------------------------------------------------------------------------------------------------------


def test_rows_are_the_catalogue() -> None:
    """Every cause of the firmware has a row here, and none is here that it does not know; a latched one outlives resets by these rows."""
    assert [alarm.cause for alarm in ALARMS] == list(ROWS)
    assert all(ROWS[alarm.cause].after_reset for alarm in ALARMS if alarm.latched)
    assert {alarm.priority for alarm in ALARMS} == {"HIGH", "MEDIUM", "LOW"}


@every_cause
def test_priority_follows_the_class(cause: str) -> None:
    """A console never ranks a non-critical cause high, nor a critical one low."""
    alarm = ALARMS[number_of(cause)]

    assert alarm.priority in (("HIGH", "MEDIUM") if alarm.critical else ("MEDIUM", "LOW"))
    assert alarm.critical == CAUSES[cause].critical


@every_cause
def test_cause_ends_with_what_its_row_says_and_not_before(cause: str) -> None:
    """Neither a day nor acknowledging ends it (but what is news only); what does, does, with one record; ERI and EOS nothing ends."""
    pump = alarming(cause)
    if ROWS[cause].ends is not seen:
        pump.acknowledge(cause)
    pump.silence(cause)
    if cause != "supply_range":  # its dip is over within the hour
        pump.advance(days=1)
    assert cause in active_causes(pump)
    ROWS[cause].ends(pump)

    assert (cause in active_causes(pump)) == (cause in NEVER)
    if cause in NEVER:
        return
    assert cause not in listed_causes(pump)
    pump.interrogated()
    assert [kind for kind, _ in alarm_records(pump, cause) if kind == "cleared"] == ["cleared"]


@pytest.mark.pump_requirement("AL-19")
@pytest.mark.parametrize("cause", [cause for cause in ROWS if cause not in NEVER and ROWS[cause].ends not in (serviced, seen)])
def test_cause_that_nobody_has_seen_stays_listed(cause: str) -> None:
    """Gone but not acknowledged it is readable and silent; acknowledged it is out of the list; service starts the firmware anew,
    with an empty list.
    """
    pump = alarming(cause)
    ROWS[cause].ends(pump)
    assert (cause in listed_causes(pump), cause in active_causes(pump)) == (True, False)
    pump.acknowledge(cause)

    assert cause not in listed_causes(pump)


@every_cause
@pytest.mark.parametrize("start", [restarted, lambda pump: pump.power_cut(off_us=1)], ids=["reset", "power cut"])
def test_reset_keeps_what_its_row_says(cause: str, start: Callable[[Pump], object]) -> None:
    """What is still so, or is latched, is raised again within the self-test's time; stall and supply are measured anew. Silence ends."""
    pump = alarming(cause)
    pump.silence(cause)
    start(pump)
    pump.advance(seconds=5)

    assert (cause in active_causes(pump)) == ROWS[cause].after_reset
    assert all(alarm.silenced_until_us == 0 for alarm in pump.status().alarms)


@every_cause
def test_flow_stays_as_the_row_says_over_a_reset(cause: str) -> None:
    """What is stopped stays stopped, the minimum rate is the minimum rate, what ran runs: over a reset as before it."""
    pump = alarming(cause)
    restarted(pump)
    pump.advance(seconds=1)

    assert pump.status().rate_nl_per_h == CAUSES[cause].commanded_nl_per_h


@every_cause
def test_cause_is_raised_once(cause: str) -> None:
    """As long as it is active it has one record and one time, whatever else goes on."""
    pump = alarming(cause)
    raised_us = raised_us_of(pump, cause)
    if cause != "supply_range":
        pump.advance(hours=5)

    assert raised_us_of(pump, cause) == raised_us
    if cause != "log_error":  # whose own records are what is lost
        assert alarm_records(pump, cause) == [("raised", raised_us)]


@pytest.mark.parametrize("cause", [cause for cause in ROWS if cause not in ("stopped_too_long", "eos", "motor_stall", "log_error")])
def test_critical_causes_end_a_bolus_and_others_leave_it(cause: str) -> None:
    """A bolus under way when the cause comes: interrupted by a critical one, done by any other; two come when no
    bolus can run, the stall has tests of its own, and the log's own alarm loses the record that tells.
    """
    pump = running(simple(5_000))
    pump.advance(minutes=10)
    began_us = pump.device_us
    pump.bolus(bolus_of(20_000, 4 * 3_600))
    CAUSES[cause].begin(pump)
    pump.advance(hours=5)
    (ended,) = records(pump, EventKind.BOLUS_ENDED)

    if CAUSES[cause].critical:
        assert (ended.detail, ended.delivered_nl < 20_000) == (1, True) or cause == "low_battery_reset"
    else:
        assert (ended.detail, ended.delivered_nl, ended.device_us) == (0, 20_000, began_us + 4 * US_PER_H)


# -- sound ------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.pump_requirement("AL-16", "AL-04")
@every_cause
def test_cause_sounds_in_its_class_at_its_repeats(cause: str) -> None:
    """Two tones every ten minutes or one each hour, counted from the raise, for as long as it is active."""
    pump = alone(cause)
    raised_us, began_us = raised_us_of(pump, cause), pump.device_us
    length_us = 40 * US_PER_MIN if CAUSES[cause].critical else 4 * US_PER_H
    if cause == "supply_range":
        length_us = 45 * US_PER_MIN
    heard = [sound for sound in pump.listen(length_us) if sound.pattern == class_of(cause)]

    first = -((raised_us - began_us) // repeat_us(cause))
    expected = [raised_us + number * repeat_us(cause) for number in range(first, first + 100)]
    assert [sound.began_us for sound in heard] == [at_us for at_us in expected if began_us <= at_us < pump.device_us]


@pytest.mark.parametrize(("critical_s", "soft_s"), [(600, 3_600), (1_200, 7_200), (7_200, 86_400)])
def test_repeats_are_the_therapys(critical_s: int, soft_s: int) -> None:
    """From the shortest to the longest setting of both classes."""
    therapy = simple(5_000)._replace(critical_repeat_s=critical_s, non_critical_repeat_s=soft_s)
    pump = running(therapy)
    pump.refill(refill_of(2 * ML))
    soft = pump.listen(4 * US_PER_DAY)
    assert {later.began_us - earlier.began_us for earlier, later in pairwise(soft)} == {soft_s * US_PER_S}
    pump.inject("motor.stall")
    wait_for_alarm(pump, "motor_stall")
    loud = [sound for sound in pump.listen(US_PER_DAY) if sound.pattern == "two-tone"]

    assert {later.began_us - earlier.began_us for earlier, later in pairwise(loud)} == {critical_s * US_PER_S}


@pytest.mark.pump_requirement("AL-03", "AL-04")
@pytest.mark.parametrize("cause", [cause for cause in ROWS if cause != "supply_range"])  # gone before its day is over
def test_silence_ends_to_the_microsecond(cause: str) -> None:
    """One hour of a critical cause, one day of another: muted until then, and back in its own rhythm, however often it is asked for."""
    pump = alone(cause)
    raised_us, until_us = raised_us_of(pump, cause), pump.silence(cause)
    assert until_us - pump.device_us == (US_PER_H if CAUSES[cause].critical else US_PER_DAY)
    pump.advance_to(pump.true_us_of(until_us) - 1)
    assert next(alarm for alarm in pump.status().alarms if alarm.cause == cause).silenced_until_us == until_us
    pump.advance(us=1)
    assert next(alarm for alarm in pump.status().alarms if alarm.cause == cause).silenced_until_us == 0
    heard = [sound.began_us for sound in pump.listen(2 * repeat_us(cause) + US_PER_MIN) if sound.pattern == class_of(cause)]

    assert heard[0] == raised_us - -(until_us - raised_us) // repeat_us(cause) * repeat_us(cause)
    pump.silence(cause)
    assert pump.listen(US_PER_MIN) == []


@every_cause
def test_silence_wants_an_active_cause(cause: str) -> None:
    """On a pump without it, there is nothing to mute and nothing to acknowledge."""
    pump = running()
    before = pump.digest("therapy")
    for act in (pump.silence, pump.acknowledge):
        with pytest.raises(Refused, match="NOT_ACTIVE"):
            act(cause)

    assert pump.digest("therapy") == before


@pytest.mark.pump_requirement("AL-08")
def test_highest_class_is_the_one_that_is_heard() -> None:
    """Beside a stall four non-critical causes make no sound; the stall muted, they do, each in its rhythm; mended, still."""
    pump = running(simple(20_000))
    pump.inject("battery.premature_eri")
    pump.refill(refill_of(2 * ML))
    pump.inject("memory.bank_bad", bank="bank_a")
    handle = pump.inject("motor.stall")
    pump.advance(minutes=61)
    assert set(active_causes(pump)) == {"eri", "low_reservoir", "memory_error", "motor_stall"}
    assert {sound.pattern for sound in pump.listen(3 * US_PER_H)} == {"two-tone"}
    pump.silence("motor_stall")
    assert _patterns(pump.listen(55 * US_PER_MIN)) <= {"single-tone"}
    pump.clear(handle)
    pump.advance(hours=1)

    assert _patterns(pump.listen(3 * US_PER_H)) == {"single-tone"}


def _patterns(heard: list[Sound]) -> set[str]:
    return {sound.pattern for sound in heard}


@pytest.mark.pump_requirement("AL-09")
def test_order_of_occurrence_is_that_of_log_and_list() -> None:
    """Six causes in six hours: the log, the list and the trace tell them in the order of their raise."""
    pump = running(simple(5_000))
    story: list[tuple[str, Callable[[], object]]] = [
        ("memory_error", lambda: pump.inject("memory.bank_bad", bank="bank_b")),
        ("eri", lambda: pump.inject("battery.premature_eri")),
        ("low_reservoir", lambda: pump.refill(refill_of(2 * ML))),
        ("motor_stall", lambda: pump.inject("motor.stall")),
        ("rate_limiter", lambda: pump.inject("motor.stuck_driver", pulses_per_h=600)),
        ("stopped_too_long", lambda: None),
    ]
    for cause, happens in story:
        pump.advance(minutes=1)
        happens()
        wait_for_alarm(pump, cause)
    wanted = [cause for cause, _ in story]

    assert active_causes(pump) == wanted
    logged = [entry.detail for entry in records(pump, EventKind.ALARM_RAISED)]
    assert logged == [number_of(cause) for cause in wanted]
    traced = [record["detail"] for record in pump.events() if record.get("event") == "ALARM_RAISED"]
    assert traced == logged
    times = [raised_us_of(pump, cause) for cause in wanted]
    assert times == sorted(times)


def test_causes_of_one_instant_are_told_by_their_numbers() -> None:
    """Two causes raised in one microsecond: the list has them by number, and both have that time in the log."""
    pump = running(simple(5_000))
    pump.advance(minutes=1)
    pump.inject("memory.bank_bad", bank="bank_a")
    pump.inject("firmware.selftest_fail", test="cpu")
    pump.advance(hours=1)

    assert [(alarm.cause, alarm.raised_us) for alarm in pump.status().alarms] == [("memory_error", US_PER_H), ("self_test_cpu", US_PER_H)]
    assert {entry.device_us for entry in records(pump, EventKind.ALARM_RAISED)} == {US_PER_H}


@pytest.mark.pump_requirement("AL-18")
@every_cause
def test_alarm_test_beside_a_cause_changes_nothing_about_it(cause: str) -> None:
    """Both sounds are played, with one record; cause, times, silence, flow and therapy are what they were."""
    pump = alarming(cause)
    before = pump.status()
    pump.alarm_test()

    assert pump.status() == before._replace(log_newest=before.log_newest + 1)
    sound = pump.sound()
    assert sound is not None
    assert (sound.pattern, sound.began_us) == ("two-tone", pump.device_us)


@pytest.mark.pump_requirement("AL-12")
def test_pieces_of_time_do_not_change_when_a_cause_comes() -> None:
    """Every cause's story in one go and in pieces with looks: one digest."""
    for cause, row in CAUSES.items():
        straight, pieces = suffering(cause), suffering(cause)
        end_us = straight.now_us + min(row.minutes, 3_000) * US_PER_MIN + US_PER_H
        straight.advance_to(end_us)
        while pieces.now_us < end_us:
            pieces.truth()
            pieces.next_sound_us()
            pieces.advance_to(min(end_us, pieces.now_us + max(US_PER_MIN, (end_us - straight.now_us + US_PER_H) // 7) + 1_013))
        assert pieces.digest() == straight.digest(), cause
