"""When a stall is told where motion is rare, comes and goes, or comes twice over; and when the log is told that it is gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from firmware_sim import Pump
from firmware_sim.firmware.journal import EventKind
from firmware_sim.profile import load_profile
from tests.support.boots import restarted
from tests.support.records import alarm_records, raised_us_of, records, step_times_us, wait_for_alarm
from tests.support.therapies import (
    UNITS_PER_NL,
    US_PER_DAY,
    US_PER_H,
    US_PER_MIN,
    US_PER_S,
    active_causes,
    bolus_of,
    listed_causes,
    minimum,
    running,
    simple,
)

STALL = "motor_stall"
DETECTION_US = 20 * US_PER_MIN
LAZY, EAGER = "itp-40", "itp-40-next"


def told_us(steps: list[int], last_moved_us: int) -> int:
    """The rule: the k-th unmoved step, least k >= 2, with 20 min of commanded time since the last that moved; in commanded time."""
    unmoved = [at_us for at_us in steps if at_us > last_moved_us]
    return next(at_us for at_us in unmoved[1:] if at_us - last_moved_us >= DETECTION_US)


def to(pump: Pump, device_us: int) -> None:
    """Let time pass to a device time."""
    pump.advance_to(pump.true_us_of(device_us))


def raised_exactly(pump: Pump, due_us: int) -> None:
    """Not there a microsecond before, there then."""
    pump.advance_to(pump.true_us_of(due_us) - 1)
    assert STALL not in active_causes(pump)
    pump.advance(us=1)
    assert raised_us_of(pump, STALL) == due_us


# -- when it is told ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [0, 1, 5])
@pytest.mark.parametrize("after_us", [0, 1, 30 * US_PER_MIN])
def test_at_the_minimum_rate_the_second_unmoved_step_tells(place: int, after_us: int) -> None:
    """A step there is an hour, and twenty minutes pass within one: wherever between two steps the rotor sticks, two must have failed."""
    pump = running(minimum())
    steps = [0, *step_times_us(pump, 250, place + 3)]
    to(pump, steps[place] + after_us)
    pump.inject("motor.stall")

    raised_exactly(pump, steps[place + 2])


@pytest.mark.parametrize("rate", [2_000, 3_000, 7_001, 20_000, 1_000_000])
def test_at_any_rate_it_is_the_first_step_after_twenty_minutes(rate: int) -> None:
    """Counted from the last step that moved, not from when the rotor stuck, and never before the second that failed."""
    pump = running(simple(rate, concentration=50_000))
    steps = step_times_us(pump, rate, 4 + 2 * US_PER_H * rate // (900_000 * pump.calibration_ppm))
    stuck_us = steps[2] + (steps[3] - steps[2]) // 2
    to(pump, stuck_us)
    pump.inject("motor.stall")

    raised_exactly(pump, told_us(steps, steps[2]))


def test_step_at_exactly_twenty_minutes_is_the_one() -> None:
    """A step each two minutes to the microsecond: the tenth after the last that moved is twenty minutes later, and that is enough."""
    shipped = load_profile("itp-40")
    pump = running(simple(7_500), profile=replace(shipped, motor=replace(shipped.motor, printed_sd_ppm=0)))
    steps = step_times_us(pump, 7_500, 40)
    assert steps[0] == 2 * US_PER_MIN
    to(pump, steps[4])
    pump.inject("motor.stall")

    raised_exactly(pump, steps[14])


@pytest.mark.parametrize("stopped_h", [1, 40, 47])
@pytest.mark.parametrize("minutes", [0, 7, 19])
def test_stall_while_stopped_is_told_by_commanded_time_alone(stopped_h: int, minutes: int) -> None:
    """Stopped time does not count: told where it would be if the stop had never been, later by exactly the stop."""
    pump = running(simple(20_000))
    steps = step_times_us(pump, 20_000, 400)
    to(pump, steps[20] + minutes * US_PER_MIN)
    last_us = max(at_us for at_us in steps if at_us <= pump.device_us)
    stop_us = pump.device_us
    pump.stop()
    pump.inject("motor.stall")
    pump.advance(hours=stopped_h)
    assert active_causes(pump) == []
    pump.start()

    raised_exactly(pump, told_us(steps, last_us) + pump.device_us - stop_us)


def test_unmoved_steps_before_a_stop_count_after_it() -> None:
    """Nineteen minutes of failed steps, three days of standing still, and the rest of the twenty minutes: told at its very step."""
    pump = running(simple(20_000))
    steps = step_times_us(pump, 20_000, 400)
    to(pump, steps[20])
    pump.inject("motor.stall")
    to(pump, steps[20] + 19 * US_PER_MIN)
    stop_us = pump.device_us
    pump.stop()
    pump.advance(hours=40)
    pump.start()

    raised_exactly(pump, told_us(steps, steps[20]) + pump.device_us - stop_us)


def test_rotor_that_is_free_again_at_the_start_is_never_told() -> None:
    """An MRI of a stopped pump: it stalls and recovers, and nobody ever knows."""
    pump = running(simple(20_000))
    pump.advance(hours=1)
    pump.stop()
    pump.inject("motor.mri", minutes=60)
    pump.advance(hours=10)
    pump.start()
    pump.advance(days=2)

    assert listed_causes(pump) == []
    assert not records(pump, EventKind.ALARM_RAISED)


@pytest.mark.parametrize("profile", [LAZY, EAGER])
def test_stall_across_an_update(profile: str) -> None:
    """itp-40 stops for the update, and that time does not count; itp-40-next runs on, and neither does anything else change."""
    pump = running(simple(20_000), profile=profile)
    steps = step_times_us(pump, 20_000, 400)
    to(pump, steps[20])
    pump.inject("motor.stall")
    to(pump, steps[20] + 5 * US_PER_MIN)
    began_us = pump.device_us
    pump.begin_update()
    pump.advance(minutes=9)
    pump.drop_update()
    if profile == LAZY:
        assert pump.status().mode == "stopped"
        pump.start()
    stood_us = pump.device_us - began_us if profile == LAZY else 0

    raised_exactly(pump, told_us(steps, steps[20]) + stood_us)


def test_interrogations_and_looks_do_not_move_it() -> None:
    """A session of reading across the twenty minutes leaves the time as it is."""
    pump = running(simple(20_000))
    steps = step_times_us(pump, 20_000, 400)
    to(pump, steps[20])
    pump.inject("motor.stall")
    due_us = told_us(steps, steps[20])
    while pump.device_us < due_us - US_PER_MIN:
        pump.interrogated()
        pump.status()
        pump.read_log(0, 10)
        pump.advance(seconds=50)

    raised_exactly(pump, due_us)


def bolus_steps_us(pump: Pump, rate: int, bolus: tuple[int, int, int]) -> list[int]:
    """Device times of all steps of a rate from device time 0 with a bolus (start us, volume nL, duration us) on top, found one by one."""
    start_us, volume_nl, duration_us = bolus
    step_units, end_us = 900_000 * pump.calibration_ppm, start_us + duration_us

    def total(at_us: int) -> int:
        given_us = max(0, min(at_us, end_us) - start_us)
        return rate * at_us + volume_nl * UNITS_PER_NL * given_us // duration_us

    times: list[int] = []
    low = 0
    while low < end_us:
        goal, high = (len(times) + 1) * step_units, end_us
        if total(high) < goal:
            return times
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if total(middle) >= goal else (middle + 1, high)
        times.append(low)
    return times


@pytest.mark.parametrize(("rate", "volume_nl"), [(250, 60_000), (250, 5_000), (4_000, 30_000)])
def test_stall_during_a_bolus_is_told_by_both_accounts_together(rate: int, volume_nl: int) -> None:
    """Steps of basal and bolus are one row of steps: told at the one that the rule picks, and the bolus ends there."""
    pump = running(minimum() if rate == 250 else simple(rate))
    to(pump, 5 * US_PER_MIN)
    start_us = pump.device_us
    pump.bolus(bolus_of(volume_nl, 3_600))
    steps = bolus_steps_us(pump, rate, (start_us, volume_nl, US_PER_H))
    to(pump, steps[3])
    pump.inject("motor.stall")
    due_us = told_us(steps, steps[3])
    raised_exactly(pump, due_us)

    ended = records(pump, EventKind.BOLUS_ENDED)
    given_nl = volume_nl * (due_us - start_us) // US_PER_H
    assert [(entry.detail, entry.device_us, entry.delivered_nl) for entry in ended] == [(1, due_us, given_nl)]
    assert (pump.status().mode, pump.status().rate_nl_per_h) == ("minimum_rate" if rate == 250 else "simple", rate)


def test_bolus_that_is_over_leaves_the_minimum_rates_patience() -> None:
    """A rotor that sticks with a short bolus's last step: its steps were evidence, and after it the next hour's step is the telling one."""
    pump = running(minimum())
    start_us = 5 * US_PER_MIN
    to(pump, start_us)
    pump.bolus(bolus_of(2_000, 300))
    steps = bolus_steps_us(pump, 250, (start_us, 2_000, 300 * US_PER_S))
    to(pump, steps[-1])
    pump.inject("motor.stall")
    base_units = 2_000 * UNITS_PER_NL
    step_units = 900_000 * pump.calibration_ppm
    later = [-(-((len(steps) + number) * step_units - base_units) // 250) for number in (1, 2)]

    raised_exactly(pump, later[1])


def test_stall_in_a_prime_is_told_though_the_pump_is_stopped() -> None:
    """A prime moves the motor of a stopped pump: what it commands counts."""
    pump = running(simple(20_000))
    pump.advance(hours=1)
    pump.stop()
    pump.inject("motor.stall")
    began_us = pump.device_us
    pump.prime(500_000)
    pump.advance(minutes=30)
    lasted_us = raised_us_of(pump, STALL) - began_us

    assert DETECTION_US - US_PER_MIN <= lasted_us <= DETECTION_US + US_PER_S
    assert (pump.status().bolus, pump.status().mode) == (None, "stopped")


# -- recovery, and who is told --------------------------------------------------------------------------------------------------------


def stalled_and_free(profile: str) -> tuple[Pump, int]:
    """A pump whose stall was told and has been mended, at the microsecond of its recovery; and when that was (device time)."""
    pump = running(simple(20_000), profile=profile)
    steps = step_times_us(pump, 20_000, 600)
    to(pump, steps[20])
    handle = pump.inject("motor.stall")
    to(pump, steps[100])
    pump.clear(handle)
    due_us = told_us(steps, steps[100])
    to(pump, due_us)
    return pump, due_us


@pytest.mark.parametrize("profile", [LAZY, EAGER])
def test_alarm_is_over_when_movement_is_seen(profile: str) -> None:
    """Whatever the log is told: the alarm clears at the first step twenty minutes after the last that failed, and sounds no more."""
    pump, due_us = stalled_and_free(profile)
    assert (pump.device_us >= due_us, active_causes(pump), listed_causes(pump)) == (True, [], [STALL])
    assert pump.next_sound_us() is None
    again = Pump.restore(pump.save())
    assert again.digest() == pump.digest()


def test_mended_pump_logs_its_recovery_at_once() -> None:
    """itp-40-next: raised and cleared stand in the log at their times without anybody asking."""
    pump, due_us = stalled_and_free(EAGER)

    assert alarm_records(pump, STALL)[-1] == ("cleared", due_us)


def test_lazy_pump_logs_its_recovery_after_the_next_interrogation() -> None:
    """Days later the log knows of the stall alone; the interrogation appends the recovery, with the true time of it,
    once, also over a reset.
    """
    pump, due_us = stalled_and_free(LAZY)
    pump.advance(days=3)
    assert [kind for kind, _ in alarm_records(pump, STALL)] == ["raised"]
    pump.interrogated()
    cleared = records(pump, EventKind.ALARM_CLEARED)
    assert [(entry.value, entry.device_us) for entry in cleared] == [(due_us, pump.device_us)]
    waits: tuple[Callable[[Pump], object], ...] = (lambda pump: pump.advance(hours=1), restarted)
    for wait in waits:
        wait(pump)
        pump.interrogated()

    assert len(records(pump, EventKind.ALARM_CLEARED)) == 1


@pytest.mark.parametrize("start", [restarted, lambda pump: pump.power_cut(off_us=US_PER_H)], ids=["reset", "power cut"])
def test_recovery_that_was_not_logged_outlives_a_start(start: Callable[[Pump], object]) -> None:
    """It is kept in memory: after a reset the next interrogation still appends it, under its own time."""
    pump, due_us = stalled_and_free(LAZY)
    start(pump)
    pump.advance(hours=2)
    assert not records(pump, EventKind.ALARM_CLEARED)
    pump.interrogated()

    assert [entry.value for entry in records(pump, EventKind.ALARM_CLEARED)] == [due_us]


def test_looks_tell_the_log_nothing() -> None:
    """Status, log and truth are read; only an interrogation that is completed tells the log."""
    pump, _ = stalled_and_free(LAZY)
    for _ in range(3):
        pump.status()
        pump.brief()
        pump.read_log(0, 50)
        pump.advance(hours=1)

    assert not records(pump, EventKind.ALARM_CLEARED)


@pytest.mark.pump_requirement("OC-07")
@pytest.mark.parametrize("profile", [LAZY, EAGER])
def test_every_recovery_is_in_the_log_in_the_end(profile: str) -> None:
    """Three short stalls in three days before anybody asks: as many recoveries as stalls, in turn."""
    pump = running(simple(20_000), profile=profile)
    for _ in range(3):
        handle = pump.inject("motor.stall")
        pump.advance(hours=1)
        pump.clear(handle)
        pump.advance(days=1)
    pump.interrogated()

    assert [kind for kind, _ in alarm_records(pump, STALL)] == ["raised", "cleared"] * 3
    times = [entry.value or entry.device_us for entry in records(pump, EventKind.ALARM_RAISED, EventKind.ALARM_CLEARED)]
    assert times == sorted(times)
    assert times[-1] < 3 * US_PER_DAY


def test_permanent_stall_is_told_once() -> None:
    """It never recovers: one record, one alarm, for a month."""
    pump = running(simple(20_000))
    pump.advance(hours=1)
    pump.inject("motor.permanent_stall")
    wait_for_alarm(pump, STALL)
    moved = pump.truth().steps_moved
    pump.advance(days=20)

    assert [kind for kind, _ in alarm_records(pump, STALL)] == ["raised"]
    assert (active_causes(pump), pump.truth().steps_moved) == ([STALL], moved)


def test_intermittent_stall_is_told_each_time_it_is_long_enough() -> None:
    """Thirty minutes stuck, ninety free, over a day: twelve stalls told and twelve recoveries."""
    pump = running(simple(20_000), profile=EAGER)
    handle = pump.inject("motor.intermittent_stall", stalled_minutes=30, moving_minutes=90)
    pump.advance(days=1)
    pump.clear(handle)

    assert [kind for kind, _ in alarm_records(pump, STALL)] == ["raised", "cleared"] * 12


def test_legacy_pump_stalls_without_a_word() -> None:
    """legacy-18: a day of nothing delivered, no alarm, no record."""
    pump = running(simple(20_000), volume_nl=15_000_000, profile="legacy-18")
    pump.advance(hours=1)
    moved = pump.truth().steps_moved
    pump.inject("motor.stall")
    pump.advance(days=1)

    assert (listed_causes(pump), pump.truth().steps_moved) == ([], moved)
    assert pump.truth().steps_commanded > moved + 1_900
    assert not records(pump, EventKind.ALARM_RAISED)
