"""The side door: time, faults, schedule, power, samples; each wrong use is an error with a name and words."""

from __future__ import annotations

from typing import Any

import pytest

from firmware_sim import Pump
from firmware_sim.errors import BenchRefused, LimitExceeded, PowerCut, PowerOff, PumpError, Refused
from firmware_sim.firmware.device_status import DeviceStatus
from firmware_sim.firmware.prescription import Command
from firmware_sim.limits import ACTS_QUEUED_MAX, EVENTS_PER_INSTANT_MAX, FAULTS_ACTIVE_MAX, SAMPLES_MAX, TRACE_TAIL_MAX
from firmware_sim.truth import Truth
from tests.support.therapies import US_PER_H, US_PER_S, active_causes, bolus_of, group_of, prescription_of, running, simple, steps_of

# -- time -----------------------------------------------------------------------------------------------------------------------


def test_advance_adds_up_its_units() -> None:
    """Microseconds, seconds, minutes, hours and days are one sum."""
    pump = Pump()
    pump.advance(us=1, seconds=2, minutes=3, hours=4, days=5)

    assert pump.now_us == 1 + 2 * US_PER_S + 3 * 60 * US_PER_S + 4 * US_PER_H + 5 * 24 * US_PER_H


def test_time_goes_forward_only() -> None:
    """A span or a time in the past is refused in words, and nothing moves."""
    pump = Pump()
    pump.advance(hours=1)
    for act in (lambda: pump.advance(us=-1), lambda: pump.advance_to(0), lambda: pump.schedule(0, "reset")):
        with pytest.raises(BenchRefused, match="past"):
            act()

    assert pump.now_us == US_PER_H


def test_time_is_whole_microseconds() -> None:
    """Half a microsecond is no time: refused, and the pump's time stays an integer."""
    pump = Pump()
    half: Any = 0.5
    with pytest.raises(BenchRefused, match="whole"):
        pump.advance(us=half)
    with pytest.raises(BenchRefused, match="whole"):
        pump.advance_to(half)

    assert (pump.now_us, type(pump.now_us)) == (0, int)


def test_next_due_is_where_something_happens() -> None:
    """Advancing to it changes the state; on the shelf only the battery comes to something, and a pump without electronics to nothing."""
    assert Pump("cf-16").next_due() is None
    shelved = Pump()
    worn_us = shelved.next_due()
    assert worn_us is not None
    shelved.advance_to(worn_us - 1)
    assert active_causes(shelved) == []
    shelved.advance_to(worn_us)
    assert active_causes(shelved) == ["eri"]
    pump = running()
    due = pump.next_due()
    assert due is not None
    assert due > pump.now_us
    pump.advance_to(due - 1)
    assert active_causes(pump) == []
    pump.advance_to(due)
    assert active_causes(pump) == ["low_reservoir"]


def test_instant_that_does_not_end_is_an_error() -> None:
    """More than a thousand events at one microsecond is a loop: LimitExceeded, not silence."""
    pump = running()
    for _ in range(EVENTS_PER_INSTANT_MAX + 2):
        pump.schedule(US_PER_H, "reset")

    with pytest.raises(LimitExceeded, match="events"):
        pump.advance(hours=2)


# -- faults ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "parameters", "words"),
    [
        ("catheter.oclusion", {}, "did you mean catheter.occlusion"),
        ("catheter.occlusion", {}, "takes fraction_ppm; given none"),
        ("catheter.occlusion", {"fraction": 1}, "takes fraction_ppm; given fraction"),
        ("catheter.occlusion", {"fraction_ppm": 1_000_001}, "0 to 1000000"),
        ("catheter.occlusion", {"fraction_ppm": -1}, "0 to 1000000"),
        ("catheter.occlusion", {"fraction_ppm": "half"}, "whole number"),
        ("motor.stall", {"minutes": 5}, "no parameters"),
        ("motor.over_infusion", {"excess_ppm": 2_000_001}, "0 to 2000000"),
        ("memory.bit_flip", {"region": "attic", "offset": 0, "bit": 0}, "bank_a"),
        ("memory.bit_flip", {"region": "bank_a", "offset": 1_024, "bit": 0}, "1024 bytes"),
        ("memory.bit_flip", {"region": "bank_a", "offset": 0, "bit": 8}, "bit"),
        ("memory.bit_flip", {"region": 3, "offset": 0, "bit": 0}, "name"),
    ],
)
def test_wrong_fault_is_refused_in_words(name: str, parameters: dict[str, int | str], words: str) -> None:
    """Unknown names get the nearest, wrong parameters the right ones, values their range; nothing changes."""
    pump = running()
    before = pump.digest()

    with pytest.raises(BenchRefused, match=words):
        pump.inject(name, **parameters)
    assert pump.digest() == before


