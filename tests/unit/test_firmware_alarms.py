"""Alarms: the life of a cause, silence, acknowledge, and the sound pattern of each class on a time axis."""

from __future__ import annotations

import pytest
from transitions import MachineError

from firmware_sim import Pump
from firmware_sim.errors import Refused
from firmware_sim.firmware.alarms import ALARMS, LIFE_TABLE, AlarmBoard, number_of
from tests.support.therapies import ML, US_PER_DAY, US_PER_H, US_PER_MIN, US_PER_S, active_causes, listed_causes, refill_of, running, simple

REPEATS = (3_600 * US_PER_S, 600 * US_PER_S)
LENGTHS = (1 * US_PER_S, 3 * US_PER_S)
LOW, STALL, EMPTY, ERROR = "low_reservoir", "motor_stall", "empty_reservoir", "memory_error"


def heard(board: AlarmBoard, at_us: int) -> str:
    """What sounds at an instant."""
    sounding = board.sounding(at_us, REPEATS, LENGTHS)
    return "nothing" if sounding is None else "critical" if sounding.critical else "soft"


def board_with(*raised: tuple[str, int]) -> AlarmBoard:
    """A board on which these were raised."""
    board = AlarmBoard()
    for cause, at_us in raised:
        assert board.raise_alarm(cause, at_us)
    return board


def stalled_pump() -> Pump:
    """A running pump whose stall alarm has just been raised."""
    pump = running(simple(20_000))
    pump.inject("motor.stall")
    while not active_causes(pump):
        due = pump.next_due()
        assert due is not None
        pump.advance_to(due)
    return pump


# -- the life of one cause ------------------------------------------------------------------------------------------------------


@pytest.mark.pump_requirement("AL-02")
def test_numbers_are_the_places_in_the_alarm_word() -> None:
    """The catalogue's order is what the wire's alarm word is made of."""
    assert [alarm.cause for alarm in ALARMS] == [
        *(LOW, EMPTY, STALL, "stopped_too_long", ERROR, "memory_failure", "eri", "eos", "low_battery_reset", "rate_limiter"),
        *("watchdog_failure", "self_test_cpu", "self_test_rom", "self_test_ram", "self_test_adc", "self_test_rtc", "self_test_tone"),
        *("log_error", "supply_range", "magnet_stop", "keys_changed"),
    ]
    assert [number_of(alarm.cause) for alarm in ALARMS] == list(range(21))
    assert [alarm.cause for alarm in ALARMS if not alarm.critical] == [LOW, ERROR, "eri", "log_error", "supply_range", "keys_changed"]


@pytest.mark.parametrize(
    ("life", "trigger"), [("quiet", "acknowledge"), ("quiet", "clear"), ("gone", "clear"), ("active", "raise_alarm")], ids=lambda word: word
)
def test_life_of_a_cause_has_no_other_turns(life: str, trigger: str) -> None:
    """What the table lacks raises: nothing is cleared that is not there."""
    with pytest.raises(MachineError):
        LIFE_TABLE.after(life, trigger)


@pytest.mark.pump_requirement("AL-19")
def test_cause_stays_until_gone_and_acknowledged() -> None:
    """Gone first or seen first: a cause leaves the list only after both."""
    gone_first, seen_first = board_with((STALL, 0)), board_with((STALL, 0))

    gone_first.clear(STALL)
    assert STALL in gone_first.states
    gone_first.acknowledge(STALL)
    assert STALL not in gone_first.states

    seen_first.acknowledge(STALL)
    assert seen_first.is_active(STALL)
    seen_first.clear(STALL)
    assert STALL not in seen_first.states


def test_cause_raised_again_is_new() -> None:
    """A cause that comes back is unseen again, with its new time; while active it is raised once."""
    board = board_with((STALL, 0))
    assert not board.raise_alarm(STALL, 5)
    board.clear(STALL)
    assert not board.clear(STALL)
    assert board.raise_alarm(STALL, 9)

    assert (board.states[STALL].life, board.states[STALL].raised_us) == ("active", 9)


@pytest.mark.parametrize("act", ["silence", "acknowledge"])
def test_cause_that_is_not_there_is_refused(act: str) -> None:
    """Neither silence nor acknowledge takes a cause that is not listed, or that no catalogue has."""
    pump = running()
    for cause, code in ((STALL, "NOT_ACTIVE"), ("headache", "UNKNOWN_CAUSE")):
        with pytest.raises(Refused, match=code):
            getattr(pump, act)(cause)


