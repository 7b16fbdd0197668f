"""Paced time in a real server: beside the wall clock, with its lag told when it cannot be."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest
from websockets.sync.client import ClientConnection

from hil.pacing import TICK_US, Pacer, parse_pace, wall_us
from hil.rig import Rig
from tests.rig.web import Web, listening, taken, until_live, web

LINK_TIMEOUT_US = 250_000
"""The shorter of the two reply timeouts of a client, that of a serial line."""
MINUTE_US = 60_000_000
BUSY_ROWS = 300_000
TRIES_MAX = 40


def test_paced_x1_reports_its_lag(tmp_path: Path) -> None:
    """The bench tells the pace, how late the last look was, and that time keeps up."""
    with web(tmp_path, "--pace", "x1") as served:
        report = served.bench.call("pace")

    assert (report["pace"], report["factor"], report["keeps_up"]) == ("x1", 1, True)
    assert 0 <= report["lag_us"] <= report["lag_us_max"]


def test_thousandfold_pace_that_cannot_keep_up_says_so(tmp_path: Path) -> None:
    """A neighbour's long work holds up the loop: the x1000 pump tells it to listeners, on standard error and in its report."""
    with ExitStack() as stack:
        served = stack.enter_context(web(tmp_path, "--and", "itp-20 --port tcp://127.0.0.1:0 --name fast --pace x1000"))
        fast = stack.enter_context(Rig.connect(served.ready, pump="fast"))
        line = stack.enter_context(listening(served, "/pumps/fast"))
        until_live(line)
        for _ in range(TRIES_MAX):
            served.bench.sample(every_s=1, duration_s=BUSY_ROWS)
            if fast.bench.call("pace")["lag_us_max"] > TICK_US:
                break
        worst_us = fast.bench.call("pace")["lag_us_max"]
        message = taken(line, 1)[0]
        while message["type"] != "pace":
            message = taken(line, 1)[0]

    assert worst_us > TICK_US
    assert message["pace"]["keeps_up"] is False


def test_report_sees_a_look_that_is_still_missing() -> None:
    """A whole tick past its due time a look counts as late before it has been taken."""
    wall = [5_000_000]
    pacer = Pacer(parse_pace("x1000"), clock_us=lambda: wall[0])
    pacer.anchor(0)
    wall[0] += TICK_US
    on_time = pacer.report()["keeps_up"]
    wall[0] += TICK_US

    assert (on_time, pacer.report()["keeps_up"]) == (True, False)


@pytest.mark.slow
def test_minute_at_x1_stays_beside_the_wall_clock(tmp_path: Path) -> None:
    """For 60 s of wall time virtual time is never a link timeout away, whether or not anybody looks."""
    with web(tmp_path, "--pace", "x1") as served, listening(served) as line:
        until_live(line)
        worst_us = _worst_us(served, line)
        report = served.bench.call("pace")

    assert worst_us < LINK_TIMEOUT_US
    assert report["lag_us_max"] < LINK_TIMEOUT_US, report


def _worst_us(served: Web, line: ClientConnection) -> int:
    """Compare both clocks every now and then for a minute; returns the greatest distance, half a round trip included."""
    start_us, virtual_us = wall_us(), served.bench.now_us()
    worst_us = 0
    while (passed_us := wall_us() - start_us) < MINUTE_US:
        before_us = wall_us()
        now_us = served.bench.now_us() - virtual_us
        worst_us = max(worst_us, abs(now_us - (before_us - start_us)), abs(now_us - (wall_us() - start_us)))
        try:
            line.recv(min(2.0, (MINUTE_US - passed_us) / 1_000_000))
        except TimeoutError:
            continue
    return worst_us