def test_handles_are_used_once() -> None:
    """Each fault has its own handle; an ended or unknown one is refused with those in force."""
    pump = running()
    first, second = pump.inject("motor.stall"), pump.inject("catheter.occlusion", fraction_ppm=5)
    pump.clear(first)

    assert [(fault.handle, fault.name, fault.value("fraction_ppm")) for fault in pump.faults()] == [(second, "catheter.occlusion", 5)]
    with pytest.raises(BenchRefused, match=rf"in force: \[{second}\]"):
        pump.clear(first)
    assert pump.inject("motor.stall") > second


def test_two_stalls_need_two_clears() -> None:
    """The rotor comes free when the last of them is gone."""
    pump = running()
    handles = [pump.inject("motor.stall"), pump.inject("motor.stall")]
    pump.clear(handles[0])
    assert not pump.truth().moving
    pump.clear(handles[1])

    assert pump.truth().moving


def test_faults_in_force_are_limited() -> None:
    """A rig that forgets to clear is told so."""
    pump = Pump()
    for _ in range(FAULTS_ACTIVE_MAX):
        pump.inject("motor.stall")

    with pytest.raises(LimitExceeded, match="faults"):
        pump.inject("motor.stall")


# -- schedule -------------------------------------------------------------------------------------------------------------------


def test_scheduled_acts_come_in_order_at_their_microsecond() -> None:
    """By time, and at one time in the order in which they were queued; each leaves its record then."""
    pump = running()
    pump.schedule(2 * US_PER_H, "reset")
    pump.schedule(US_PER_H, "inject", name="catheter.occlusion", fraction_ppm=7)
    pump.schedule(2 * US_PER_H, "clear", handle=1)
    pump.schedule(US_PER_H, "needle", withdraw_nl=5)
    pump.advance(hours=3)
    acts = [(record["now_us"], record["act"]) for record in pump.events() if record["kind"] == "bench" and record["now_us"]]

    assert acts == [(US_PER_H, "inject"), (US_PER_H, "needle"), (2 * US_PER_H, "reset"), (2 * US_PER_H, "clear")]
    assert pump.faults() == ()


def test_scheduled_power_cut_brings_power_back() -> None:
    """An outage of an hour in the night: dark in between, back after."""
    pump = running()
    pump.schedule(US_PER_H, "power_cut", off_us=US_PER_H)
    pump.advance(minutes=90)
    assert not pump.powered
    pump.advance(minutes=30)

    assert pump.powered


@pytest.mark.parametrize(
    ("act", "arguments"),
    [
        ("stop", {}),
        ("inject", {"name": "motor.stal"}),
        ("inject", {"name": "catheter.occlusion", "fraction_ppm": -1}),
        ("inject", {}),
        ("clear", {}),
        ("needle", {"wthdraw_nl": 1}),
        ("reset", {"now": 1}),
    ],
    ids=["no bench act", "unknown fault", "wrong value", "no fault", "no handle", "misspelt", "too much"],
)
def test_wrong_schedule_is_refused_at_once(act: str, arguments: dict[str, int | str]) -> None:
    """What could never be done is refused when it is queued, not hours later; nothing changes."""
    pump = running()
    before = pump.digest()

    with pytest.raises(BenchRefused):
        pump.schedule(US_PER_H, act, **arguments)
    assert pump.digest() == before


