"""A client that calls for its person, by the clock of the bench that it waits on."""

from __future__ import annotations

import pytest

from hil.rig import Rig
from protocol.client.attention import Call, Why
from protocol.messages import Begin


@pytest.mark.pump_requirement("PG-04", "PG-06")
@pytest.mark.parametrize("url", ["pumpsim://itp-40?seed=1", "tcp://127.0.0.1:0"], ids=["in process", "served"])
def test_calls_come_by_virtual_time(url: str) -> None:
    """Five minutes after BEGIN and fifteen after a question on the bench, in no time on the wall."""
    calls = list[Call]()
    with Rig.open(url, programmer={"on_attention": calls.append}) as rig:
        attendant = rig.programmer.attendant
        assert attendant is not None
        rig.programmer.request("BEGIN", Begin(0, False))
        rig.bench.advance(minutes=5)
        assert attendant.look() is None
        with attendant.asking("which catheter?"):
            rig.bench.advance(minutes=16)

    minute_us = 60_000_000
    assert [(call.why, call.what, call.waited_us // minute_us) for call in calls] == [
        (Why.IDLE, "update", 5),
        (Why.PENDING, "which catheter?", 15),
    ]
