"""Three days of alarms as they are heard, against a table written by hand."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from firmware_sim import Pump
from firmware_sim.errors import BenchRefused
from firmware_sim.plant.sounder import Sound
from tests.support.therapies import ML, US_PER_DAY, US_PER_H, US_PER_MIN, US_PER_S, active_causes, refill_of, running, simple

LOUD, SOFT = "two-tone", "single-tone"
LENGTHS_US = {LOUD: 3 * US_PER_S, SOFT: US_PER_S}
Act = Callable[[Pump], object]


def at(day: int, clock: str) -> int:
    """Device time of a day and a time of day; the pump was made at midnight."""
    hours, minutes, seconds = (int(part) for part in (clock + ":00").split(":")[:3])
    return day * US_PER_DAY + hours * US_PER_H + minutes * US_PER_MIN + seconds * US_PER_S


def repaired(pump: Pump) -> None:
    """The fault is gone and the pump is serviced, which starts it anew."""
    for fault in pump.faults():
        pump.clear(fault.handle)
    pump.service_reset()


def cut_until_half_past_ten(pump: Pump) -> None:
    """The power is away until 22:30 of the third day."""
    pump.power_cut(off_us=pump.true_us_of(at(2, "22:30")) - pump.now_us)


STORY: list[tuple[int, Act]] = [
    (at(0, "01:00"), lambda pump: pump.refill(refill_of(2 * ML))),  # low
    (at(0, "03:30"), lambda pump: pump.silence("low_reservoir")),  # for a day
    (at(0, "05:15"), lambda pump: pump.inject("memory.bank_bad", bank="bank_a")),  # found at the full hour
    (at(0, "08:20"), Pump.stop),
    (at(0, "12:30"), lambda pump: pump.acknowledge("memory_error")),  # seen, not muted
    (at(0, "14:10:30"), Pump.alarm_test),
    (at(0, "20:05"), lambda pump: pump.silence("memory_error")),  # for a day
    (at(1, "04:40"), lambda pump: pump.refill(refill_of(10 * ML))),  # no longer low
    (at(1, "22:40"), lambda pump: pump.inject("firmware.selftest_fail", test="cpu")),  # found at the full hour
    (at(2, "00:05"), lambda pump: pump.silence("self_test_cpu")),  # for an hour
    (at(2, "02:33"), repaired),  # the bad bank is found anew by the boot
    (at(2, "10:01"), Pump.start),  # 48 h after the stop, at 08:20, it was told
    (at(2, "12:00"), lambda pump: pump.commit(simple()._replace(critical_repeat_s=1_200, non_critical_repeat_s=7_200))),
    (at(2, "13:00"), lambda pump: pump.refill(refill_of(2 * ML))),
    (at(2, "18:20"), Pump.reset),
    (at(2, "21:30"), cut_until_half_past_ten),
]
END_US = at(3, "00:00")

TABLE: list[tuple[int, int, str, str]] = [
    # from, to, every, what
    (at(0, "01:00"), at(0, "03:00"), "01:00", SOFT),  # low; muted at 03:30
    (at(0, "06:00"), at(0, "20:00"), "01:00", SOFT),  # a bad bank; muted at 20:05
    (at(0, "14:10:30"), at(0, "14:10:30"), "01:00", LOUD),  # the alarm test, in both
    (at(0, "14:10:33"), at(0, "14:10:33"), "01:00", SOFT),
    (at(1, "04:00"), at(1, "04:00"), "01:00", SOFT),  # low again since 03:30, in its old rhythm, until the refill
    (at(1, "21:00"), at(1, "22:00"), "01:00", SOFT),  # the bank again since 20:05
    (at(1, "23:00"), at(2, "00:00"), "00:10", LOUD),  # a self-test that failed; muted at 00:05
    (at(2, "01:00"), at(2, "01:00"), "01:00", SOFT),  # so the bank is heard
    (at(2, "01:10"), at(2, "02:30"), "00:10", LOUD),  # the self-test again since 01:05, until service
    (at(2, "02:33"), at(2, "07:33"), "01:00", SOFT),  # the bank, in a new rhythm
    (at(2, "08:20"), at(2, "10:00"), "00:10", LOUD),  # stopped for 48 h, until the start
    (at(2, "10:33"), at(2, "11:33"), "01:00", SOFT),  # the bank, until the commit
    (at(2, "13:00"), at(2, "17:00"), "02:00", SOFT),  # low, at the new therapy's repeats
    (at(2, "18:20"), at(2, "20:20"), "02:00", SOFT),  # low, found anew by the boot
    (at(2, "22:30"), at(2, "22:30"), "02:00", SOFT),  # and by the next, when the power is back
]


def table() -> list[tuple[int, str]]:
    """The table, one row a sound, in order."""
    return sorted((us, what) for first, last, every, what in TABLE for us in range(first, last + 1, at(0, every)))


def live(pump: Pump, until: Callable[[Pump, int], list[Sound]]) -> list[tuple[int, str]]:
    """Let the three days pass; `until` listens up to a device time. What was heard, as (device time, pattern)."""
    heard = []
    for device_us, act in [*STORY, (END_US, lambda pump: None)]:
        heard += until(pump, device_us)
        act(pump)
    return [(sound.began_us, sound.pattern) for sound in heard]


def at_once(pump: Pump, device_us: int) -> list[Sound]:
    """Listen in one go."""
    return pump.listen(pump.true_us_of(device_us) - pump.now_us)


@pytest.mark.pump_requirement("AL-03", "AL-04", "AL-08", "AL-16")
def test_three_days_sound_as_the_table_says() -> None:
    """Two classes, silences that end, causes that hide others, a test, a stop of 48 h, service, reset and a dark hour: 65 sounds, each at
    its microsecond.
    """
    heard = live(running(), at_once)

    assert heard == table()
    assert len(heard) == 65


@pytest.mark.parametrize("draw", range(5))
def test_listening_in_pieces_hears_the_same(draw: int) -> None:
    """However the days are cut, no sound is lost, doubled or moved; and the pump is the same to the bit."""
    draws, pieces, straight = random.Random(draw), running(), running()

    def in_pieces(pump: Pump, device_us: int) -> list[Sound]:
        heard, end_us = [], pump.true_us_of(device_us)
        while pump.now_us < end_us:
            heard += pump.listen(min(end_us - pump.now_us, draws.randrange(1, 3 * US_PER_H)))
        return heard

    assert live(pieces, in_pieces) == live(straight, at_once) == table()
    assert pieces.digest() == straight.digest()


def test_listening_is_nothing_but_advancing() -> None:
    """A pump that was listened to and one that was left alone are the same to the bit."""

    def deaf(pump: Pump, device_us: int) -> list[Sound]:
        pump.advance_to(pump.true_us_of(device_us))
        return []

    listened, left = running(), running()
    assert live(left, deaf) == []
    live(listened, at_once)

    assert listened.digest() == left.digest()


def test_each_sound_is_there_for_its_length() -> None:
    """At every start in the table the sound is on, a microsecond before it is not, and it ends after three seconds or one."""
    looks: list[tuple[int, int, str]] = []
    for began_us, what in table():
        last = began_us + LENGTHS_US[what] - 1
        looks += [(began_us, began_us, what), (last, began_us, what)]
        if (began_us + LENGTHS_US[what], SOFT) not in table():
            looks.append((last + 1, -1, ""))
    looks.sort()

    def looking(pump: Pump, device_us: int) -> list[Sound]:
        heard = []
        while looks and looks[0][0] < device_us:
            at_us, began_us, what = looks.pop(0)
            pump.advance_to(pump.true_us_of(at_us))
            sound = pump.sound()
            if pump.device_us == at_us:  # the counter skips a microsecond now and then
                assert (sound.began_us, sound.pattern) == (began_us, what) if sound else began_us < 0
            heard += [sound] if sound else []
        pump.advance_to(pump.true_us_of(device_us))
        return heard

    assert {us for us, _ in live(running(), looking)} == {us for us, _ in table()}


def test_quiet_pump_is_heard_to_be_quiet() -> None:
    """A month without a cause is a month without a sound."""
    assert running(simple(5_000)).listen(30 * US_PER_DAY) == []


def test_sound_at_a_skipped_microsecond_is_heard() -> None:
    """A fast oscillator's counter skips a microsecond now and then: a sound that begins at such a one is not lost."""
    pump = running()
    skipped_us = 48 * US_PER_H + 50_001 * 3 + (-1 - 48 * US_PER_H) % 50_001
    pump.advance_to(pump.true_us_of(skipped_us - 48 * US_PER_H))
    pump.stop()
    heard = pump.listen(48 * US_PER_H + US_PER_MIN)

    assert active_causes(pump) == ["stopped_too_long"]
    assert [sound.began_us for sound in heard] == [skipped_us]


def test_sound_of_a_cause_that_is_gone_is_not_announced() -> None:
    """What would have sounded later is not heard when its cause ends before."""
    pump = running()
    pump.refill(refill_of(2 * ML))
    assert len(pump.listen(90 * US_PER_MIN)) == 2
    pump.refill(refill_of())

    assert pump.listen(5 * US_PER_H) == []


def test_cause_that_comes_and_goes_within_one_listening_is_heard_for_its_time() -> None:
    """A dip of the supply that ends by itself: its sounds, and none after it; the replacement indicator beside it is muted."""
    pump = running(simple(5_000))
    pump.inject("battery.premature_eri")
    pump.silence("eri")
    pump.inject("battery.dip", supply_mv=2_390, seconds=2 * 3_600)
    heard = [sound.began_us for sound in pump.listen(12 * US_PER_H)]
    records = [record for record in pump.events() if record.get("detail") == 18]
    raised_us, cleared_us = (int(str(record["device_us"])) for record in records)

    assert heard == list(range(raised_us, cleared_us, US_PER_H))
    assert len(heard) == 2


def test_listening_backwards_is_refused() -> None:
    """Time goes forward only."""
    pump = running()
    with pytest.raises(BenchRefused, match="listen"):
        pump.listen(-1)
