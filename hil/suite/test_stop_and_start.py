"""STOP and START: whole strokes, at once, always; what runs afterwards, and that a reset ends in nothing silent."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, NamedTuple

import pytest

from firmware_sim.units import S_PER_H, US_PER_H, US_PER_MIN
from hil.suite.given import Given
from hil.suite.therapies import ML, SALINE, basal_nl
from protocol.codes import AlarmCause, EventKind, Mode, StatusFlag
from protocol.messages import Begin, Interrogate, Log, Put

RATE_NL_PER_H = 20_000
RATES = (8_000, 12_000, 20_000, 9_000)
LONG_STOP = AlarmCause.STOPPED_TOO_LONG
FAULT_STEPS_MAX = 1
"""A step that had begun when the fault came may end."""

needs = pytest.mark.pump_needs


def on_a_step(given: Given) -> bool:
    """Whether all that ever left the motor is whole steps, as many as were commanded."""
    truth = given.bench.truth()
    left_fl = truth["balance"]["injected_fl"] - truth["balance"]["reservoir_fl"]
    return bool(left_fl == truth["steps_moved"] * truth["step_fl"] and truth["steps_moved"] == truth["steps_commanded"])


@pytest.mark.pump_requirement("ST-01")
@needs("bench.needle", "bench.time", "bench.truth")
@pytest.mark.parametrize("us", [1, 45_000_001, US_PER_H // 7, 5 * US_PER_H + 12_345_678])
@pytest.mark.parametrize("with_bolus", [False, True], ids=["basal", "bolus"])
def test_stop_ends_on_a_whole_step(given: Given, us: int, with_bolus: bool) -> None:
    """Wherever between two steps STOP comes, what has left is whole steps, and no further one follows."""
    given.running(given.prescribe.simple(RATE_NL_PER_H))
    if with_bolus:
        given.wire.bolus(500_000, 6 * S_PER_H)
    given.bench.advance(us=us)
    given.wire.stop()
    steps = given.bench.truth()["steps_commanded"]
    assert on_a_step(given)
    given.bench.advance(days=3)

    assert (given.bench.truth()["steps_commanded"], given.wire.condition().rate_nl_per_h) == (steps, 0)
    assert on_a_step(given)


@pytest.mark.pump_requirement("ST-02")
@needs("bench.needle", "bench.time", "bench.truth", "bench.inject")
@pytest.mark.parametrize("cause", [AlarmCause.SELF_TEST_RAM, AlarmCause.WATCHDOG_FAILURE, AlarmCause.RATE_LIMITER])
def test_no_step_follows_the_stop_of_a_fault(given: Given, cause: AlarmCause) -> None:
    """From the instant of the alarm on nothing moves, whatever bolus was running."""
    faults: dict[AlarmCause, tuple[str, dict[str, int | str]]] = {
        AlarmCause.SELF_TEST_RAM: ("firmware.selftest_fail", {"test": "ram"}),
        AlarmCause.WATCHDOG_FAILURE: ("firmware.hang", {"task": "dosing", "outlasts_reset": 1}),
        AlarmCause.RATE_LIMITER: ("motor.runaway", {"gain": 10}),
    }
    given.running(given.prescribe.simple(RATE_NL_PER_H))
    given.wire.bolus(500_000, 6 * S_PER_H)
    given.bench.advance(minutes=20)
    name, parameters = faults[cause]
    given.suffers(name, **parameters)
    assert given.bench.run_until(f"alarm:{cause.name.lower()}", limit_s=2 * S_PER_H), f"{cause.name} is not raised"
    steps = given.steps_moved
    given.bench.advance(hours=12)

    assert steps > 0, "it has never moved"
    assert given.steps_moved - steps <= FAULT_STEPS_MAX
    assert given.wire.condition().rate_nl_per_h == 0


@pytest.mark.pump_requirement("ST-03")
@needs("bench.needle", "bench.time", "bench.truth")
@pytest.mark.parametrize("volume_nl", [1_000_000, 1_234_567, 777_777])
def test_empty_stops_on_a_whole_step(given: Given, volume_nl: int) -> None:
    """Where the computed volume ends between two steps, the last whole one before it was the last."""
    given.running(given.prescribe.simple(40_000))
    given.wire.refill(volume_nl)
    given.bench.advance(days=3)
    condition = given.wire.condition()

    assert (condition.mode, condition.rate_nl_per_h, condition.computed_reservoir_nl) == (Mode.STOPPED, 0, 0)
    assert given.bench.truth()["reservoir_nl"] > ML
    assert on_a_step(given)


class Fault(NamedTuple):
    """A fault, and what shows that it was there: the pump afterwards, or the columns of six hours, the first row before it."""

    name: str
    parameters: dict[str, int | str]
    shows: Callable[[Given, dict[str, list[int]]], bool]


def _stands(column: str) -> Callable[[Given, dict[str, list[int]]], bool]:
    return lambda _, columns: columns[column][2] == columns[column][-1]


def _raised(cause: AlarmCause) -> Callable[[Given, dict[str, list[int]]], bool]:
    return lambda given, _: len(given.wire.raised(cause)) == 1


def _too_much(_given: Given, columns: dict[str, list[int]]) -> bool:
    out, commanded = (columns[name][-1] - columns[name][0] for name in ("delivered_nl", "commanded_nl"))
    return bool(out * 10 > commanded * 11)


FAULTS: dict[str, Fault] = {
    "stall": Fault("motor.stall", {}, _stands("steps_moved")),
    "runaway": Fault("motor.runaway", {"gain": 10}, _raised(AlarmCause.RATE_LIMITER)),
    "over-infusion": Fault("motor.over_infusion", {"excess_ppm": 300_000}, _too_much),
    "occlusion": Fault("catheter.occlusion", {"fraction_ppm": 1_000_000}, _stands("delivered_nl")),
    "dip": Fault("battery.dip", {"supply_mv": 1_500, "seconds": 2}, _raised(AlarmCause.LOW_BATTERY_RESET)),
    "hang": Fault("firmware.hang", {"task": "dosing"}, lambda _, columns: columns["boots"][0] < columns["boots"][-1]),
    "clock jump": Fault("clock.jump", {"jump_us": -US_PER_H}, lambda _, columns: columns["clock_us"] != sorted(columns["clock_us"])),
    "bank": Fault("memory.bank_bad", {"bank": "bank_a"}, _raised(AlarmCause.MEMORY_ERROR)),
}


@pytest.mark.pump_requirement("ST-04")
@needs("bench.needle", "bench.time", "bench.truth", "bench.inject")
@pytest.mark.parametrize("with_bolus", [False, True], ids=["basal", "bolus"])
@pytest.mark.parametrize("name", FAULTS)
def test_nothing_flows_back_under_a_single_fault(given: Given, measure: Any, name: str, with_bolus: bool) -> None:
    """A day of delivery, and six hours in which the fault is there, looked at every minute: what has left the pump never grows less."""
    fault = FAULTS[name]
    given.running(given.prescribe.simple(RATE_NL_PER_H))
    before_nl, least_nl = given.bench.truth()["delivered_nl"], 24 * RATE_NL_PER_H * (100 - given.band_percent) / 100
    given.bench.advance(days=1)
    measure(
        "delivered in the day before", given.bench.truth()["delivered_nl"] - before_nl, unit="nL", low=round(least_nl) - given.step_nl_max
    )
    if with_bolus:
        given.wire.bolus(500_000, 6 * S_PER_H)
    given.leave()
    columns: dict[str, list[int]] = {**given.bench.sample(every_s=60, duration_s=1), "boots": [given.clock.boots]}
    given.suffers(fault.name, **fault.parameters)
    for column, values in given.bench.sample(every_s=60, duration_s=6 * S_PER_H).items():
        columns[column] = columns[column] + values
    columns["boots"].append(given.clock.boots)

    assert fault.shows(given, columns), f"nothing shows that there was a {name}"
    for column in ("delivered_nl", "steps_moved"):
        assert columns[column] == sorted(columns[column]), f"{column} falls under {name}"


@pytest.mark.pump_requirement("ST-05")
@needs("bench.needle", "bench.time")
@pytest.mark.parametrize("meanwhile", ["nothing", "session", "reset"])
def test_pump_that_stands_too_long_raises_its_alarm(given: Given, measure: Any, meanwhile: str) -> None:
    """At the declared time, not a second before; a session that was closed or a reset in between puts it off by nothing."""
    limit_s = given.profile.alarm.stopped_too_long_s
    given.running(given.prescribe.simple(RATE_NL_PER_H))
    given.wire.stop()
    since_us = given.clock.device_us
    given.bench.advance(hours=20)
    if meanwhile == "session":
        given.leave()
    elif meanwhile == "reset":
        given.leave()
        given.bench.reset()
    given.clock.until(since_us + (limit_s - 1) * 1_000_000)
    assert LONG_STOP not in given.wire.active(), "the alarm is early"
    given.leave()
    given.bench.advance(minutes=2)
    late_s = (given.wire.alarm(LONG_STOP).raised_us - since_us) / 1_000_000 - limit_s

    measure("stopped-too-long alarm after its time", late_s, unit="s", low=-1, high=60)
    assert given.bench.run_until("sound:critical", limit_s=given.profile.alarm.critical_repeat_s_default + 1)
    assert len(given.wire.raised(LONG_STOP)) == 1


@pytest.mark.pump_requirement("ST-05")
@needs("bench.needle", "bench.time")
def test_alarm_of_a_long_stop_ends_with_the_start(given: Given) -> None:
    """Infusion runs again: the cause is gone, and the next stop has its full time."""
    limit_s = given.profile.alarm.stopped_too_long_s
    given.running(given.prescribe.simple(RATE_NL_PER_H))
    given.wire.stop()
    given.bench.advance(seconds=limit_s + 120)
    assert LONG_STOP in given.wire.active()
    given.wire.start()
    given.bench.advance(minutes=2)
    assert LONG_STOP not in given.wire.active()
    given.wire.stop()
    given.bench.advance(seconds=limit_s * 3 // 4)

    assert LONG_STOP not in given.wire.active(), "the time of the stop before counts"


# ---------------------------------------------------------------- always taken


def nothing(_given: Given) -> None:
    """A session that has just been opened."""


def half_read_log(given: Given) -> None:
    """The first page of the log, with more to come."""
    given.wire.ok("LOG", Log(0))


def half_interrogated(given: Given) -> None:
    """The first part of an interrogation."""
    given.wire.ok("INTERROGATE", Interrogate(0, 0))


def staged(given: Given) -> None:
    """An update with bytes laid and not sealed."""
    given.wire.ok("BEGIN", Begin(given.wire.status().generation, False))
    given.wire.ok("PUT", Put(0, bytes(40)))


def dosing(given: Given) -> None:
    """A bolus that runs."""
    given.wire.bolus(100_000, 600)


@pytest.mark.pump_requirement("ST-06")
@needs("bench.needle", "bench.time", "bench.truth", "bench.inject")
@pytest.mark.parametrize("alarm", [False, True], ids=["quiet", "alarming"])
@pytest.mark.parametrize("before", [nothing, half_read_log, half_interrogated, staged, dosing])
def test_stop_is_taken_in_the_middle_of_everything(given: Given, before: Callable[[Given], None], alarm: bool) -> None:
    """While an update is staged, a log read, an interrogation under way or a bolus given, with and without an alarm: at once."""
    given.running(given.prescribe.simple(RATE_NL_PER_H))
    given.bench.advance(hours=1)
    before(given)
    if alarm:
        given.suffers("battery.premature_eri")
        given.bench.advance(seconds=given.profile.battery.sample_period_s + 1)
        assert AlarmCause.ERI in given.wire.active()
    given.wire.stop()
    steps = given.steps_moved
    assert steps > 0, "it has never moved"
    assert given.wire.status().mode == Mode.STOPPED
    given.bench.advance(hours=2)

    assert given.steps_moved == steps


@pytest.mark.pump_requirement("ST-07")
@needs("bench.needle", "bench.time", "bench.image")
def test_resume_brings_back_the_rates_and_nothing_more(given: Given) -> None:
    """After a stop of hours each hour has the rate that the schedule has for it, and what the gap left out is never made up."""
    given.running(given.prescribe.flex(RATES))
    given.bench.advance(hours=5)

    def hours() -> list[tuple[int, int]]:
        seen = []
        for _ in range(30):
            before_nl = given.wire.counters().basal_nl
            given.bench.advance(hours=1)
            seen.append((given.wire.condition().rate_nl_per_h, given.wire.counters().basal_nl - before_nl))
        return seen

    def stopped() -> list[tuple[int, int]]:
        given.wire.stop()
        before_nl = given.wire.counters().basal_nl
        given.bench.advance(hours=7)
        given.wire.start()
        assert given.wire.counters().basal_nl == before_nl, "the gap was made up"
        return hours()

    def never_stopped() -> list[tuple[int, int]]:
        given.bench.advance(hours=7)
        return hours()

    one, other = given.apart(stopped, never_stopped)
    assert [rate for rate, _ in one] == [rate for rate, _ in other]
    assert all(abs(volume - twin) <= 1 for (_, volume), (_, twin) in zip(one, other, strict=True)), "a catch-up dose"


@pytest.mark.pump_requirement("ST-09")
@needs("bench.needle", "bench.time")
def test_therapy_that_was_programmed_and_never_started_is_told(given: Given) -> None:
    """Another drug waits for START and nobody gives it: status and log say so to whoever asks next, and in time there is an alarm."""
    given.running(given.prescribe.simple(RATE_NL_PER_H))
    given.filled(SALINE)
    generation = given.wire.update(given.prescribe.simple(RATE_NL_PER_H, SALINE))
    given.leave()
    given.bench.advance(hours=1)
    status = given.wire.status()
    assert (status.mode, status.generation) == (Mode.STOPPED, generation)
    assert [entry.value for entry in given.wire.log(EventKind.THERAPY_COMMITTED)][-1:] == [generation]
    given.leave()

    assert given.bench.run_until("alarm:stopped_too_long", limit_s=given.profile.alarm.stopped_too_long_s), "nobody is told"


# ---------------------------------------------------------------- resets


class Reset(NamedTuple):
    """How a pump comes to be reset, the alarm of the safe state that it then is in, or None and what is told beside the running therapy."""

    bring: Callable[[Given], object]
    alarm: AlarmCause | None
    beside: Collection[AlarmCause] = frozenset()


def _dip(given: Given) -> None:
    given.suffers("battery.dip", supply_mv=1_500, seconds=2)
    given.bench.advance(minutes=1)


def _hang(given: Given) -> None:
    given.suffers("firmware.hang", task="alarms")
    given.bench.advance(minutes=3)


def _banks(*banks: str) -> Callable[[Given], object]:
    def bad(given: Given) -> None:
        for bank in banks:
            given.suffers("memory.bank_bad", bank=bank)
        given.bench.reset()

    return bad


def _dark(given: Given) -> None:
    given.bench.power_cut(off_s=5 * S_PER_H)
    given.bench.advance(hours=5)


RESETS = {
    "plain": Reset(lambda given: given.bench.reset(), None),
    "dark": Reset(_dark, None),
    "watchdog": Reset(_hang, None),
    "one bank bad": Reset(_banks("bank_a"), None, {AlarmCause.MEMORY_ERROR}),
    "both banks bad": Reset(_banks("bank_a", "bank_b"), AlarmCause.MEMORY_FAILURE),
    "low battery": Reset(_dip, AlarmCause.LOW_BATTERY_RESET),
}


@pytest.mark.pump_requirement("ST-10")
@needs("bench.needle", "bench.time", "bench.inject", "bench.power")
@pytest.mark.parametrize("name", RESETS)
def test_no_reset_ends_in_a_silent_default(given: Given, name: str) -> None:
    """After each reset the last committed therapy runs, or it is the safe state with its alarm, its sound and its record."""
    reset = RESETS[name]
    given.running(given.prescribe.flex(RATES))
    last = given.prescribe.simple(7_000)
    given.wire.update(last)
    given.bench.advance(days=1)
    boots = given.wire.status().boot_count
    given.leave()
    reset.bring(given)
    given.bench.advance(minutes=1)
    condition = given.wire.condition()
    assert given.wire.status().boot_count > boots

    if reset.alarm is None:
        before_nl, since_us = given.wire.counters().basal_nl, given.clock.device_us
        given.bench.advance(us=10 * US_PER_MIN)
        assert (condition.mode, condition.rate_nl_per_h) == (Mode.SIMPLE, 7_000)
        assert given.wire.therapy() == last
        assert given.wire.active() == reset.beside
        assert abs(given.wire.counters().basal_nl - before_nl - basal_nl(7_000, given.clock.device_us - since_us)) <= 1
        return
    assert (condition.mode, condition.rate_nl_per_h) == (Mode.MINIMUM_RATE, given.profile.rate.minimum_rate_nl_per_h)
    assert condition.flags & StatusFlag.SAFE_STATE, "a safe state that does not say so"
    assert reset.alarm in given.wire.active(), f"{reset.alarm.name} is not raised"
    assert len(given.wire.raised(reset.alarm)) == 1
    assert given.bench.run_until("sound:critical", limit_s=given.profile.alarm.critical_repeat_s_default + 1), "it is silent"


@pytest.mark.pump_requirement("ST-10", "ST-07")
@needs("bench.needle", "bench.time", "bench.power")
def test_pump_that_was_stopped_is_stopped_after_a_reset(given: Given) -> None:
    """A reset starts nothing by itself: the pump stands, gives nothing, and runs its therapy again at START."""
    given.running(given.prescribe.simple(RATE_NL_PER_H))
    given.wire.stop()
    given.leave()
    given.bench.reset()
    given.bench.advance(hours=3)
    before_nl = given.wire.counters().basal_nl
    assert (given.wire.condition().mode, given.wire.condition().rate_nl_per_h) == (Mode.STOPPED, 0)
    given.bench.advance(hours=3)
    assert given.wire.counters().basal_nl == before_nl
    given.wire.start()

    assert given.wire.condition().rate_nl_per_h == RATE_NL_PER_H
