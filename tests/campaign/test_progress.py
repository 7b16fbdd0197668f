"""What a campaign says of how far it has come."""

from __future__ import annotations

from io import StringIO

from hil.campaign.progress import Progress

US_PER_S = 1_000_000


class Clock:
    """A wall clock that is set by hand."""

    def __init__(self) -> None:
        self.us = 0

    def __call__(self) -> int:
        return self.us


def test_rate_and_time_left_are_those_of_this_run() -> None:
    """Cases that were done before count as done and not for the rate."""
    clock, said = Clock(), StringIO()
    progress = Progress(said, 1_000, 500, 6, clock)

    clock.us = 20 * US_PER_S
    progress.came(100)

    assert said.getvalue() == "600 of 1,000 cases, 5 a second, 30 pump-years a second, 1 min 20 s left\n"


def test_a_line_is_said_for_each_tenth() -> None:
    """Where nobody looks at a terminal a campaign of any size says ten lines, and the last is without a time left."""
    clock, said = Clock(), StringIO()
    progress = Progress(said, 2_000, 0, 1, clock)

    for _ in range(2_000):
        clock.us += US_PER_S // 200
        progress.came(1)
    progress.close()

    lines = said.getvalue().splitlines()
    assert len(lines) == 10
    assert lines[-1] == "2,000 of 2,000 cases, 200 a second, 200 pump-years a second"


def test_trouble_is_said_at_once() -> None:
    """A case that is given up is told when it is."""
    said = StringIO()
    Progress(said, 10, 0, 1, Clock()).said("case 3 is given up: no")

    assert said.getvalue() == "case 3 is given up: no\n"
