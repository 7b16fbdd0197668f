"""Faults that come by time, by trigger and at random: at their very instant, the same however time is cut up, saved and restored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.bench.bench import Bench
from hil.bench.calls import InProcessBench
from hil.errors import BenchError
from hil.faults.engine import FIRST_HANDLE
from protocol.errors import Uncertain
from tests.link.bedside import BOLUS_DOSE_NG, BOLUS_NL, BOLUS_S
from tests.link.faulty_line import FaultyLine

S = 1_000_000
HOUR_S = 3_600
DAY_S = 24 * HOUR_S


@pytest.fixture
def line() -> Iterator[FaultyLine]:
    """A running pump, its bench, its line."""
    yield FaultyLine()  # noqa: PT022  # an iterator for symmetry with fixtures that close


def kinds(bench: InProcessBench, kind: str) -> list[dict[str, Any]]:
    """Trace records of one kind."""
    return [record for record in bench.events() if record["kind"] == kind]


def came(bench: InProcessBench) -> list[int]:
    """The instants at which scheduled faults have come."""
    return [record["now_us"] for record in kinds(bench, "fault") if record["did"] == "came"]


def names(bench: InProcessBench) -> list[str]:
    """Faults in force."""
    return [fault["name"] for fault in bench.call("faults")["in_force"]]


class TestByTime:
    """at_us and for_s."""

    def test_comes_and_ends_at_its_instants(self, line: FaultyLine) -> None:
        """In force from its microsecond to the one that its duration ends."""
        bench = line.bench
        start_us = bench.now_us()
        handle = bench.plan("motor.stall", at_us=start_us + 5 * S, for_s=7)
        assert handle >= FIRST_HANDLE
        assert bench.call("faults")["scheduled"][0]["at_us"] == start_us + 5 * S
        bench.advance(us=5 * S - 1)
        assert names(bench) == []
        bench.advance(us=1)
        assert names(bench) == ["motor.stall"]
        bench.advance(us=7 * S)

        assert names(bench) == []
        assert [(record["did"], record["now_us"] - start_us) for record in kinds(bench, "fault")] == [
            ("scheduled", 0), ("came", 5 * S), ("ended", 12 * S),
        ]  # fmt: skip
        assert bench.call("faults")["scheduled"] == []

    def test_now_and_for_a_while(self, line: FaultyLine) -> None:
        """A duration alone begins at once."""
        line.bench.plan("link.drop", for_s=10)
        assert names(line.bench) == ["link.drop"]
        line.bench.advance(seconds=10)

        assert names(line.bench) == []

    @pytest.mark.parametrize("when_s", [1, 20])
    def test_cleared_before_or_after_it_came(self, line: FaultyLine, when_s: int) -> None:
        """One handle takes back the schedule and what it brought."""
        handle = line.bench.plan("motor.stall", at_us=line.bench.now_us() + 10 * S)
        line.bench.advance(seconds=when_s)
        line.bench.clear(handle)
        line.bench.advance(seconds=30)

        assert names(line.bench) == []
        assert line.bench.call("faults")["scheduled"] == []

    def test_what_cannot_come_then_is_recorded(self, line: FaultyLine) -> None:
        """A bit of a region that is not there: refused at its time, in the trace, and the run goes on."""
        line.bench.plan("memory.bit_flip", {"region": "attic", "offset": 0, "bit": 0}, at_us=line.bench.now_us() + S)
        line.bench.advance(seconds=2)

        assert "attic" in kinds(line.bench, "fault")[-1]["why"]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"fault": "motor.stall", "at_us": 0}, "now"),
    ({"fault": "motor.stall", "at_us": 10**17, "when": "frame"}, "less than or equal"),
    ({"fault": "motor.stall", "at_us": 10**15, "when": "frame"}, "exclude"),
    ({"fault": "motor.stall", "each": True}, "each goes with when"),
    ({"fault": "motor.stall", "when": "frame", "each": True}, "give for_s"),
    ({"fault": "motor.stall", "rate_per_day_ppm": 5}, "give for_s"),
    ({"fault": "clock.jump", "params": {"jump_us": 1}, "for_s": 5}, "no duration"),
    ({"fault": "motor.stall", "when": "frame#0"}, "from 1"),
]


@pytest.mark.parametrize("args, says", REFUSED, ids=[says for _, says in REFUSED])
def test_order_that_cannot_be_meant_is_refused(line: FaultyLine, args: dict[str, Any], says: str) -> None:
    """It says why, and nothing is scheduled or changed."""
    before = line.bench.digest()
    with pytest.raises(BenchError, match=says):
        line.bench.call("inject", args)

    assert line.bench.digest() == before
    assert line.bench.call("faults")["scheduled"] == []


class TestByTrigger:
    """when."""

    def test_third_bolus_command(self, line: FaultyLine) -> None:
        """The power dies as the third bolus arrives: two were given, the third was not."""
        line.bench.plan("supply.cut", {"off_us": 60 * S}, when="command:BOLUS#3")
        programmer = line.programmer()
        assert [line.bolus(programmer) for _ in range(2)] == [("done", BOLUS_NL)] * 2
        assert came(line.bench) == []
        tried = line.bolus(programmer)

        assert tried == ("uncertain", 0)
        assert line.settled(programmer) == "not done"
        assert len(came(line.bench)) == 1

    def test_resend_is_no_new_command(self, line: FaultyLine) -> None:
        """A bolus whose first copies are lost counts once."""
        line.bench.plan("clock.jump", {"jump_us": 1}, when="command:BOLUS#2")
        line.bench.inject("link.drop", at_frames="2-4", direction="to_pump")
        programmer = line.programmer()
        line.bolus(programmer)
        assert came(line.bench) == []
        line.bolus(programmer)

        assert len(came(line.bench)) == 1

    def test_fault_strikes_the_frame_that_brings_it(self, line: FaultyLine) -> None:
        """A line fault that comes with a bolus command loses that command."""
        line.bench.plan("link.drop", {"direction": "to_pump"}, when="command:BOLUS", for_s=60)
        programmer = line.programmer()
        with pytest.raises(Uncertain):
            programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)
        line.bench.advance(seconds=60)

        assert line.settled(programmer) == "not done"

    def test_frame_and_byte(self, line: FaultyLine) -> None:
        """The 4th frame; the frame that holds the 60th byte, which is the 2nd; a lone zero is no frame."""
        line.bench.plan("clock.jump", {"jump_us": 1}, when="frame#4")
        line.bench.plan("clock.jump", {"jump_us": 2}, when="byte#60")
        programmer = line.programmer()
        jumps = []
        for _ in range(4):
            programmer.status()
            jumps.append([record["parameters"]["jump_us"] for record in kinds(line.bench, "bench") if record["act"] == "inject"])

        assert jumps == [[2], [2], [2, 1], [2, 1]]

    def test_each_second_boot(self, line: FaultyLine) -> None:
        """Boots 2 and 4 of five."""
        line.bench.plan("clock.jump", {"jump_us": 1}, when="boot#2", each=True)
        seen = []
        for _ in range(5):
            line.bench.power_cut(off_s=1)
            line.bench.advance(seconds=2)
            seen.append(len(came(line.bench)))

        assert seen == [0, 1, 1, 2, 2]

    def test_alarm_at_its_instant(self, line: FaultyLine) -> None:
        """The supply dies in the microsecond in which the stall is noticed."""
        line.bench.inject("motor.stall")
        line.bench.plan("supply.reset", when="alarm:motor_stall")
        image = line.bench.fork()
        line.bench.advance(days=1)
        at_us = came(line.bench)[0]
        line.bench.back_to(image)
        line.bench.call("clear", handle=line.bench.call("faults")["scheduled"][0]["handle"])
        assert line.bench.run_until("alarm:motor_stall", limit_s=DAY_S)

        assert line.bench.now_us() == at_us

    def test_reservoir_level_to_the_microsecond(self, line: FaultyLine) -> None:
        """The first microsecond at which the pump computes no more than the level."""
        level_nl = line.bench.status()["computed_reservoir_nl"] - 200_000
        line.bench.plan("motor.stall", when=f"reservoir<={level_nl / 1_000_000} mL")
        image = line.bench.fork()
        line.bench.advance(days=2)
        at_us = came(line.bench)[0]
        line.bench.back_to(image)
        line.bench.advance(us=at_us - 1 - line.bench.now_us())
        before_nl = line.bench.status()["computed_reservoir_nl"]
        line.bench.advance(us=1)

        assert (before_nl, line.bench.status()["computed_reservoir_nl"]) == (level_nl + 1, level_nl)

    def test_condition_that_holds_must_begin_again(self, line: FaultyLine) -> None:
        """No bolus runs when it is scheduled: it comes at the end of the next one, the second time at that of the one after."""
        line.bench.plan("clock.jump", {"jump_us": 1}, when="bolus-ended#2")
        programmer = line.programmer()
        line.bench.advance(seconds=10)
        line.bolus(programmer)
        assert came(line.bench) == []
        answer = programmer.bolus(BOLUS_NL, BOLUS_DOSE_NG, BOLUS_S)
        line.bench.advance(seconds=2 * BOLUS_S)

        assert came(line.bench) == [line.unit.pump.true_us_of(answer.end_us)]


class TestAtRandom:
    """rate_per_day_ppm."""

    def test_seed_decides_the_times(self, line: FaultyLine) -> None:
        """The same seed gives the same instants, another one others; about as many as were asked."""
        image = line.bench.fork()
        runs = []
        for seed in (1, 1, 2):
            line.bench.back_to(image)
            line.bench.plan("motor.stall", rate_per_day_ppm=5_000_000, seed=seed, for_s=60)
            line.bench.advance(days=20)
            runs.append(came(line.bench))

        assert runs[0] == runs[1] != runs[2]
        assert all(70 <= len(times) <= 130 for times in runs)

    def test_overlapping_faults_prolong_each_other(self, line: FaultyLine) -> None:
        """One stall at a time is in force; a new one that comes within it moves its end."""
        line.bench.plan("motor.stall", rate_per_day_ppm=48_000_000, seed=1, for_s=HOUR_S)
        line.bench.advance(hours=20)

        records = kinds(line.bench, "fault")
        assert len(names(line.bench)) <= 1
        assert len({record["brought"] for record in records if record["did"] == "came"}) < len(came(line.bench))


class TestEndsByItself:
    """Faults with a course of their own, such as an exposure of so many minutes."""

    def test_comes_again_and_again_with_no_duration_given(self, line: FaultyLine) -> None:
        """Each magnet lies there for its minutes; the next is another one, under another handle, and none is left in force."""
        line.bench.plan("motor.magnet", {"minutes": 3}, rate_per_day_ppm=24_000_000, seed=3)
        line.bench.advance(days=5)
        records = [record for record in kinds(line.bench, "fault") if record["did"] == "came"]
        over = [record["handle"] for record in kinds(line.bench, "fault_over")]

        assert len(records) > 60
        assert len({record["brought"] for record in records}) > 60
        assert {record["brought"] for record in records} >= set(over)
        assert not [record for record in kinds(line.bench, "fault") if record["did"] == "refused"]

    def test_schedule_is_gone_when_its_fault_is_over(self, line: FaultyLine) -> None:
        """What came once and ended by itself is not told any more, and the line is quiet again."""
        line.bench.plan("battery.dip", {"supply_mv": 2_700, "seconds": 5}, at_us=line.bench.now_us() + S)
        line.bench.advance(seconds=2)
        assert names(line.bench) == ["battery.dip"]
        line.bench.advance(minutes=1)
        line.bench.clear(line.bench.plan("motor.stall", at_us=line.bench.now_us() + S))

        assert line.bench.call("faults")["scheduled"] == []
        assert line.unit.faults.quiet

    def test_ended_early_by_its_duration_or_by_itself(self, line: FaultyLine) -> None:
        """for_s longer than the fault finds nothing left to end, and is no refusal."""
        line.bench.plan("motor.magnet", {"minutes": 1}, for_s=600)
        line.bench.plan("motor.mri", {"minutes": 60}, for_s=600)
        line.bench.advance(seconds=601)

        assert names(line.bench) == []
        assert [record["did"] for record in kinds(line.bench, "fault")].count("ended") == 2
        assert not [record for record in kinds(line.bench, "fault") if record["did"] == "refused"]

    def test_hang_that_the_watchdog_cured_is_over_too(self, line: FaultyLine) -> None:
        """A reset by the watchdog takes the fault away; its schedule does not stumble over that."""
        line.bench.plan("firmware.hang", {"task": "alarms"}, for_s=600)
        line.bench.advance(seconds=700)

        assert names(line.bench) == []
        assert not [record for record in kinds(line.bench, "fault") if record["did"] == "refused"]


def busy(bench: InProcessBench) -> None:
    """Schedules of every kind."""
    bench.plan("motor.stall", rate_per_day_ppm=6_000_000, seed=4, for_s=1_800)
    bench.plan("catheter.occlusion", {"fraction_ppm": 500_000}, when="alarm:motor_stall", each=True, for_s=600)
    bench.plan("supply.reset", when="reservoir<=19.95 mL")
    bench.plan("clock.jump", {"jump_us": 30 * 60 * S}, at_us=bench.now_us() + 9 * HOUR_S * S)
    bench.plan("supply.cut", {"off_us": 5 * S}, when="boot#1")
    bench.inject("link.babble", every_us=600 * S, direction="both")


@settings(max_examples=20)
@given(st.lists(st.integers(1, 6 * HOUR_S * S), max_size=12))
def test_cutting_up_time_changes_nothing(pieces: list[int]) -> None:
    """A day in one piece or in many, with looks between: the same records and the same digest."""
    line = FaultyLine()
    busy(line.bench)
    start_us, image = line.bench.now_us(), line.bench.fork()
    line.bench.advance(days=1)
    wanted = line.bench.save()
    line.bench.back_to(image)
    for piece_us in pieces:
        if line.bench.now_us() + piece_us <= start_us + DAY_S * S:
            line.bench.advance(us=piece_us)
            for verb in ("truth", "faults", "now", "save", "script"):
                line.bench.call(verb)
    line.bench.advance(us=start_us + DAY_S * S - line.bench.now_us())

    assert line.bench.save() == wanted


def test_sampling_is_an_advance_here_too() -> None:
    """Rows on the way shift no schedule."""
    line = FaultyLine()
    busy(line.bench)
    image = line.bench.fork()
    line.bench.advance(hours=12)
    wanted = line.bench.save()
    line.bench.back_to(image)
    line.bench.sample(every_s=997, duration_s=12 * HOUR_S)

    assert line.bench.save() == wanted


@pytest.mark.parametrize("hours", [0, 3, 11])
def test_restored_schedules_go_on_bit_identically(hours: int) -> None:
    """Saved in the middle and restored into another unit, all comes as it would have."""
    line = FaultyLine()
    busy(line.bench)
    line.bench.advance(hours=hours)
    other = FaultyLine()
    other.bench.restore(line.bench.save())
    for bench in (line.bench, other.bench):
        bench.advance(hours=13)

    assert other.bench.save() == line.bench.save()


def test_faults_of_the_line_are_in_the_digest() -> None:
    """Each effect is a record of kind link, and a run without it has another digest."""
    line = FaultyLine()
    image = line.bench.fork()
    digests: list[str] = []
    acts: list[Callable[[], object]] = [lambda: None, lambda: line.bench.inject("link.duplicate", at_frames="3", direction="to_pump")]
    for act in acts:
        line.bench.back_to(image)
        act()
        programmer = line.programmer()
        for _ in range(3):
            programmer.status()
        digests.append(line.bench.digest())

    record = kinds(line.bench, "link")[-1]
    assert digests[0] != digests[1]
    assert (record["fault"], record["direction"], record["frame"]) == ("link.duplicate", "to_pump", 3)


def test_late_answer_reaches_a_client_in_virtual_time(line: FaultyLine) -> None:
    """An answer that comes 1.5 s late is there when the reply timer of 2 s runs out."""
    programmer = line.programmer()
    line.bench.inject("answer.late", delay_us=1_500_000, at_frames="1")
    before_us = line.bench.now_us()
    programmer.status()

    assert line.bench.now_us() - before_us == 2 * S


def test_bench_of_a_quiet_line_costs_no_record(line: FaultyLine) -> None:
    """Without a fault the line keeps out of trace and digest."""
    assert line.unit.faults.quiet
    assert kinds(line.bench, "link") == []
    assert Bench(line.unit).call("faults")["in_force"] == []