def test_cause_that_is_gone_cannot_be_silenced() -> None:
    """A cause that waits to be acknowledged makes no sound and takes no silence."""
    board = board_with((STALL, 0))
    board.clear(STALL)

    with pytest.raises(Refused, match="NOT_ACTIVE"):
        board.silence(STALL, 100)


# -- sounds ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.pump_requirement("AL-04", "AL-16")
@pytest.mark.parametrize(
    ("cause", "word", "length_us", "repeat_us"),
    [(STALL, "critical", 3 * US_PER_S, 600 * US_PER_S), (LOW, "soft", US_PER_S, 3_600 * US_PER_S)],
    ids=["critical", "non-critical"],
)
def test_pattern_of_each_class_on_the_time_axis(cause: str, word: str, length_us: int, repeat_us: int) -> None:
    """It sounds from the microsecond of the raise for its length, and again each repeat, for ever."""
    raised_us = 123_456_789
    board = board_with((cause, raised_us))
    for beep in (0, 1, 2, 1_000):
        start_us = raised_us + beep * repeat_us

        assert heard(board, start_us) == heard(board, start_us + length_us - 1) == word
        assert heard(board, start_us + length_us) == heard(board, start_us + repeat_us - 1) == "nothing"
    assert board.next_sounding_us(raised_us, REPEATS) == raised_us + repeat_us


def test_new_cause_sounds_at_once() -> None:
    """Between two repeats of the first, a second cause of the class sounds on its own raise, then both keep their own time."""
    board = board_with((STALL, 0), (EMPTY, 100 * US_PER_S))

    assert heard(board, 100 * US_PER_S) == "critical"
    assert [heard(board, at * US_PER_S) for at in (600, 650, 700)] == ["critical", "nothing", "critical"]
    assert board.next_sounding_us(650 * US_PER_S, REPEATS) == 700 * US_PER_S


def test_highest_class_wins() -> None:
    """While a critical cause is there, the soft one waits; when the critical one is silenced, the soft one is heard in its own time."""
    board = board_with((LOW, 0), (STALL, 10 * US_PER_S))
    hour_us = 3_600 * US_PER_S
    assert heard(board, 10 * US_PER_S) == "critical"
    assert heard(board, hour_us) == "nothing"

    board.silence(STALL, 2 * hour_us + US_PER_S)
    assert heard(board, hour_us) == heard(board, 2 * hour_us) == "soft"
    assert heard(board, 2 * hour_us + 10 * US_PER_S) == "critical"


@pytest.mark.pump_requirement("AL-03")
def test_silence_is_by_cause_and_ends_by_itself() -> None:
    """Silence mutes one cause until its microsecond; a new cause breaks it for itself only; the old rhythm comes back after."""
    board = board_with((STALL, 0))
    board.silence(STALL, 1_200 * US_PER_S)
    assert heard(board, 600 * US_PER_S) == "nothing"

    board.raise_alarm(EMPTY, 700 * US_PER_S)
    assert heard(board, 700 * US_PER_S) == "critical"
    assert heard(board, 1_200 * US_PER_S - 1) == "nothing"
    assert heard(board, 1_200 * US_PER_S) == "critical"


@pytest.mark.pump_requirement("AL-03")
def test_clearing_ends_silence() -> None:
    """A silenced cause that goes and comes back is loud."""
    board = board_with((STALL, 0))
    board.silence(STALL, 10 * US_PER_H)
    board.clear(STALL)
    board.raise_alarm(STALL, US_PER_H)

    assert heard(board, US_PER_H) == "critical"


@pytest.mark.pump_requirement("AL-19")
def test_acknowledge_never_mutes() -> None:
    """A seen cause sounds on."""
    board = board_with((STALL, 0))
    board.acknowledge(STALL)

    assert heard(board, 600 * US_PER_S) == "critical"


# -- through the pump -----------------------------------------------------------------------------------------------------------


@pytest.mark.pump_requirement("AL-16")
def test_pump_plays_the_two_tone_pattern() -> None:
    """A critical alarm is 3 s of two tones in turn, in truth, beginning at the raise."""
    pump = stalled_pump()
    sound = pump.truth().sound
    raised_us = pump.status().alarms[0].raised_us

    assert sound is not None
    assert (sound.pattern, sound.began_us, sum(tone.ms for tone in sound.tones)) == ("two-tone", raised_us, 3_000)
    assert len({tone.hz for tone in sound.tones}) == 2
    pump.advance(seconds=3)
    assert pump.sound() is None
    assert pump.next_sound_us() == pump.true_us_of(raised_us + 10 * US_PER_MIN)