def test_agenda_is_limited() -> None:
    """A hundred thousand acts wait, one more is refused by name."""
    from firmware_sim.agenda import Act, Agenda

    agenda = Agenda([Act(1, number, "reset", "{}") for number in range(ACTS_QUEUED_MAX)], ACTS_QUEUED_MAX)

    with pytest.raises(LimitExceeded, match="acts are queued"):
        agenda.add(0, 5, "reset", {})


# -- power ----------------------------------------------------------------------------------------------------------------------


def test_dark_pump_answers_nothing_and_moves_nothing() -> None:
    """Without power every order and question is PowerOff; truth and the bench still work; totals stand still."""
    pump = running(simple(20_000))
    pump.advance(hours=1)
    steps = pump.truth().steps_commanded
    pump.power_cut(off_us=5 * US_PER_H)
    pump.advance(hours=2)
    for act in (pump.status, pump.stop, pump.start, pump.alarm_test, lambda: pump.bolus(bolus_of(1_000, 60)), lambda: pump.read_log(0, 1)):
        with pytest.raises(PowerOff):
            act()

    assert (pump.truth().steps_commanded, pump.truth().powered, pump.sound()) == (steps, False, None)
    pump.needle(withdraw_nl=1_000)
    pump.advance(hours=3)
    assert (pump.powered, pump.status().mode, pump.truth().steps_commanded) == (True, "simple", steps)


def test_power_comes_back_at_its_microsecond() -> None:
    """Off for 7 us: dark at 6, awake at 7, one boot more."""
    pump = running()
    boots = pump.boots
    pump.power_cut(off_us=7)
    pump.advance(us=6)
    assert not pump.powered
    pump.advance(us=1)

    assert (pump.powered, pump.boots) == (True, boots + 1)


def test_cut_after_bytes_comes_out_of_the_order() -> None:
    """The order that was writing ends in PowerCut, which no handler of errors catches, and the pump boots after."""
    pump = running()
    pump.power_cut(after_bytes=10)
    with pytest.raises(PowerCut):
        pump.stop()
    assert not issubclass(PowerCut, Exception)

    pump.advance(us=1)
    assert pump.powered


@pytest.mark.parametrize("scheduled", [False, True], ids=["now", "scheduled"])
def test_cut_within_what_a_bench_act_brings_about_stays_inside(scheduled: bool) -> None:
    """A clock jump ends a bolus, and power dies in that very write: the act is recorded, time goes on, the dose is told as interrupted."""
    steep = group_of(steps_of((3_000, 900_000), (0, 720)), concentration=50_000)
    pump = running(prescription_of("flex", (steep,), concentration=50_000))
    pump.set_clock(9_497 * 24 * US_PER_H)
    pump.bolus(bolus_of(400_000, 3_600, concentration=50_000), Command(5, 9, bytes(16)))
    pump.power_cut(after_bytes=5)
    if scheduled:
        pump.schedule(0, "inject", name="clock.jump", jump_us=13 * US_PER_H)
    else:
        pump.inject("clock.jump", jump_us=13 * US_PER_H)
    pump.advance(hours=1)
    effect = pump.effect(5)

    assert (pump.powered, pump.boots, pump.status().mode) == (True, 2, "flex")
    assert "inject" in [record.get("act") for record in pump.events()]
    assert effect is not None
    assert effect.dose is not None
    assert (effect.dose.end, effect.dose.delivered_nl) == ("interrupted", 0)


def test_impossible_act_that_comes_due_is_recorded_and_skipped() -> None:
    """Nobody is there to be told when it comes due: the trace says that it was refused and why; time goes on."""
    pump = running()
    pump.schedule(US_PER_H, "clear", handle=99)
    pump.schedule(US_PER_H, "power_cut", off_us=2 * US_PER_H)
    pump.schedule(2 * US_PER_H, "reset")
    pump.advance(hours=4)
    refused = [(record["now_us"], record["act"]) for record in pump.events() if "refused" in record]

    assert refused == [(US_PER_H, "clear"), (2 * US_PER_H, "reset")]
    assert (pump.powered, pump.boots, pump.now_us) == (True, 2, 4 * US_PER_H)


