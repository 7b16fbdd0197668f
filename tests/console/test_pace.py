"""Simulated time beside wall time, with a real run and a clock of our own: slices, arrears, hurry, and a view's backlog."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from hil.console.channel import Channel, Client
from hil.console.pace import SLICE_US, RunClock
from hil.console.places import place_of
from hil.console.rates import Bucket
from hil.console.sessions import Session
from hil.errors import UsageError
from hil.lesson.entries import Entry
from hil.lesson.reader import load_lesson
from hil.lesson.run import LessonRun

SECOND_US = 1_000_000
HOUR_US = 3_600 * SECOND_US


class Wall:
    """A wall clock that moves when told, and by `look_us` at each look, as if each step took that long."""

    def __init__(self, look_us: int = 0) -> None:
        self.now_us = 0
        self.look_us = look_us

    def __call__(self) -> int:
        self.now_us += self.look_us
        return self.now_us


@pytest.fixture
def run() -> Iterator[LessonRun]:
    """A run with one learner, which goes on."""
    found = LessonRun(load_lesson("found-stopped"))
    found.join("Ana")
    found.order("instructor", "resume", {})
    yield found
    found.close()


def test_run_comes_as_far_as_the_wall_clock_and_no_farther(run: LessonRun) -> None:
    """At x1 two seconds of wall time are two of the run's, however often one looks."""
    wall = Wall()
    clock = RunClock(run, wall, wall)
    for _ in range(20):
        wall.now_us += SECOND_US // 10
        while clock.slice():
            pass

    assert run.now_us == 2 * SECOND_US


def test_paused_and_held_runs_stand(run: LessonRun) -> None:
    """A paused run stands, and so does one that is held; after that nothing is made up for."""
    wall = Wall()
    clock = RunClock(run, wall, wall)
    clock.held = True
    clock.choose()
    wall.now_us += HOUR_US
    clock.slice()
    held_us = run.now_us
    clock.held = False
    run.order("instructor", "pause", {})
    clock.choose()
    wall.now_us += HOUR_US
    clock.slice()
    paused_us = run.now_us
    run.order("instructor", "resume", {})
    clock.choose()
    wall.now_us += SECOND_US
    clock.slice()

    assert (held_us, paused_us, run.now_us) == (0, 0, SECOND_US)


def test_slice_ends_in_time_and_arrears_are_given_up(run: LessonRun) -> None:
    """Where steps take long at x100,000 a slice still ends, says that there is more, and the run never rushes after what it missed."""
    wall = Wall(look_us=SLICE_US // 4)
    run.order("instructor", "speed", {"factor": "100000"})
    clock = RunClock(run, wall, wall)
    wall.now_us += 10 * SECOND_US
    begun_us = wall.now_us

    more = clock.slice()

    assert more
    assert wall.now_us - begun_us < 4 * SLICE_US
    assert not clock.keeps_up
    assert run.now_us < 10 * SECOND_US * 100_000


def test_hurried_run_comes_to_its_goal_in_slices(run: LessonRun) -> None:
    """`advance 8 h` is done in many slices, and the run is then as it was before."""
    wall = Wall(look_us=SLICE_US // 10)
    run.order("instructor", "pause", {})
    run.order("instructor", "advance", {"time": "8 h"})
    clock, slices = RunClock(run, wall, wall), 1
    while clock.slice():
        slices += 1

    assert slices > 1
    assert (run.state, run.hurrying) == ("paused", False)
    assert 0 < run.now_us <= 8 * HOUR_US


class Counter:
    """A view that counts entries, and has one long key that stays."""

    def __init__(self) -> None:
        self.count = 0

    def feed(self, entry: Entry) -> None:
        self.count = entry.n

    def as_dict(self) -> dict[str, object]:
        return {"count": self.count, "long": "x" * 1_000}


def test_slow_browser_gets_the_present_and_no_backlog() -> None:
    """Ten thousand changes that were not read are one message, with the newest value and without keys that did not change."""
    channel = Channel("instructor", "", Counter())
    client = Client(Session("digest", "instructor", "Instructor"), channel, "hello")
    first = client.take()
    for number in range(1, 10_001):
        channel.feed(Entry(number, 0, "note", "L1", "L1", {"text": "x"}))
        channel.refresh()
        client.beat(f"beat {number}")
    later = client.take()

    assert first[0] == "hello"
    assert json.loads(first[1])["view"].keys() == {"count", "long"}
    assert [json.loads(later[0])["set"], later[1:]] == [{"count": 10_000}, ["beat 10000"]]
    assert client.take() == []


def test_browser_that_does_not_read_is_not_heard() -> None:
    """Past some answers that wait nothing more is taken from a browser; once it has read, it is heard again."""
    client = Client(Session("digest", "learner", "Ana", "L1"), Channel("learner", "L1", Counter()), "")
    before = client.deaf
    for number in range(40):
        client.answer(str(number))
    asked = client.deaf
    client.take()

    assert (before, asked, client.deaf) == (False, True, False)


def test_bucket_gives_so_many_and_then_as_time_passes() -> None:
    """Five at once, the sixth not; one that did not count is given back."""
    bucket = Bucket(5, 60 * SECOND_US)

    taken = [bucket.take() for _ in range(6)]
    bucket.put_back()

    assert taken == [True] * 5 + [False]
    assert bucket.take()


@pytest.mark.parametrize(
    "authority, known",
    [
        ("127.0.0.1:8080", True),
        ("LOCALHOST:8080", True),
        ("[::1]:8080", True),
        ("192.168.1.7:8080", True),
        ("127.0.0.1", False),
        ("127.0.0.1:80", False),
        ("localhost.evil.example:8080", False),
        ("evil.example:8080", False),
        ("127.0.0.1:8080:8080", False),
        ("[::1]8080", False),
        ("127.0.0.1:\u0668080", False),
        ("", False),
    ],
)
def test_place_knows_its_names(authority: str, known: bool) -> None:
    """Addresses and localhost are names of ours, with the right port; other names are not."""
    assert place_of(None, lan=False, port=8_080).knows(authority) is known


def test_place_is_loopback_unless_asked() -> None:
    """Without options nobody but this machine can reach it; a name is no address."""
    assert place_of(None, lan=False, port=1).loopback
    assert not place_of(None, lan=True, port=1).loopback
    with pytest.raises(UsageError):
        place_of("example.org", lan=False, port=1)
