"""How virtual time passes: against a clock that a test moves, and in a real server."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from hil.bench.stdio import ServerProcess
from hil.errors import UsageError
from hil.pacing import Pacer, parse_pace
from protocol.client import Programmer
from tests.rig.serving import run_cli

LOOKS_MAX = 100_000


class Clock:
    """A wall clock that stands until it is told."""

    def __init__(self) -> None:
        self.us = 5_000_000

    def __call__(self) -> int:
        return self.us


class TestPacer:
    """The arithmetic, with a clock of our own."""

    def test_lock_step_stands_still(self) -> None:
        """The wall clock moves, virtual time does not."""
        clock = Clock()
        pacer = Pacer(parse_pace("lock-step"), clock_us=clock)
        pacer.anchor(70)
        clock.us += 1_000_000

        assert pacer.due_us() == 70

    @pytest.mark.parametrize("text, passed", [("x1", 1_000), ("x1000", 1_000_000), ("x0.5", 500), ("x1/2", 500)])
    def test_factor_multiplies_the_wall_clock(self, text: str, passed: int) -> None:
        """A millisecond of wall time is so many virtual microseconds."""
        clock = Clock()
        pacer = Pacer(parse_pace(text), clock_us=clock)
        pacer.anchor(70)
        clock.us += 1_000

        assert pacer.due_us() == 70 + passed

    def test_talk_slows_to_the_pace_while_talking(self) -> None:
        """From the first byte of a frame on the wall clock rules; when the session ends the old pace is back."""
        clock = Clock()
        pacer = Pacer(parse_pace("x1000"), clock_us=clock)
        pacer.anchor(0)
        clock.us += 1_000
        pacer.regard(True, pacer.due_us())
        clock.us += 1_000
        talked_us = pacer.due_us()
        pacer.regard(False, talked_us)
        clock.us += 1_000

        assert (talked_us, pacer.due_us()) == (1_001_000, 2_001_000)

    def test_pace_while_talking_can_be_chosen(self) -> None:
        """--pace-while-talking keeps talk fast for those who want it."""
        clock = Clock()
        pacer = Pacer(parse_pace("x1000"), while_talking=Fraction(10), clock_us=clock)
        pacer.anchor(0)
        pacer.regard(True, 0)
        clock.us += 1_000

        assert pacer.due_us() == 10_000

    def test_lag_is_how_late_a_look_ended(self) -> None:
        """A look that comes when it is due has no lag; a late one has its lateness, and the worst is kept."""
        clock = Clock()
        pacer = Pacer(parse_pace("x1"), clock_us=clock)
        clock.us += 200_000
        pacer.looked()
        on_time = pacer.lag_us
        clock.us += 250_000
        pacer.looked()
        clock.us += 200_000
        pacer.looked()

        assert (on_time, pacer.lag_us, pacer.lag_us_max) == (0, 0, 50_000)

    def test_next_look_is_planned_for_when_something_is_due(self) -> None:
        """A pump that has nothing to do for an hour is looked at when it is over: until then it keeps up, past it it does not."""
        clock = Clock()
        pacer = Pacer(parse_pace("x1000"), clock_us=clock)
        pacer.anchor(0)
        wait_s = pacer.look_at(3_600_000_000)
        clock.us += 3_600_000
        on_time = pacer.keeps_up
        clock.us += 200_000

        assert (wait_s, on_time, pacer.keeps_up) == (3.6, True, False)

    def test_looks_are_a_tick_apart_and_none_is_planned_for_nothing(self) -> None:
        """What is due at once waits for the tick; where nothing ever is due no look is missed."""
        clock = Clock()
        pacer = Pacer(parse_pace("x1"), clock_us=clock)
        soonest_s, none_s = pacer.look_at(0), pacer.look_at(None)
        clock.us += 10_000_000

        assert (soonest_s, none_s, pacer.keeps_up, pacer.lag_us) == (0.2, None, True, 0)

    def test_look_that_was_overdue_counts_though_another_took_its_place(self) -> None:
        """A request that comes before the late look itself is a look too, and its lateness is not lost."""
        clock = Clock()
        pacer = Pacer(parse_pace("x1"), clock_us=clock)
        pacer.anchor(0)
        pacer.look_at(1_000_000)
        clock.us += 1_300_000
        pacer.look_soon()

        assert (pacer.lag_us, pacer.lag_us_max) == (300_000, 300_000)

    @pytest.mark.parametrize("text", ["", "x", "x0", "x-1", "1", "xfast", "x2000000000", "slow", "x1/0"])
    def test_bad_pace_is_refused(self, text: str) -> None:
        """What is no pace is misuse, never a guess."""
        with pytest.raises(UsageError):
            parse_pace(text)

    @pytest.mark.parametrize("text", ["lock-step", "free", "x1", "x1000", "x0.5"])
    def test_pace_is_shown_as_it_is_written(self, text: str) -> None:
        """The ready line says what was asked for."""
        assert str(parse_pace(text)) == text


class TestServer:
    """A real process."""

    def test_paced_time_moves_by_itself(self, tmp_path: Path) -> None:
        """Looked at again and again, a x100,000 pump has passed a minute, and reports its lag."""
        with ServerProcess("itp-40", ["--port", f"pty:{tmp_path / 'pump'}", "--pace", "x100000"]) as server:
            looks = 0
            while server.bench.now_us() < 60_000_000:
                looks += 1
                assert looks < LOOKS_MAX
            report = server.bench.call("pace")

        assert report["pace"] == "x100000"
        assert report["lag_us"] >= 0

    def test_open_session_slows_a_fast_pump(self) -> None:
        """While a programmer has a session the pump keeps to the wall clock; when it has gone the pace is back."""
        with ServerProcess("itp-40", ["--port", "tcp://127.0.0.1:0", "--pace", "x1000"]) as server:
            with Programmer.open(server.ready["port"], programmer_id=7):
                talking = server.bench.call("pace")
            silent = server.bench.call("pace")

        assert (talking["talking"], talking["factor"]) == (True, 1)
        assert (silent["talking"], silent["factor"]) == (False, 1000)

    def test_bench_changes_the_pace(self, tmp_path: Path) -> None:
        """A paced server put into lock-step stands still."""
        with ServerProcess("itp-40", ["--port", f"pty:{tmp_path / 'pump'}", "--pace", "x100000"]) as server:
            server.bench.call("pace", pace="lock-step")
            first = server.bench.now_us()
            times = {server.bench.now_us() for _ in range(50)}

        assert times == {first}

    def test_free_run_ends_at_its_condition(self, tmp_path: Path) -> None:
        """A condition that holds already ends the free run where it is, and then time stands still."""
        with ServerProcess("itp-40", ["--port", f"pty:{tmp_path / 'pump'}", "--pace", "free", "--until", "mode:shelf"]) as server:
            looks = 0
            while server.bench.call("pace")["pace"] == "free":
                looks += 1
                assert looks < LOOKS_MAX
            now_us = server.bench.now_us()

        assert now_us == 0

    def test_free_run_ends_with_a_bench_act(self, tmp_path: Path) -> None:
        """An act of the bench takes time into its own hands."""
        with ServerProcess("itp-40", ["--port", f"pty:{tmp_path / 'pump'}", "--pace", "free"]) as server:
            server.bench.advance(us=1)

            assert server.bench.call("pace")["pace"] == "lock-step"

    def test_until_needs_a_free_run(self) -> None:
        """An end for a run that has none is misuse."""
        result = run_cli("serve", "itp-40", "--until", "sound")

        assert result.returncode == 2