def test_boot_can_be_cut_too() -> None:
    """A cut ordered in the dark falls into boot's own writes; the boot after that one is whole."""
    pump = running()
    pump.power_cut(off_us=US_PER_H)
    pump.power_cut(after_bytes=3, off_us=US_PER_H)
    boots = pump.boots
    pump.advance(hours=1)
    assert not pump.powered
    pump.advance(hours=1)

    assert (pump.powered, pump.boots, pump.status().mode) == (True, boots + 2, "simple")


def test_wrong_power_acts_are_refused() -> None:
    """Negative bytes or time, and a second cut or a reset in the dark, are refused and change nothing."""
    pump = running()
    for arguments in ({"after_bytes": -1}, {"off_us": -1}):
        with pytest.raises(BenchRefused):
            pump.power_cut(**arguments)
    pump.power_cut(off_us=US_PER_H)
    before = pump.digest()
    with pytest.raises(BenchRefused, match="off"):
        pump.power_cut(off_us=5)
    with pytest.raises(BenchRefused, match="off"):
        pump.reset()

    assert pump.digest() == before


# -- samples and trace ------------------------------------------------------------------------------------------------------------


def test_samples_are_rows_at_their_times() -> None:
    """First row now, then every so often; the end is reached even between rows."""
    pump = running()
    columns = pump.sample(US_PER_H, 10 * US_PER_H + 5)

    assert columns["now_us"] == [hour * US_PER_H for hour in range(11)]
    assert pump.now_us == 10 * US_PER_H + 5
    assert {len(column) for column in columns.values()} == {11}
    assert all(isinstance(value, int) for column in columns.values() for value in column)


@pytest.mark.parametrize(("every_us", "duration_us"), [(0, 1), (-1, 1), (1, -1), (1, SAMPLES_MAX)])
def test_impossible_samples_are_refused(every_us: int, duration_us: int) -> None:
    """No step, no span, or more rows than the named limit."""
    with pytest.raises(BenchRefused, match="sample"):
        Pump().sample(every_us, duration_us)


def test_samples_in_the_dark_say_so() -> None:
    """Columns of belief are -1 while there is no power; truth goes on."""
    pump = running()
    pump.power_cut(off_us=2 * US_PER_H)
    columns = pump.sample(US_PER_H, 3 * US_PER_H)

    assert columns["mode"] == [-1, -1, 3, 3]
    assert columns["clock_us"][:2] == [-1, -1]


def test_trace_numbers_and_tail() -> None:
    """Records are numbered from 0, asked for by number, and the tail keeps the last ten thousand."""
    pump = running()
    known = len(pump.events())
    pump.alarm_test()
    assert [record["number"] for record in pump.events(known)] == [known]
    for _ in range(TRACE_TAIL_MAX):
        pump.alarm_test()

    numbers = [record["number"] for record in pump.events()]
    assert len(numbers) == TRACE_TAIL_MAX
    assert numbers[-1] == known + TRACE_TAIL_MAX
    assert [record["number"] for record in pump.events(known + TRACE_TAIL_MAX)] == [known + TRACE_TAIL_MAX]


def test_two_doors_give_two_types() -> None:
    """Belief has no field of truth's: no true volume, no concentration, no steps moved."""
    pump = running()
    shared = set(DeviceStatus._fields) & set(Truth._fields)

    assert shared == {"device_us", "supply_mv"}
    assert isinstance(pump.status(), DeviceStatus)
    assert isinstance(pump.truth(), Truth)


def test_digest_parts_are_two() -> None:
    """All and therapy; another word is refused."""
    pump = running()
    assert pump.digest() == pump.digest("all") != pump.digest("therapy")

    with pytest.raises(BenchRefused, match="therapy"):
        pump.digest("log")


def test_errors_have_one_root() -> None:
    """All but a power cut are PumpErrors."""
    assert all(issubclass(error, PumpError) for error in (Refused, BenchRefused, LimitExceeded, PowerOff))


def test_events_of_a_number_that_is_far_ahead_are_none() -> None:
    """A listener may ask for what comes next, or for what no machine could count to."""
    pump = Pump("itp-40", seed=1)

    assert pump.events()
    assert pump.events(len(pump.events())) == pump.events(10**20) == []