@pytest.mark.pump_requirement("AL-16")
def test_pump_plays_a_single_tone_for_low_reservoir() -> None:
    """A non-critical alarm is one tone of 1 s."""
    pump = running(simple())
    pump.refill(refill_of(2 * ML))
    sound = pump.sound()

    assert active_causes(pump) == [LOW]
    assert sound is not None
    assert (sound.pattern, [tone.ms for tone in sound.tones]) == ("single-tone", [1_000])


def test_repeats_are_those_of_the_therapy() -> None:
    """A therapy that asks for a repeat of two hours gets it."""
    pump = running(simple(20_000)._replace(critical_repeat_s=7_200))
    pump.inject("motor.stall")
    pump.advance(hours=1)
    raised_us = pump.status().alarms[0].raised_us

    assert pump.next_sound_us() == pump.true_us_of(raised_us + 7_200 * US_PER_S)


@pytest.mark.pump_requirement("AL-03", "AL-04")
@pytest.mark.parametrize(("volume_nl", "cause", "length_us"), [(0, STALL, US_PER_H), (2 * ML, LOW, US_PER_DAY)], ids=["critical", "soft"])
def test_silence_lasts_for_its_class(volume_nl: int, cause: str, length_us: int) -> None:
    """SILENCE answers until when: an hour for a critical cause, a day for another; then it sounds again."""
    if volume_nl:
        pump = running(simple())
        pump.refill(refill_of(volume_nl))
    else:
        pump = stalled_pump()
    until_us = pump.silence(cause)

    assert until_us == pump.device_us + length_us
    assert (pump.sound(), pump.status().alarms[0].silenced_until_us) == (None, until_us)
    pump.advance_to(pump.true_us_of(until_us))
    assert pump.status().alarms[0].silenced_until_us == 0
    assert pump.next_sound_us() is not None


def test_lost_session_ends_silences() -> None:
    """`end_silences` makes every cause sound again in its rhythm."""
    pump = stalled_pump()
    pump.silence(STALL)
    assert pump.next_sound_us() is None
    pump.end_silences()

    assert pump.next_sound_us() is not None
    assert pump.sound() is not None


@pytest.mark.pump_requirement("AL-03")
def test_muted_cause_that_clears_is_muted_no_more() -> None:
    """Low, muted for a day, refilled: the cause that is still listed is not muted, and low again within the day it sounds at once."""
    pump = running()
    pump.refill(refill_of(2 * ML))
    pump.silence(LOW)
    pump.refill(refill_of())
    assert [(alarm.active, alarm.silenced_until_us) for alarm in pump.status().alarms] == [(False, 0)]
    pump.refill(refill_of(2 * ML))

    assert pump.sound() is not None


@pytest.mark.pump_requirement("AL-03")
def test_reset_ends_silence() -> None:
    """A cause that outlives a reset is heard again, for silence does not outlive it."""
    pump = running()
    pump.stop()
    pump.advance(hours=48)
    pump.silence("stopped_too_long")
    pump.reset()

    assert active_causes(pump) == ["stopped_too_long"]
    assert pump.status().alarms[0].silenced_until_us == 0
    assert pump.sound() is not None


@pytest.mark.pump_requirement("AL-19")
def test_acknowledged_cause_leaves_the_list_when_gone() -> None:
    """Through the front door: seen, then cured, then out of the list."""
    pump = stalled_pump()
    pump.acknowledge(STALL)
    assert pump.status().alarms[0].acknowledged
    pump.clear(pump.faults()[0].handle)
    pump.advance(hours=1)

    assert listed_causes(pump) == []


@pytest.mark.pump_requirement("AL-19")
def test_unseen_cause_stays_listed_when_gone() -> None:
    """Cured but not seen, it stays readable and silent."""
    pump = stalled_pump()
    pump.clear(pump.faults()[0].handle)
    pump.advance(hours=1)

    assert (listed_causes(pump), active_causes(pump), pump.next_sound_us()) == ([STALL], [], None)
    pump.acknowledge(STALL)
    assert listed_causes(pump) == []


def test_alarm_test_plays_both_sounds_and_nothing_else() -> None:
    """Three seconds of two tones, one of a single tone, then nothing; therapy, alarms and flow are as before."""
    pump = running()
    before = pump.digest("therapy"), pump.status()._replace(log_newest=0)
    pump.alarm_test()
    played = []
    for _ in range(5):
        sound = pump.sound()
        played.append(sound.pattern if sound else None)
        pump.advance(seconds=1)

    assert played == ["two-tone", "two-tone", "two-tone", "single-tone", None]
    twin = running()
    twin.advance(seconds=5)
    assert pump.truth()._replace(sound=None) == twin.truth()._replace(sound=None)
    assert before[1].alarms == pump.status().alarms == ()
