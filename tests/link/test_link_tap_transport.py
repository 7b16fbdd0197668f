"""A tap on the host's side: any transport with faults on it."""

from __future__ import annotations

import pytest

from hil.errors import BenchError
from hil.instruments.tapped_transport import TappedTransport
from protocol.client import Programmer
from protocol.errors import NoAnswer
from protocol.testing import TEST_KEYS, Pair
from protocol.transport.memory import MemoryTransport


class Clock:
    """A wall clock that a reader moves: each look costs a millisecond."""

    def __init__(self) -> None:
        self.now_us = 0

    def __call__(self) -> int:
        self.now_us += 1_000
        return self.now_us


def tapped(pair: Pair) -> TappedTransport:
    """A paper pump behind a tapped transport."""
    return TappedTransport(MemoryTransport(pair.link.carry), now_us=Clock())


def test_idle_tap_is_a_plain_transport() -> None:
    """Name and timeout are the inner one's, and a session works."""
    transport = tapped(Pair().running())
    with Programmer.over(transport, programmer_id=1, keys=TEST_KEYS) as programmer:
        assert programmer.status().generation == 1
    assert (transport.name, transport.default_reply_timeout_s) == ("memory", 2.0)


@pytest.mark.parametrize(
    "fault, params",
    [
        ("link.drop", {"at_frames": "1"}),
        ("link.flip", {"at_bytes": "9"}),
        ("link.duplicate", {}),
        ("link.split", {"pause_us": 40_000}),
        ("link.delay", {"delay_us": 300_000}),
        ("answer.late", {"delay_us": 300_000}),
        ("answer.stale", {"at_frames": "2"}),
        ("link.babble", {"direction": "to_host", "every_us": 1_200_000}),
    ],
)
def test_client_gets_through(fault: str, params: dict[str, int | str]) -> None:
    """One bolus on a line with a fault: done, once."""
    pair = Pair().running()
    transport = tapped(pair)
    with Programmer.over(transport, programmer_id=1, keys=TEST_KEYS, reply_timeout_s=0.5) as programmer:
        handle = transport.inject(fault, **params)
        programmer.bolus(1000, 2000, 600)
        assert transport.clear(handle)

    assert len([effect for effect in pair.pump.effects.values() if effect.programmed_nl]) == 1


def test_line_that_loses_all_ends_the_wait() -> None:
    """The client gives up after its resends, and reads no longer than its timeout each time."""
    transport = tapped(Pair().running())
    with Programmer.over(transport, programmer_id=1, keys=TEST_KEYS, reply_timeout_s=0.1) as programmer:
        handle = transport.inject("link.drop")
        with pytest.raises(NoAnswer):
            programmer.status()
        transport.clear(handle)


def test_pump_faults_are_for_the_bench() -> None:
    """What needs the pump itself is refused here."""
    transport = tapped(Pair())
    with pytest.raises(BenchError, match="no pump to reset"):
        transport.inject("answer.reboot_mid_session")
    with pytest.raises(BenchError, match="no fault of the line"):
        transport.inject("motor.stall")
